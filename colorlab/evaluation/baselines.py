"""Rows that every method must beat, and one that it can only reach: what a number means is seen
beside them.

Colours are laid under the ink of a line drawing (multiplied), or joined with the lightness of a
gray picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from colorlab.color import AB, luma
from colorlab.conditions.resize import shrunk, without_lines

MOST = 4096  # training pictures looked at; of a larger split, evenly spread ones
SEARCH_SIZE = 32  # px; drawings are compared at this size, blurred
SAME_LUMA = 1.5 / 255  # a true colouring of a gray picture has its luma, up to rounding

#: image (1, 1, H, W), truths (T, 3, H, W), n -> candidates (n, 3, H, W), all in [0, 1]; None where
#: the row has nothing
Draw = Callable[[Tensor, Tensor, int], Tensor | None]


class Row(NamedTuple):
    """A row of the table. title: its name there; draw: its candidates."""

    title: str
    draw: Draw


def rows(pictures: Any) -> dict[str, Row]:
    """All trivial rows of a data set (a PicturePairs), by the names under which they are kept."""
    train = pictures.splits["train"]
    index = train[torch.linspace(0, len(train) - 1, min(MOST, len(train))).long().numpy()].tolist()
    made = {"condition": Row("uncoloured", as_it_is)}
    if pictures.condition != "gray":
        made["gray"] = Row("gray truth", gray_truth)
    if index:
        made["mean"] = Row("mean training colour", MeanColor(pictures, index))
        made["nearest"] = Row("nearest training drawings", NearestDrawing(pictures, index))
    return made | {"others": Row("other true colourings", other_truths)}


def as_it_is(image: Tensor, truths: Tensor, n: int) -> Tensor:
    """The condition picture itself, n times: no colour at all."""
    return image.expand(n, 3, -1, -1)


def gray_truth(image: Tensor, truths: Tensor, n: int) -> Tensor:
    """The luma of the first truth, n times: its light and dark without its colours."""
    return luma(truths[:1]).expand(n, 3, -1, -1)


def other_truths(image: Tensor, truths: Tensor, n: int) -> Tensor | None:
    """The drawing's other true colourings, in turns: the upper end of sensible diversity. None for
    a single truth."""
    if len(truths) == 1:
        return None
    return truths[1:][torch.arange(n) % (len(truths) - 1)]


class MeanColor:
    """One flat colour, the mean of the training pictures: the safest guess, and no diversity."""

    def __init__(self, pictures: Any, index: list[int]) -> None:
        self.gray = pictures.condition == "gray"
        self.color = torch.zeros(1)
        for start in range(0, len(index), 256):
            chosen = index[start : start + 256]
            rgb = pictures[chosen].rgb
            self.color = self.color + (AB().encode(rgb) if self.gray else rgb).mean((2, 3)).sum(
                0
            ) / len(index)

    def __call__(self, image: Tensor, truths: Tensor, n: int) -> Tensor:
        flat = self.color[None, :, None, None].expand(1, -1, *image.shape[-2:])
        return joined(flat, image, self.gray).expand(n, -1, -1, -1)


class NearestDrawing:
    """The colours of the n training pictures whose line drawings look most alike
    (L2 between blurred drawings)."""

    def __init__(self, pictures: Any, index: list[int]) -> None:
        self.pictures, self.index, self.gray = pictures, index, pictures.condition == "gray"
        parts = [searchable(pictures[index[i : i + 256]].image) for i in range(0, len(index), 256)]
        self.known = torch.cat(parts)

    def __call__(self, image: Tensor, truths: Tensor, n: int) -> Tensor:
        distance = (self.known - searchable(image)).square().sum(1)
        order = distance.sort(stable=True).indices[torch.arange(n) % len(distance)]
        found = self.pictures[[self.index[i] for i in order.tolist()]]
        if self.gray:
            return joined(AB().encode(found.rgb), image, gray=True)
        colors = [
            without_lines(rgb[None], own[None])[0]
            for rgb, own in zip(found.rgb, found.image, strict=True)
        ]
        return joined(torch.stack(colors), image, gray=False)


def joined(colors: Tensor, image: Tensor, gray: bool) -> Tensor:
    """Colours (N, 3, H, W) under the ink of a drawing (1, 1, H, W), or chroma (N, 2, H, W) with a
    gray picture's lightness -> (N, 3, H, W) in [0, 1]."""
    return AB().decode(colors, image.expand(len(colors), -1, -1, -1)) if gray else colors * image


def searchable(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B, 1024), small and blurred, so that lines a few pixels apart are still
    alike."""
    from kornia.filters import gaussian_blur2d

    small = shrunk(image, (SEARCH_SIZE, SEARCH_SIZE))
    return gaussian_blur2d(small, (7, 7), (1.5, 1.5)).flatten(1)


def truths_of(batch: Any, condition: str) -> Tensor:
    """The pictures of one drawing's group that are true colourings of its first picture's
    condition, (T, 3, H, W): all for a line drawing; for a gray picture those of the same luma.
    batch: their Batch, the first one first."""
    if condition == "lines":
        return batch.rgb
    same = (luma(batch.rgb) - batch.image[:1]).abs().amax((1, 2, 3)) <= SAME_LUMA
    return batch.rgb[same]
