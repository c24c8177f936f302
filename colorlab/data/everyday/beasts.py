"""Beasts of the farm, the wild and of tales, as coloring books draw them; each fills a box."""

from __future__ import annotations

from colorlab.data.everyday.figures import eyes
from colorlab.data.everyday.page import Box, Page, Point, arc, ellipse_at, scalloped


class Side:
    """A box that is 100 high for a beast; x is 0 in the middle and grows where the beast looks.

    Heads are larger in some, legs longer in others."""

    def __init__(self, p: Page, box: Box, wide: float) -> None:
        left, top, right, self.low = box
        self.p, self.x = p, (left + right) / 2
        self.unit = min(self.low - top, (right - left) / wide) / 100
        self.way = self.unit * float(p.rng.choice([-1, 1])) * p.between(0.86, 1.0)
        self.bend, self.tall = p.between(0.88, 1.12), self.unit * p.between(0.9, 1.0)

    def at(self, points: list[Point]) -> list[Point]:
        high = [max(v, 0) ** self.bend * 100 ** (1 - self.bend) + min(v, 0) for _, v in points]
        return [(self.x + u * self.way, self.low - (100 - v) * self.tall)
                for (u, _), v in zip(points, high, strict=True)]  # fmt: skip

    def shape(self, points: list[Point], fill: str, round_: bool = True) -> None:
        self.p.shape(self.at(points), fill, round_)

    def oval(self, x: float, y: float, a: float, b: float, fill: str, lean: float = 0) -> None:
        self.shape(ellipse_at(x, y, a, b, lean), fill)

    def line(self, points: list[Point]) -> None:
        self.p.line(self.at(points), True)

    def dot(self, x: float, y: float, r: float) -> None:
        self.p.dot(*self.at([(x, y)])[0], r * self.unit)

    def eyes(self, x: float, y: float, apart: float, r: float) -> None:
        eyes(self.p, *self.at([(x, y)])[0], apart * self.unit, r * self.unit, self.p.color("eye"))

    def eye(self, x: float, y: float, r: float) -> None:
        """One, from the side, with or without lashes."""
        if self.p.maybe(0.7):
            self.oval(x, y, r, r * 1.15, "#ffffff")
            if self.p.maybe(0.4):
                self.oval(x + r * 0.2, y, r * 0.72, r * 0.85, self.p.color("eye"))
        self.dot(x + r * 0.25, y, r * 0.5)
        for u, v in ((0.95, -0.6), (0.5, -1.0)) if self.p.maybe(0.3) else ():
            self.line([(x + r * u, y + r * v), (x + r * u * 1.7, y + r * v * 1.6)])

    def legs(self, at: tuple[float, ...], top: float, wide: float, color: str, foot: str) -> None:
        for x in at:
            for high, fill in ((top, color), (92, foot)):
                self.shape([(x - wide, high), (x + wide, high), (x + wide * 1.1, 100),
                            (x - wide * 1.1, 100)], fill, False)  # fmt: skip

    def hat(self, x: float, y: float, r: float) -> None:
        """Or a bow, on some."""
        kind, color = self.p.rng.choice(["none"] * 7 + ["cone", "bow", "top"]), "ribbon"
        fill = self.p.color(color)
        if kind == "cone":
            self.shape([(x - r, y + r * 0.3), (x, y - r * 1.8), (x + r, y + r * 0.3)], fill, False)
        if kind == "top":
            self.shape([(x - r * 0.8, y), (x - r * 0.8, y - r * 1.5), (x + r * 0.8, y - r * 1.5),
                        (x + r * 0.8, y)], fill, False)  # fmt: skip
            self.oval(x, y, r * 1.3, r * 0.3, fill)
        for side in (-1, 1) if kind == "bow" else ():
            self.shape([(x, y), (x + side * r, y - r * 0.6), (x + side * r, y + r * 0.6)], fill)


def horse(p: Page, box: Box) -> None:
    s, tale = Side(p, box, 1.1), p.maybe(0.4)
    coat, mane = p.color("pony" if tale else "coat"), p.color("magic" if tale else "mane")
    hoof, fall = mane if tale and p.maybe(0.5) else p.color("hoof"), p.between(76, 92)
    s.shape([(-36, 50), (-46, 50), (-53, 64), (-50, fall), (-42, fall + 2), (-40, 68),
             (-34, 58)], mane)  # fmt: skip
    s.legs((-20, 18), 62, 5, coat, hoof)
    s.legs((-32, 7), 62, 5.5, coat, hoof)
    s.shape([(-4, 50), (4, 36), (9, 22), (20, 14), (31, 19), (41, 32), (50, 39), (51, 48), (43, 52),
             (33, 47), (26, 46), (23, 60), (12, 74), (-8, 74), (-26, 76), (-38, 66), (-37, 53),
             (-26, 48)], coat)  # fmt: skip
    if p.maybe(0.4):
        s.shape([(44, 34), (51, 40), (52, 48), (44, 52), (39, 49), (39, 40)], p.color("face"))
    s.dot(47, 42, 1)
    s.line([(47, 48), (43, 48), (40, 45)])
    s.eye(28, 28, p.between(3.5, 5))
    if p.maybe(0.45):
        cloth = p.color("ribbon")
        s.shape([(-20, 48), (0, 50), (1, 62), (-20, 62)], cloth, False)
        s.shape([(-21, 46), (-14, 50), (-5, 50), (-1, 44), (0, 54), (-18, 55)], p.color("wood"))
    if tale and p.maybe(0.6):
        s.shape([(23, 17), (33, 0), (30, 19)], p.color("lamp"), False)
    s.shape([(22, 9), (12, 12), (2, 22), (-3, 34), (-10, 46), (0, 47), (4, 54), (10, 42), (13, 34),
             (16, 24), (24, 18), (29, 22), (28, 13)], mane)  # fmt: skip
    s.shape([(12, 16), (13, 2), (22, 13), (18, 18)], coat)
    for x, y in ((8, 22), (3, 34)) if p.maybe(0.5) else ():
        s.line([(x + 4, y), (x - 1, y + 6), (x - 2, y + 12)])


def cow(p: Page, box: Box) -> None:
    s, coat = Side(p, box, 1.25), p.color("cattle")
    hoof, nose, horn = p.color("hoof"), p.color("pink"), p.color("horn")
    patch = p.color("patch")
    s.line([(-44, 40), (-53, 50), (-51, 66)])
    s.oval(-51, 70, 3.5, 6, patch)
    s.legs((-24, 22), 66, 6, coat, hoof)
    if p.maybe(0.6):
        s.oval(-14, 76, 11, 8, nose)
    s.legs((-38, 8), 66, 6.5, coat, hoof)
    s.shape([(-44, 40), (-30, 34), (0, 36), (24, 34), (32, 48), (28, 70), (10, 76), (-20, 75),
             (-42, 76), (-48, 58)], coat)  # fmt: skip
    for x, y, r in ((-34, 48, 8), (-12, 60, 9), (6, 45, 7), (-14, 42, 4)) if p.maybe(0.75) else ():
        points = ellipse_at(x, y, r, r * 0.8, p.between(0, 90))
        s.shape([(u + p.between(-1, 1), v + p.between(-1, 1)) for u, v in points[::2]], patch)
    head = coat if p.maybe(0.7) else patch
    if p.maybe(0.35):
        s.shape([(22, 56), (44, 56), (42, 63), (24, 63)], p.color("ribbon"))
        s.oval(33, 66, 5, 5, p.color("sun"))
    for side in (-1, 1):
        s.shape([(33 + side * 6, 18), (33 + side * 15, 13), (33 + side * 15, 2),
                 (33 + side * 9, 9)], horn)  # fmt: skip
        s.oval(33 + side * 20, 24, 8, 4.5, patch, side * -15)
    s.shape([(20, 20), (33, 12), (46, 20), (45, 40), (42, 54), (24, 54), (21, 40)], head)
    s.eyes(33, 29, 6, p.between(2.6, 3.8))
    s.oval(33, 49, 14.5, 10, nose)
    for side in (-1, 1):
        s.dot(33 + side * 5, 46, 1.4)
    s.line([(27, 52), (33, 55), (39, 52)])
    s.hat(33, 12, 6)


def sheep(p: Page, box: Box) -> None:
    s, wool, face = Side(p, box, 1.15), p.color("wool"), p.color("sheep")
    lobes, x, y = int(p.rng.integers(8, 12)), p.between(28, 32), p.between(36, 42)
    s.legs((-18, 16), 72, 4, face, p.color("hoof"))
    s.legs((-28, 6), 72, 4.5, face, p.color("hoof") if p.maybe(0.3) else face)
    s.shape(scalloped(-44, 50, 8, 8, 5), wool)
    s.shape(scalloped(-8, 56, 37, 28, lobes), wool)
    for k in range(int(p.rng.integers(0, 5))):
        s.line(arc(-30 + 11 * k, 52 + 9 * (k % 2), 5, 4, 0, 200))
    for side in (-1, 1):
        s.oval(x + side * 15, y - 3, 8, 4, face, side * 20)
    s.shape([(x - 11, y - 14), (x, y - 18), (x + 11, y - 14), (x + 11, y + 4), (x + 6, y + 18),
             (x - 6, y + 18), (x - 11, y + 4)], face)  # fmt: skip
    s.shape(scalloped(x, y - 16, 12, 8, 6), wool)
    s.eyes(x, y - 1, 5, p.between(2.5, 3.8))
    s.line([(x - 3, y + 9), (x, y + 11), (x + 3, y + 9)])
    s.line([(x, y + 11), (x, y + 14)])
    if p.maybe(0.3):
        s.oval(x, y + 23, 4.5, 4.5, p.color("sun"))


def elephant(p: Page, box: Box) -> None:
    s, hide = Side(p, box, 1.2), p.color("elephant")
    inner = p.color("pink") if p.maybe(0.5) else p.shade(hide, 0.85)
    nail, rise = "#ffffff" if p.maybe(0.4) else hide, p.between(-16, 14)
    s.line([(-44, 42), (-53, 54), (-52, 64)])
    s.legs((-18, 12), 64, 9, hide, hide)
    s.shape([(-34, 30), (-8, 22), (20, 28), (24, 62), (10, 78), (-20, 78), (-40, 80), (-48, 52)],
            hide)  # fmt: skip
    for x in (-34, 0):
        s.shape([(x - 10, 66), (x + 10, 66), (x + 11, 100), (x - 11, 100)], hide, False)
        for k in (-6, 0, 6):
            s.shape(arc(x + k, 100, 3, 4, 180, 360), nail)
    if p.maybe(0.5):
        s.shape([(-34, 27), (-18, 20), (2, 19), (2, 52), (-30, 54)], p.color("ribbon"), False)
    s.shape([(8, 26), (20, 10), (36, 14), (44, 30), (46, 50), (48, 66 + rise * 0.5),
             (56, 70 + rise), (58, 78 + rise), (48, 82 + rise), (38, 74 + rise * 0.6), (33, 58),
             (18, 56)], hide)  # fmt: skip
    for y in (44, 50, 56) if p.maybe(0.6) else ():
        s.line([(38, y), (42, y + 1.5), (46, y)])
    if p.maybe(0.7):
        s.shape([(34, 49), (36, 57), (48, 60), (58, 53), (48, 54), (41, 49)], p.color("horn"))
    s.eye(33, 28, p.between(3, 4.2))
    for size, fill in ((1.0, hide), (0.7, inner)):
        s.shape([(12 + u * size, 36 + v * size) for u, v in ((6, -18), (10, 0), (4, 18), (-8, 20),
                 (-18, 6), (-18, -12), (-8, -22))], fill)  # fmt: skip
    s.hat(24, 12, 8)


def giraffe(p: Page, box: Box) -> None:
    s, hide, spot = Side(p, box, 0.7), p.color("giraffe"), p.color("spots")
    muzzle, hoof = p.color("belly") if p.maybe(0.5) else hide, p.color("hoof")
    s.line([(-28, 58), (-33, 66), (-32, 74)])
    s.oval(-32, 76, 2, 4, spot)
    s.legs((-14, 8), 70, 3.2, hide, hoof)
    s.legs((-22, 1), 70, 3.5, hide, hoof)
    for u in (10, 15):
        s.shape([(u - 1.2, 10), (u - 1.2, 3), (u + 1.2, 3), (u + 1.2, 10)], hide, False)
        s.oval(u, 3, 2.3, 2.3, spot)
    s.shape([(5, 10), (-3, 28), (-10, 54), (-4, 56), (8, 30), (10, 12)], spot)
    s.shape([(9, 12), (2, 6), (-2, 10), (4, 15)], hide)
    s.shape([(8, 10), (14, 7), (22, 12), (31, 19), (31, 26), (23, 27), (15, 24), (13, 40), (14, 60),
             (8, 74), (-10, 75), (-26, 76), (-29, 62), (-20, 55), (-8, 54), (-1, 38), (4, 20)],
            hide)  # fmt: skip
    s.shape([(25, 15), (32, 20), (31, 27), (24, 27), (22, 20)], muzzle)
    s.dot(29, 20, 0.7)
    s.line([(31, 23.5), (28, 25), (25, 24)])
    s.eye(15, 14, p.between(2, 2.8))
    for x, y, r in ((7, 28, 2.6), (5, 38, 3), (10, 46, 2.6), (3, 50, 3.2), (-4, 61, 4),
                    (7, 60, 3.6), (-14, 68, 3.6), (-16, 59, 2.6), (2, 69, 2.8),
                    (-23, 66, 2.8)):  # fmt: skip
        points = ellipse_at(x, y, r, r * p.between(0.8, 1.1), p.between(0, 60))
        s.shape(points[:: int(p.rng.choice([1, 2]))], spot, False)


def fox(p: Page, box: Box) -> None:
    s, fur, pale = Side(p, box, 1.25), p.color("fox"), p.color("belly")
    sock = p.color("hoof") if p.maybe(0.6) else fur
    inner, x, y = (pale if p.maybe(0.5) else sock), 28, p.between(34, 40)
    s.shape([(-30, 68), (-42, 72), (-54, 58), (-57, 38), (-50, 22), (-42, 34), (-40, 50),
             (-28, 56)], fur)  # fmt: skip
    s.shape([(-57, 38), (-50, 22), (-42, 34), (-46, 36), (-49, 42), (-53, 37)], pale, False)
    for feet in ((-20, 18), (-30, 7)):
        s.legs(feet, 66, 5, fur, sock)
    s.shape([(-36, 60), (-24, 50), (0, 52), (20, 48), (30, 60), (24, 76), (4, 78), (-24, 78)], fur)
    if p.maybe(0.6):
        s.shape([(22, 52), (32, 58), (28, 74), (20, 78), (16, 64)], pale)
    for side in (-1, 1):
        for k, fill in ((1.0, fur), (0.55, inner)):
            s.shape([(x + side * (14 - 8 * k), y - 14), (x + side * 18, y - 17 - 17 * k),
                     (x + side * (15 + 7 * k), y - 9)], fill, False)  # fmt: skip
    s.shape([(x, y - 17), (x + 17, y - 13), (x + 27, y + 6), (x + 13, y + 14), (x, y + 22),
             (x - 13, y + 14), (x - 27, y + 6), (x - 17, y - 13)], fur)  # fmt: skip
    for side in (-1, 1):
        s.shape([(x + side * 26, y + 6), (x + side * 13, y + 13.5), (x, y + 21), (x, y + 10),
                 (x + side * 8, y + 2)], pale, False)  # fmt: skip
    s.eyes(x, y - 2, 9, p.between(3, 4.5))
    s.oval(x, y + 18, 4, 3, "#222222")
    s.hat(x, y - 16, 6)


def dragon(p: Page, box: Box) -> None:
    """Or a dinosaur, that stands upright."""
    s, hide, back, belly = Side(p, box, 1.0), p.color("dragon"), p.color("scales"), p.color("belly")
    spiked(s, back, belly)
    s.shape([(12, 70), (28, 70), (30, 92), (36, 100), (14, 100)], hide)
    s.shape([(2, 8), (16, 5), (24, 15), (38, 18), (44, 27), (38, 37), (22, 39), (20, 46), (27, 64),
             (24, 86), (8, 96), (-14, 94), (-34, 93), (-50, 80), (-53, 68), (-40, 78), (-24, 74),
             (-14, 58), (-7, 42), (-5, 22)], hide)  # fmt: skip
    s.shape([(14, 41), (20, 46), (27, 64), (24, 86), (14, 94), (9, 80), (8, 60)], belly)
    for y in (54, 64, 74, 84) if p.maybe(0.6) else ():
        s.line([(8 + (y - 50) * 0.03, y), (17, y + 2), (26, y)])
    for k in (0, 1):
        s.shape([(12 - 14 * k, 54 + 2 * k), (18 - 14 * k, 52), (30 - 14 * k, 60), (30 - 14 * k, 66),
                 (14 - 14 * k, 64)], hide)  # fmt: skip
    s.shape([(-14, 74), (0, 68), (12, 78), (10, 92), (20, 96), (20, 100), (-8, 100), (-14, 90)],
            hide)  # fmt: skip
    for x in (10, 16) if p.maybe(0.6) else ():
        s.line([(x, 96), (x + 1, 100)])
    for x, y in ((-2, 46), (-22, 84), (4, 30)) if p.maybe(0.3) else ():
        s.oval(x, y, 3, 3, back)
    s.dot(39, 23, 1.2)
    s.line([(42, 30), (32, 32), (24, 30)])
    s.eye(15, 16, p.between(4, 5.5))


def spiked(s: Side, back: str, belly: str) -> None:
    """Wings, spikes and horns behind a dragon, not all on each."""
    if s.p.maybe(0.5):
        s.shape([(-8, 48), (-16, 22), (-34, 12), (-50, 24), (-40, 30), (-38, 40), (-26, 40), (-22,
                 52)], back if s.p.maybe(0.6) else belly, False)  # fmt: skip
        s.line([(-34, 12), (-27, 25), (-26, 40)])
    for x, y, u, v in ((-2, 14, -9, 7), (-5, 25, -15, 21), (-7, 38, -18, 36), (-13, 51, -24, 49),
                       (-20, 64, -31, 61), (-29, 76, -38, 70)):  # fmt: skip
        s.shape([(x + 3, y - 7), (u, v), (x, y + 7), (x + 8, y + 3)], back, False)
    for y in (3, 0) if s.p.maybe(0.4) else ():
        s.shape([(2 + y, 9), (-2 + y * 2, -2 - y), (9 + y, 8)], belly, False)
