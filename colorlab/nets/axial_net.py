"""Axial attention: places of a grid attend along their row or their column (Ho et al., 2019), shown
a picture.

Kumar, Weissenborn and Kalchbrenner (2021), "Colorization Transformer" (ColTran), Sec. 4: what the
picture says scales and shifts queries, keys and values, the perceptron, and, pooled, the norms.
A causal block lets a place see itself and what lies before it on its axis; ``extend`` takes the
next places alone and keeps the keys and values of those before."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OCTAVES = 4  # of the sines and cosines of a place's position
FOURIER = 2 + 4 * OCTAVES


class Modulation(NamedTuple):
    """What the picture says to one block; the batch may be 1 for all candidates."""

    local: Tensor  # (B, h, w, 8 C): scales and shifts of q, k, v and of the perceptron
    pooled: Tensor  # (B, 1, 1, 4 C): of the two norms

    def part(self, rows: slice, columns: slice) -> Modulation:
        """The same of some places."""
        return Modulation(self.local[:, rows, columns], self.pooled)


class AxialBlock(nn.Module):
    """Attention along one axis and a perceptron, each behind a norm and beside its input:
    (N, h, w, C) -> the same.

    along: row | column. causal: see the module. told: whether it is shown a picture's embedding
    (B, h, w, C)."""

    def __init__(self, width: int, heads: int, along: str, causal: bool, told: bool) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"heads={heads} do not divide width={width}")
        self.heads, self.column, self.causal = heads, along == "column", causal
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.local = nn.Linear(width, 8 * width) if told else None
        self.pooled = nn.Linear(width, 4 * width) if told else None

    def embed(self, embedding: Tensor) -> Modulation | None:
        """What a picture's embedding (B, h, w, C) says to this block."""
        if self.local is None or self.pooled is None:
            return None
        return Modulation(self.local(embedding), self.pooled(embedding.mean((1, 2), keepdim=True)))

    def forward(self, x: Tensor, told: Modulation | None = None) -> Tensor:
        q, k, v = self.queries(x, told)
        return self.rest(x, self.attended(q, k, v, self.causal), told)

    def extend(
        self, x: Tensor, told: Modulation | None, kept: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Any]:
        """The next place of each line of a causal block: (N, 1, w, C) along columns, (N, h, 1, C)
        along rows. -> what the block says of it, and what to keep for the one after it."""
        q, k, v = self.queries(x, told)
        if kept is not None:
            axis = 1 if self.column else 2
            k, v = (torch.cat(pair, axis) for pair in zip(kept, (k, v), strict=True))
        return self.rest(x, self.attended(q, k, v, causal=False), told), (k, v)

    def queries(self, x: Tensor, told: Modulation | None) -> list[Tensor]:
        """q, k and v, each (N, h, w, C)."""
        parts = self.qkv(normed(self.norm, x, told, 0)).chunk(3, -1)
        return [modulated(part, told, i) for i, part in enumerate(parts)]

    def attended(self, q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
        """Softmax of scaled products along the axis, head by head."""
        q, k, v = (
            self._lines(x).unflatten(-1, (self.heads, -1)).transpose(2, 3) for x in (q, k, v)
        )
        # (N, lines, heads, length, C / heads)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self._lines(seen.transpose(2, 3).flatten(-2))

    def _lines(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2) if self.column else x

    def rest(self, x: Tensor, seen: Tensor, told: Modulation | None) -> Tensor:
        """All behind the attention."""
        x = x + self.out(seen)
        said = self.narrow(F.gelu(self.widen(normed(self.norm_mlp, x, told, 1))))
        return x + modulated(said, told, 3)


def modulated(x: Tensor, told: Modulation | None, i: int) -> Tensor:
    """Scaled and shifted by the i-th pair that a block is told."""
    if told is None:
        return x
    scale, shift = told.local.chunk(8, -1)[2 * i : 2 * i + 2]
    return x * (1 + scale) + shift


def normed(norm: nn.Module, x: Tensor, told: Modulation | None, i: int) -> Tensor:
    """The conditional layer norm."""
    if told is None:
        return norm(x)
    scale, shift = told.pooled.chunk(4, -1)[2 * i : 2 * i + 2]
    return norm(x) * (1 + scale) + shift


def positions(height: int, width: int, like: Tensor) -> Tensor:
    """(1, height, width, FOURIER): where each place of a grid is, as shares of its sides, for grids
    of any size."""
    y, x = ((torch.arange(n, device=like.device) + 0.5) / n for n in (height, width))
    grid = torch.stack([y[:, None].expand(height, width), x.expand(height, width)], -1)
    angles = torch.cat([math.pi * 2**k * grid for k in range(OCTAVES)], -1)
    return torch.cat([2 * grid - 1, angles.sin(), angles.cos()], -1)[None].to(like.dtype)


def pairs(width: int, heads: int, count: int, causal: str, told: bool) -> nn.ModuleList:
    """``count`` blocks, along rows and columns in turn; causal: none | column, which of them
    are."""
    axes = ["row" if k % 2 == 0 else "column" for k in range(count)]
    return nn.ModuleList(AxialBlock(width, heads, axis, axis == causal, told) for axis in axes)
