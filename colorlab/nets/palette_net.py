"""Palette's network (Saharia et al., 2022): a U-Net of residual blocks with group norm and
self-attention where the picture is small (Dhariwal and Nichol, 2021), shown the picture to be
coloured beside the noisy state.

    down    per scale: ``blocks`` residual blocks, then half the sides
    middle  block, attention, block
    up      per scale: twice the sides, then as many blocks and one, each beside what its mirror on
            the way down made
The level enters every block as scale and bias behind its second norm."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.gpic_net import LevelEmbedding, start_from_zero

SCALES = (1, 2, 4, 8)  # channels of scale k, in units of width; its sides are H / 2^k
ATTENDED = 2  # from this scale on, pixels attend to each other
GROUPS = 8  # of a norm, where they divide the channels
HEAD = 32  # channels of an attention head, at most
FOURIER = 64  # features of the level's embedding


def group_norm(channels: int) -> nn.GroupNorm:
    """With as many of GROUPS groups as divide the channels."""
    return nn.GroupNorm(math.gcd(GROUPS, channels), channels)


class ResidualBlock(nn.Module):
    """Norm, SiLU, convolution, twice, beside the input; the level scales and shifts in between."""

    def __init__(self, c_in: int, c_out: int, embedding: int) -> None:
        super().__init__()
        self.norm_in, self.conv_in = group_norm(c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.level = nn.Linear(embedding, 2 * c_out)
        self.norm_out, self.conv_out = group_norm(c_out), nn.Conv2d(c_out, c_out, 3, padding=1)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()
        start_from_zero(self.conv_out)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """x (N, c_in, h, w), embedding (N, D) -> (N, c_out, h, w)."""
        y = self.conv_in(F.silu(self.norm_in(x)))
        scale, bias = self.level(embedding)[:, :, None, None].chunk(2, 1)
        y = torch.addcmul(bias, self.norm_out(y), scale + 1)
        return self.skip(x) + self.conv_out(F.silu(y))


class SelfAttention(nn.Module):
    """Every pixel looks at every other, beside the input (Vaswani et al., 2017, Eq. 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = max(1, channels // HEAD)
        self.norm, self.qkv = group_norm(channels), nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        start_from_zero(self.out)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same shape."""
        split = (
            self.qkv(self.norm(x)).flatten(2).unflatten(1, (3, self.heads, -1)).transpose(-2, -1)
        )
        q, k, v = split.unbind(1)  # (N, heads, h w, C / heads)
        seen = F.scaled_dot_product_attention(q.contiguous(), k.contiguous(), v.contiguous())
        return x + self.out(seen.transpose(-2, -1).reshape(x.shape))


class Step(nn.Module):
    """A residual block, with attention behind it where pixels attend."""

    def __init__(self, c_in: int, c_out: int, embedding: int, attends: bool) -> None:
        super().__init__()
        self.block = ResidualBlock(c_in, c_out, embedding)
        self.attention = SelfAttention(c_out) if attends else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return self.attention(self.block(x, embedding))


class PaletteNet(nn.Module):
    """(x (N, 3, H, W), alpha_bar (N,), image (N, 1, H, W) in [0, 1]) -> (N, 3, H, W); sides
    multiples of 8.

    width: channels of the finest scale. blocks: of a scale. attention: whether pixels attend to
    each other at H/4 and below; without it the blocks stay."""

    def __init__(self, width: int, blocks: int, attention: bool) -> None:
        super().__init__()
        embedding, sizes = 4 * width, [width * scale for scale in SCALES]
        self.level = LevelEmbedding(embedding, FOURIER, 1.0, "xi")
        self.first = nn.Conv2d(4, width, 3, padding=1)
        downs, ups, kept = [], [], [width]
        for k, size in enumerate(sizes):
            inputs = [kept[-1], *[size] * (blocks - 1)]
            downs.append(
                nn.ModuleList(Step(c, size, embedding, attention and k >= ATTENDED) for c in inputs)
            )
            kept += [size] * (blocks + (k < len(sizes) - 1))  # what is halved is kept as well
        self.downs: Sequence[Iterable[Step]] = nn.ModuleList(downs)  # type: ignore[assignment]
        self.halves = nn.ModuleList(nn.Conv2d(size, size, 3, 2, 1) for size in sizes[:-1])
        self.middle: Sequence[Step] = nn.ModuleList(  # type: ignore[assignment]
            Step(sizes[-1], sizes[-1], embedding, attends) for attends in (attention, False)
        )
        below = sizes[-1]
        for k, size in reversed(list(enumerate(sizes))):
            inputs = [below, *[size] * blocks]
            steps = [
                Step(c + kept.pop(), size, embedding, attention and k >= ATTENDED) for c in inputs
            ]
            ups.append(nn.ModuleList(steps))
            below = size
        self.ups: Sequence[Iterable[Step]] = nn.ModuleList(ups)  # type: ignore[assignment]
        self.doubles = nn.ModuleList(
            nn.Conv2d(size, size, 3, padding=1) for size in reversed(sizes[1:])
        )
        self.norm, self.head = group_norm(width), nn.Conv2d(width, 3, 3, padding=1)
        start_from_zero(self.head)

    def forward(self, x: Tensor, alpha_bar: Tensor, image: Tensor) -> Tensor:
        return self.output(x, self.level(alpha_bar), image)

    def output(self, x: Tensor, embedding: Tensor, image: Tensor) -> Tensor:
        """The same with levels embedded: ``level(alpha_bar)``, (N, D) or (1, D)."""
        x = self.first(torch.cat([x, 2 * image.to(x.dtype) - 1], 1))
        kept = [x]
        for k, steps in enumerate(self.downs):
            for step in steps:
                x = step(x, embedding)  # (N, width SCALES[k], H/2^k, W/2^k)
                kept.append(x)
            if k < len(self.halves):
                x = self.halves[k](x)
                kept.append(x)
        for step in self.middle:
            x = step(x, embedding)
        for k, steps in enumerate(self.ups):
            x = self.doubles[k - 1](F.interpolate(x, scale_factor=2)) if k else x
            for step in steps:
                # as on the way down, from the coarsest on
                x = step(torch.cat([x, kept.pop()], 1), embedding)
        return self.head(F.silu(self.norm(x)))
