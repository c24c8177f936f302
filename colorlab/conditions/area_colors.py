"""One colour per area: what the true ones are, and a picture painted with given ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.cuts import cut_by_border

LEVELS = 16  # of each channel, where the commonest colour of an area is looked for
# px; longer pictures are shrunk before they are made square, for which memory grows with its square
LONGEST = 8000
EDGE = 2  # px of a net's view: the line along the border where it cuts what is drawn
NEAR = 28 / 255  # colours at most so far from it, in each channel, are the same colour
INKED = 0.35  # pixels darker than this tell nothing about the colour under the ink


def true_colors(rgb: Tensor, image: Tensor, labels: Tensor, R: int) -> tuple[Tensor, Tensor]:
    """The commonest colour of each area, (B, R, 3) in [0, 1], and the share of the area that has
    it, (B, R).

    rgb (B, 3, H, W) in [0, 1], image (B, 1, H, W) in [0, 1], ink dark: what lies half under ink is
    seen through it. labels (B, H, W): areas 0 to R - 1; other numbers are nobody's. An area without
    a clear pixel is white, share 0."""
    paint = (rgb / image.clamp(min=INKED)).clamp(0, 1).flatten(2).transpose(1, 2)  # (B, P, 3)
    clear = (image > INKED).flatten(1) * image.flatten(1) ** 2
    area = labels.flatten(1)
    weight = torch.where((area >= 0) & (area < R), clear, 0.0)
    area = area.clamp(0, R - 1)
    commonest = _mode(paint, weight, area, R)
    near = (paint - _at(commonest, area)).abs().amax(-1) <= NEAR
    total, same = _sum(weight[..., None], area, R), _sum((weight * near)[..., None], area, R)
    colors = _sum(paint * (weight * near)[..., None], area, R) / same.clamp(min=1e-6)
    return torch.where(same > 0, colors, 1.0), (same / total.clamp(min=1e-6))[..., 0]


def _mode(paint: Tensor, weight: Tensor, area: Tensor, R: int) -> Tensor:
    """(B, R, 3): the mean of what falls into the fullest of LEVELS^3 bins."""
    level = (paint * (LEVELS - 1e-3)).long()
    bins = (level[..., 0] * LEVELS + level[..., 1]) * LEVELS + level[..., 2]
    place = area * LEVELS**3 + bins
    full = weight.new_zeros(len(paint), R * LEVELS**3).scatter_add_(1, place, weight)
    fullest = full.unflatten(1, (R, -1)).argmax(-1)  # (B, R)
    chosen = weight * (bins == fullest.gather(1, area))
    return _sum(paint * chosen[..., None], area, R) / _sum(chosen[..., None], area, R).clamp(
        min=1e-6
    )


def _sum(values: Tensor, area: Tensor, R: int) -> Tensor:
    """(B, P, C) summed over areas -> (B, R, C)."""
    index = area[..., None].expand_as(values)
    return values.new_zeros(len(values), R, values.shape[-1]).scatter_add_(1, index, values)


def _at(colors: Tensor, area: Tensor) -> Tensor:
    """(B, R, 3), (B, P) -> (B, P, 3)."""
    return colors.gather(1, area[..., None].expand(-1, -1, colors.shape[-1]))


def by_size(labels: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """(B, H, W) -> the same areas numbered from the largest on, without empty ones, the smallest
    beyond ``most`` nobody's (number ``most``); and how many each picture has, (B,)."""
    ranked, counts = [], []
    for each in labels:
        size = each.flatten().bincount()
        order = size.argsort(descending=True, stable=True)
        rank = torch.empty_like(order).scatter_(
            0, order, torch.arange(len(order), device=order.device)
        )
        ranked.append(rank.clamp(max=most)[each])
        counts.append((size > 0).sum().clamp(max=most))
    return torch.stack(ranked), torch.stack(counts)


def resized(image: Tensor, labels: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """image (B, 1, H, W), labels (B, h, w) -> both at side x side; lines averaged, areas by their
    nearest pixel."""
    if image.shape[-2:] != (side, side):
        larger = side > max(image.shape[-2:])
        image = F.interpolate(image, (side, side), mode="bilinear" if larger else "area")
    return image, sized(labels, (side, side))


def squared(image: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """image (1, H, W), labels (h, w) of one drawing -> squares, paper added evenly around, of the
    area that has most of the picture's border."""
    border = torch.cat([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    around = int(border.mode().values)
    return F.pad(image, margins(image), value=1.0), F.pad(labels, margins(labels), value=around)


def margins(picture: Tensor) -> tuple[int, int, int, int]:
    """What makes (..., H, W) a square: columns to the left and right, rows above and below."""
    H, W = picture.shape[-2:]
    beside, above = max(0, H - W), max(0, W - H)
    return beside // 2, beside - beside // 2, above // 2, above - above // 2


def small_view(image: Tensor, labels: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """One drawing as a net sees it: image (1, H, W), labels (h, w) -> (1, 1, side, side),
    (1, side, side). Every area keeps a pixel at least, unless smaller ones are in the same. What
    the picture's border cuts is closed there by a line."""
    image, areas = shrunk(image, labels)
    square, areas = squared(closed_at_border(image, side), areas)
    small, seen = resized(square[None], areas[None], side)
    there = seen.flatten().bincount(minlength=int(labels.max()) + 1) > 0
    left, _, above, _ = margins(labels)
    corner = torch.tensor([above, left], device=labels.device)
    for area in torch.nonzero(~there).flatten().tolist():
        places = torch.nonzero(labels == area)
        if len(places):
            row, column = ((places[len(places) // 2] + corner) * side // max(labels.shape)).tolist()
            seen[0, row, column] = area
    return small, seen


def closed_at_border(image: Tensor, side: int) -> Tensor:
    """A drawing (1, H, W) with ink where its border cuts it, EDGE px wide once its longer side is
    so many px."""
    cut = torch.from_numpy(cut_by_border(image[0].cpu().numpy() > 0.5)).to(image.device)
    if not cut.any():
        return image
    width = max(1, round(EDGE * max(image.shape) / side))
    wide = F.max_pool2d(cut[None].float(), 2 * width - 1, 1, width - 1) > 0
    return image.masked_fill(wide, 0.0)


def shrunk(image: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """image (1, H, W), labels (h, w) of one drawing -> the same, LONGEST px long at most."""
    if max(image.shape) > LONGEST:
        image = F.interpolate(image[None], _within(image), mode="area")[0]
    return image, sized(labels[None], _within(labels))[0]


def _within(picture: Tensor) -> tuple[int, int]:
    """(H, W) of (..., H, W) once it is LONGEST px long at most."""
    H, W = picture.shape[-2:]
    scale = min(1.0, LONGEST / max(H, W))
    return max(1, round(scale * H)), max(1, round(scale * W))


def sized(labels: Tensor, size: Sequence[int]) -> Tensor:
    """(B, h, w) -> (B, H, W): each pixel's area by the nearest of the given ones."""
    if labels.shape[-2:] == tuple(size):
        return labels
    rows, columns = (
        ((torch.arange(new, device=labels.device) + 0.5) * old / new).long()
        for new, old in zip(size, labels.shape[-2:], strict=True)
    )
    return labels[:, rows[:, None], columns]


def size_ranks(labels: Tensor) -> Tensor:
    """labels (h, w) in 0..R-1 -> (R,): each area's place from the largest on."""
    order = labels.flatten().bincount().argsort(descending=True, stable=True)
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))


def shares(labels: Tensor, R: int) -> Tensor:
    """(B, H, W) -> (B, R): of the picture, what belongs to each area from 0 to R - 1; other numbers
    are nobody's."""
    area = torch.where((labels >= 0) & (labels < R), labels, R).flatten(1)
    ones = torch.ones(area.shape, device=labels.device)
    return ones.new_zeros(len(area), R + 1).scatter_add_(1, area, ones)[:, :R] / area.shape[1]
