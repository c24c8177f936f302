"""A gated causal network over a grid of colours, row by row: what it says of a place depends on
earlier places alone.

Van den Oord et al. (2016), "Conditional Image Generation with PixelCNN Decoders": a vertical stack
sees the rows above, a horizontal one the places to the left and what the vertical one says;
together they have no blind spot. Salimans et al. (2017), "PixelCNN++": shifted convolutions in
place of masked ones, gated residual blocks. Royer et al. (2017), "Probabilistic Image
Colorization", show every block an embedding of the gray picture.

``forward`` takes a whole grid, for training. For drawing, ``row`` and ``place`` take one row and
one place, and keep what later ones need: a place costs the same wherever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# kernel of the vertical stack: this row and the one above, shifted down by one in the first layer
ABOVE = (2, 3)
# kernel of the horizontal stack: this place and the one to the left, shifted likewise
LEFT = (1, 2)


class Conditioning(NamedTuple):
    """What an embedding of the picture adds within a block: each (B, 2 width, h, w), B = 1 for all
    candidates."""

    vertical: Tensor
    horizontal: Tensor


class Block(nn.Module):
    """A gated residual block of both stacks. width: channels of each. told: channels of the
    embedding."""

    def __init__(self, width: int, told: int) -> None:
        super().__init__()
        self.above = nn.Conv2d(width, 2 * width, ABOVE)
        self.left = nn.Conv2d(width, 2 * width, LEFT)
        # from the vertical stack to the horizontal one
        self.across = nn.Conv2d(width, 2 * width, 1)
        self.told = nn.Conv2d(told, 4 * width, 1)

    def embed(self, embedding: Tensor) -> Conditioning:
        """Embedding (B, told, h, w) -> what the block is told by it."""
        return Conditioning(*self.told(embedding).chunk(2, 1))

    def vertical(self, padded: Tensor, told: Tensor) -> Tensor:
        """The stack's input with a row above and a column on either side, (N, width, r + 1, w + 2)
        -> (N, width, r, w)."""
        return padded[:, :, 1:, 1:-1] + gated(self.above(F.elu(padded)) + told)

    def horizontal(self, padded: Tensor, vertical: Tensor, told: Tensor) -> Tensor:
        """The stack's input with a column to the left, (N, width, r, c + 1) -> (N, width, r, c)."""
        return padded[..., 1:] + gated(
            self.left(F.elu(padded)) + self.across(F.elu(vertical)) + told
        )


class LayerState(NamedTuple):
    """What a layer keeps while a grid is drawn."""

    row: Tensor  # (N, C, 1, w): the vertical stack's input in the row above
    place: Tensor  # (N, C, 1, 1): the horizontal stack's input in the place to the left


class CausalNet(nn.Module):
    """Colours (N, channels, h, w) -> features (N, width, h, w), each of the colours before it in
    reading order.

    told: channels of the embedding (B, told, h, w) that every block is shown. blocks: how many."""

    def __init__(self, channels: int, width: int, told: int, blocks: int) -> None:
        super().__init__()
        self.width = width
        self.first_above = nn.Conv2d(channels, width, (1, 3))
        self.first_left = nn.Conv2d(channels, width, 1)
        self.blocks: Sequence[Block] = nn.ModuleList(Block(width, told) for _ in range(blocks))  # type: ignore[assignment]

    def embed(self, embedding: Tensor) -> list[Conditioning]:
        """What the picture tells each block, once per picture."""
        return [block.embed(embedding) for block in self.blocks]

    def forward(self, colors: Tensor, told: Sequence[Conditioning]) -> Tensor:
        v = self.first_above(F.pad(colors, (1, 1, 1, -1)))  # shifted down: of the row above
        h = v + self.first_left(F.pad(colors, (1, -1)))  # shifted right: of the place to the left
        for block, said in zip(self.blocks, told, strict=True):
            v = block.vertical(F.pad(v, (1, 1, 1, 0)), said.vertical)
            h = block.horizontal(F.pad(h, (1, 0)), v, said.horizontal)
        return h

    def begin(self, rows: int, width: int, like: Tensor) -> list[LayerState]:
        """What is kept before the first row: nothing, which is zeros. rows: candidates; width: of
        the grid."""
        empty = LayerState(
            like.new_zeros(rows, self.width, 1, width), like.new_zeros(rows, self.width, 1, 1)
        )
        return [empty] * len(self.blocks)

    def row(
        self, above: Tensor, told: Sequence[Conditioning], y: int, kept: list[LayerState]
    ) -> list[Tensor]:
        """Row y of the vertical stack, from the colours above it (N, channels, 1, w), zeros for the
        first: what it says to each layer, (N, width, 1, w). kept is brought to this row."""
        said = [v := self.first_above(F.pad(above, (1, 1)))]
        for k, (block, own) in enumerate(zip(self.blocks, told, strict=True)):
            both = torch.cat([kept[k].row, v], 2)
            kept[k] = LayerState(v, torch.zeros_like(kept[k].place))
            v = block.vertical(F.pad(both, (1, 1)), own.vertical[:, :, y : y + 1])
            said.append(v)
        return said

    def place(
        self,
        left: Tensor,
        said: Sequence[Tensor],
        told: Sequence[Conditioning],
        y: int,
        x: int,
        kept: list[LayerState],
    ) -> Tensor:
        """Features of the place (y, x), (N, width, 1, 1), from the colour to its left
        (N, channels, 1, 1), zeros for the first, and what ``row`` said. kept is brought to this
        place."""
        h = said[0][..., x : x + 1] + self.first_left(left)
        for k, (block, own) in enumerate(zip(self.blocks, told, strict=True)):
            both = torch.cat([kept[k].place, h], 3)
            kept[k] = kept[k]._replace(place=h)
            h = block.horizontal(
                both, said[k + 1][..., x : x + 1], own.horizontal[:, :, y : y + 1, x : x + 1]
            )
        return h


def gated(x: Tensor) -> Tensor:
    """(N, 2 C, h, w) -> (N, C, h, w): one half lets the other through."""
    value, gate = x.chunk(2, 1)
    return value * torch.sigmoid(gate)
