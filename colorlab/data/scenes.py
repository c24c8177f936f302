"""Scenes of several drawings: side by side, touching and half hidden, on one ground or none, with
paper between.

A set of single figures teaches that what is closed is painted; the paper that a house and a tree
enclose is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from colorlab.data import pen

FIGURES = 4  # the most in a scene, and 2 at least
CHANCES = 1 + 5 * FIGURES  # numbers that a scene takes
FILLED = 0.94  # of the side, what a scene fills at most
HEIGHTS = (0.45, 1.0)  # of figures, of the highest
STEPS = (-0.15, 0.12)  # between neighbours, of the narrower one's width; below 0 they overlap
GROUNDED = 0.5  # share of the scenes whose figures stand on a line
LIFTED = 0.3  # of the room above it, how far a figure without ground may be up
WIDER = 1.6  # the most that the pen of a shrunk figure is widened by
PAPER, WHITE = 200, 250  # luma of what is not ink, levels of what is not painted


class _Figure(NamedTuple):
    paint: np.ndarray  # (h, w, 3) uint8
    line: np.ndarray  # (h, w) uint8
    solid: np.ndarray  # (h, w) bool; what hides others
    at: tuple[int, int]  # row and column


def figures(chance: float) -> int:
    """How many a scene shows; two in half of them."""
    return min(FIGURES, 2 + int(2 * max(0.0, chance - 0.5) * (FIGURES - 1)))


def scene(pictures: Sequence[np.ndarray], chance: np.ndarray) -> np.ndarray:
    """What is painted and the lines, (4, S, S) uint8, of pictures (5, S, S) like those of
    ``Illustrations``, FIGURES of which at most are shown. chance: (CHANCES,) in [0, 1)."""
    side = pictures[0].shape[-1]
    paint, line = np.full((side, side, 3), 255, np.uint8), np.full((side, side), 255, np.uint8)
    own = chance[1:].reshape(FIGURES, 5)
    grounded = chance[0] < GROUNDED
    if grounded:
        width = 2 * pen.half_width(pictures[0][3] < 128) if (pictures[0][3] < 128).any() else 1
        ground = round(_ground(side))
        cv2.line(line, (0, ground), (side, ground), 0, max(1, round(width)), cv2.LINE_AA)
    figures = _placed(pictures[:FIGURES], own, grounded, side)
    for n in np.argsort(own[: len(figures), 3]):
        _put(paint, line, figures[n])
    return np.concatenate([np.moveaxis(paint, 2, 0), line[None]])


def _ground(side: int) -> float:
    return side * (1 + FILLED) / 2 - 1


def _placed(
    pictures: Sequence[np.ndarray], own: np.ndarray, grounded: bool, side: int
) -> list[_Figure]:
    """In a row from left to right, as large as they all fit."""
    solids = [_solid(picture) for picture in pictures]
    boxes = [_box(solid) for solid in solids]
    heights = HEIGHTS[0] + (HEIGHTS[1] - HEIGHTS[0]) * own[: len(boxes), 0]
    widths = heights * [(right - left) / (low - top) for top, low, left, right in boxes]
    lefts, at = [], 0.0
    for n, width in enumerate(widths):
        if n:
            at += (STEPS[0] + (STEPS[1] - STEPS[0]) * own[n, 1]) * min(width, widths[n - 1])
        lefts.append(at)
        at += width
    scale = FILLED * side / max(at, heights.max())
    begin = (side - scale * at) / 2
    figures = []
    for picture, solid, box, height, width, left, lift in zip(
        pictures, solids, boxes, heights * scale, widths * scale, lefts, own[:, 2], strict=False
    ):
        low = (
            _ground(side) if grounded else _ground(side) - LIFTED * lift * (FILLED * side - height)
        )
        place = (round(low - height), round(begin + scale * left))
        figures.append(
            _shrunk(picture, solid, box, (max(1, round(height)), max(1, round(width))), place)
        )
    return figures


def _solid(picture: np.ndarray) -> np.ndarray:
    """(S, S) bool: all but the white areas that reach the picture's border."""
    areas = picture[4]
    ends = np.concatenate([picture[4][[0, -1]].ravel(), picture[4][:, [0, -1]].ravel()])
    white = picture[:3].min(0) >= WHITE
    around = [area for area in np.unique(ends) if white[areas == area].mean() > 0.5]
    solid = ~np.isin(areas, around) | (picture[3] < PAPER)
    return solid if solid.any() else np.ones_like(solid)


def _box(solid: np.ndarray) -> tuple[int, int, int, int]:
    """First row, row after the last, first column, column after the last."""
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _shrunk(
    picture: np.ndarray,
    solid: np.ndarray,
    box: tuple[int, int, int, int],
    size: tuple[int, int],
    at: tuple[int, int],
) -> _Figure:
    """A figure of ``size``, its pen as wide as it was in the whole picture."""
    top, low, left, right = box
    wider = min(WIDER, max(1.0, (low - top) / size[0]))
    bold = pen.with_pen(picture[3], wider)
    solid = (solid | (bold < PAPER))[top:low, left:right]
    to = size[::-1]
    painted = np.ascontiguousarray(np.moveaxis(picture[:3, top:low, left:right], 0, 2))
    planes = (painted, bold[top:low, left:right], solid.astype(np.float32))
    paint, line, share = (cv2.resize(plane, to, interpolation=cv2.INTER_AREA) for plane in planes)
    return _Figure(paint, line, share > 0.5, at)


def _put(paint: np.ndarray, line: np.ndarray, figure: _Figure) -> None:
    """In front of what is there; what is beyond the page is cut off."""
    row, column = figure.at
    h, w = figure.line.shape
    here = np.s_[max(0, row) : row + h, max(0, column) : column + w]
    h, w = line[here].shape
    own = np.s_[max(0, -row) : max(0, -row) + h, max(0, -column) : max(0, -column) + w]
    solid, ink = figure.solid[own], figure.line[own]
    paint[here][solid] = figure.paint[own][solid]
    line[here] = np.where(solid, ink, np.minimum(line[here], ink))
