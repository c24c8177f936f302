"""Coloured vector drawings -> a line drawing and what is painted below it, aligned by construction.

The lines are the drawing's own shapes in their own order, filled white and outlined in black, so that a shape hides what
lies behind it as its colour did. Dark shapes are ink where they are small or thin (pupils, brows) and areas where they
are not (black hair); faint shapes are shading and have no outline; wide strokes become bands with two outlines. What is
ink in the lines is taken out of the paint: paint x lines is the colouring, with a pen of any width."""

from __future__ import annotations

import copy
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageColor

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SHAPES = frozenset(("path", "circle", "rect", "ellipse", "polygon", "polyline", "line"))
RESOURCES = frozenset(
    ("defs", "clipPath", "mask", "pattern", "linearGradient", "radialGradient", "symbol", "marker", "metadata",
     "filter", "style", "title", "desc", "namedview")
)  # fmt: skip
INHERITED = ("fill", "stroke", "stroke-width", "fill-opacity", "stroke-opacity", "visibility", "color")
INITIAL = {"fill": "#000", "stroke": "none", "stroke-width": "1"}
LOOKS = ("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "opacity", "style", "class", "filter",
         "stroke-dasharray", "mix-blend-mode", "paint-order")  # fmt: skip
DARK = 76  # luma in [0, 255] below which a colour may be ink
STEP = 6  # levels; shapes that differ by so little from the one before are a gradient
WHITE = (255.0, 255.0, 255.0)
FAINT = 0.45  # opacity below which a shape is shading
MARGIN = 0.04  # of the side, around the drawing: outlines at the edge are whole
BAND = 2.2  # a stroke this many pens wide is an area
SMALL_AREA, THIN = 0.012, 0.022  # of the picture; half a dark shape's width, of the side: what is below either is ink
MEASURE = 96  # px; dark shapes are measured at this size

Render = Callable[[str, int], np.ndarray]
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


Color = tuple[float, ...]  # RGB in [0, 255]


class Shape(NamedTuple):
    """How one shape of a drawing is painted."""

    fill: Color | None  # None: it has no fill, or a faint one
    stroke: Color | None
    width: float  # of the stroke, in the shape's own units
    scale: float  # the shape's own units in those of the drawing


class Drawing:
    """A parsed drawing: its tree, square with a margin, with every shape numbered by an attribute.

    ValueError if it is no drawing, has no extent or is a long strip."""

    def __init__(self, svg: str) -> None:
        try:
            self.root = ET.fromstring(_with_rules_inlined(svg))
        except ET.ParseError as error:
            raise ValueError(f"is not an SVG: {error}") from error
        self.side = _squared(self.root)
        self.named = {element.get("id"): element for element in self.root.iter() if element.get("id")}
        _inline_uses(self.root, self.named)
        self.shapes: list[Shape] = []
        self.steps: set[int] = set()  # shapes that are steps of a gradient made of shapes
        own = _style(self.root)
        self._number(self.root, INITIAL | {key: own[key] for key in INHERITED if key in own}, 1.0, 1.0)

    def _number(self, element: ET.Element, inherited: dict[str, str], opacity: float, scale: float) -> None:
        for child in list(element):
            tag, own = _tag(child), _style(child)
            if tag in RESOURCES:
                continue
            style = inherited | {key: own[key] for key in INHERITED if key in own and own[key] != "inherit"}
            if tag == "text" or own.get("display") == "none" or style.get("visibility") == "hidden":
                element.remove(child)
                continue
            seen = opacity * _number_in(own.get("opacity"), 1.0)
            scaled = scale * _scale(child.get("transform", ""))
            if tag in SHAPES:
                child.set("shape", str(len(self.shapes)))
                self.shapes.append(self._shape(style, seen, scaled, filled=tag != "line"))
            else:
                self._number(child, style, seen, scaled)

    def _shape(self, style: dict[str, str], opacity: float, scale: float, filled: bool) -> Shape:
        fill = self._color(style, "fill", opacity) if filled else None
        width = _number_in(style["stroke-width"], 1.0)
        stroke = self._color(style, "stroke", opacity) if width > 0 else None
        if self.shapes and _is_step(self.shapes[-1].fill, fill):
            self.steps.add(len(self.shapes))
        return Shape(fill, stroke, width, scale)

    def _color(self, style: dict[str, str], key: str, opacity: float) -> Color | None:
        """Of a fill or stroke; None if there is none, or hardly any."""
        color = style[key].strip()
        if color in ("none", "transparent") or opacity * _number_in(style.get(f"{key}-opacity"), 1.0) < FAINT:
            return None
        if color in ("currentColor", "context-fill"):
            color = style.get("color", "#000")
        reference = re.match(r"url\(['\"]?#([^)'\"]+)", color)
        if reference:
            return self._gradient(self.named.get(reference.group(1)))
        return _rgb(color)

    def _gradient(self, server: ET.Element | None) -> Color | None:
        """Mean colour of a gradient's stops; None if it fades out, which is shading."""
        while server is not None and not list(server) and (link := _href(server)):
            server = self.named.get(link)
        styles = [_style(stop) for stop in server] if server is not None else []
        if not styles:
            return WHITE
        if min(_number_in(style.get("stop-opacity"), 1.0) for style in styles) < FAINT:
            return None
        return tuple(np.mean([_rgb(style.get("stop-color", "#000")) for style in styles], 0).tolist())

    def layer(self, change: Callable[[ET.Element, int], list[ET.Element]]) -> str:
        """The drawing with each shape replaced by others. change: (a copy of the shape, its number) -> elements."""
        root = copy.deepcopy(self.root)
        for parent in list(root.iter()):
            for place in reversed(range(len(parent))):
                number = parent[place].get("shape")
                if number is not None:
                    shape = parent[place]
                    parent[place : place + 1] = change(shape, int(number))
        return ET.tostring(root, encoding="unicode")


def pairs(svgs: list[str], size: int, pen: float, render: Render | None = None) -> list[np.ndarray]:
    """Several colourings of one drawing, (4, size, size) uint8 each: what is painted below the ink (RGB, white around
    the drawing), and the luma of the lines, ink dark. Shapes that are ink are so in all of them.

    svgs: the drawings. pen: width of the outlines, of the side. render: (SVG, size) -> (size, size, 4) uint8, RGBA;
    resvg in this process if None, which is for drawings that are trusted. ValueError says why there is no pair."""
    render = render or rendered
    drawings = [Drawing(svg) for svg in svgs]
    if not all(any(shape.fill is not None or shape.stroke is not None for shape in each.shapes) for each in drawings):
        raise ValueError("has no shapes")
    inks = [_inks(drawing, render) for drawing in drawings]
    made = []
    known: dict[str, np.ndarray] = {}
    for drawing in drawings:
        alike = [ink for ink, other in zip(inks, drawings, strict=True) if len(other.shapes) == len(drawing.shapes)]
        made.append(_pair(drawing, set.intersection(*alike), size, pen, render, known))
    return made


def _pair(
    drawing: Drawing, inks: set[int], size: int, pen: float, render: Render, known: dict[str, np.ndarray]
) -> np.ndarray:
    """known: line layers that were rendered before."""
    width = pen * drawing.side

    def outlined(shape: ET.Element, n: int) -> list[ET.Element]:
        return [] if n in drawing.steps else _outlined(shape, drawing.shapes[n], width, n in inks)

    lines = drawing.layer(outlined)
    if lines not in known:
        known[lines] = np.asarray(Image.fromarray(_on_white(render(lines, size))).convert("L"))
    layer = drawing.layer(lambda shape, n: _painted(shape, drawing.shapes[n], width, n in inks))
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
    edge = cv2.distanceTransform(np.pad(inside, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    edge += cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) if inside.any() else 0
    bare = ((edge <= 1) & (line > 160) & (inside > 0)).astype(np.uint8)
    if bare.sum() < pen:
        return line
    reach = cv2.dilate(bare, np.ones((2 * round(pen) + 1,) * 2, np.uint8)) > 0
    stroke = np.clip(edge - pen / 2, 0, 1) * 255
    return np.where(reach, np.minimum(line, stroke), line).astype(np.uint8)


def _around(line: np.ndarray) -> np.ndarray:
    """(H, W) bool: the paper around the drawing."""
    parts = cv2.connectedComponents((np.pad(line, 1, constant_values=255) > 128).astype(np.uint8), connectivity=4)[1]
    return parts[1:-1, 1:-1] == parts[0, 0]


def _inks(drawing: Drawing, render: Render) -> set[int]:
    """Numbers of the dark shapes that are small or thin where they can be seen."""
    dark = [n for n, shape in enumerate(drawing.shapes) if _is_dark(shape.fill)]
    if not dark:
        return set()

    def marked(shape: ET.Element, n: int) -> list[ET.Element]:
        painted = drawing.shapes[n]
        _clear(shape)
        shape.set("fill", "none" if painted.fill is None else f"#{n:06x}" if n in dark else "#fff")
        return [shape]

    root = drawing.layer(marked).replace("<svg ", '<svg shape-rendering="crispEdges" ', 1)
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
    _clear(element)
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
    element.attrib.pop("shape")
    if shape.stroke is not None and not _is_band(shape, pen / shape.scale):
        _set(element, "stroke", "none")
    if ink:
        _set(element, "fill", "none")
    return [element]


def _is_band(shape: Shape, pen: float) -> bool:
    return shape.stroke is not None and not _is_dark(shape.stroke) and shape.width > BAND * pen


def rendered(svg: str, size: int) -> np.ndarray:
    """(size, size, 4) uint8 RGBA, by resvg in this process; ValueError if it cannot be drawn."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def _squared(root: ET.Element) -> float:
    """Make the view a square with a margin around the drawing; -> its side, in the drawing's units."""
    box = [float(part) for part in re.split(r"[ ,]+", root.get("viewBox", "").strip()) if part]
    if len(box) != 4:
        box = [0.0, 0.0, _number_in(root.get("width"), 0.0), _number_in(root.get("height"), 0.0)]
    left, top, width, height = box
    if not (width > 0 and height > 0):
        raise ValueError("has no extent (give it a viewBox)")
    if not 0.3 < width / height < 3.3:
        raise ValueError("is a long strip")
    side = max(width, height) * (1 + 2 * MARGIN)
    root.set("viewBox", f"{left - (side - width) / 2:g} {top - (side - height) / 2:g} {side:g} {side:g}")
    for key in ("width", "height", "preserveAspectRatio", "x", "y"):
        root.attrib.pop(key, None)
    return side


def _inline_uses(root: ET.Element, named: dict[str | None, ET.Element], depth: int = 4) -> None:
    """Put a copy of what it refers to in the place of each <use> that is drawn."""
    for parent, place in list(_uses(root)):
        use = parent[place]
        target = named.get(_href(use))
        group = ET.Element(f"{{{SVG}}}g", {k: v for k, v in use.attrib.items() if k not in ("x", "y", "id")})
        if use.get("x") or use.get("y"):
            moved = f"translate({_number_in(use.get('x'), 0.0):g} {_number_in(use.get('y'), 0.0):g})"
            group.set("transform", f"{use.get('transform', '')} {moved}")
        if target is not None and target is not root:
            inner = copy.deepcopy(target)
            if _tag(inner) == "symbol":
                inner.tag = f"{{{SVG}}}{'svg' if inner.get('viewBox') else 'g'}"
            group.append(inner)
        parent[place] = group
    if depth and next(_uses(root), None):
        _inline_uses(root, named, depth - 1)


def _uses(element: ET.Element) -> Iterator[tuple[ET.Element, int]]:
    for place, child in enumerate(element):
        if _tag(child) == "use":
            yield element, place
        elif _tag(child) not in RESOURCES:
            yield from _uses(child)


def _with_rules_inlined(svg: str) -> str:
    """Class rules of a <style> element as style attributes."""
    sheet = re.search(r"<style[^>]*>(.*?)</style>", svg, re.DOTALL)
    if not sheet:
        return svg
    rules = dict(re.findall(r"\.([\w-]+)\s*\{([^}\"<&]*)\}", sheet.group(1)))
    return re.sub(
        r'class="([\w -]+)"', lambda named: f'style="{";".join(rules.get(c, "") for c in named[1].split())}"', svg
    )


def _style(element: ET.Element) -> dict[str, str]:
    """Presentation attributes, those of the style attribute first."""
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    return dict(element.attrib) | {key.strip(): value.strip() for key, value in pairs}


def _clear(element: ET.Element) -> None:
    for key in (*LOOKS, "shape"):
        element.attrib.pop(key, None)


def _set(element: ET.Element, key: str, value: str) -> None:
    """A presentation attribute, in both places where it may be written."""
    element.set(key, value)
    if element.get("style"):
        element.set("style", f"{element.get('style')};{key}:{value}")


def _tag(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else "metadata"


def _href(element: ET.Element) -> str | None:
    link = element.get("href") or element.get(f"{{{XLINK}}}href") or ""
    return link[1:] if link.startswith("#") else None


def _number_in(text: str | None, default: float) -> float:
    """The number that a length or share begins with."""
    found = re.match(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%?)", text or "")
    return float(found.group(1)) * (0.01 if found.group(2) else 1.0) if found else default


def _scale(transform: str) -> float:
    """By how much a transform enlarges lengths (the root of its determinant)."""
    scale = 1.0
    for name, inside in re.findall(r"(\w+)\s*\(([^)]*)\)", transform):
        a = [float(x) for x in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", inside)]
        if name == "matrix" and len(a) == 6:
            scale *= abs(a[0] * a[3] - a[1] * a[2]) ** 0.5
        elif name == "scale" and a:
            scale *= abs(a[0] * a[-1]) ** 0.5
    return scale or 1.0


def _rgb(color: str) -> Color:
    try:
        return ImageColor.getrgb(color)[:3]
    except ValueError:
        return WHITE


def _is_dark(color: Color | None) -> bool:
    return color is not None and 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] < DARK


def _is_step(before: Color | None, after: Color | None) -> bool:
    """Whether a fill differs from the one before, but hardly."""
    if before is None or after is None:
        return False
    return 0 < max(abs(a - b) for a, b in zip(before, after, strict=True)) <= STEP
