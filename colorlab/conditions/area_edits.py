"""Areas corrected by hand: what a person's line cuts in two, and what it joins."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from colorlab.conditions.areas import Areas, merged, split

Line = Sequence[tuple[float, float]]  # (x, y) in pixels

# of the longer side: so far a cut goes on beyond its ends, to the lines that it was meant to reach
FURTHER = 0.01


def edited(areas: Areas, edits: Sequence[tuple[str, Line]]) -> Areas:
    """The areas after these edits, one after the other: ("cut", line) or ("join", line)."""
    for verb, points in edits:
        areas = cut(areas, points) if verb == "cut" else joined(areas, points)
    return areas


def cut(areas: Areas, points: Line) -> Areas:
    """The line divides the areas that it crosses, as ink would; one that divides nothing changes
    nothing."""
    stroke = line(further(points, FURTHER * max(areas.labels.shape)), areas.labels.shape)
    rows, columns = np.nonzero(stroke & areas.paper)
    for at in np.unique(areas.labels[rows, columns], return_index=True)[1]:
        areas = split(areas, int(areas.labels[rows[at], columns[at]]), stroke)
    return areas


def joined(areas: Areas, points: Line) -> Areas:
    """The areas that the line touches are one."""
    touched = np.unique(areas.labels[line(points, areas.labels.shape) & areas.paper])
    return merged(areas, [int(area) for area in touched]) if len(touched) > 1 else areas


def line(points: Line, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: the pixels of a line."""
    picture = np.zeros(shape, np.uint8)
    at = np.floor(np.asarray(points, np.float64)).astype(np.int32)
    cv2.polylines(picture, [at.reshape(-1, 1, 2)], False, 1)
    return picture > 0


def further(points: Line, length: float) -> list[tuple[float, float]]:
    """A line that goes on straight beyond both ends by a length in pixels."""
    out = list(points)
    for end, inner in ((0, slice(1, None)), (-1, slice(-2, None, -1))):
        x, y = points[end]
        others = [(x - a, y - b) for a, b in points[inner] if (a, b) != (x, y)]
        if others:
            dx, dy = others[min(len(others) - 1, 3)]  # not the very next: hands shake
            scale = length / float(np.hypot(dx, dy))
            out.insert(0 if end == 0 else len(out), (x + dx * scale, y + dy * scale))
    return out
