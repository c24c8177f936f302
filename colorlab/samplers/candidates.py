"""From a gray picture to colour pictures by way of chroma fields of a fixed side (Deshpande et al., CVPR 2017).

The field is drawn at the net's own side and stretched to the picture's size; the picture's lightness stays exact. A
candidate is the same bits whatever the batch and n are: pictures go one by one, candidates in groups of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import AB
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.types import Condition

SPACE = AB()

#: (streams of m candidates) -> their fields (m, 2, side, side)
DrawFields = Callable[[Draws], Tensor]


def stretched(x: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, H, W) -> (B, C, *size), bilinear; a pixel of a smaller picture is a mean of those it covers."""
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size, mode="bilinear", antialias=True)


def coloured(
    fields: Callable[[Tensor, int, Draws], Tensor], condition: Condition, n: int, draws: Draws,
    guides: Sequence[Any], side: int,
) -> Tensor:  # fmt: skip
    """(B, n, 3, H, W) in [0, 1]. fields: (gray (1, 1, side, side), n, draws of one row) -> (n, 2, side, side).

    ConfigError for guides and hints: a field is drawn in one go, on the way to which there is nothing to edit."""
    if guides or condition.hints is not None:
        raise ConfigError("this method takes no guides, hints or bias (leave guide=, hints= and bias= out)")
    pictures = []
    for b, image in enumerate(condition.image.split(1)):
        drawn = fields(stretched(image, (side, side)), n, draws.rows(b, b + 1))
        pictures.append(torch.cat([joined(field, image) for field in drawn.split(1)]))
    return torch.stack(pictures)


def joined(field: Tensor, image: Tensor) -> Tensor:
    """Chroma (1, 2, side, side) and gray picture (1, 1, H, W) in [0, 1] -> (1, 3, H, W) in [0, 1]."""
    return SPACE.decode(stretched(field, (image.shape[-2], image.shape[-1])), image)


def in_groups(draw: DrawFields, draws: Draws, first: int, stop: int, size: int) -> Tensor:
    """The fields of candidates first .. stop - 1 of one picture, drawn ``size`` at a time."""
    everyone = draws.candidates(stop + size)
    groups = [draw(everyone.rows(start, start + size)) for start in range(first, stop, size)]
    return torch.cat(groups)[: stop - first]


def one_by_one(condition: Condition) -> Iterator[Condition]:
    """The condition's pictures, each as a condition of its own."""
    for b in range(len(condition.image)):
        hints = condition.hints and type(condition.hints)(*(part[b : b + 1] for part in condition.hints))
        text = condition.text and condition.text[b : b + 1]
        label = None if condition.label is None else condition.label[b : b + 1]
        yield Condition(condition.image[b : b + 1], hints, text, label)
