"""The orders in which flats learn to draw areas: some are given, the others from large to small,
not strictly, and in some pictures in any order."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from colorlab.draws import Draws
from colorlab.methods.flats import Flats

PICTURES, TURNS, AREAS = 400, 2, 20


def scores() -> torch.Tensor:
    """Areas are numbered from the largest on."""
    return Flats.scores(SimpleNamespace(turns=TURNS), AREAS, Draws(0, range(PICTURES)))  # type: ignore[arg-type]


def test_seven_of_ten_orders_go_from_large_to_small() -> None:
    found = scores().flatten(0, 1)
    free = found.argsort(1)
    steps = torch.stack([order[(row < 0).sum() :].diff().abs().float().mean()
                         for order, row in zip(free, found, strict=True)])  # fmt: skip
    assert abs(float((steps < 3).float().mean()) - 0.7) < 0.05
    assert steps[steps < 3].mean() < 2.2 < 5 < steps[steps >= 3].mean()


def test_in_six_of_ten_orders_up_to_half_of_the_areas_are_given() -> None:
    shares = (scores() < 0).float().mean(2).flatten()
    assert abs(float((shares > 0).float().mean()) - 0.6) < 0.1
    assert 0.1 < shares.mean() < 0.2 and shares.max() < 0.8
