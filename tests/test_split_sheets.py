"""The contact sheet of a split shows drawings in which there is something to colour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlab.sampling.options import SamplingOptions
from colorlab.sampling.splits import sheet_of_split, to_color
from colorlab.types import Batch

SIDE = 20


class Pictures:
    """One true colouring for each share of red, on white paper; 400 pixels."""

    condition = "lines"

    def __init__(self, *reds: int) -> None:
        self.rgb = torch.ones(len(reds), 3, SIDE, SIDE)
        for picture, red in zip(self.rgb, reds, strict=True):
            picture[1:].flatten(1)[:, :red] = 0

    def drawings(self, split: str) -> list[np.ndarray]:
        return [np.array([i]) for i in range(len(self.rgb))]

    def __getitem__(self, positions: int | list[int]) -> Batch:
        index = torch.as_tensor(positions).reshape(-1)
        image = torch.ones(len(index), 1, SIDE, SIDE)
        return Batch(self.rgb[index], image, index, [""] * len(index), -torch.ones_like(index))


def drawn(condition: Any, n: int, *rest: Any) -> Tensor:
    return torch.zeros(1, n, 3, SIDE, SIDE)


def shown(limit: int, *reds: int) -> list[int]:
    """Red pixels of the true colourings on a sheet."""
    method = SimpleNamespace(sample=drawn, cut=False)
    options = SamplingOptions(n=2, seed=0)
    rows = sheet_of_split(method, Pictures(*reds), "test", limit, options).rows
    return [int((row[-1][..., 1] == 0).sum()) for row in rows if row[-1] is not None]


def test_drawings_with_nothing_to_colour_are_passed_over() -> None:
    assert shown(3, 0, 40, 0, 50, 60, 0, 70) == [40, 50, 60]
    assert shown(2, 40, 50, 60, 70) == [40, 60]  # evenly spread, as before


def test_a_sheet_of_such_drawings_alone_shows_them() -> None:
    assert shown(2, 0, 0, 0) == [0, 0]


def test_one_pixel_in_a_hundred_is_something_to_colour() -> None:
    assert not to_color(Pictures(4)[[0]]) and to_color(Pictures(5)[[0]])
    assert to_color(Pictures(0, 9)[[0, 1]])  # the second of two true colourings
    faint = Pictures(400)[[0]]
    assert not to_color(faint._replace(rgb=1 - 0.09 * (1 - faint.rgb)))
    assert to_color(faint._replace(rgb=1 - 0.11 * (1 - faint.rgb)))
