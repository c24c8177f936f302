"""Faces, large: from three quarters, or from the front; lips, teeth and tongue, iris and white."""

from __future__ import annotations

from colorlab.data.everyday.beasts import Side
from colorlab.data.everyday.openwork import complexion
from colorlab.data.everyday.page import Box, Page, Point, arc
from colorlab.data.everyday.profiles import either, towards


def three_quarter(p: Page, box: Box) -> None:
    """A face that is turned a little."""
    s, skin, hair = towards(p, box, 0.85, either(p)), complexion(p), p.color("locks")
    long, low = p.maybe(0.5), p.between(74, 96)
    back = [(2, -1), (-20, 2), (-36, 20), (-38, 44)]
    inner = [(6, 8), (-16, 10), (-30, 24), (-36, 44)]
    ends = (
        [(-40, low), (-14, low + 3), (18, low - 4), (22, 40)]
        if long
        else [(-32, 64), (-10, 66), (10, 50)]
    )
    s.shape([*inner, *ends], hair)
    s.shape([(-18, 60), (8, 76), (9, 98), (-18, 98)], skin, False)
    s.shape([(9, 88), (26, 92), (36, 101), (-42, 101), (-36, 92), (-19, 86), (-4, 95)],
            p.color("cloth"), False)  # fmt: skip
    if not long or p.maybe(0.5):
        s.oval(-27, 50, 5, 8, skin)
    s.shape([(-2, 8), (14, 10), (25, 22), (28, 34), (26.5, 41), (29, 51), (26, 65), (18, 79),
             (10, 83), (-4, 79), (-18, 67), (-26, 50), (-28, 32), (-18, 14)], skin)  # fmt: skip
    sweep = p.between(-6, 6)
    s.shape([(24, 6), *back[:3], (-34, 52), (-25, 46), (-20, 34), (-8 + sweep, 24),
             (10 + sweep, 17), (24, 22), (29, 34), (31, 18)], hair, p.maybe(0.7))  # fmt: skip
    iris, r = p.color("eyes"), p.between(4.2, 5.4)
    for x, wide in ((-1, 1.35), (19, 0.95)):
        s.oval(x, 45, r * wide, r * 0.95, "#ffffff")
        s.oval(x + 1.5, 45, r * 0.62 * min(1, wide), r * 0.8, iris)
        s.dot(x + 1.7, 45, r * 0.3)
        s.line([(x - r * wide, 42.5), (x, 39.5), (x + r * wide, 42)])
        s.line([(x - r * wide, 35), (x + 1, 32), (x + r * wide, 34)])
    s.line([(14, 45), (19, 57), (17, 60), (11, 59)])
    mouth(p, s, 10.5, 69, p.between(7, 9.5))
    glasses(p, s, ((-1, 45, 9.5), (19.5, 45, 7.5)))


def mouth(p: Page, s: Side, x: float, y: float, r: float) -> None:
    """Lips of one color, closed, or open with teeth and a tongue, or a line."""
    lips, kind = p.color("lips"), p.rng.choice(["closed", "closed", "open", "grin", "line"])
    bow = [(-1, -0.02), (-0.4, -0.38), (-0.12, -0.42), (0, -0.34), (0.12, -0.42), (0.4, -0.38),
           (1, -0.02)]  # fmt: skip
    open_ = p.between(0.5, 0.85) if kind == "open" else 0.45

    def around(points: list[Point], size: float = 1.0) -> list[Point]:
        return [(x + u * r * size, y + v * r * size) for u, v in points]

    if kind == "line":
        s.line(around([(-1, -0.1), (0, 0.22), (1, -0.1)]))
        return
    under = [(0.5, 0.25 + open_), (0, 0.4 + open_), (-0.5, 0.25 + open_)]
    if kind == "closed":
        s.shape(around([*bow, (0.5, 0.4), (0, 0.5), (-0.5, 0.4)]), lips)
        s.line(around([(-1, 0), (-0.3, 0.04), (0, 0.1), (0.3, 0.04), (1, 0)]))
        return
    s.shape(around([*bow, *under]), lips)
    hole = [(-0.8, 0.02), (0, 0.0), (0.8, 0.02), (0.42, 0.05 + open_), (0, 0.14 + open_),
            (-0.42, 0.05 + open_)]  # fmt: skip
    if kind == "grin":
        s.shape(around(hole), "#ffffff")
        return
    s.shape(around(hole), p.color("throat"))
    s.shape(around([(-0.66, 0.04), (0, 0.01), (0.66, 0.04), (0.55, 0.24), (0, 0.28),
                    (-0.55, 0.24)]), "#ffffff", False)  # fmt: skip
    if p.maybe(0.7):
        s.shape(around([(-0.36, 0.08 + open_), (-0.22, open_ - 0.12), (0.22, open_ - 0.12),
                        (0.36, 0.08 + open_), (0, 0.13 + open_)]), p.color("tongue"))  # fmt: skip


def glasses(p: Page, s: Side, lenses: tuple[tuple[float, float, float], ...]) -> None:
    if p.maybe(0.8):
        return
    for x, y, r in lenses:
        s.p.line(s.at(arc(x, y, r, r * 0.9)), True, wide=2)
    (x, y, r), (u, _, t) = lenses
    s.line([(x + r, y), (u - t, y)])


def big_face(p: Page, box: Box) -> None:
    """One that fills the box: hair behind, neck, collar, face, fringe."""
    s, skin, hair = towards(p, box, 0.9, either(p)), complexion(p), p.color("locks")
    a, chin, style = p.between(29, 34), p.between(84, 91), p.rng.choice(["short", "bob", "long"])
    low = {"short": 58, "bob": p.between(70, 88), "long": 94}[str(style)]
    top, wide = p.between(0, 4), a + p.between(3, 9)
    s.shape([(0, top + 8), (a * 0.6, top + 14), (wide - 2, 32), (wide, low), (-wide, low),
             (2 - wide, 32), (-a * 0.6, top + 14)], hair, p.maybe(0.6))  # fmt: skip
    s.shape([(-a * 0.42, 74), (a * 0.42, 74), (a * 0.46, 98), (-a * 0.46, 98)], skin, False)
    s.shape([(-44, 101), (-38, 94), (-a * 0.5, 90), (0, p.between(96, 99)), (a * 0.5, 90), (38, 94),
             (44, 101)], p.color("cloth"), False)  # fmt: skip
    for side in (-1, 1) if style == "short" or p.maybe(0.4) else ():
        s.oval(side * a * 1.03, 50, a * 0.14, 8, skin)
    jaw = a * p.between(0.6, 0.78)
    s.shape([(0, 9), (a * 0.65, 14), (a * 0.98, 32), (a, 52), (jaw, chin - 10), (0, chin),
             (-jaw, chin - 10), (-a, 52), (-a * 0.98, 32), (-a * 0.65, 14)], skin)  # fmt: skip
    over(p, s, a, top, wide, hair)
    gaze(p, s, a, hair)
    nose = p.between(60, 63)
    if p.maybe(0.5):
        s.line([(-4, nose - 1), (-2, nose + 1.5), (0, nose + 0.5), (2, nose + 1.5), (4, nose - 1)])
    else:
        s.line([(1, 48), (5, nose), (-2, nose + 1)])
    mouth(p, s, 0, p.between(70, 72.5), a * p.between(0.34, 0.5))
    for side in (-1, 1) if p.maybe(0.15) else ():
        s.oval(side * a * 0.62, 62, 5, 3.4, p.color("pink"))
    glasses(p, s, ((-a * 0.43, 46, a * 0.32), (a * 0.43, 46, a * 0.32)))


def over(p: Page, s: Side, a: float, top: float, wide: float, hair: str) -> None:
    """Hair before the face: a parting, a fringe, or pulled back."""
    kind, part = p.rng.choice(["parted", "fringe", "back", "side"]), a * p.between(-0.4, 0.4)
    crown = [(-wide * 0.97, 46), (-wide, 28), (-a * 0.7, top + 5), (0, top - 1), (a * 0.7, top + 5),
             (wide, 28), (wide * 0.97, 46)]  # fmt: skip
    front: dict[str, list[Point]] = {
        "parted": [(a * 0.9, 42), (a * 0.6, 27), (part, 14), (-a * 0.6, 27), (-a * 0.9, 42)],
        "fringe": [(a * 0.9, 44), (a * 0.75, 30), (0, p.between(26, 31)), (-a * 0.75, 30),
                   (-a * 0.9, 44)],
        "back": [(a * 0.95, 36), (a * 0.7, 20), (0, 15), (-a * 0.7, 20), (-a * 0.95, 36)],
        "side": [(a * 0.93, 40), (a * 0.8, 24), (a * 0.4, 15), (-a * 0.3, 30), (-a * 0.9, 38)],
    }  # fmt: skip
    s.shape([*crown, *front[str(kind)]], hair, p.maybe(0.6))
    for k in (-0.4, 0.1, 0.5) if p.maybe(0.4) else ():
        s.line([(a * k, top + 2), (a * k * 1.3, 12)])


def gaze(p: Page, s: Side, a: float, hair: str) -> None:
    """Two eyes with brows, lids and lashes."""
    iris, r, look = p.color("eyes"), a * p.between(0.19, 0.25), p.between(-0.25, 0.25)
    tall, brow, almond = p.between(0.6, 0.95), p.maybe(0.6), p.maybe(0.5)
    lift = p.between(-2, 3)
    for side in (-1, 1):
        x, y = side * a * 0.43, 46.0
        lid = [(x - r, y + r * 0.1), (x - r * 0.4, y - r * tall * 0.8), (x + r * 0.4, y - r * tall *
               0.8), (x + r, y + r * 0.1)]  # fmt: skip
        if almond:
            s.shape([*lid, (x + r * 0.4, y + r * 0.62), (x - r * 0.4, y + r * 0.62)], "#ffffff")
        else:
            s.oval(x, y, r, r * tall, "#ffffff")
        s.oval(x + look * r, y, r * 0.5, r * min(0.6, tall * 0.85), iris)
        s.dot(x + look * r, y, r * 0.25)
        s.p.line(s.at(lid), True, wide=2)
        out, high = side * r * 1.1, y - r - 4
        if brow:
            s.shape([(x - out, high), (x + out * 0.3, high - 3 - lift * 0.3), (x + out * 1.15,
                     high + 1), (x + out * 0.3, high + 0.6), (x - out, high + 3)],
                    hair)  # fmt: skip
        else:
            s.line([(x - out, high + 1), (x, high - 1.5), (x + out, high + 1 - lift)])
