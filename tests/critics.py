"""A critic whose scores are known, so that an adversarial loss can be written out by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colorlab.types import Batch


class Mean(nn.Module):
    """A picture's score is the mean of its values, at one scale."""

    def forward(self, image: Tensor, x: Tensor) -> list[Tensor]:
        return [x.mean((1, 2, 3))]


def plain(value: float, channels: int = 3) -> Tensor:
    """Two pictures of one value throughout."""
    return torch.full((2, channels, 16, 16), value)


def batch_of(rgb: Tensor) -> Batch:
    """Two pictures, shown as white paper."""
    return Batch(rgb, torch.ones(2, 1, 16, 16), torch.arange(2), ["", ""], torch.zeros(2))
