"""A user's picture on its way to its colourings: read -> understand -> condition -> method.sample -> compose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from colorlab.conditions.hints import painted
from colorlab.conditions.resize import as_light_as, drawing_of, onto_drawing, onto_gray, shrunk
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.setup import worded
from colorlab.sampling.splits import check_finite, to_pixels
from colorlab.types import Condition

LONGEST = 16  # of a picture's sides, one in the other: strips beyond it are coloured at a smaller size


class Shown(NamedTuple):
    """A picture as it is understood. drawing: (1, 1, H, W) in [0, 1] at its own size, which is what is coloured. known:
    (1, 4, H, W) in [0, 1], opaque where the colour is known, or None. size: (h, w) at which it is coloured; as_trained:
    which is the training's, unless the method does better. kind: "lines", whose own ink lies over the colours, or
    "gray", whose lightness they have."""

    drawing: Tensor
    known: Tensor | None
    size: tuple[int, int]
    kind: str
    as_trained: bool


def understood(picture: np.ndarray, known: np.ndarray | None, data: dict[str, Any], wanted: PictureOptions) -> Shown:
    """What a method is to be shown of a picture (3, H, W) uint8. known: (4, H, W) uint8. data: of the run's
    configuration."""
    kind = data.get("condition", "lines")
    drawing = drawing_of(unit(picture), wanted.lines, kind)
    height, width = drawing.shape[-2:]
    if known is not None and known.shape[-2:] != (height, width):
        theirs = "x".join(map(str, reversed(known.shape[-2:])))
        raise ConfigError(f"hints={wanted.hints} is {theirs} pixels, the drawing {width}x{height} (make them equal)")
    size = working_size((height, width), wanted.size, data["size"])
    return Shown(drawing, None if known is None else unit(known), size, kind, wanted.size == "trained")


def check_hints(known: np.ndarray | None, name: str | None) -> None:
    """ConfigError for hints (4, H, W) uint8 that are opaque all over: nothing would be left to colour."""
    if known is not None and known[3].min() == 255:
        raise ConfigError(
            f"hints={name or 'a picture'} has no transparent pixels (give a mask: make transparent all whose colour is "
            "not known, and save it as PNG)"
        )


def unit(pixels: np.ndarray) -> Tensor:
    """(C, H, W) uint8 -> (1, C, H, W) in [0, 1]."""
    return torch.from_numpy(pixels).float()[None].div_(255)


def working_size(full: tuple[int, int], size: str | int, trained: int) -> tuple[int, int]:
    """(H, W) at which a drawing is coloured: the short side is ``size`` pixels, and fewer where the other side would be
    more than LONGEST times as long, so that strips have no more pixels than others."""
    if size == "input":
        return full
    side = trained if size == "trained" else int(size)
    scale = min(side / min(full), side * math.sqrt(LONGEST / (full[0] * full[1])))
    return max(1, round(full[0] * scale)), max(1, round(full[1] * scale))


def condition_of(shown: Shown, text: str) -> Condition:
    """The picture at the size at which it is coloured."""
    hints = None if shown.known is None else painted(shrunk_rgba(shown.known, shown.size))
    return Condition(shrunk(shown.drawing, shown.size), hints, worded(text, [""]))


def shrunk_rgba(rgba: Tensor, size: tuple[int, int]) -> Tensor:
    """(1, 4, H, W) at another size; colours are weighted by their alpha: what is transparent is not mixed in."""
    weighted = shrunk(torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1), size)
    return torch.cat([(weighted[:, :3] / weighted[:, 3:].clamp_min(1e-6)).clamp(0, 1), weighted[:, 3:]], 1)


def colourings(shown: Shown, method: Any, guides: Sequence[Any], options: SamplingOptions) -> Iterator[np.ndarray]:
    """n colourings (H, W, 3) uint8 of the drawing's own size, one after the other: they are never all held at once."""
    finished = method.own_size and shown.as_trained
    height, width = shown.drawing.shape[-2:]
    shown = shown._replace(size=(height, width)) if finished else shown
    condition = condition_of(shown, options.text).to(options.device)
    draws = Draws(options.seed, [0], alike=options.same_noise)
    small = method.sample(condition, options.n, draws, guides)[0].cpu()
    check_finite(small)
    for one in small.split(1):
        yield to_pixels((one if finished else composed(one, shown))[0])


def composed(small: Tensor, shown: Shown) -> Tensor:
    """A colouring (1, 3, h, w) as made -> (1, 3, H, W) on the drawing, known colours as they are."""
    drawing, known = shown.drawing, shown.known
    full = (onto_gray if shown.kind == "gray" else onto_drawing)(small, drawing, shown.size)
    if known is None:
        return full
    colours = as_light_as(drawing, known[:, :3]) if shown.kind == "gray" else known[:, :3]
    return torch.lerp(full, colours, known[:, 3:])
