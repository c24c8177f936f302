"""Discriminators that judge patches at several scales: pix2pix's PatchGAN (Isola et al., 2017,
Sec. 3.2.2) on the picture and on smaller copies of it (Wang et al., 2018, Sec. 3.2)."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.unet import padded

SLOPE = 0.2


class PatchDiscriminator(nn.Sequential):
    """(N, c_in, H, W) -> (N, 1, H / 2^layers, W / 2^layers) scores; H and W are multiples of
    2^layers.

    ``layers`` convolutions of stride 2, then two of stride 1, 3x3 where the paper has 4x4, so that
    sizes halve exactly.
    norm: one-group normalisation after all but the first and the last, or none, as a gradient
    penalty needs."""

    def __init__(self, c_in: int, width: int, layers: int, norm: bool) -> None:
        sizes = [c_in, *(width * min(2**k, 8) for k in range(layers + 1))]
        parts: list[nn.Module] = []
        for k, (a, b) in enumerate(itertools.pairwise(sizes)):
            parts.append(nn.Conv2d(a, b, 4, 2, 1) if k < layers else nn.Conv2d(a, b, 3, 1, 1))
            parts += [nn.GroupNorm(1, b)] if norm and k else []
            parts.append(nn.LeakyReLU(SLOPE))
        super().__init__(*parts, nn.Conv2d(sizes[-1], 1, 3, 1, 1))


class Discriminator(nn.Module):
    """(image (N, 1, H, W) in [0, 1], x (N, channels, H, W) about [-1, 1]) -> patch scores, one
    tensor a scale.

    sees_gray: it judges x beside the gray picture or drawing; otherwise x alone. Any size.
    Each scale has a network of its own, on copies of half the size of the last."""

    def __init__(
        self,
        channels: int,
        width: int,
        layers: int,
        scales: int,
        norm: bool,
        sees_gray: bool = True,
    ) -> None:
        super().__init__()
        self.stride, self.sees_gray = 2**layers, sees_gray
        self.scales = nn.ModuleList(
            PatchDiscriminator(sees_gray + channels, width, layers, norm) for _ in range(scales)
        )

    def forward(self, image: Tensor, x: Tensor) -> list[Tensor]:
        pair = torch.cat([2 * image - 1, x], 1) if self.sees_gray else x
        pair = pair.contiguous(memory_format=torch.channels_last)
        scores = []
        for k, net in enumerate(self.scales):
            pair = padded(F.avg_pool2d(pair, 2, ceil_mode=True) if k else pair, self.stride)
            scores.append(net(pair))
        return scores
