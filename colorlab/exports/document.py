"""A colouring taken apart into layers, which give it back to within one level in 255 when they are
laid together.

From below: white paper; for each candidate a group with a layer per colour, flat to under the ink;
the user's own lines, multiplied; and, where something was painted over the lines, that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, find_objects

from colorlab.conditions.areas import Areas
from colorlab.conditions.captions import EXAMPLES, nearest_words

# share of an area that has one colour, from which it is flat; what differs is painted over it
FLAT = 0.9
CLEAR = 90  # levels: of darker ink nobody can tell the colour beneath, the nearest clear pixel can
WHITE = (255, 255, 255)


class Layer(NamedTuple):
    """A picture at a place. pixels: (h, w, 4) uint8, alpha 0 or 255. multiply: it darkens what is
    below."""

    name: str
    pixels: np.ndarray
    top: int = 0
    left: int = 0
    multiply: bool = False


class Group(NamedTuple):
    """A candidate. layers: below the lines, the lowest first; over: above the lines, or None.
    visible: the first is.
    colors: of its flat areas, the largest first; rooms: (H, W) the number of each pixel's colour,
    -1 for none."""

    name: str
    layers: list[Layer]
    over: Layer | None
    visible: bool
    colors: list[tuple[int, int, int]]
    rooms: np.ndarray


class Document(NamedTuple):
    """size: (H, W). paper: below all; lines: above all colours, None for a gray picture, whose
    colourings are whole.
    made: what made it, plain data; files: name -> bytes of the pictures that it was made from."""

    size: tuple[int, int]
    paper: Layer
    groups: list[Group]
    lines: Layer | None
    made: dict[str, Any]
    files: dict[str, bytes]


def document_of(
    canvas: np.ndarray,
    areas: Areas | None,
    pictures: Sequence[np.ndarray],
    made: dict[str, Any],
    files: dict[str, bytes],
) -> Document:
    """Of colourings (H, W, 3) uint8. canvas: (H, W, 3) uint8, what they are laid under, with its
    areas; or without any, a picture in gray."""
    size = canvas.shape[:2]
    if areas is None:
        nothing = np.full(size, -1, np.int32)
        groups = [
            Group(f"Candidate {k}", [Layer("Colors", opaque(picture))], None, k == 1, [], nothing)
            for k, picture in enumerate(pictures, 1)
        ]
        return Document(size, Layer("Gray picture", opaque(canvas)), groups, None, made, files)
    groups = [group_of(picture, canvas, areas, k) for k, picture in enumerate(pictures, 1)]
    paper = Layer("Paper", opaque(np.full_like(canvas, 255)))
    return Document(size, paper, groups, Layer("Lines", opaque(canvas), multiply=True), made, files)


def group_of(picture: np.ndarray, canvas: np.ndarray, areas: Areas, k: int) -> Group:
    """The layers of candidate k, (H, W, 3) uint8."""
    paint = np.array(
        [color_at(picture, canvas, row, column) for row, column in areas.centers], np.uint8
    )
    off = differs(multiplied(paint[areas.labels], canvas), picture)
    flat = (
        1 - np.bincount(areas.labels[off], minlength=len(paint)) / np.bincount(areas.labels.ravel())
        >= FLAT
    )
    rest = off | ~flat[areas.labels]
    colors, rooms = colors_of(paint, areas, flat)
    names = color_titles(colors)
    layers = [
        Layer(
            name, picture_of(rooms[box] == i, np.array(color, np.uint8)), box[0].start, box[1].start
        )
        for i, (name, color, box) in enumerate(
            zip(names, colors, find_objects(rooms + 1), strict=True)
        )
    ]
    if rest.any():
        under = under_ink(picture, canvas)
        layers.append(cropped("Shades", picture_of(rest, under)))
        rest &= differs(multiplied(under, canvas), picture)
    over = cropped("Over the lines", picture_of(rest, picture)) if rest.any() else None
    return Group(f"Candidate {k}", layers, over, k == 1, colors, rooms)


def color_at(picture: np.ndarray, canvas: np.ndarray, row: float, column: float) -> np.ndarray:
    """The colour under the ink at a place in [0, 1]."""
    at = int(row * canvas.shape[0]), int(column * canvas.shape[1])
    return np.clip(np.rint(255.0 * picture[at] / np.maximum(canvas[at], 1)), 0, 255)


def colors_of(
    paint: np.ndarray, areas: Areas, flat: np.ndarray
) -> tuple[list[tuple[int, int, int]], np.ndarray]:
    """The colours of flat areas, the one of most pixels first, and each pixel's, (H, W), -1 for
    none. White areas at the picture's border are paper."""
    taken = flat & ~((paint == 255).all(1) & (areas.border > 0))
    found, which = np.unique(paint[taken], axis=0, return_inverse=True)
    room = np.full(len(paint), -1, np.int32)
    room[taken] = which.ravel()
    share = np.bincount(room[taken], areas.shares[taken], len(found))
    order = np.argsort(-share, kind="stable")
    room[taken] = np.argsort(order)[room[taken]]
    return [(int(r), int(g), int(b)) for r, g, b in found[order]], room[areas.labels]


def color_titles(colors: Sequence[tuple[int, int, int]]) -> list[str]:
    """Colours as people and programs call them: "orange #f4aa41"."""
    if not colors:
        return []
    rgb = torch.tensor(colors).T[None, :, :, None] / 255
    words = [list(EXAMPLES)[int(place)] for place in nearest_words(rgb).flatten()]
    return [f"{word} #{bytes(color).hex()}" for word, color in zip(words, colors, strict=True)]


def under_ink(picture: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """The colour that lines lie on, (H, W, 3) uint8."""
    exact = np.clip(np.rint(255.0 * picture / np.maximum(canvas, 1)), 0, 255).astype(np.uint8)
    dark = canvas.min(-1) < CLEAR
    if dark.all() or not dark.any():
        return exact
    rows, columns = distance_transform_edt(dark, return_distances=False, return_indices=True)
    spread = exact[rows, columns]
    return np.where(differs(multiplied(spread, canvas), picture)[..., None], exact, spread)


def multiplied(paint: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) uint8 under lines (H, W, 3) uint8."""
    return cv2.multiply(paint, canvas, scale=1 / 255)


def differs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(H, W) bool: by more than a level in a channel."""
    return (np.maximum(one, other) - np.minimum(one, other)).max(-1) > 1


def opaque(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W, 4)."""
    return picture_of(np.ones(rgb.shape[:2], bool), rgb)


def picture_of(mask: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8: the colours inside of a mask, transparent black elsewhere."""
    out = np.zeros((*mask.shape, 4), np.uint8)
    out[..., :3] = mask[..., None] * rgb
    out[..., 3] = 255 * mask
    return out


def cropped(name: str, pixels: np.ndarray) -> Layer:
    """A layer of what is not transparent."""
    rows, columns = np.flatnonzero(pixels[..., 3].any(1)), np.flatnonzero(pixels[..., 3].any(0))
    top, left = int(rows[0]), int(columns[0])
    return Layer(name, pixels[top : rows[-1] + 1, left : columns[-1] + 1], top, left)


def lay(canvas: np.ndarray, layer: Layer) -> None:
    """Lay a layer on a picture (H, W, 3 or 4) uint8, in place."""
    h, w = layer.pixels.shape[:2]
    below = canvas[layer.top : layer.top + h, layer.left : layer.left + w]
    shown = layer.pixels[..., 3] > 0
    own = layer.pixels[..., :3]
    new = multiplied(below[..., :3], own) if layer.multiply else own
    below[..., :3][shown] = new[shown]
    if canvas.shape[2] == 4:
        below[..., 3][shown] = 255


def flattened(document: Document, k: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: the document as one picture, with candidate k from 0 on."""
    group, canvas = document.groups[k], np.full((*document.size, 3), 255, np.uint8)
    stack = [document.paper, *group.layers, document.lines, group.over]
    for layer in stack:
        if layer is not None:
            lay(canvas, layer)
    return canvas


def colors_alone(document: Document, k: int) -> np.ndarray:
    """(H, W, 4) uint8: the colours of candidate k under the ink, without lines; transparent where
    paper is."""
    canvas = np.zeros((*document.size, 4), np.uint8)
    for layer in document.groups[k].layers:
        lay(canvas, layer)
    return canvas
