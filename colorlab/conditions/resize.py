"""Between a picture's own size and the size at which it is coloured: down, antialiased; up, a
drawing onto its own lines, a gray picture onto its own lightness."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import AB, locked

INK = 0.75  # darker than this is a line, when lines are lifted off a small colouring


def shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, H, W) at another size, antialiased."""
    if picture.shape[-2:] == tuple(size):
        return picture
    return F.interpolate(picture, size, mode="bicubic", antialias=True, align_corners=False).clamp(
        0, 1
    )


def onto_drawing(small: Tensor, seen: Tensor, canvas: Tensor) -> Tensor:
    """Colourings (n, 3, h, w) of a drawing (1, 1, h, w), as (n, 3, H, W) under a canvas
    (1, 1 or 3, H, W), in [0, 1].

    The small drawing's lines are lifted off first (each ink pixel takes the colour beside it), so
    that what is enlarged is colour alone; then the canvas with its own lines is laid over it."""
    large = without_lines(small, seen)
    if large.shape[-2:] == canvas.shape[-2:]:
        return large * canvas
    return (
        F.interpolate(large, canvas.shape[-2:], mode="bicubic", align_corners=False)
        .clamp_(0, 1)
        .mul_(canvas)
    )


def without_lines(small: Tensor, drawing: Tensor) -> Tensor:
    """(n, 3, h, w) with the drawing's ink pixels (1, 1, h, w) replaced by the nearest pixel that is
    not ink, and the shade of ink that an antialiased edge leaves on its neighbours divided out."""
    from scipy.ndimage import distance_transform_edt

    ink = (drawing[0, 0] < INK).numpy()
    if ink.all() or not ink.any():
        return small
    rows, columns = distance_transform_edt(ink, return_distances=False, return_indices=True)
    paint = (small / drawing.clamp_min(INK)).clamp(0, 1)
    return paint[..., torch.from_numpy(rows), torch.from_numpy(columns)]


def onto_gray(small: Tensor, full: Tensor, size: tuple[int, int]) -> Tensor:
    """Colourings (n, 3, h, w) of a gray picture made at another size, as (n, 3, H, W) of exactly
    the lightness of the picture (1, 1, H, W) in [0, 1]: only chroma is enlarged."""
    if full.shape[-2:] == tuple(size):
        return locked(small, full)
    return AB().decode(
        F.interpolate(AB().encode(small), full.shape[-2:], mode="bicubic", antialias=True), full
    )
