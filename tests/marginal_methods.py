"""Small marginal methods, pictures to prepare them with, and files like the published ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.types import Batch

SMALL = ["name=t", "method=cic", "method.width=2", "data.condition=gray", "trainer.max_steps=10"]
W = 2  # width of the published tensors
DEPTHS = (2, 2, 3, 3, 3, 3, 3)  # convolutions of conv1 .. conv7
CHANNELS = (1, W, 2 * W, 4 * W, 8 * W, 8 * W, 8 * W, 8 * W)


def cic(*overrides: str) -> Any:
    """The method, two channels wide."""
    torch.manual_seed(0)
    return build(compose("train", [*SMALL, *overrides]).method)


def batch(n: int = 4, side: int = 16) -> Batch:
    """Pictures of noise."""
    draws = Draws(0, range(n))
    rgb, image = draws.uniform(3, side, side), draws.uniform(1, side, side)
    return Batch(rgb, image, torch.arange(n), [""] * n, torch.full((n,), -1))


class Pictures:
    """A data set of one batch."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.splits = batch, {"train": np.arange(len(batch.index))}

    def __getitem__(self, positions: list[int]) -> Batch:
        return Batch(
            *(part[positions] if isinstance(part, Tensor) else part for part in self.batch)
        )


def published(year: int, bins: int) -> dict[str, Tensor]:
    """Random tensors under the names and shapes of the published files, W channels wide."""
    draws, tensors = Draws(0, [0]), {}

    def conv(name: str, c_in: int, c_out: int, side: int = 3, transposed: bool = False) -> None:
        shape = (c_in, c_out) if transposed else (c_out, c_in)
        tensors[f"{name}.weight"] = (
            draws.normal(*shape, side, side)[0] * (2 / (c_in * side * side)) ** 0.5
        )
        tensors[f"{name}.bias"] = draws.normal(c_out)[0] * 0.1

    def norm(name: str, channels: int) -> None:
        for key in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{name}.{key}"] = draws.uniform(channels)[0] + 0.5
        tensors[f"{name}.num_batches_tracked"] = torch.tensor(7)

    for k, depth in enumerate(DEPTHS):
        for i in range(depth):
            c_in = CHANNELS[k] if i == 0 else CHANNELS[k + 1]
            conv(
                f"model{k + 1}.{2 * i}", 4 if year == 2017 and k + i == 0 else c_in, CHANNELS[k + 1]
            )
        norm(f"model{k + 1}.{2 * depth}", CHANNELS[k + 1])
    four = 4 * W
    if year == 2016:
        (
            conv("model8.0", 8 * W, four, 4, transposed=True),
            conv("model8.2", four, four),
            conv("model8.4", four, four),
        )
        conv("model8.6", four, bins, 1), conv("model_out", bins, 2, 1)
    else:
        conv("model8up.0", 8 * W, four, 4, transposed=True), conv("model3short8.0", four, four)
        conv("model8.1", four, four), conv("model8.3", four, four), norm("model8.5", four)
        (
            conv("model_class.0", four, bins, 1),
            conv("model_out.0", 2 * W, 2, 1),
            conv("model9up.0", four, 2 * W, 4, True),
        )
    return tensors
