"""A candidate that is to be varied, and which of its areas are locked: from pictures and points to
a guide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from colorlab.errors import ConfigError
from colorlab.samplers.area_guides import LEAST, Like
from colorlab.samplers.guides import Guide
from colorlab.sampling.arrays import Picture, rgb_of, rgba_of

Points = list[list[float]]  # [x, y] in pixels, from the upper left corner


def likes_of(
    like: Picture | None, vary: float, lock: Picture | Points | None, pixel_limit: int
) -> list[Like]:
    """The guide that keeps most of a candidate, if there is one. ConfigError: sizes or points that
    do not fit."""
    if like is None:
        return []
    candidate = rgb_of(like, "like", pixel_limit)
    size, votes = candidate.shape[-2:], None
    if isinstance(lock, list | tuple):
        votes = picked(lock, size)
    elif lock is not None:
        votes = painted(rgba_of(lock, "lock", pixel_limit), size)
    return [Like(torch.from_numpy(candidate).float() / 255, vary, votes)]


def check_likes(guides: Sequence[Guide], size: tuple[int, ...]) -> None:
    """ConfigError for a candidate that is not of a drawing's size, (H, W)."""
    for guide in guides:
        if isinstance(guide, Like) and guide.picture.shape[-2:] != size:
            theirs, ours = (
                "x".join(map(str, reversed(each))) for each in (guide.picture.shape[-2:], size)
            )
            raise ConfigError(
                f"like= is {theirs} pixels, the drawing {ours} (give a colouring of this very "
                "drawing)"
            )


def painted(mask: np.ndarray, size: tuple[int, ...]) -> Tensor:
    """Votes (H, W) of a picture (4, H, W) uint8: where it is opaque; where it is light, if all of
    it is opaque."""
    if mask.shape[-2:] != size:
        theirs, ours = ("x".join(map(str, reversed(each))) for each in (mask.shape[-2:], size))
        raise ConfigError(f"lock= is {theirs} pixels, the candidate {ours} (make them equal)")
    opaque = mask[3].min() == 255
    return torch.from_numpy(mask[:3].mean(0) > 127 if opaque else mask[3] > 127).float()


def picked(points: Points, size: tuple[int, ...]) -> Tensor:
    """Votes (H, W) of points, LEAST each: one is enough."""
    votes = torch.zeros(*size)
    for x, y in points:
        if not (0 <= x < size[1] and 0 <= y < size[0]):
            raise ConfigError(
                f"lock=[[{x:g},{y:g}]] is outside of the picture, {size[1]}x{size[0]} (x, y in "
                "pixels)"
            )
        votes[int(y), int(x)] = LEAST
    return votes
