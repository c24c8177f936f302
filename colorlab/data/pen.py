"""What hands and scanners do to a line drawing: pens of other widths, gray and broken strokes,
paper that is not white.

Planes are (H, W) uint8 luma, ink dark; chance comes in as numbers in [0, 1)."""

from __future__ import annotations

import cv2
import numpy as np

THINNEST = 0.3  # of a line's width that is left at least
GAPS = 12  # the most in one drawing
GAP_SIZES = (0.008, 0.025)  # radius of a gap, of the side


def with_pen(line: np.ndarray, factor: float) -> np.ndarray:
    """The drawing with lines ``factor`` times as wide. Thin lines are kept from vanishing."""
    ink = line < 128
    if factor == 1 or not ink.any() or ink.all():
        return line
    return grown(line, half_width(ink) * (max(factor, THINNEST) - 1))


def half_width(ink: np.ndarray) -> float:
    """Half the width of the lines in ink (H, W) bool, px: depths within a line are even in
    (0, half). Deeper blots do not count, where there is less of them than of lines."""
    deep = cv2.distanceTransform(
        np.pad(ink, 1, constant_values=True).astype(np.uint8), cv2.DIST_L2, 5
    )[1:-1, 1:-1]
    depths = deep[ink] - 0.5  # from the middle of a pixel to the edge of the paper
    return 2 * float(depths[depths <= 2.5 * np.median(depths) + 0.5].mean())


def grown(line: np.ndarray, by: float) -> np.ndarray:
    """Ink grown by so many pixels on every side, or shrunk if they are negative; fractions blend
    two sizes."""
    change = cv2.erode if by > 0 else cv2.dilate
    whole, part = divmod(abs(by), 1.0)
    lower, upper = (change(line, _disc(int(whole) + more)) for more in (0, 1))
    return cv2.addWeighted(lower, 1 - part, upper, part, 0)


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def with_gaps(line: np.ndarray, share: float, chance: np.ndarray) -> np.ndarray:
    """The drawing with up to ``share`` of GAPS breaks in its lines. chance: (1 + 2 GAPS,)."""
    count = int(share * GAPS * chance[0] + 0.5)
    places = np.flatnonzero(line < 128)
    if not count or not len(places):
        return line
    out, side = line.copy(), len(line)
    for at, size in chance[1:].reshape(-1, 2)[:count]:
        y, x = divmod(int(places[int(at * len(places))]), line.shape[1])
        radius = side * (GAP_SIZES[0] + (GAP_SIZES[1] - GAP_SIZES[0]) * size)
        cv2.circle(out, (x, y), max(1, round(radius)), 255, -1, cv2.LINE_AA)
    return out


def with_pressure(line: np.ndarray, strength: float, field: np.ndarray) -> np.ndarray:
    """Gray lines: ink of ``strength`` in [0, 1], weaker where the field (small, in [0, 1]) is
    high."""
    fade = cv2.resize(
        field.astype(np.float32), line.shape[::-1], interpolation=cv2.INTER_CUBIC
    ).clip(0, 1)
    return (255 - (255.0 - line) * strength * (1 - (1 - strength) * fade)).round().astype(np.uint8)


def scanned(line: np.ndarray, tint: float, grain: np.ndarray, field: np.ndarray) -> np.ndarray:
    """The drawing on paper that is up to ``tint`` darker than white where the field is high, with
    grain (H, W), in levels."""
    shade = cv2.resize(
        field.astype(np.float32), line.shape[::-1], interpolation=cv2.INTER_CUBIC
    ).clip(0, 1)
    return (line * (1 - tint * shade) + grain).clip(0, 255).round().astype(np.uint8)
