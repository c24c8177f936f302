"""Between a picture's own size and the size at which it is coloured: down, antialiased; up, a drawing onto its own
lines, a gray picture onto its own lightness."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import AB, luma
from colorlab.conditions.lines import extractor

PAPER_SHARE = 0.4  # a line drawing is mostly paper: so many of its pixels are nearly white
INK = 0.75  # darker than this is a line, when lines are lifted off a small colouring


def drawing_of(picture: Tensor, lines: str, condition: str) -> Tensor:
    """What the method is shown of an RGB picture (1, 3, H, W) in [0, 1]: (1, 1, H, W).

    lines: "always" takes the picture as a line drawing, "never" extracts the lines of a coloured picture, "auto" looks
    whether most of it is paper. condition: "gray" takes the luma as it is."""
    gray = luma(picture)
    if condition == "gray":
        return gray
    is_drawing = lines == "always" or (lines == "auto" and bool((gray > 0.9).float().mean() > PAPER_SHARE))
    if is_drawing:
        return gray
    return extractor("dilation", "morph")(picture)


def shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, H, W) at another size, antialiased."""
    if picture.shape[-2:] == tuple(size):
        return picture
    return F.interpolate(picture, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def onto_drawing(small: Tensor, full: Tensor, size: tuple[int, int]) -> Tensor:
    """Colourings (n, 3, h, w) made at whatever size, as (n, 3, H, W) under the drawing's own lines (1, 1, H, W).

    The small picture's lines are lifted off first (each ink pixel takes the colour beside it), so that what is enlarged
    is colour alone; then the drawing's own ink is laid over it."""
    large = without_lines(small, shrunk(full, size))
    if large.shape[-2:] == full.shape[-2:]:
        return large * full
    return F.interpolate(large, full.shape[-2:], mode="bicubic", align_corners=False).clamp_(0, 1).mul_(full)


def without_lines(small: Tensor, drawing: Tensor) -> Tensor:
    """(n, 3, h, w) with the drawing's ink pixels (1, 1, h, w) replaced by the nearest pixel that is not ink, and the
    shade of ink that an antialiased edge leaves on its neighbours divided out."""
    from scipy.ndimage import distance_transform_edt

    ink = (drawing[0, 0] < INK).numpy()
    if ink.all() or not ink.any():
        return small
    rows, columns = distance_transform_edt(ink, return_distances=False, return_indices=True)
    paint = (small / drawing.clamp_min(INK)).clamp(0, 1)
    return paint[..., torch.from_numpy(rows), torch.from_numpy(columns)]


def onto_gray(small: Tensor, full: Tensor, size: tuple[int, int]) -> Tensor:
    """Colourings (n, 3, h, w) of a gray picture made at another size, as (n, 3, H, W) of exactly the lightness of the
    picture (1, 1, H, W) in [0, 1]: only chroma is enlarged."""
    if full.shape[-2:] == tuple(size):
        return small
    return AB().decode(F.interpolate(AB().encode(small), full.shape[-2:], mode="bicubic", antialias=True), full)


def as_light_as(gray: Tensor, rgb: Tensor) -> Tensor:
    """Colours (n, 3, H, W) in [0, 1] at the lightness of a gray picture (1, 1, H, W)."""
    return AB().decode(AB().encode(rgb), gray)
