"""From a small colouring to the drawing's own size: one colour for each area, or shading that stops
at lines, under the drawing's own pixels."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.area_colors import sized, true_colors
from colorlab.conditions.areas import Areas
from colorlab.conditions.resize import INK, without_lines

FINE = 256  # px; the shorter side at which the colours of areas are looked up
WHITE = 0.93  # of the darkest channel; lighter pixels are not painted
# share of an area that is painted from which all of it is; of areas at the picture's border
ENOUGH, MOST = 0.35, 0.8
OUTER = 0.1  # of the picture's border: an area that has more of it is the paper around
ROWS = 256  # rows that are enlarged together


def area_colors(small: Tensor, seen: Tensor, areas: Areas) -> Tensor:
    """The colour of each of R areas in a colouring (1, 3, h, w) of a drawing (1, 1, h, w), in
    [0, 1]: (R, 3).

    It is the commonest colour of what is painted there, if enough of the area is, else white. An
    area that is too small to have a clear pixel has the colour at its innermost point, lines taken
    off."""
    size = fine_size(small.shape[-2:], areas.labels.shape)
    rgb, image = (
        F.interpolate(each, size, mode="bilinear", antialias=True) for each in (small, seen)
    )
    R = len(areas.shares)
    labels = sized(torch.from_numpy(areas.labels)[None].long(), size)
    clear = image[:, 0] > INK
    painted = clear & ((rgb / image.clamp_min(INK)).amin(1) < WHITE)
    colors, _ = true_colors(rgb, image, torch.where(painted, labels, R), R)
    painted_px, clear_px = (
        torch.bincount(labels[where], minlength=R) for where in (painted, clear)
    )
    least = torch.where(torch.from_numpy(areas.border) > OUTER, MOST, ENOUGH)
    is_painted = painted_px >= least * clear_px
    colors = torch.where(is_painted[:, None], colors[0], 1.0)
    rows, columns = (torch.from_numpy(areas.centers) * torch.tensor(small.shape[-2:])).long().T
    at_center = without_lines(small, seen)[0, :, rows, columns].T
    return torch.where(clear_px[:, None] > 0, colors, at_center)


def fine_size(small: Sequence[int], full: Sequence[int]) -> list[int]:
    """(h, w), enlarged to FINE, but not beyond the drawing's own size."""
    scale = max(1.0, min(FINE / min(small), max(full) / max(small)))
    return [max(1, round(scale * length)) for length in small]


def painted(colors: Tensor, labels: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """Colours (R, 3) in [0, 1] of areas (H, W), under a drawing (H, W, 3) uint8: (H, W, 3)
    uint8."""
    table = np.zeros((len(colors), 4), np.uint8)
    table[:, :3] = colors.mul(255).round().clamp(0, 255).byte().numpy()
    # of four bytes, which are looked up four times as fast as three
    words = table.view(np.uint32)[:, 0]
    flat = words[labels].view(np.uint8).reshape(*labels.shape, 4)
    return cv2.multiply(cv2.cvtColor(flat, cv2.COLOR_RGBA2RGB), canvas, scale=1 / 255)


def shaded(
    small: Tensor, seen: Tensor, colors: Tensor, areas: Areas, canvas: np.ndarray
) -> np.ndarray:
    """A colouring (1, 3, h, w) of a drawing (1, 1, h, w) enlarged under a larger one (H, W, 3)
    uint8: bilinear, from clear pixels of the same area; where there is none, the area's own colour
    (R, 3)."""
    labels = sized(torch.from_numpy(areas.labels)[None].long(), small.shape[-2:])[0].numpy()
    labels = np.where(seen[0, 0].numpy() > INK, labels, -1)
    without_ink = (small / seen.clamp_min(INK)).clamp(0, 1)
    paint = without_ink[0].movedim(0, -1).numpy()
    flat = colors.numpy().astype(np.float32)
    out = np.empty_like(canvas)
    for first in range(0, len(canvas), ROWS):
        rows = np.arange(first, min(first + ROWS, len(canvas)))
        large = _enlarged(paint, labels, flat, areas.labels, rows)
        out[rows] = cv2.multiply(np.rint(255 * large).astype(np.uint8), canvas[rows], scale=1 / 255)
    return out


def _enlarged(
    paint: np.ndarray, labels: np.ndarray, flat: np.ndarray, full: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """These rows of the enlarged colouring, (rows, W, 3) in [0, 1]."""
    (h, w), (H, W) = labels.shape, full.shape
    own = full[rows]
    total, weight = np.zeros((*own.shape, 3), np.float32), np.zeros(own.shape, np.float32)
    for r, down in _taps(rows, H, h):
        for c, across in _taps(np.arange(W), W, w):
            share = np.outer(down, across).astype(np.float32) * (labels[np.ix_(r, c)] == own)
            total += share[..., None] * paint[np.ix_(r, c)]
            weight += share
    return np.where(weight[..., None] > 0, total / np.maximum(weight, 1e-6)[..., None], flat[own])


def _taps(places: np.ndarray, large: int, small: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The two pixels of a small row between which each pixel of a large one lies, and their
    weights."""
    at = ((places + 0.5) * small / large - 0.5).clip(0, small - 1)
    low = np.floor(at).astype(int)
    return [(low, 1 - (at - low)), (np.minimum(low + 1, small - 1), at - low)]
