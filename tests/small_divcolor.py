"""A DivColor that trains in a moment, and its pictures."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import luma
from colorlab.draws import Draws
from colorlab.methods.divcolor import DivColor
from colorlab.types import Batch

SMALL = ["name=t", "method=divcolor", "method.net.side=16", "method.width=2", "method.mdn.width=4",
         "method.net.latents=6", "trainer.max_steps=4"]  # fmt: skip


class Pictures:
    """Twelve pictures of 16 pixels, each of four colours."""

    def __init__(self) -> None:
        coarse = torch.rand(12, 3, 2, 2, generator=torch.Generator().manual_seed(1))
        self.rgb = torch.nn.functional.interpolate(coarse, scale_factor=8)
        self.splits = {"train": np.arange(12)}

    def __getitem__(self, positions: list[int]) -> Batch:
        rgb, index = self.rgb[positions], torch.tensor(positions)
        return Batch(rgb, luma(rgb), index, [""] * len(index), torch.full((len(index),), -1))


@cache
def prepared(*overrides: str) -> DivColor:
    torch.manual_seed(0)
    method = build(compose("train", [*SMALL, *overrides]).method)
    method.prepare(Pictures())
    return method


def divcolor(*overrides: str) -> DivColor:
    return copy.deepcopy(prepared(*overrides))


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def trained(method: DivColor, batches: int) -> None:
    """As Lightning would: one step a batch."""
    ((optimizer, schedule),) = method.optimizers()
    for at in range(batches):
        optimizer.zero_grad()
        method.train().loss(Pictures()[[0, 1, 2, 3]], Draws(0, range(4), [at] * 4))[
            "loss"
        ].backward()
        optimizer.step()
        schedule.step()
        method.batches_seen += 1
    method.eval()
