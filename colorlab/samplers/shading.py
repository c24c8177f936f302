"""Shading over flat colours: how light and dark a picture is within each area, not what colour the
area has."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.color import lab_of, rgb_of
from colorlab.conditions.area_colors import sized

INK = 0.35  # pixels darker than this tell nothing about the colour under the ink
WHITE = 0.98  # flat colours whose darkest channel is lighter are paper, which has no shading
# share of the differences in chroma that is kept: all of them are blotches of other hues
CHROMA = 0.25


def coherent(made: Tensor, flats: Tensor, image: Tensor, labels: Tensor) -> Tensor:
    """Flats (n, 3, H, W) in [0, 1] as light and dark in each area as pictures (n, 3, H, W) are
    about their mean there. image (1, 1, H, W): the drawing; labels (1, h, w): its areas."""
    ink = image.clamp_min(INK)
    flat = (flats / ink).clamp(0, 1)
    paint = lab_of((made / ink).clamp(0, 1))
    area = sized(labels, image.shape[-2:])[0].flatten()
    clear = (image > INK).flatten().to(made)
    difference = paint - mean_of_areas(paint, area, clear)
    difference *= paint.new_tensor([1.0, CHROMA, CHROMA])[:, None, None]
    moved = rgb_of(lab_of(flat) + difference * clear.view_as(image)).clamp(0, 1)
    paper = flat.amin(1, keepdim=True) > WHITE
    return torch.where(paper, flat, moved) * image


def mean_of_areas(lab: Tensor, area: Tensor, weight: Tensor) -> Tensor:
    """Each pixel's value is the mean of its area. lab: (n, 3, H, W); area, weight: (H W,) of the
    pixels."""
    R = int(area.max()) + 1
    size = weight.new_zeros(R).index_add_(0, area, weight).clamp_min(1e-6)
    total = weight.new_zeros(len(lab), 3, R).index_add_(2, area, lab.flatten(2) * weight)
    return (total / size)[..., area].view_as(lab)
