"""What hints say of areas: a click or a stroke colours all of its area, two colours in one area
divide it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import find_objects, label
from torch import Tensor

from colorlab.conditions.area_colors import sized, true_colors
from colorlab.types import Hints

CLEAR = 0.9  # hints over darker ink say nothing: the ink may be in their colour or not
LEAST = 3  # px of a hint that say something about an area, unless it is smaller itself
SECOND = 0.1  # share of an area's hints that a further colour needs, unless it has a dot of its own
OTHER = 0.2  # difference in a channel from which colours are not the same
LOOKED = 512  # px; the longer side on which hints are looked at
MOST = 4  # colours that divide one area
FURTHER = 400  # areas come about by that at most, of one drawing


class AreaHints(NamedTuple):
    """Areas with what is known of them. labels: (h, w), hints of several colours have areas of
    their own; colors: (R, 3) in [0, 1]; known: (R,) bool; shown: (R,) the share of an area that is
    hinted at."""

    labels: Tensor
    colors: Tensor
    known: Tensor
    shown: Tensor


def area_hints(labels: Tensor, image: Tensor, hints: Hints) -> AreaHints:
    """Of one drawing: labels (h, w) from 0 on; image (1, H, W) in [0, 1], ink dark; hints: one row,
    (1, 3, H, W)."""
    rgb, mask, paper = (
        at_size(each, labels.shape) for each in (hints.rgb[0], hints.mask[0], image)
    )
    seen, labels = mask[0] > 0.5, labels.clone()
    clear = seen & (paper[0] > CLEAR)
    R = int(labels.max()) + 1
    colors, counts = _next_colors(rgb, labels, clear, R)
    known = counts >= _enough(labels, R)
    boxes = find_objects(labels.numpy(force=True) + 1)
    for area in torch.nonzero(known).flatten().tolist():
        if len(colors) + MOST > R + FURTHER:
            break
        box = boxes[area]
        inside = labels[box] == area
        parts, found = _parts(
            rgb[:, *box], paper[:, *box], clear[box] & inside, inside, int(counts[area])
        )
        for part in range(1, len(found) + 1):
            labels[box][parts == part + 1] = len(colors) + part - 1
        colors, known = torch.cat([colors, found]), torch.cat([known, known.new_ones(len(found))])
    return AreaHints(labels, colors, known, _shares_of(seen, labels, len(known)))


def area_hints_of_large(labels: Tensor, image: Tensor, hints: Hints) -> AreaHints:
    """As ``area_hints``, of a drawing of any size: hints are looked at on LOOKED px. The border of
    an area that is divided stays the drawing's own, and the line between its parts is as coarse as
    that."""
    scale = LOOKED / max(labels.shape)
    if scale >= 1:
        return area_hints(labels, image, hints)
    size = [max(1, round(scale * length)) for length in labels.shape]
    small, mask = sized(labels[None], size)[0], F.adaptive_max_pool2d(hints.mask, size)
    weighted, weight, image = (
        F.interpolate(each, size, mode="area")
        for each in (hints.rgb * hints.mask, hints.mask, image[None])
    )
    known = area_hints(small, image[0], Hints(weighted / weight.clamp_min(1e-6), mask))
    R, seen = int(labels.max()) + 1, int(small.max()) + 1
    numbers = torch.cat([torch.arange(seen), torch.arange(R, R + len(known.colors) - seen)])
    home = torch.arange(R + len(known.colors) - seen)
    for part in range(seen, len(known.colors)):
        home[numbers[part]] = small[known.labels == part][0]
    large = sized(numbers[known.labels][None], labels.shape)[0]
    others = [
        each.new_zeros(len(home), *each.shape[1:]).index_copy(0, numbers, each)
        for each in known[1:]
    ]
    return AreaHints(torch.where(home[large] == labels, large, labels), *others)


def at_size(picture: Tensor, size: tuple[int, ...]) -> Tensor:
    """(C, H, W) -> (C, h, w), the nearest pixels."""
    return sized(picture, size)


def _next_colors(rgb: Tensor, labels: Tensor, clear: Tensor, R: int) -> tuple[Tensor, Tensor]:
    """The commonest hinted colour of each area (R, 3), and the number of hinted pixels (R,)."""
    where = torch.where(clear, labels, R)[None]
    colors, _ = true_colors(rgb[None], torch.ones_like(rgb[:1])[None], where, R)
    return colors[0], where.flatten().bincount(minlength=R + 1)[:R]


def _enough(labels: Tensor, R: int) -> Tensor:
    return labels.flatten().bincount(minlength=R).clamp(1, LEAST)


def _shares_of(seen: Tensor, labels: Tensor, R: int) -> Tensor:
    hinted, size = (
        where.flatten().bincount(minlength=R + 1)[:R]
        for where in (torch.where(seen, labels, R), labels)
    )
    return hinted / size.clamp(min=1)


def _parts(
    rgb: Tensor, paper: Tensor, clear: Tensor, inside: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """An area whose hints have several colours, divided: each part grows from its own hints and
    meets others in the ink where there is some. All around the area, (h, w): its hints are
    ``clear``, ``count`` in number.

    -> the part of each of its pixels, from 1 on, and the colours of the second and further parts
      (K, 3)."""
    dots, left = torch.from_numpy(label(clear.numpy(force=True))[0]).to(clear.device), clear
    seeds: list[Tensor] = []
    colors: list[Tensor] = []
    while len(seeds) < MOST:
        asked = left if left.sum() >= max(LEAST, SECOND * count) else _dots_alone(dots, left)
        if not asked.any():
            break
        color, _ = _next_colors(rgb, torch.zeros_like(left, dtype=torch.long), asked, 1)
        own = left & ((rgb - color[0][:, None, None]).abs().amax(0) <= OTHER)
        if not own.any():
            break
        seeds.append(own)
        colors.append(color[0])
        left = left & ~own
    if len(seeds) < 2:
        return torch.zeros_like(left, dtype=torch.long), rgb.new_zeros(0, 3)
    from skimage.segmentation import watershed

    markers = (
        torch.stack([(i + 1) * seed.int() for i, seed in enumerate(seeds)]).sum(0).numpy(force=True)
    )
    parts = watershed(1 - paper[0].numpy(force=True), markers, mask=inside.numpy(force=True))
    return torch.from_numpy(parts.astype(np.int64)).to(rgb.device), torch.stack(colors[1:])


def _dots_alone(dots: Tensor, left: Tensor) -> Tensor:
    """(h, w): dots, of LEAST pixels at least, no pixel of which has a colour that counts already;
    not the blended rims of those that have. dots: numbers of what hints lie together, from 1 on,
    (h, w); left: hints not counted yet."""
    size, rest = (
        where.flatten().bincount(minlength=int(dots.max()) + 1)
        for where in (dots, torch.where(left, dots, 0))
    )
    alone = (size == rest) & (size >= LEAST)
    alone[0] = False
    return left & alone[dots]
