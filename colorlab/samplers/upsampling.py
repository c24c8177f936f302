"""Chroma known at every k-th pixel brought to all pixels of a gray picture: joint
bilateral upsampling.

Kopf, Cohen, Lischinski and Uyttendaele, "Joint Bilateral Upsampling" (2007), Eq. 3."""

from __future__ import annotations

import torch
from torch import Tensor

REACH = 0.75  # standard deviation of the kernel in space, in cells
STEPS = (-1, 0, 1, 2)  # the cells around a pixel that count, from its own cell on


def upsampled(ab: Tensor, image: Tensor, stride: int, contrast: float) -> Tensor:
    """ab (B, n, 2, h, w), the chroma of pixels (i stride, j stride) -> (B, n, 2, H, W): each pixel
    takes the mean of the cells around it, those near by and of like lightness above all.

    image (B, 1, H, W) in [0, 1], h = ceil(H / stride). contrast: standard deviation in lightness; 0
    = lightness does not count."""
    if stride == 1:
        return ab
    size = image.shape[-2:]
    cells = image[..., ::stride, ::stride]
    total, norm = ab.new_zeros(()), torch.zeros_like(image)
    for dy in STEPS:
        for dx in STEPS:
            weight = _near(size, stride, dy, dx, image.device)
            if contrast:
                gray = _spread(_moved(cells, dy, dx), stride, size)
                weight = (
                    weight * ((gray - image).square() / (-2 * contrast**2)).exp() + 1e-6 * weight
                )
            total = total + weight[:, None] * _spread(_moved(ab, dy, dx), stride, size)
            norm = norm + weight
    return total / norm[:, None]


def _near(size: torch.Size, stride: int, dy: int, dx: int, device: torch.device) -> Tensor:
    """(1, 1, H, W): the Gaussian weight of the cell (dy, dx) beyond each pixel's own."""
    y, x = ((torch.arange(side, device=device) % stride) / stride for side in size)
    return ((dy - y[:, None]).square() + (dx - x).square()).div(-2 * REACH**2).exp()[None, None]


def _moved(cells: Tensor, dy: int, dx: int) -> Tensor:
    """(..., h, w): each cell replaced by its neighbour at (dy, dx); beyond the border, by the
    nearest inside."""
    y, x = (torch.arange(side, device=cells.device) for side in cells.shape[-2:])
    return cells[..., (y + dy).clamp(0, len(y) - 1)[:, None], (x + dx).clamp(0, len(x) - 1)]


def _spread(cells: Tensor, stride: int, size: torch.Size) -> Tensor:
    """(..., h, w) -> (..., H, W): each pixel gets its cell."""
    return cells.repeat_interleave(stride, -2).repeat_interleave(stride, -1)[
        ..., : size[0], : size[1]
    ]
