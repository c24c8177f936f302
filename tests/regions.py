"""Marginals whose truth is known: three regions of a picture, each with two likely colours."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from colorlab.ab_bins import table_of
from colorlab.samplers.marginals import Marginals

COLORS = (
    ((60.0, 40.0), (-50.0, 40.0)),
    ((10.0, -50.0), (40.0, 60.0)),
    ((-30.0, 30.0), (50.0, -40.0)),
)
SPREAD = 8.0  # Lab units, of each colour over its bins


def regions(side: int = 24, pictures: int = 1) -> Marginals:
    """Left, middle and right third, of lightness 0.3, 0.6 and 0.9; in each, the share of the first
    of two colours rises from 0.3 at the top to 0.7 at the bottom. All pictures are the same."""
    table = _table()
    region = (torch.arange(side) * 3 // side).expand(side, side)
    share = torch.linspace(0.3, 0.7, side)[:, None, None]
    # (3, 2, Q)
    two = torch.stack([torch.stack([_around(color, table) for color in pair]) for pair in COLORS])
    p = share * two[region, 0] + (1 - share) * two[region, 1]  # (side, side, Q)
    image = (0.3 + 0.3 * region)[None, None].expand(pictures, -1, -1, -1)
    log_p = p.movedim(2, 0).log()[None].expand(pictures, -1, -1, -1)
    wave = torch.stack([torch.ones(side, side), region - 1.0]) * 2
    return Marginals(log_p, table, image, wave.expand(pictures, 2, 2, side, side))


@cache
def _table() -> Tensor:
    return table_of("reachable")


def _around(color: tuple[float, float], table: Tensor) -> Tensor:
    square = (table - torch.tensor(color)).square().sum(1)
    return torch.softmax(square / (-2 * SPREAD**2), 0)
