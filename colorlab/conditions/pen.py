"""Pens made alike: ink is black, and no line thinner than those that a net has seen. Done before a
drawing is shrunk: afterwards thin lines are gone."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from colorlab.conditions.areas import Areas, paper_of
from colorlab.conditions.gaps import distance_to_ink, stroke_width

WIDTH = 0.016  # of the longer side: thinner pens are thickened to this
ROOM = 0.3  # of half the width of an area at its widest: no line grows farther into it
BLACK = 10  # per cent of the ink are taken for fully black


def evened(image: Tensor) -> Tensor:
    """image (1, H, W) in [0, 1], ink dark -> the same with black ink of WIDTH at least. A picture
    without ink stays."""
    drawing = image[0].mul(255).round().byte().cpu().numpy()
    ink = ~paper_of(drawing)
    if not ink.any() or ink.all():
        return image
    darkest, lightest = float(np.percentile(drawing[ink], BLACK)), float(np.median(drawing[~ink]))
    even: np.ndarray = (drawing.astype(np.float32) - darkest) / max(1.0, lightest - darkest)
    missing = round(WIDTH * max(drawing.shape) - stroke_width(ink))
    if missing > 0:
        even = cv2.erode(
            even, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1))
        )
    return torch.from_numpy(even.clip(0, 1))[None].to(image)


def thickened(drawing: np.ndarray, areas: Areas, width: float) -> np.ndarray:
    """(H, W) uint8, ink dark -> the same with lines of this width in px at least. Areas keep most
    of their width."""
    ink = ~areas.paper
    if not ink.any() or ink.all():
        return drawing
    missing = width - stroke_width(ink)
    if missing <= 0:
        return drawing
    distance, room = distance_to_ink(areas.paper), np.zeros(len(areas.shares), np.float32)
    np.maximum.at(room, areas.labels.ravel(), distance.ravel())
    left = distance - np.minimum(missing / 2, ROOM * room)[areas.labels]
    return np.minimum(drawing, np.rint(255 * left.clip(0, 1)).astype(np.uint8))
