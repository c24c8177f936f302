"""MUNIT's auto-encoder (Huang et al., 2018, App. B.2): content encoder, style encoder, and a
decoder whose residual blocks take mean and spread of their features from the style
(AdaIN: Huang and Belongie, 2017)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.unet import CodeEncoder, padded

EPSILON = 1e-5


def instance_norm(x: Tensor) -> Tensor:
    """Each channel of each picture with mean 0 and variance 1."""
    centered = x - x.mean((2, 3), keepdim=True)
    return centered * torch.rsqrt(centered.square().mean((2, 3), keepdim=True) + EPSILON)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside the identity, each instance-normalised; with a style, scaled and
    shifted by it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False) for _ in range(2)
        )

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """style: (N, 4 C), scale - 1 and shift of both convolutions' outputs."""
        first, second = self.convs
        scales = [None] * 4 if style is None else style[:, :, None, None].chunk(4, 1)
        y = F.relu(_modulated(instance_norm(first(x)), scales[0], scales[1]))
        return x + _modulated(instance_norm(second(y)), scales[2], scales[3])


def _modulated(x: Tensor, scale: Tensor | None, shift: Tensor | None) -> Tensor:
    return x if scale is None or shift is None else torch.addcmul(shift, scale + 1, x)


class ContentEncoder(nn.Module):
    """(N, 1, H, W) in [0, 1] -> (N, 2^downs width, H / 2^downs, W / 2^downs)."""

    def __init__(self, width: int, downs: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, width, 5, 1, 2, bias=False)  # a norm takes every bias away
        self.downs = nn.ModuleList(
            nn.Conv2d(width << k, width << k + 1, 4, 2, 1, bias=False) for k in range(downs)
        )
        self.blocks = nn.ModuleList(ResidualBlock(width << downs) for _ in range(blocks))

    def forward(self, image: Tensor) -> Tensor:
        x = padded(2 * image - 1, 2 ** len(self.downs)).contiguous(
            memory_format=torch.channels_last
        )
        x = F.relu(instance_norm(self.first(x)))
        for down in self.downs:
            x = F.relu(instance_norm(down(x)))
        for block in self.blocks:
            x = block(x)
        return x


class Decoder(nn.Module):
    """Content and style (N, latent) -> (N, channels, H, W) in (-1, 1)."""

    def __init__(self, width: int, downs: int, blocks: int, latent: int, channels: int) -> None:
        super().__init__()
        inner = width << downs
        self.blocks = nn.ModuleList(ResidualBlock(inner) for _ in range(blocks))
        hidden = [nn.Linear(latent, inner), nn.ReLU(), nn.Linear(inner, inner), nn.ReLU()]
        self.mlp = nn.Sequential(*hidden, nn.Linear(inner, blocks * 4 * inner))
        sizes = [width << k for k in reversed(range(downs + 1))]
        self.ups = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, 1, 1), nn.GroupNorm(1, b), nn.ReLU())
            for a, b in itertools.pairwise(sizes)
        )
        self.head = nn.Conv2d(width, channels, 5, 1, 2)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        x = content
        for block, own in zip(self.blocks, self.mlp(style).chunk(len(self.blocks), 1), strict=True):
            x = block(x, own)
        for up in self.ups:
            x = up(F.interpolate(x, scale_factor=2))
        return torch.tanh(self.head(x).float())


class MUNITNet(nn.Module):
    """``content`` of a drawing, ``style`` of a colour picture, and ``decode`` of the two, for any
    height and width."""

    def __init__(self, width: int, downs: int, blocks: int, latent: int, channels: int) -> None:
        super().__init__()
        self.content = ContentEncoder(width, downs, blocks)
        self.style = CodeEncoder(channels, width, downs + 2, latent)
        self.decoder = Decoder(width, downs, blocks, latent, channels)

    def decode(self, content: Tensor, style: Tensor, size: Sequence[int]) -> Tensor:
        """-> (N, channels, *size) in (-1, 1)."""
        return self.decoder(content, style)[..., : size[0], : size[1]]
