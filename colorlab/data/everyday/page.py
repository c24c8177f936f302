"""A page that is drawn by code: shapes of flat color in SVG, in the colors that things have."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

import numpy as np

from colorlab.data.everyday.colors import COLORS

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, low


class Page:
    """Shapes from back to front, on 100 x 100 units.

    One page is drawn by one hand: how much its lines waver, how vivid its colors are."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.shapes = rng, list[str]()
        self.wobble = float(rng.choice([0.0, 0.004, 0.012]))  # of a shape's size
        self.vivid, self.light = rng.uniform(0.75, 1.15), rng.uniform(0.92, 1.06)
        self.pen = rng.uniform(0.3, 0.9)

    def color(self, thing: str) -> str:
        """One of the colors that a thing has, a little changed."""
        names, odds = zip(*COLORS[thing].items(), strict=True)
        chosen = names[self.rng.choice(len(names), p=np.array(odds) / sum(odds))]
        if chosen == "ffffff":
            return "#ffffff"
        return self.shade(f"#{chosen}", self.rng.normal(1, 0.04))

    def shade(self, color: str, factor: float) -> str:
        """A lighter or darker one."""
        r, g, b = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        s, v = min(1.0, s * self.vivid), min(1.0, v * factor * self.light)
        h = (h + self.rng.normal(0, 0.006)) % 1
        return "#" + "".join(f"{round(255 * each):02x}" for each in colorsys.hsv_to_rgb(h, s, v))

    def maybe(self, chance: float) -> bool:
        return bool(self.rng.random() < chance)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def shape(self, points: Sequence[Point], fill: str, round_: bool = False) -> None:
        """A closed shape through points."""
        self.shapes.append(f'<path d="{self.path(points, round_, True)}" fill="{fill}"/>')

    def line(self, points: Sequence[Point], round_: bool = False, wide: float = 1.0) -> None:
        """Of ink."""
        self.shapes.append(
            f'<path d="{self.path(points, round_, False)}" fill="none" stroke="#000" '
            f'stroke-width="{self.pen * wide:.2f}" stroke-linecap="round"/>'
        )

    def oval(
        self, x: float, y: float, a: float, b: float, fill: str, start: float = 0, end: float = 360
    ) -> None:
        """Around x, y; a part of it from an angle to another, clockwise from the right."""
        self.shape(arc(x, y, a, b, start, end), fill, True)

    def box(self, left: float, top: float, right: float, low: float, fill: str) -> None:
        self.shape([(left, top), (right, top), (right, low), (left, low)], fill)

    def dot(self, x: float, y: float, r: float) -> None:
        self.shapes.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{r:.2f}" fill="#111111"/>')

    def svg(self) -> str:
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
            + "".join(self.shapes)
            + "</svg>"
        )

    def path(self, points: Sequence[Point], round_: bool, closed: bool) -> str:
        """What SVG calls it, wavering as this hand does."""
        at = np.array(points, float)
        size = float(np.ptp(at, axis=0).max())
        at = at + self.rng.normal(0, 1, at.shape) * self.wobble * size
        said = [f"M{at[0, 0]:.2f} {at[0, 1]:.2f}"]
        if not round_:
            said += [f"L{x:.2f} {y:.2f}" for x, y in at[1:]]
        else:  # Catmull and Rom's curve, as Bézier's
            n = len(at)
            for i in range(n if closed else n - 1):
                before = at[(i - 1) % n] if closed or i else at[0]
                here, there = at[i], at[(i + 1) % n]
                after = at[(i + 2) % n] if closed or i + 2 < n else at[-1]
                one, two = here + (there - before) / 6, there - (after - here) / 6
                said.append(
                    f"C{one[0]:.2f} {one[1]:.2f} {two[0]:.2f} {two[1]:.2f} "
                    f"{there[0]:.2f} {there[1]:.2f}"
                )
        return "".join(said) + ("Z" if closed else "")


def arc(x: float, y: float, a: float, b: float, start: float = 0, end: float = 360) -> list[Point]:
    whole = end - start >= 360
    steps = 12 if whole else 7
    angles = [
        math.radians(start + (end - start) * i / (steps if whole else steps - 1))
        for i in range(steps)
    ]
    return [(x + a * math.cos(t), y + b * math.sin(t)) for t in angles]


def on(box: Box, *points: Point) -> list[Point]:
    """Points in a box, given in shares of its width and height."""
    left, top, right, low = box
    return [(left + (right - left) * u, top + (low - top) * v) for u, v in points]


def part(box: Box, left: float, top: float, right: float, low: float) -> Box:
    """A box in a box, given in shares."""
    (a, b), (c, d) = on(box, (left, top), (right, low))
    return a, b, c, d


def turned(points: Sequence[Point], x: float, y: float, degrees: float) -> list[Point]:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [(x + (u - x) * c - (v - y) * s, y + (u - x) * s + (v - y) * c) for u, v in points]


def ellipse_at(x: float, y: float, a: float, b: float, degrees: float) -> list[Point]:
    return turned(arc(x, y, a, b), x, y, degrees)


def scalloped(x: float, y: float, a: float, b: float, lobes: int) -> list[Point]:
    out = []
    for i in range(lobes * 4):
        t, bump = 2 * math.pi * i / (lobes * 4), 1 + 0.13 * abs(math.sin(math.pi * i / 4)) * 2 - 0.1
        out.append((x + a * bump * math.cos(t), y + b * bump * math.sin(t)))
    return out
