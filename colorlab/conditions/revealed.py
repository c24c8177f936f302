"""Hints made for training: small patches of the true colouring, as users would click them.

Zhang et al., "Real-Time User-Guided Image Colorization with Learned Deep Priors" (2017), Sec. 3.2:
how many is geometric, places lie about the middle, a patch shows its mean colour, and one picture
in a hundred is shown whole."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.draws import Draws

MOST = 64  # patches of a picture
SPREAD = 0.25  # standard deviation of their places, as a share of the picture's sides


def revealed(ab: Tensor, ends: float, largest: int, whole: float, draws: Draws) -> Tensor:
    """Chroma (B, 2, H, W) -> hints (B, 3, H, W): the chroma where it is shown, 0 elsewhere, and a
    mask.

    ends: probability that a patch is not followed by another, so that (1 - ends) / ends are shown
        on the average.
    largest: side of a patch, from 1 on; whole: share of pictures shown whole. draws: one row per
    picture."""
    own = draws.to("revealed")
    first, sides = own.uniform(3), 1 + own.choice(largest, MOST)
    places = SPREAD * own.normal(MOST, 2) + 0.5
    count = (torch.log1p(-first[:, 0]) / torch.log1p(torch.tensor(-ends))).long().clamp(max=MOST)
    hints = []
    for picture, n, corners, side, u in zip(ab, count, places, sides, first[:, 1], strict=True):
        if u < whole:
            hints.append(torch.cat([picture, torch.ones_like(picture[:1])]))
        else:
            hints.append(patches(picture, corners[:n], side[:n]))
    return torch.stack(hints)


def patches(ab: Tensor, places: Tensor, sides: Tensor) -> Tensor:
    """Of one picture (2, H, W): patches at places (n, 2), shares of its height and width, of so
    many px per side."""
    height, width = ab.shape[1:]
    hints = ab.new_zeros(3, height, width)
    for (y, x), side in zip(places.tolist(), sides.tolist(), strict=True):
        rows, columns = span(y, side, height), span(x, side, width)
        hints[:2, rows, columns] = ab[:, rows, columns].mean((1, 2), keepdim=True)
        hints[2, rows, columns] = 1
    return hints


def span(center: float, side: int, length: int) -> slice:
    """``side`` pixels about a share of the length, inside of the picture."""
    start = min(max(int(center * length) - side // 2, 0), max(length - side, 0))
    return slice(start, min(start + side, length))
