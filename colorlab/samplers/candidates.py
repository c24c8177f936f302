"""n candidates of each picture: pictures go one by one and candidates in groups of one size, so
that a candidate is the same bits whatever the batch and n are.

Also the way from a gray picture to colour pictures by chroma fields of a fixed side
(Deshpande et al., CVPR 2017): a field is drawn at the net's own side and stretched to the picture's
size; the picture's lightness stays exact."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import AB
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.progress import finer
from colorlab.types import Condition

SPACE = AB()
LEAST = 2  # rows of a group: PyTorch convolves a single small picture by kernels of its own
ROOM = 32 * 64**2  # pixels of a group; more of them together gain nothing

#: (streams of m candidates) -> those candidates, (m, ...): pictures, latents or chroma fields
DrawCandidates = Callable[[Draws], Tensor]


def stretched(x: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, H, W) -> (B, C, *size), bilinear; a pixel of a smaller picture is a mean of those it
    covers."""
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size, mode="bilinear", antialias=True)


def colored(
    fields: Callable[[Tensor, int, Draws], Tensor],
    condition: Condition,
    n: int,
    draws: Draws,
    guides: Sequence[Any],
    side: int,
) -> Tensor:
    """(B, n, 3, H, W) in [0, 1]. fields: (gray (1, 1, side, side), n, draws of one row) ->
    (n, 2, side, side).

    ConfigError for guides and hints: a field is drawn in one go, on the way to which there is
    nothing to edit."""
    if guides or condition.hints is not None:
        raise ConfigError(
            "this method takes no guides, hints or bias (leave guide=, hints=, reference= and "
            "bias= out)"
        )
    pictures = []
    for one, rows in each_alone(condition, draws):
        drawn = fields(stretched(one.image, (side, side)), n, rows)
        pictures.append(torch.cat([joined(field, one.image) for field in drawn.split(1)]))
    return torch.stack(pictures)


def joined(field: Tensor, image: Tensor) -> Tensor:
    """Chroma (1, 2, side, side) and gray picture (1, 1, H, W) in [0, 1] -> (1, 3, H, W) in
    [0, 1]."""
    return SPACE.decode(stretched(field, (image.shape[2], image.shape[3])), image)


def each_alone(condition: Condition, draws: Draws) -> Iterator[tuple[Condition, Draws]]:
    """The condition's pictures one by one, each with its own row of draws: a candidate is then the
    same bits in any batch."""
    for b in finer(range(len(condition.image))):
        yield condition.picture(b), draws.rows(b, b + 1)


def in_groups(draw: DrawCandidates, draws: Draws, n: int, size: int, first: int = 0) -> Tensor:
    """Candidates first .. n - 1 of one picture, drawn ``size`` at a time; the last group is padded
    to it, so that a candidate is the same bits whatever n is: a row may be rounded otherwise in a
    group of another size. (On one processor with AVX2, GPIC's nets gave the same bits in groups of
    2 to 64, and others in groups of one.) draws: one row. -> (n - first, ...)."""
    return in_groups_of(draw, draws, n, [size] * -(-(n - first) // size), first)


def in_groups_of(
    draw: DrawCandidates, draws: Draws, n: int, sizes: Sequence[int], first: int = 0
) -> Tensor:
    """The same in groups of these sizes, whose sum is n - first or more."""
    ends = list(itertools.accumulate(sizes, initial=first))
    everyone = draws.candidates(ends[-1])
    groups = [
        draw(everyone.rows(start, end)) for start, end in finer(list(itertools.pairwise(ends)))
    ]
    return torch.cat(groups)[: n - first]


def group_sizes(n: int, size: int, pixels: int, same_bits: Callable[[int], bool]) -> list[int]:
    """Sizes of the groups that n candidates of so many pixels each go in: few go by themselves,
    many small ones up to ``ROOM`` pixels together, others ``size`` at a time.

    same_bits: whether a row of a group of m is what it is in one of ``size``; where it is not,
    every group has ``size`` rows."""
    for largest in sorted({max(size, ROOM // pixels), size}, reverse=True) if size >= LEAST else []:
        whole, rest = divmod(n, largest)
        sizes = [largest] * whole + [max(rest, LEAST)] * (rest > 0)
        if all(m == size or same_bits(m) for m in sorted(set(sizes))):
            return sizes
    return [size] * -(-n // size)
