"""Coloured vector drawings -> a line drawing and what is painted below it, aligned by construction.

The lines are the drawing's own shapes in their own order, filled white and outlined in black, so
that a shape hides what lies behind it as its colour did. Dark shapes are ink where they are small
or thin (pupils, brows) and areas where they are not (black hair); faint shapes are shading and have
no outline; wide strokes become bands with two outlines. What is ink in the lines is taken out of
the paint: paint x lines is the colouring, with a pen of any width."""

from __future__ import annotations

import copy
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from colorlab.data import svg
from colorlab.data.shapes import FAINT, Color, Drawing, Shape, clear

DARK = 76  # luma in [0, 255] below which a colour may be ink
# of the picture; half a dark shape's width, of the side: what is below either is ink
SMALL_AREA, THIN = 0.012, 0.022
MEASURE = 96  # px; dark shapes are measured at this size
BAND = 2.2  # a stroke this many pens wide is an area

Render = Callable[[str, int], np.ndarray]


def pairs(svgs: list[str], size: int, pen: float, render: Render) -> list[np.ndarray]:
    """Several colourings of one drawing, (4, size, size) uint8 each: what is painted below the ink
    (RGB, white around the drawing), and the luma of the lines, ink dark. Shapes that are ink are so
    in all of them.

    svgs: the drawings. pen: width of the outlines, of the side. render: (SVG, size) ->
    (size, size, 4) uint8, RGBA. ValueError says why there is no pair."""
    drawings = [Drawing(svg) for svg in svgs]
    if not all(
        any(shape.fill is not None or shape.stroke is not None for shape in each.shapes)
        for each in drawings
    ):
        raise ValueError("has no shapes")
    inks = [_inks(drawing, render) for drawing in drawings]
    made = []
    known: dict[str, np.ndarray] = {}
    for drawing in drawings:
        alike = [
            ink
            for ink, other in zip(inks, drawings, strict=True)
            if len(other.shapes) == len(drawing.shapes)
        ]
        made.append(_pair(drawing, set.intersection(*alike), size, pen, render, known))
    return made


def _pair(
    drawing: Drawing,
    inks: set[int],
    size: int,
    pen: float,
    render: Render,
    known: dict[str, np.ndarray],
) -> np.ndarray:
    """known: line layers that were rendered before."""
    width = pen * drawing.side

    def outlined(shape: ET.Element, n: int) -> list[ET.Element]:
        return [] if n in drawing.steps else _outlined(shape, drawing.shapes[n], width, n in inks)

    lines = drawing.layer(outlined, bare=True)
    if lines not in known:
        known[lines] = np.asarray(Image.fromarray(_on_white(render(lines, size))).convert("L"))
    layer = drawing.layer(
        lambda shape, n: _painted(shape, drawing.shapes[n], width, n in inks), bare=False
    )
    painted = render(layer, size)
    line = _closed(known[lines], painted[..., 3], pen * size)
    paint = np.where(_around(line)[..., None], 255, _on_white(painted)).astype(np.uint8)
    return np.concatenate([np.moveaxis(paint, 2, 0), line[None]])


def _on_white(rgba: np.ndarray) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _closed(line: np.ndarray, alpha: np.ndarray, pen: float) -> np.ndarray:
    """The lines (H, W), also where a clip cuts what is painted, and leaves no outline. pen: px."""
    inside = (alpha > FAINT * 255).astype(np.uint8)
    within = cv2.distanceTransform(np.pad(inside, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    edge = within + (cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) if inside.any() else 0)
    bare = ((edge <= 1) & (line > 160) & (inside > 0)).astype(np.uint8)
    if bare.sum() < pen:
        return line
    reach = cv2.dilate(bare, np.ones((2 * round(pen) + 1,) * 2, np.uint8)) > 0
    stroke = np.clip(edge - pen / 2, 0, 1) * 255
    return np.where(reach, np.minimum(line, stroke), line).astype(np.uint8)


def _around(line: np.ndarray) -> np.ndarray:
    """(H, W) bool: the paper around the drawing."""
    parts = cv2.connectedComponents(
        (np.pad(line, 1, constant_values=255) > 128).astype(np.uint8), connectivity=4
    )[1]
    return parts[1:-1, 1:-1] == parts[0, 0]


def _inks(drawing: Drawing, render: Render) -> set[int]:
    """Numbers of the dark shapes that are small or thin where they can be seen."""
    dark = [n for n, shape in enumerate(drawing.shapes) if _is_dark(shape.fill)]
    if not dark:
        return set()

    def marked(shape: ET.Element, n: int) -> list[ET.Element]:
        painted = drawing.shapes[n]
        clear(shape)
        shape.set("fill", "none" if painted.fill is None else f"#{n:06x}" if n in dark else "#fff")
        return [shape]

    root = drawing.layer(marked, bare=True).replace(
        "<svg ", '<svg shape-rendering="crispEdges" ', 1
    )
    picture = _on_white(render(root, MEASURE)).astype(np.int64) @ [1 << 16, 1 << 8, 1]
    return {n for n in dark if _is_small(picture == n)}


def _is_small(seen: np.ndarray) -> bool:
    if seen.mean() < SMALL_AREA:
        return True
    deep = cv2.distanceTransform(np.pad(seen, 1).astype(np.uint8), cv2.DIST_L2, 3).max()
    return bool(deep < THIN * MEASURE)


def _outlined(element: ET.Element, shape: Shape, pen: float, ink: bool) -> list[ET.Element]:
    """The shape as it is in the lines. pen: width of the outlines in the drawing's units."""
    if shape.fill is None and shape.stroke is None:
        return []
    pen /= shape.scale
    clear(element)
    element.set("fill", "none" if shape.fill is None else "#000" if ink else "#fff")
    if shape.stroke is None and ink:
        return [element]
    element.attrib |= {"stroke": "#000", "stroke-linejoin": "round", "stroke-linecap": "round"}
    if not _is_band(shape, pen):
        element.set("stroke-width", f"{pen if shape.stroke is None else max(shape.width, pen):g}")
        return [element]
    inside = copy.deepcopy(element)
    element.set("stroke-width", f"{shape.width + pen:g}")
    inside.attrib |= {"stroke": "#fff", "stroke-width": f"{shape.width - pen:g}"}
    return [element, inside]


def _painted(element: ET.Element, shape: Shape, pen: float, ink: bool) -> list[ET.Element]:
    """The shape as it is in the paint: without what is ink."""
    if shape.stroke is not None and not _is_band(shape, pen / shape.scale):
        _set(element, "stroke", "none")
    if ink:
        _set(element, "fill", "none")
    return [element]


def _is_band(shape: Shape, pen: float) -> bool:
    return shape.stroke is not None and not _is_dark(shape.stroke) and shape.width > BAND * pen


def rendered(drawing: str, size: int) -> np.ndarray:
    """(size, size, 4) uint8 RGBA, by resvg in this process: for drawings that are trusted."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_string=drawing, width=size, height=size, skip_system_fonts=True)
    return _decoded(bytes(png))


def guarded(drawing: str, size: int) -> np.ndarray:
    """(size, size, 4) uint8 RGBA, in a process of its own: for drawings of strangers."""
    return _decoded(svg.rasterised(drawing.encode(), size))


def _decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def _set(element: ET.Element, key: str, value: str) -> None:
    """A presentation attribute, in both places where it may be written."""
    element.set(key, value)
    if element.get("style"):
        element.set("style", f"{element.get('style')};{key}:{value}")


def _is_dark(color: Color | None) -> bool:
    return color is not None and 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] < DARK
