"""A sheet of paper that lies on something darker, as in a photograph of a drawing on a table: where
it is, and the picture with the sheet carried on beyond its edges.

The ground of the picture, lines closed over, is cut at many levels of light. A sheet is the largest
lighter piece of a cut if that is nearly a convex polygon of few corners, and the ground darkens at
once all along each of its sides."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

LEVELS = 14  # cuts
LEAST, MOST = 0.2, 0.97  # of the picture that a sheet covers
SOLID = 0.95  # of its convex hull
STRAIGHT = 0.02  # of its circumference: so far may its edge be from a straight side
CORNERS = (4, 6)  # fewest and most; a corner that the picture cuts off makes two
STEP = 0.12  # the ground is darker by this share beyond a side, at so much of its length:
ALONG = 0.85
SIDES = 2  # fewest that are seen; one alone is a horizon
# of the picture's longer side: so far within and beyond a side its step is looked for
BESIDE = 0.02
EDGE = 0.012  # of the same: left out along the sheet's edge, which has a shadow
DISC = 0.035  # the same: diameter of the disc that closes lines


def sheet_in(small: np.ndarray) -> np.ndarray | None:
    """(h, w, 3) uint8 RGB, some hundred pixels -> (h, w) bool, the sheet without its edges; None if
    there is none."""
    side, ground = max(small.shape), cv2.morphologyEx(small, cv2.MORPH_CLOSE, disc_of(small, DISC))
    best, clearest = None, STEP
    # a wooden table may be light, in red
    for light in (cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY), ground.min(axis=2)):
        for polygon in _pieces(light):
            if (step := _step(light.astype(np.float32), polygon, BESIDE * side)) > clearest:
                best, clearest = polygon, step
    if best is None:
        return None
    found = cv2.fillConvexPoly(np.zeros(small.shape[:2], np.uint8), best, 1)
    edge = np.ones((2 * round(EDGE * side) + 1,) * 2, np.uint8)
    return cv2.erode(found, edge, borderType=cv2.BORDER_REPLICATE) > 0


def disc_of(picture: np.ndarray, diameter: float) -> np.ndarray:
    """A disc with this share of a picture's longer side as its diameter, 3 px at least."""
    size = max(3, round(diameter * max(picture.shape)) | 1)
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))


def carried_on(small: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) whose pixels beyond the sheet (h, w) bool have the colours of its nearest
    ones."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~sheet).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colors = np.zeros((nearest.max() + 1, 3), small.dtype)
    colors[nearest[sheet]] = small[sheet]
    return colors[nearest]


def _pieces(light: np.ndarray) -> Iterator[np.ndarray]:
    """The largest lighter pieces of a ground (h, w) uint8 at several levels, those that are
    polygons (K, 2) int32."""
    darkest, lightest = np.percentile(light, (1, 99))
    for level in np.linspace(darkest, lightest, LEVELS + 2)[1:-1]:
        outlines, _ = cv2.findContours(
            (light > level).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        outline = max(outlines, key=cv2.contourArea, default=None)
        if outline is None or not LEAST < cv2.contourArea(outline) / light.size < MOST:
            continue
        hull = cv2.convexHull(outline)
        polygon = cv2.approxPolyDP(hull, STRAIGHT * cv2.arcLength(hull, True), True)[:, 0]
        whole = cv2.contourArea(hull)
        solid = min(cv2.contourArea(outline), cv2.contourArea(polygon)) > SOLID * whole
        if solid and CORNERS[0] <= len(polygon) <= CORNERS[1]:
            yield polygon


def _step(light: np.ndarray, polygon: np.ndarray, beside: float) -> float:
    """The share by which a ground darkens across the least distinct side of a polygon, at ALONG of
    its length; 0 if fewer than SIDES lie within the picture."""
    steps = []
    for a, b in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
        beyond = np.array([along[1], -along[0]])
        places = a + np.linspace(0.1, 0.9, 25)[:, None] * (b - a)
        beyond = beyond if (polygon - a) @ beyond @ np.ones(len(polygon)) < 0 else -beyond
        within, outer = (np.rint(places + sign * beside * beyond).astype(int) for sign in (-1, 1))
        if (outer < 0).any() or (outer >= light.shape[::-1]).any():
            continue  # the picture's own border
        height, width = light.shape
        within = within.clip(0, (width - 1, height - 1))
        drop = 1 - light[outer[:, 1], outer[:, 0]] / light[within[:, 1], within[:, 0]].clip(1)
        steps.append(float(np.quantile(drop, 1 - ALONG)))
    return min(steps) if len(steps) >= SIDES else 0.0
