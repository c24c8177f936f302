"""Shading over flat colours: how light and dark a picture is within each area, not what colour the area has."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.color import lab_of, rgb_of
from colorlab.conditions.area_colors import sized

INK = 0.35  # pixels darker than this tell nothing about the colour under the ink
WHITE = 0.98  # flat colours whose darkest channel is lighter are paper, which has no shading
CHROMA = 0.25  # share of the differences in chroma that is kept: all of them are blotches of other hues


def coherent(made: Tensor, flats: Tensor, image: Tensor, labels: Tensor) -> Tensor:
    """Flats (n, 3, H, W) in [0, 1] as light and dark in each area as pictures (n, 3, H, W) are about their mean there.
    image (1, 1, H, W): the drawing; labels (1, h, w): its areas."""
    ink = image.clamp_min(INK)
    flat = (flats / ink).clamp(0, 1)
    paint, lab = lab_of((made / ink).clamp(0, 1)), lab_of(flat)
    area, clear = sized(labels, image.shape[-2:])[0].flatten(), (image > INK).flatten().to(made)
    R = int(area.max()) + 1
    size = clear.new_zeros(R).index_add_(0, area, clear).clamp_min(1e-6)
    mean = clear.new_zeros(len(made), 3, R).index_add_(2, area, paint.flatten(2) * clear) / size
    off = (paint - mean[..., area].view_as(paint)) * paint.new_tensor([1.0, CHROMA, CHROMA])[:, None, None]
    moved = rgb_of(lab + off * clear.view_as(image)).clamp(0, 1)
    return torch.where(flat.amin(1, keepdim=True) > WHITE, flat, moved) * image
