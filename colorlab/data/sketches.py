"""Five drawings that nobody has drawn: a thin pen, a marker, a scan on yellowish paper, lines with
gaps, a full page.

They are drawn by code, so that what a training has learned can be looked at on pens that are in no
set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

GAP_EVERY = 0.35  # of the side, along a line
FINER = 2  # drawn so many times larger, then shrunk: pens are smooth
Point = tuple[float, float]  # x, y in [0, 1]


class Pen:
    """Draws on paper of side x side pixels. width: of its lines, of the side; gaps: the share of
    every line that is left out, in short breaks."""

    def __init__(self, side: int, width: float, gaps: float = 0.0) -> None:
        self.side, self.scale, self.gaps = side, side * FINER, gaps
        self.paper = Image.new("L", (self.scale, self.scale), 255)
        self.width, self.on = max(1, round(width * self.scale)), ImageDraw.Draw(self.paper)

    def line(self, *points: Point, closed: bool = False) -> None:
        """Through points."""
        ends = [*points, points[0]] if closed else [*points]
        for piece in self._pieces([(x * self.scale, y * self.scale) for x, y in ends]):
            self.on.line(piece, fill=0, width=self.width, joint="curve")
            for x, y in (piece[0], piece[-1]):
                r = self.width / 2
                self.on.ellipse((x - r, y - r, x + r, y + r), fill=0)

    def oval(
        self,
        x: float,
        y: float,
        a: float,
        b: float,
        start: float = 0,
        end: float = 360,
        tilt: float = 0,
    ) -> None:
        """Around x, y with half axes a, b, from an angle to another in degrees, clockwise from the
        right."""
        steps = [math.radians(start + (end - start) * i / 72) for i in range(73)]
        turn = math.radians(tilt)
        self.line(
            *(
                (
                    x + a * math.cos(t) * math.cos(turn) - b * math.sin(t) * math.sin(turn),
                    y + a * math.cos(t) * math.sin(turn) + b * math.sin(t) * math.cos(turn),
                )
                for t in steps
            )
        )

    def dot(self, x: float, y: float, r: float) -> None:
        """Filled with ink."""
        self.on.ellipse([v * self.scale for v in (x - r, y - r, x + r, y + r)], fill=0)

    def drawing(self) -> np.ndarray:
        """(side, side) uint8, ink dark."""
        return np.asarray(self.paper.resize((self.side, self.side), Image.Resampling.LANCZOS))

    def _pieces(self, points: list[Point]) -> Iterator[list[Point]]:
        """A line, or what gaps leave of it."""
        if not self.gaps:
            yield points
            return
        every, at, piece = GAP_EVERY * self.scale, 0.0, [points[0]]
        for a, b in pairwise(points):
            steps = max(1, round(math.dist(a, b)))
            for step in range(1, steps + 1):
                at += math.dist(a, b) / steps
                if at % every < (1 - self.gaps) * every:
                    piece.append(
                        (a[0] + step / steps * (b[0] - a[0]), a[1] + step / steps * (b[1] - a[1]))
                    )
                elif piece:
                    yield piece
                    piece = []
        if piece:
            yield piece


def sketches(side: int) -> list[np.ndarray]:
    """Five drawings, (3, side, side) uint8, ink dark."""
    plain = [cat(side), house(side), fish(side), garden(side)]
    first, second, third, fourth = (np.repeat(each[None], 3, 0) for each in plain)
    return [first, second, scanned(face(side)), third, fourth]


def cat(side: int) -> np.ndarray:
    """A thin pen."""
    pen = Pen(side, 0.006)
    pen.oval(0.45, 0.36, 0.22, 0.19)
    pen.line((0.27, 0.26), (0.25, 0.06), (0.39, 0.18))
    pen.line((0.51, 0.18), (0.65, 0.06), (0.63, 0.26))
    for x in (0.37, 0.53):
        pen.oval(x, 0.33, 0.04, 0.05)
        pen.dot(x, 0.34, 0.018)
    pen.line((0.42, 0.41), (0.48, 0.41), (0.45, 0.45), closed=True)
    pen.oval(0.41, 0.45, 0.04, 0.035, 0, 180)
    pen.oval(0.49, 0.45, 0.04, 0.035, 0, 180)
    pen.oval(0.45, 0.74, 0.21, 0.22, -62, 242)
    pen.oval(0.45, 0.76, 0.11, 0.14)
    pen.line(
        (0.65, 0.80),
        (0.80, 0.76),
        (0.84, 0.60),
        (0.78, 0.52),
        (0.84, 0.46),
        (0.93, 0.60),
        (0.87, 0.84),
        (0.63, 0.88),
    )
    return pen.drawing()


def house(side: int) -> np.ndarray:
    """A marker: a house, a tree, the sun, a hill."""
    pen = Pen(side, 0.026)
    pen.line((0.10, 0.48), (0.34, 0.22), (0.58, 0.48), closed=True)
    pen.line((0.15, 0.48), (0.15, 0.85), (0.53, 0.85), (0.53, 0.48))
    pen.line((0.30, 0.85), (0.30, 0.64), (0.42, 0.64), (0.42, 0.85))
    pen.line((0.20, 0.55), (0.27, 0.55), (0.27, 0.64), (0.20, 0.64), closed=True)
    pen.oval(0.78, 0.50, 0.14, 0.17)
    pen.line((0.75, 0.67), (0.75, 0.85))
    pen.line((0.82, 0.67), (0.82, 0.85))
    pen.oval(0.82, 0.14, 0.09, 0.09)
    pen.line((0.03, 0.86), (0.97, 0.86))
    pen.line((0.97, 0.86), (0.97, 0.96), (0.03, 0.96), (0.03, 0.86))
    return pen.drawing()


def face(side: int) -> np.ndarray:
    """A girl with long hair."""
    pen = Pen(side, 0.010)
    pen.oval(0.50, 0.45, 0.19, 0.24, 0, 180)
    pen.line((0.31, 0.45), (0.32, 0.32), (0.44, 0.30), (0.58, 0.24), (0.69, 0.34), (0.69, 0.45))
    pen.line((0.31, 0.45), (0.30, 0.68), (0.20, 0.74), (0.17, 0.40), (0.27, 0.16), (0.50, 0.08),
             (0.73, 0.16), (0.83, 0.40), (0.80, 0.74), (0.70, 0.68), (0.69, 0.45))  # fmt: skip
    for x in (0.42, 0.58):
        pen.oval(x, 0.45, 0.045, 0.032)
        pen.dot(x, 0.45, 0.018)
        pen.oval(x, 0.40, 0.055, 0.03, 200, 340)
    pen.line((0.50, 0.47), (0.48, 0.54), (0.51, 0.55))
    pen.oval(0.50, 0.60, 0.06, 0.03)
    pen.line(
        (0.44, 0.68),
        (0.44, 0.76),
        (0.22, 0.84),
        (0.16, 0.98),
        (0.84, 0.98),
        (0.78, 0.84),
        (0.56, 0.76),
        (0.56, 0.68),
    )
    pen.line((0.44, 0.76), (0.50, 0.84), (0.56, 0.76))
    return pen.drawing()


def fish(side: int) -> np.ndarray:
    """Lines with gaps."""
    pen = Pen(side, 0.014, gaps=0.05)
    pen.oval(0.44, 0.50, 0.29, 0.20)
    pen.line((0.72, 0.46), (0.92, 0.30), (0.90, 0.70), (0.72, 0.54))
    pen.line((0.36, 0.31), (0.44, 0.14), (0.60, 0.20), (0.58, 0.33))
    pen.line((0.42, 0.70), (0.46, 0.84), (0.56, 0.68))
    pen.oval(0.27, 0.45, 0.04, 0.04)
    pen.oval(0.26, 0.50, 0.16, 0.19, -62, 62)
    for x, y, r in ((0.10, 0.30, 0.04), (0.16, 0.18, 0.03), (0.08, 0.12, 0.02)):
        pen.oval(x, y, r, r)
    return pen.drawing()


def garden(side: int) -> np.ndarray:
    """A full page: flowers on stems with leaves, in front of a fence."""
    pen = Pen(side, 0.008)
    for x, y, r in ((0.24, 0.28, 0.08), (0.68, 0.22, 0.07), (0.48, 0.46, 0.06)):
        petals = 7
        for i in range(petals):
            t = 2 * math.pi * i / petals
            pen.oval(
                x + 1.45 * r * math.cos(t),
                y + 1.45 * r * math.sin(t),
                0.75 * r,
                0.45 * r,
                tilt=math.degrees(t),
            )
        pen.oval(x, y, 0.62 * r, 0.62 * r)
        foot = y + 2.25 * r
        pen.line((x - 0.012, foot), (x - 0.012, 0.93))
        pen.line((x + 0.012, foot), (x + 0.012, 0.93))
        pen.oval(x - 0.075, 0.80, 0.06, 0.025, tilt=25)
        pen.oval(x + 0.075, 0.74, 0.06, 0.025, tilt=-25)
    pen.line((0.02, 0.93), (0.98, 0.93), (0.98, 0.985), (0.02, 0.985), closed=True)
    for x in (0.82, 0.89, 0.96):
        pen.line(
            (x - 0.025, 0.93), (x - 0.025, 0.62), (x, 0.57), (x + 0.025, 0.62), (x + 0.025, 0.93)
        )
    return pen.drawing()


def scanned(drawing: np.ndarray) -> np.ndarray:
    """(H, W) -> (3, H, W) uint8: gray ink on yellowish paper in uneven light."""
    H, W = drawing.shape
    y, x = np.mgrid[-1 : 1 : H * 1j, -1 : 1 : W * 1j]  # type: ignore[misc]
    light = 0.95 - 0.08 * (x**2 + y**2)
    ink = drawing[None] / 255.0
    paper = np.array([246, 232, 196])[:, None, None] * light
    return (
        (paper * ink + np.array([60, 55, 70])[:, None, None] * (1 - ink)).round().astype(np.uint8)
    )
