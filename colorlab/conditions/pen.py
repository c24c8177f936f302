"""Pens made alike: ink is black, and no line thinner than those that a net has seen. Done before a drawing is shrunk:
afterwards thin lines are gone."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from colorlab.conditions.areas import paper_of

WIDTH = 0.016  # of the longer side: thinner pens are thickened to this
BLACK = 10  # per cent of the ink are taken for fully black


def evened(image: Tensor) -> Tensor:
    """image (1, H, W) in [0, 1], ink dark -> the same with black ink of WIDTH at least. A picture without ink stays."""
    drawing = image[0].mul(255).round().byte().cpu().numpy()
    ink = ~paper_of(drawing)
    if not ink.any() or ink.all():
        return image
    darkest, lightest = float(np.percentile(drawing[ink], BLACK)), float(np.median(drawing[~ink]))
    even: np.ndarray = (drawing.astype(np.float32) - darkest) / max(1.0, lightest - darkest)
    missing = round(WIDTH * max(drawing.shape) - stroke_width(ink))
    if missing > 0:
        even = cv2.erode(even, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1)))
    return torch.from_numpy(even.clip(0, 1))[None].to(image)


def stroke_width(ink: np.ndarray) -> float:
    """Of ink (H, W) bool, px, about: in a long line of width w, pixels are w / 4 + 1 / 2 from its border on average."""
    distance = cv2.distanceTransform(np.pad(ink, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    return max(1.0, 4 * float(distance[ink].mean()) - 2)
