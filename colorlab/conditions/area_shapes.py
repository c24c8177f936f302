"""What an area looks like, apart from where it lies and how it is turned."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.area_colors import sized

CLEAR = 0.8  # lighter is paper, between areas
FINEST = 400  # px per side on which shapes are measured
ALIKE = 0.15  # difference of logarithms up to which two shapes are nearly the same


def shapes(labels: Tensor, R: int) -> Tensor:
    """labels (h, w) in 0..R-1 -> (R, 3): logarithms of an area's size and of the mean and the
    geometric mean of its second moments' two principal values, which no turning changes."""
    step = -(-max(labels.shape) // FINEST)
    labels = labels[::step, ::step]
    rows, columns = (
        torch.arange(side, device=labels.device, dtype=torch.float64) for side in labels.shape
    )
    y, x = rows[:, None].expand(labels.shape).flatten(), columns.expand(labels.shape).flatten()
    size, sum_y, sum_x, sum_yy, sum_xx, sum_yx = (
        torch.bincount(labels.flatten(), value, minlength=R)
        for value in (torch.ones_like(y), y, x, y * y, x * x, y * x)
    )
    size = size.clamp(min=1)
    pixel = 1 / 12  # a pixel's own second moment
    yy = sum_yy / size - (sum_y / size) ** 2 + pixel
    xx = sum_xx / size - (sum_x / size) ** 2 + pixel
    yx = sum_yx / size - sum_y * sum_x / size**2
    both = (yy * xx - yx**2).clamp(min=pixel**2)
    return torch.stack([size.log(), ((yy + xx) / 2).log(), both.log() / 2], 1).float()


def likeness(shapes: Tensor) -> Tensor:
    """(R, 3) -> (R, R) in [0, 1]: 1 for areas of one shape, wherever they lie; 0 on the
    diagonal."""
    apart = (shapes[:, None] - shapes) / ALIKE
    return torch.exp(-apart.square().sum(-1) / 2).fill_diagonal_(0)


def passages(labels: Tensor, gray: Tensor, R: int) -> Tensor:
    """labels (h, w) in 0..R-1, gray (h, w) in [0, 1], ink dark, as ``coarse`` gives them -> (R, R)
    in [0, 1]: on how much of the narrower one's width two areas meet without a line between them; 0
    on the diagonal."""
    paper = gray > CLEAR
    length = torch.zeros(R * R, dtype=torch.float32, device=labels.device)
    for a, b, clear in (
        (labels[1:], labels[:-1], paper[1:] & paper[:-1]),
        (labels[:, 1:], labels[:, :-1], paper[:, 1:] & paper[:, :-1]),
    ):
        meet = clear & (a != b)
        length += torch.bincount((a * R + b)[meet], minlength=R * R)
    length = length.view(R, R) + length.view(R, R).T
    width = labels.flatten().bincount(minlength=R).clamp(min=1).sqrt()
    return (length / torch.minimum(width[:, None], width)).clamp(max=1)


def coarse(labels: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
    """labels (h, w) and an image (1, H, W), on FINEST pixels a side at most, (h', w') each: of the
    image the darkest of each square, so that no line is stepped over."""
    step = -(-max(labels.shape) // FINEST)
    darkest = -F.max_pool2d(-sized(image, labels.shape), step, ceil_mode=True)[0]
    return labels[::step, ::step], darkest
