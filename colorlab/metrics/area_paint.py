"""How a drawing's areas are painted: whether what lines enclose is coloured, in one colour each, and the paper around
left as it is. For drawings without a true colouring, at their own size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from colorlab.conditions.areas import Areas

COLOURED = 0.9  # of the darkest channel of what was drawn on; what is darker there is coloured
UNEVEN = 0.05  # spread of an area that is seen to have several tints
AROUND = 0.3  # of the picture's border: an area that has more of it is the paper around


class AreaPaint(NamedTuple):
    """coloured: share of the paper inside of lines that is coloured, NaN if there is none. leak: the same of the paper
    around, NaN without any. spread: mean over enclosed areas of the root mean square distance of a channel, in [0, 1],
    from the area's mean. uneven: share of the areas in which that is over UNEVEN."""

    coloured: float
    leak: float
    spread: float
    uneven: float


def area_paint(colouring: np.ndarray, canvas: np.ndarray, areas: Areas) -> AreaPaint:
    """colouring: (H, W, 3) uint8 of a canvas (H, W, 3) uint8, what was there before, with these areas."""
    coloured = colouring.min(2) < COLOURED * canvas.min(2)
    around = (areas.border > AROUND)[areas.labels] & areas.paper
    inside = (areas.border == 0)[areas.labels] & areas.paper
    spread = spreads(colouring, canvas, np.where(inside, areas.labels, -1))
    return AreaPaint(_share(coloured, inside), _share(coloured, around), _mean(spread), _mean(spread > UNEVEN))


def spreads(colouring: np.ndarray, canvas: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of each area from 0 on that has a pixel, the root mean square distance from its mean, of the paint alone: the
    canvas is divided out. -1 is nobody's."""
    where = labels >= 0
    paint = np.minimum(colouring[where] / np.maximum(canvas[where], 1), 1.0)
    area = labels[where]
    sizes = np.bincount(area)
    mean, square = (
        np.stack([np.bincount(area, power[:, c]) for c in range(3)], 1) / np.maximum(sizes, 1)[:, None]
        for power in (paint, paint**2)
    )
    variance = (square - mean**2).clip(0).mean(1)
    return np.sqrt(variance[sizes > 0])


def _share(mask: np.ndarray, where: np.ndarray) -> float:
    return float(mask[where].mean()) if where.any() else float("nan")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
