"""A page that is drawn by code: shapes of flat color in SVG, in the colors that things have."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

import numpy as np

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, low

#: Colors that things have, and how often, in tenths or so.
COLORS: dict[str, dict[str, float]] = {
    "wall": {
        "f4ead5": 3,
        "ffffff": 1,
        "f2d16b": 2,
        "c8553d": 2,
        "e8b28f": 2,
        "9cc4d9": 1,
        "b9b9b9": 1,
        "a8744f": 2,
        "f3b6b6": 1,
        "cddfb0": 1,
    },
    "roof": {"b5402f": 4, "8a4b2f": 3, "5b5f66": 2, "d9743a": 2, "3f5f8a": 1, "4d7a4f": 1},
    "brick": {"9a4b35": 3, "7a5a48": 2, "8b8b8b": 1},
    "door": {"7a4a2b": 4, "b03a2e": 2, "2f6f8f": 1, "3f7f4f": 1, "d9a441": 1, "5a5a5a": 1},
    "glass": {"bfe3f5": 5, "8fc9e8": 3, "fff2a8": 2, "dfeff7": 2, "4a6b8a": 1},
    "foliage": {
        "4f9d3f": 5,
        "3b7d3a": 4,
        "7cb84a": 4,
        "2f5f3a": 2,
        "a3c95a": 2,
        "e08a2e": 1,
        "c9442e": 0.6,
        "f2c23a": 0.6,
        "f2a8c0": 0.8,
    },
    "conifer": {"2f6b45": 5, "3f8450": 3, "1f5038": 2, "5a9a6a": 1},
    "leaf": {"4f9d3f": 5, "3b7d3a": 3, "7cb84a": 3, "5aa86a": 1},
    "trunk": {"7a4f2f": 5, "5f3d27": 3, "9a6b43": 3, "6b5a4a": 1},
    "sun": {"ffd93b": 6, "ffc02e": 3, "f9a01b": 2, "f0642e": 0.6, "fff0a0": 0.6},
    "ground": {"7cb84a": 5, "5a9a3f": 4, "a3c95a": 2, "b08d57": 1.5, "e3cf9a": 1, "c0c0b8": 0.6},
    "hill": {"6aa84f": 4, "4f8a4a": 3, "9cc46a": 3, "7a9a8a": 1, "8a7a9a": 0.5, "b08d57": 1},
    "path": {"c9b48a": 3, "b5a58f": 2, "a9a9a9": 2, "8a6b4a": 1},
    "sky": {
        "bfe3f5": 5,
        "8fc9f0": 4,
        "d9f0fa": 2,
        "5aa9e0": 1,
        "26406f": 1,
        "f9b27a": 1,
        "f5c6c6": 0.6,
        "ffffff": 1,
    },
    "water": {"3f8fcf": 4, "5ab0e0": 3, "2f6fa8": 2, "7cc9d9": 1},
    "petal": {
        "e0342e": 3,
        "f2c21f": 3,
        "f07ab0": 3,
        "8a4fb0": 2,
        "ffffff": 1,
        "f08a2e": 2,
        "5a7fd9": 1,
        "f9b6c9": 2,
    },
    "core": {"f2c21f": 4, "f08a2e": 2, "7a4f2f": 2, "fff0a0": 1},
    "pot": {"c0643a": 4, "8a4b2f": 2, "d9d0c0": 1, "3f7fb0": 1, "e0a030": 1},
    "skin": {"f9d7b9": 4, "f2c09a": 3, "e0a67a": 2, "b97a4f": 2, "8a5534": 2, "5f3a25": 1.5},
    "hair": {
        "2a211c": 3,
        "5a3a24": 4,
        "8a5a2f": 2,
        "e3c16a": 2,
        "b5522a": 1.2,
        "a9a9a9": 0.8,
        "f4f0e8": 0.4,
        "d9487a": 0.2,
    },
    "iris": {"6b4a2b": 4, "3f7fb0": 2, "4f8a4a": 1, "2a211c": 3},
    "lips": {"d9605a": 3, "c03a44": 2, "b5605a": 2},
    "cloth": {
        "d93a3a": 3,
        "2f6fb0": 4,
        "f2c21f": 2,
        "3f8a4f": 2,
        "8a4fa0": 1.5,
        "f07aa0": 1.5,
        "ffffff": 2,
        "3a3f4a": 2,
        "f08a2e": 1.5,
        "7cc0d9": 1,
        "a9a9a9": 1,
        "7a5a3f": 1,
    },
    "trousers": {"2f4f8a": 5, "3a3f4a": 3, "6b5a43": 2, "8f8f8f": 1, "7a4f2f": 1, "c9b48a": 1},
    "shoe": {"3a2f2a": 4, "7a4a2b": 3, "d93a3a": 1, "ffffff": 1, "2f4f8a": 1},
    "fur": {
        "f0962e": 4,
        "8f8f8f": 3,
        "3a3532": 2,
        "f9f3e8": 2,
        "8a5a34": 4,
        "c9975a": 3,
        "e3c9a0": 2,
        "d97a2e": 1.5,
    },
    "pink": {"f2a0a8": 4, "e88a90": 2, "d9707a": 1},
    "eye": {"7cb84a": 3, "f2c21f": 3, "5a8fb0": 2, "6b4a2b": 2},
    "paint": {
        "d93a3a": 4,
        "2f6fb0": 3,
        "f2c21f": 3,
        "3f8a4f": 2,
        "f08a2e": 1.5,
        "ffffff": 1.5,
        "a9b0b8": 1.5,
        "7cc0d9": 1,
        "8a4fa0": 0.7,
        "3a3f4a": 1,
    },
    "tire": {"2f2f33": 5, "4a4a4f": 2},
    "metal": {"c9ced3": 4, "a9b0b8": 3, "8a929a": 1},
    "lamp": {"fff0a0": 4, "ffd93b": 2, "f9a01b": 1},
    "wood": {"a8744f": 4, "8a5a34": 3, "c99a68": 3, "6b4a30": 1.5},
    "sail": {"ffffff": 4, "f4ead5": 2, "d93a3a": 1.5, "f2c21f": 1, "7cc0d9": 1},
    "apple": {"d93a2e": 5, "b02a30": 2, "8fc03f": 3, "f2c23a": 1},
    "cap": {"d9342e": 5, "a8744f": 3, "e08a2e": 1, "8a5a34": 1},
    "inside": {"f4ead5": 4, "cddfe8": 2, "e8d0c0": 2, "d9e3c0": 1, "f2e3a0": 1, "c9c0d9": 1},
    "beak": {"f2a01f": 5, "e0702e": 2},
    "feather": {
        "f2d03a": 2,
        "5a9fd9": 2,
        "d9483a": 2,
        "8a6b4a": 3,
        "ffffff": 1.5,
        "3a3532": 1.5,
        "6ab04f": 1,
    },
}


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
        self.shapes.append(f'<path d="{self._path(points, round_, True)}" fill="{fill}"/>')

    def line(self, points: Sequence[Point], round_: bool = False, wide: float = 1.0) -> None:
        """Of ink."""
        self.shapes.append(
            f'<path d="{self._path(points, round_, False)}" fill="none" stroke="#000" '
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

    def _path(self, points: Sequence[Point], round_: bool, closed: bool) -> str:
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
