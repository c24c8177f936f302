"""The shapes of a vector drawing (SVG), and how each of them is painted: what styles, groups,
classes and repetitions come to."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from PIL import ImageColor

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
TAGS = frozenset(("path", "circle", "rect", "ellipse", "polygon", "polyline", "line"))
RESOURCES = frozenset(
    ("defs", "clipPath", "mask", "pattern", "linearGradient", "radialGradient", "symbol", "marker",
     "metadata", "filter", "style", "title", "desc", "namedview")
)  # fmt: skip
INHERITED = (
    "fill",
    "stroke",
    "stroke-width",
    "fill-opacity",
    "stroke-opacity",
    "visibility",
    "color",
)
INITIAL = {"fill": "#000", "stroke": "none", "stroke-width": "1"}
LOOKS = (
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "opacity", "style", "class",
    "filter", "stroke-dasharray", "mix-blend-mode", "paint-order",
)  # fmt: skip
FAINT = 0.45  # opacity below which a shape is shading
STEP = 6  # levels by which a shape of a gradient made of shapes differs from the one before
SHORTEST_GRADIENT = 3  # shapes after the first
WHITE = (255.0, 255.0, 255.0)
MARGIN = 0.04  # of the side, around the drawing: outlines at the edge are whole
STRIP = 3.3  # longer sides, in shorter ones, make no picture
UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
MOST_ELEMENTS = 4_000  # that the repetitions of a drawing may come to
MOST_LETTERS = 20_000_000  # that its rules may come to, where they are used
DEEPEST, LARGEST = 200, 20_000  # elements within one another, and in all

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
        self.named = {
            element.get("id"): element for element in self.root.iter() if element.get("id")
        }
        self.shapes: list[Shape] = []
        own = _style(self.root)
        style = INITIAL | {key: own[key] for key in INHERITED if key in own}
        _check_extent(self.root)
        _inline_uses(self.root, self.named)
        self._number(self.root, style, 1.0, 1.0)
        self.steps = _steps([shape.fill for shape in self.shapes])

    def _number(
        self, element: ET.Element, inherited: dict[str, str], opacity: float, scale: float
    ) -> None:
        for child in list(element):
            tag, own = _tag(child), _style(child)
            if tag in RESOURCES:
                continue
            style = inherited | {
                key: own[key] for key in INHERITED if key in own and own[key] != "inherit"
            }
            if tag == "text" or own.get("display") == "none" or style.get("visibility") == "hidden":
                element.remove(child)
                continue
            seen = opacity * _number_in(own.get("opacity"), 1.0)
            scaled = scale * _scale(child.get("transform", ""))
            if tag in TAGS:
                child.set("shape", str(len(self.shapes)))
                self.shapes.append(self._shape(style, seen, scaled, filled=tag != "line"))
            else:
                self._number(child, style, seen, scaled)

    def _shape(self, style: dict[str, str], opacity: float, scale: float, filled: bool) -> Shape:
        fill = self._color(style, "fill", opacity) if filled else None
        width = _number_in(style["stroke-width"], 1.0)
        stroke = self._color(style, "stroke", opacity) if width > 0 else None
        return Shape(fill, stroke, width, scale)

    def _color(self, style: dict[str, str], key: str, opacity: float) -> Color | None:
        """Of a fill or stroke; None if there is none, or hardly any."""
        color = style[key].strip()
        if (
            color in ("none", "transparent")
            or opacity * _number_in(style.get(f"{key}-opacity"), 1.0) < FAINT
        ):
            return None
        if color in ("currentColor", "context-fill"):
            color = style.get("color", "#000")
        reference = re.match(r"url\(['\"]?#([^)'\"]+)", color)
        if reference:
            return self._gradient(self.named.get(reference.group(1)))
        return _rgb(color)

    def _gradient(self, server: ET.Element | None) -> Color | None:
        """Mean colour of a gradient's stops; None if it fades out, which is shading."""
        passed: set[str] = set()
        while (
            server is not None
            and not list(server)
            and (link := _href(server))
            and link not in passed
        ):
            passed.add(link)
            server = self.named.get(link)
        styles = [_style(stop) for stop in server] if server is not None else []
        if not styles:
            return WHITE
        if min(_number_in(style.get("stop-opacity"), 1.0) for style in styles) < FAINT:
            return None
        return tuple(
            np.mean([_rgb(style.get("stop-color", "#000")) for style in styles], 0).tolist()
        )

    def layer(self, change: Callable[[ET.Element, int], list[ET.Element]], bare: bool) -> str:
        """The drawing with each shape replaced by others. change: (a copy of the shape, its number)
        -> elements. bare: without what groups say about looks."""
        root = copy.deepcopy(self.root)
        if bare:
            clear(root)
        _replace(root, change, bare)
        return ET.tostring(root, encoding="unicode")


def _replace(
    parent: ET.Element, change: Callable[[ET.Element, int], list[ET.Element]], bare: bool
) -> None:
    for place in reversed(range(len(parent))):
        child = parent[place]
        if (number := child.attrib.pop("shape", None)) is not None:
            parent[place : place + 1] = change(child, int(number))
        elif _tag(child) not in RESOURCES:
            if bare:
                clear(child)
            _replace(child, change, bare)


def clear(element: ET.Element) -> None:
    """Take away what an element says about looks."""
    for key in LOOKS:
        element.attrib.pop(key, None)


def _squared(root: ET.Element) -> float:
    """Make the view a square with a margin around the drawing; -> its side, in the drawing's
    units."""
    box = [float(part) for part in re.split(r"[ ,]+", root.get("viewBox", "").strip()) if part]
    if len(box) != 4:
        box = [0.0, 0.0, _length(root.get("width")), _length(root.get("height"))]
    left, top, width, height = box
    if not (width > 0 and height > 0):
        raise ValueError("has no extent (give it a viewBox)")
    if not 0.3 < width / height < 3.3:
        raise ValueError("is a long strip")
    side = max(width, height) * (1 + 2 * MARGIN)
    root.set(
        "viewBox", f"{left - (side - width) / 2:g} {top - (side - height) / 2:g} {side:g} {side:g}"
    )
    for key in ("width", "height", "preserveAspectRatio", "x", "y"):
        root.attrib.pop(key, None)
    return side


def _check_extent(root: ET.Element) -> None:
    """ValueError for elements too deep within one another, or too many, to be walked through."""
    level, count = [root], 1
    for _ in range(DEEPEST):
        level = [child for parent in level for child in parent]
        count += len(level)
    if level:
        raise ValueError("is nested too deeply (simplify it)")
    if count > LARGEST:
        raise ValueError(f"has over {LARGEST:,} elements (simplify it)")


def _inline_uses(root: ET.Element, named: dict[str | None, ET.Element]) -> None:
    """Put a copy of what it refers to in the place of each <use> that is drawn. ValueError if that
    never ends."""
    budget = MOST_ELEMENTS
    while uses := list(_uses(root)):
        for parent, place in uses:
            parent[place] = group = _inlined(parent[place], named)
            budget -= sum(1 for _ in group.iter())
            if budget < 0:
                raise ValueError("repeats itself too often (simplify it)")
        _check_extent(root)


def _inlined(use: ET.Element, named: dict[str | None, ET.Element]) -> ET.Element:
    group = ET.Element(
        f"{{{SVG}}}g", {k: v for k, v in use.attrib.items() if k not in ("x", "y", "id")}
    )
    if use.get("x") or use.get("y"):
        moved = f"translate({_number_in(use.get('x'), 0.0):g} {_number_in(use.get('y'), 0.0):g})"
        group.set("transform", f"{use.get('transform', '')} {moved}")
    target = named.get(_href(use))
    if target is not None:
        inner = copy.deepcopy(target)
        if _tag(inner) == "symbol":
            inner.tag = f"{{{SVG}}}{'svg' if inner.get('viewBox') else 'g'}"
        group.append(inner)
    return group


def _uses(element: ET.Element) -> Iterator[tuple[ET.Element, int]]:
    for place, child in enumerate(element):
        if _tag(child) == "use":
            yield element, place
        elif _tag(child) not in RESOURCES:
            yield from _uses(child)


def _with_rules_inlined(svg: str) -> str:
    """Class rules of a <style> element as style attributes. ValueError if little makes too much of
    that."""
    _, _, sheet = svg.partition("<style")
    sheet, closed, _ = sheet.partition("</style>")
    if not closed:
        return svg
    rules = dict(re.findall(r"\.([\w-]+)\s*\{([^{}\"<&]*)\}", sheet))
    left = MOST_LETTERS

    def inlined(named: re.Match[str]) -> str:
        nonlocal left
        style = [rules.get(name, "") for name in named[1].split()]
        left -= sum(map(len, style))
        if left < 0:
            raise ValueError("repeats itself too often (simplify it)")
        return f'style="{";".join(style)}"'

    return re.sub(r'class="([\w -]+)"', inlined, svg)


def _style(element: ET.Element) -> dict[str, str]:
    """Presentation attributes, those of the style attribute first."""
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    return dict(element.attrib) | {key.strip(): value.strip() for key, value in pairs}


def _tag(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else "metadata"


def _href(element: ET.Element) -> str | None:
    link = element.get("href") or element.get(f"{{{XLINK}}}href") or ""
    return link[1:] if link.startswith("#") else None


def _number_in(text: str | None, default: float) -> float:
    """The number that a length or share begins with."""
    found = re.match(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%?)", text or "")
    return float(found.group(1)) * (0.01 if found.group(2) else 1.0) if found else default


def _length(text: str | None) -> float:
    """In the drawing's units; 0 for a share of something else."""
    unit = (text or "").strip().lstrip("+-.0123456789eE")
    return _number_in(text, 0.0) * UNITS.get(unit, 0.0)


def _scale(transform: str) -> float:
    """By how much a transform enlarges lengths (the root of its determinant)."""
    scale = 1.0
    for name, inside in re.findall(r"\b(\w+)\s*\(([^()]*)\)", transform):
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


def _steps(fills: list[Color | None]) -> set[int]:
    """Numbers of the shapes that continue a gradient made of shapes: at least three in turn, each a
    little different from the one before."""
    near = [False, *(_is_step(before, after) for before, after in pairwise(fills))]
    runs = (list(run) for alike, run in groupby(range(len(fills)), key=near.__getitem__) if alike)
    return {number for run in runs if len(run) >= SHORTEST_GRADIENT for number in run}


def _is_step(before: Color | None, after: Color | None) -> bool:
    """Whether a fill differs from the one before, but hardly."""
    if before is None or after is None:
        return False
    return 0 < max(abs(a - b) for a, b in zip(before, after, strict=True)) <= STEP
