"""PixColor's refinement network (Guadarrama et al., 2017, Sec. 3.2): coarse chroma and the sharp
gray picture in, chroma of every pixel out, by convolutions at the picture's own size of which some
are dilated, so that the coarse cells overlap."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.gpic_net import start_from_zero

DILATIONS = (1, 2, 4, 2, 1)


class RefinerNet(nn.Module):
    """(image (N, 1, H, W) in [0, 1], coarse (N, channels, h, w), about [-1, 1]) -> chroma
    (N, 2, H, W), about [-1, 1].

    channels: of what is coarse: 2 of chroma, or those of a code."""

    def __init__(self, width: int, channels: int = 2) -> None:
        super().__init__()
        sizes = [channels + 1, *[width] * len(DILATIONS)]
        pairs = zip(itertools.pairwise(sizes), DILATIONS, strict=True)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=d, dilation=d) for (a, b), d in pairs)
        self.direct = nn.Conv2d(channels, 2, 1)  # between the two kinds of chroma
        self.head = nn.Conv2d(width, 2, 1)
        start_from_zero(self.head)

    def forward(self, image: Tensor, coarse: Tensor) -> Tensor:
        large = F.interpolate(coarse, image.shape[-2:], mode="bilinear")
        x = torch.cat([2 * image.expand(len(coarse), -1, -1, -1) - 1, large], 1)
        for k, conv in enumerate(self.convs):
            y = F.silu(conv(x))
            x = x + y if k else y
        return (self.direct(large) + self.head(x)).float()
