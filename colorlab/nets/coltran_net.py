"""The three networks of the Colorization Transformer (Kumar, Weissenborn and Kalchbrenner, 2021,
arXiv 2102.04432, Sec. 4).

    Colorizer   coarse colours of a grid, each given the picture and all before it in reading order
    Upsampler   colours of finer levels or of a finer grid, all places at once, given the coarse
                ones and the picture
An outer decoder takes whole rows, causal along columns: shifted down, it says what the rows above
are. An inner one, causal along rows, adds the places to the left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.axial_net import FOURIER, AxialBlock, Modulation, pairs, positions


class GrayEmbedding(nn.Module):
    """A picture (B, 1, H, W) in [0, 1] -> (B, ceil(H / stride), ceil(W / stride), C): its cells and
    where they are."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.cell = nn.Linear(stride**2, width)
        self.position = nn.Linear(FOURIER, width, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        grown = F.pad(image, (0, -width % self.stride, 0, -height % self.stride), mode="replicate")
        cells = F.pixel_unshuffle(2 * grown - 1, self.stride).movedim(1, -1)  # (B, h, w, stride^2)
        return self.cell(cells) + self.position(positions(cells.shape[1], cells.shape[2], cells))


class Encoding(NamedTuple):
    """All that a picture contributes to the colorizer."""

    alone: Tensor  # (B, h, w, symbols): the parallel head's logits
    outer: list[Modulation]
    inner: list[Modulation]


class Colorizer(nn.Module):
    """symbols: coarse colours. blocks: of the encoder, of the outer and of the inner decoder,
    each."""

    def __init__(self, width: int, heads: int, blocks: int, stride: int, symbols: int) -> None:
        super().__init__()
        self.width = width
        self.gray = GrayEmbedding(width, stride)
        self.encoder = pairs(width, heads, blocks, "none", False)
        self.alone = nn.Linear(width, symbols)
        self.symbol = nn.Embedding(symbols, width)
        self.position = nn.Linear(FOURIER, width, bias=False)
        self.outer: Sequence[AxialBlock] = pairs(width, heads, blocks, "column", True)  # type: ignore[assignment]
        inner = [AxialBlock(width, heads, "row", True, True) for _ in range(blocks)]
        self.inner: Sequence[AxialBlock] = nn.ModuleList(inner)  # type: ignore[assignment]
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, symbols)

    def encode(self, image: Tensor) -> Encoding:
        """(B, 1, H, W) in [0, 1], once per picture."""
        x = self.gray(image)
        for block in self.encoder:
            x = block(x)
        told = [[block.embed(x) for block in blocks] for blocks in (self.outer, self.inner)]
        return Encoding(self.alone(x), *told)  # type: ignore[arg-type]

    def forward(self, colors: Tensor, encoding: Encoding) -> Tensor:
        """Coarse colours (N, h, w) int64 -> logits (N, h, w, symbols), each of the colours before
        it."""
        own = self.symbol(colors)
        place = self.position(positions(colors.shape[1], colors.shape[2], own))
        x = own + place
        for block, told in zip(self.outer, encoding.outer, strict=True):
            x = block(x, told)
        x = F.pad(x, (0, 0, 0, 0, 1, -1)) + F.pad(own, (0, 0, 1, -1)) + place
        for block, told in zip(self.inner, encoding.inner, strict=True):
            x = block(x, told)
        return self.head(self.norm(x))

    def row(
        self, colors: Tensor, encoding: Encoding, y: int, height: int, kept: list[Any]
    ) -> Tensor:
        """The outer decoder of a row that is drawn, colors (N, 1, w): what it says to the next one,
        (N, 1, w, C). kept, one entry per block, is brought to this row."""
        x = self.symbol(colors)
        x = x + self.place_of(y, height, x)
        for k, (block, told) in enumerate(zip(self.outer, encoding.outer, strict=True)):
            here = told.part(slice(y, y + 1), slice(None))
            if block.causal:
                x, kept[k] = block.extend(x, here, kept[k])
            else:
                x = block(x, here)
        return x

    def place_of(self, y: int, height: int, like: Tensor) -> Tensor:
        """Where row y of a grid is, (1, 1, w, C); like: (N, 1, w, C)."""
        return self.position(positions(height, like.shape[2], like)[:, y : y + 1])

    def place(self, x: Tensor, encoding: Encoding, y: int, column: int, kept: list[Any]) -> Tensor:
        """The inner decoder of one place, x (N, 1, 1, C): the logits (N, symbols) of its colour."""
        for k, (block, told) in enumerate(zip(self.inner, encoding.inner, strict=True)):
            here = told.part(slice(y, y + 1), slice(column, column + 1))
            x, kept[k] = block.extend(x, here, kept[k])
        return self.head(self.norm(x))[:, 0, 0]


class Upsampler(nn.Module):
    """(coarse RGB (N, 3, h, w) in [0, 1], image (B, 1, H, W)) -> logits (N, 3, levels, h, w), of
    all places at once.

    stride: of the grid h x w on the picture; 1 = its own pixels."""

    def __init__(self, width: int, heads: int, blocks: int, stride: int, levels: int) -> None:
        super().__init__()
        self.gray, self.coarse = GrayEmbedding(width, stride), nn.Linear(3, width)
        self.blocks, self.norm = pairs(width, heads, blocks, "none", False), nn.LayerNorm(width)
        self.head = nn.Linear(width, 3 * levels)

    def forward(self, coarse: Tensor, image: Tensor) -> Tensor:
        x = self.coarse(2 * coarse.movedim(1, -1) - 1) + self.gray(image)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)).unflatten(-1, (3, -1)).permute(0, 3, 4, 1, 2)

    def colors(self, coarse: Tensor, image: Tensor) -> Tensor:
        """The likeliest levels as colours (N, 3, h, w) in [0, 1], one candidate at a time: logits
        are large."""
        logits = (self(one, image) for one in coarse.split(1))
        return torch.cat([each.argmax(2) / (each.shape[2] - 1) for each in logits])
