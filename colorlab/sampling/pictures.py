"""A user's picture on its way to its colourings: read -> understand -> condition -> method.sample
-> compose.

Line drawings are understood at their own size: paper and pen, and the areas that hints colour, that
methods of areas colour, and that small colourings are finished by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from colorlab.color import locked, luma
from colorlab.conditions.area_colors import sized
from colorlab.conditions.area_edits import edited
from colorlab.conditions.area_hints import AreaHints, area_hints_of_large
from colorlab.conditions.areas import Areas, areas_of
from colorlab.conditions.finish import area_colors, painted, shaded
from colorlab.conditions.hints import painted as painted_over
from colorlab.conditions.lines import extractor
from colorlab.conditions.paper import PICTURE, Page, page_of
from colorlab.conditions.pen import thickened
from colorlab.conditions.reference import reference_points
from colorlab.conditions.resize import onto_drawing, onto_gray, shrunk
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.area_inputs import AreaRequest
from colorlab.methods.areas import AreaMethod
from colorlab.methods.shaded import Shaded
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.setup import worded
from colorlab.sampling.splits import check_finite, to_pixels
from colorlab.sampling.varied import check_likes
from colorlab.types import Condition, Hints

PEN = 1.2  # px at which pictures are coloured: thinner lines are thickened
# of a picture's sides, one in the other: strips beyond it are coloured at a smaller size
LONGEST = 16
# share of an area from which hints are a painted picture, kept to the pixel; less is a click in it
WHOLE = 0.5


class Drawn(NamedTuple):
    """A line drawing as it is understood. page: what it is, and what colours are laid under. areas:
    at its own size.
    finish: "areas", "smooth" or "none", how small colourings come to that size."""

    page: Page
    areas: Areas
    finish: str


class Shown(NamedTuple):
    """A picture as it is understood. image: (1, 1, H, W) in [0, 1] at its own size: the lines
    alone, dark on white, or its luma. known: (1, 4, H, W) in [0, 1], opaque where the colour is
    known, or None. size: (h, w) at which it is coloured; as_trained: which is the training's,
    unless the method does better. drawn: of line drawings; pictures in gray, whose lightness their
    colourings have, have none."""

    image: Tensor
    known: Tensor | None
    size: tuple[int, int]
    as_trained: bool
    drawn: Drawn | None

    @property
    def canvas(self) -> np.ndarray:
        """(H, W, 3) uint8: what colours are laid under."""
        return (
            to_pixels(self.image[0].expand(3, -1, -1))
            if self.drawn is None
            else self.drawn.page.canvas
        )


def understood(
    picture: np.ndarray,
    known: np.ndarray | None,
    data: dict[str, Any],
    wanted: PictureOptions,
    reference: np.ndarray | None = None,
) -> Shown:
    """What a method is to be shown of a picture (3, H, W) uint8. known: (4, H, W) uint8. data: of
    the run's configuration. reference: (3, h, w) uint8, another picture whose colours are hints as
    well."""
    height, width = picture.shape[-2:]
    if known is not None and known.shape[-2:] != (height, width):
        theirs = "x".join(map(str, reversed(known.shape[-2:])))
        raise ConfigError(
            f"hints={wanted.hints} is {theirs} pixels, the drawing {width}x{height} (make them "
            "equal)"
        )
    drawn = None if data.get("condition", "lines") == "gray" else drawn_of(picture, wanted)
    image = luma(unit(picture)) if drawn is None else unit(drawn.page.drawing[None])
    size = working_size((height, width), wanted.size, data["size"])
    shown = Shown(
        image, None if known is None else unit(known), size, wanted.size == "trained", drawn
    )
    return shown if reference is None else shown._replace(known=referred(shown, unit(reference)[0]))


def referred(shown: Shown, reference: Tensor) -> Tensor:
    """Known colours (1, 4, H, W), those of a reference (3, h, w) among them in areas, or at pixels,
    that have none."""
    areas = None if shown.drawn is None else shown.drawn.areas
    points = reference_points(shown.image[0], areas, reference)[None]
    if shown.known is None:
        return points
    given = shown.known[:, 3:] > 0
    if areas is not None:
        labels = torch.from_numpy(areas.labels).long()
        points = torch.where(torch.isin(labels, labels[given[0, 0]]), 0.0, points)
    return torch.where(given, shown.known, points)


def drawn_of(picture: np.ndarray, wanted: PictureOptions) -> Drawn:
    """A picture (3, H, W) uint8 as a line drawing, its lines extracted if it is none."""
    page = page_of(np.ascontiguousarray(np.moveaxis(picture, 0, 2)), wanted.lines)
    finish = wanted.finish
    if page.kind == PICTURE:
        lines = to_pixels(extractor("dilation", "morph")(unit(picture))[0].expand(3, -1, -1))
        page = page._replace(canvas=lines, drawing=np.ascontiguousarray(lines[..., 0]))
        finish = "none"
    return Drawn(page, edited(areas_of(page.drawing, wanted.gap), wanted.edit), finish)


def check_hints(known: np.ndarray | None, name: str | None) -> None:
    """ConfigError for hints (4, H, W) uint8 that are opaque all over: nothing would be left to
    colour."""
    if known is not None and known[3].min() == 255:
        raise ConfigError(
            f"hints={name or 'a picture'} has no transparent pixels (give a mask: make "
            "transparent all whose colour is not known, and save it as PNG)"
        )


def unit(pixels: np.ndarray) -> Tensor:
    """(C, H, W) uint8 -> (1, C, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).float()[None].div_(255)


def working_size(full: tuple[int, int], size: str | int, trained: int) -> tuple[int, int]:
    """(H, W) at which a drawing is coloured: the short side is ``size`` pixels, and fewer where the
    other side would be more than LONGEST times as long, so that strips have no more pixels than
    others."""
    if size == "input":
        return full
    side = trained if size == "trained" else int(size)
    scale = min(side / min(full), side * math.sqrt(LONGEST / (full[0] * full[1])))
    return max(1, round(full[0] * scale)), max(1, round(full[1] * scale))


def colorings(
    shown: Shown, method: Any, guides: Sequence[Any], options: SamplingOptions
) -> Iterator[np.ndarray]:
    """n colourings (H, W, 3) uint8 of the drawing's own size, one after the other: they are never
    all held at once."""
    draws, text = Draws(options.seed, [0], alike=options.same_noise), worded(options.text, [""])
    check_likes(guides, shown.image.shape[-2:])
    hinted = (
        None
        if shown.drawn is None or shown.known is None
        else hints_of(shown.image, shown.known, shown.drawn)
    )
    if shown.drawn is not None and shown.as_trained and isinstance(method, AreaMethod | Shaded):
        yield from _of_areas(
            shown, shown.drawn, hinted, method, AreaRequest(text[0], guides), options.n, draws
        )
        return
    condition = condition_of(shown, hinted, text)
    made = method.sample(condition.to(options.device), options.n, draws, guides)[0].cpu()
    check_finite(made)
    for one in made.split(1):
        yield composed(one, condition.image, shown, hinted)


def hints_of(image: Tensor, known: Tensor, drawn: Drawn) -> AreaHints:
    """What known colours (1, 4, H, W) say of a drawing's areas."""
    labels = torch.from_numpy(drawn.areas.labels).long()
    return area_hints_of_large(labels, image[0], Hints(known[:, :3], known[:, 3:]))


def _of_areas(
    shown: Shown,
    drawn: Drawn,
    hinted: AreaHints | None,
    method: AreaMethod | Shaded,
    request: AreaRequest,
    n: int,
    draws: Draws,
) -> Iterator[np.ndarray]:
    """n colourings by a method that draws the colours of areas, perhaps with shading over them."""
    labels = torch.from_numpy(drawn.areas.labels).long() if hinted is None else hinted.labels
    if hinted is not None:
        request = request._replace(
            colors=hinted.colors.to(method.device), known=hinted.known.to(method.device)
        )
    image = shown.image[0].to(method.device)
    flats = method.areas if isinstance(method, Shaded) else method
    colors = flats.colors(image, labels.to(method.device), n, draws, request).cpu()
    check_finite(colors)
    if isinstance(method, Shaded):
        yield from _with_shading(shown, drawn, hinted, method, labels, colors, draws)
        return
    for one in colors:
        yield _with_known(painted(one, labels.numpy(), drawn.page.canvas), shown, hinted)


def _with_shading(
    shown: Shown,
    drawn: Drawn,
    hinted: AreaHints | None,
    method: Shaded,
    labels: Tensor,
    colors: Tensor,
    draws: Draws,
) -> Iterator[np.ndarray]:
    """Colours (n, R, 3) of areas (H, W), with the shading that a diffusion gives them at the size
    that it works at."""
    small, image = sized(labels[None], shown.size), condition_of(shown, None, [""]).image
    flats = colors.transpose(1, 2)[:, :, small[0]] * image
    seen, known = image.to(method.device), small.to(method.device)
    made = method.shaded(seen, known, flats.to(method.device), draws).cpu()
    check_finite(made)
    areas = drawn.areas._replace(labels=labels.numpy())
    for one, own in zip(made.split(1), colors, strict=True):
        yield _with_known(shaded(one, image, own, areas, drawn.page.canvas), shown, hinted)


def condition_of(shown: Shown, hinted: AreaHints | None, text: list[str]) -> Condition:
    """The picture at the size at which it is coloured; of line drawings, lines as thick as methods
    know them, and hints that fill their areas."""
    if shown.drawn is None:
        hints = None if shown.known is None else painted_over(shrunk_rgba(shown.known, shown.size))
        return Condition(shrunk(shown.image, shown.size), hints, text)
    areas, pen = shown.drawn.areas, PEN * min(shown.image.shape[-2:]) / min(shown.size)
    image = shrunk(unit(thickened(shown.drawn.page.drawing, areas, pen)[None]), shown.size)
    labels = sized(torch.from_numpy(areas.labels)[None].long(), shown.size)
    if shown.known is None or hinted is None:
        return Condition(image, None, text, areas=labels)
    filled = painted_over(shrunk_rgba(spread(shown.known, hinted), shown.size))
    return Condition(image, filled._replace(rgb=filled.rgb * image), text, areas=labels)


def spread(known: Tensor, hinted: AreaHints) -> Tensor:
    """Known colours (1, 4, H, W) that fill their areas; those that are painted for the most part
    stay as they are."""
    fill = torch.cat([hinted.colors, hinted.known[:, None].float()], 1)[hinted.labels].movedim(
        -1, 0
    )[None]
    whole = (hinted.shown > WHOLE)[hinted.labels] | ~hinted.known[hinted.labels]
    return torch.where(whole, known, fill)


def shrunk_rgba(rgba: Tensor, size: tuple[int, int]) -> Tensor:
    """(1, 4, H, W) at another size; colours are weighted by their alpha: what is transparent is not
    mixed in."""
    weighted = shrunk(torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1), size)
    return torch.cat(
        [(weighted[:, :3] / weighted[:, 3:].clamp_min(1e-6)).clamp(0, 1), weighted[:, 3:]], 1
    )


def composed(made: Tensor, seen: Tensor, shown: Shown, hinted: AreaHints | None) -> np.ndarray:
    """A colouring (1, 3, h, w) as made of what was shown of a drawing (1, 1, h, w) -> (H, W, 3)
    uint8 on the drawing, known colours as they are."""
    drawn = shown.drawn
    if drawn is None:
        full = onto_gray(made, shown.image, shown.size)
        known = shown.known
        full = (
            full
            if known is None
            else torch.lerp(full, locked(known[:, :3], shown.image), known[:, 3:])
        )
        return to_pixels(full[0])
    canvas = drawn.page.canvas
    if drawn.finish == "none":
        return _with_known(
            to_pixels(onto_drawing(made, seen, unit(np.moveaxis(canvas, 2, 0)))[0]), shown, hinted
        )
    colors = area_colors(made, seen, drawn.areas)
    labels = drawn.areas.labels
    if hinted is not None:
        added = hinted.colors[len(colors) :]
        colors = torch.where(hinted.known[:, None], hinted.colors, torch.cat([colors, added]))
        labels = hinted.labels.numpy()
    if drawn.finish == "areas":
        return _with_known(painted(colors, labels, canvas), shown, hinted)
    return _with_known(shaded(made, seen, colors, drawn.areas, canvas), shown, hinted)


def _with_known(pixels: np.ndarray, shown: Shown, hinted: AreaHints | None) -> np.ndarray:
    """(H, W, 3) uint8 with the painted parts of areas that are painted for the most part."""
    if shown.known is None or hinted is None:
        return pixels
    known = shown.known[0].movedim(0, -1).numpy()
    alpha = (
        known[..., 3:] * ((hinted.shown > WHOLE) | ~hinted.known)[hinted.labels].numpy()[..., None]
    )
    return np.rint(pixels * (1 - alpha) + 255 * known[..., :3] * alpha).astype(np.uint8)
