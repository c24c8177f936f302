"""People from the side: heads in profile, who walks, who sits.

Skin is one shape from forehead to neck; hair lies over it, clothes over both."""

from __future__ import annotations

import math

from colorlab.data.everyday.beasts import Side
from colorlab.data.everyday.openwork import band, complexion
from colorlab.data.everyday.page import Box, Page, Point, arc

FACE: list[Point] = [
    (-2, 9), (12, 11), (22, 18), (26.5, 28), (26, 37), (30, 44), (35.5, 50), (34, 54), (28.5, 55.5),
    (31, 59.5), (32, 61.5), (29, 64), (31, 67), (29.5, 70.5), (27, 73), (29, 78), (26, 83),
    (18, 86), (8, 82), (5, 88), (7, 98), (-20, 98), (-19, 82), (-26, 66), (-33, 46), (-31, 26),
    (-18, 12),
]  # fmt: skip
BACK: list[Point] = [(22, 12), (14, 4), (-4, -1), (-24, 4), (-36, 20), (-38, 42), (-34, 60)]
LINE: list[Point] = [(-8, 60), (-10, 48), (-4, 44), (3, 52), (5, 42), (8, 30), (14, 22)]  # of hair


def towards(p: Page, box: Box, wide: float, way: float) -> Side:
    """A box whose right side is where somebody looks, -1 or 1; nothing in it is stretched."""
    side = Side(p, box, wide)
    side.way, side.bend, side.tall = side.unit * way * p.between(0.9, 1.0), 1.0, side.unit
    return side


def either(p: Page) -> float:
    return float(p.rng.choice([-1, 1]))


def profile(p: Page, box: Box) -> None:
    """A head, neck and shoulders."""
    s, skin, hair = towards(p, box, 0.95, either(p)), complexion(p), p.color("locks")
    bust: list[Point] = [(8, 90), (20, 94), (30, 101), (-46, 101), (-38, 92), (-20, 86), (-6, 92)]
    side_head(p, s, skin, hair, True, bust)


def side_head(
    p: Page, s: Side, skin: str, hair: str, fine: bool, bust: list[Point] | None = None
) -> None:
    """On 100 units high, neck at the low edge; fine: large enough for lips and an iris."""
    kind = str(p.rng.choice(["short", "short", "bob", "long", "tail", "bun", "curls", "bald"]))
    if kind == "tail":
        s.shape([(-28, 20), (-44, 16), (-56, 34), (-56, 66), (-46, 84), (-46, 52), (-34, 36)], hair)
    if kind == "bun":
        s.oval(-38, 14, 13, 12, hair)
    if kind == "long":
        s.shape([(-6, 6), (-30, 14), (-42, 40), (-42, 84), (-30, 96), (-12, 90), (-8, 60)], hair)
    s.shape(nosed(p), skin)
    if bust is not None:
        dressed(p, s, bust)
    if kind == "long" and p.maybe(0.5):
        s.shape([(4, 4), (-24, 8), (-40, 40), (-44, 80), (-30, 100), (-8, 96), (-2, 70), (2, 40)],
                hair)  # fmt: skip
    if kind != "curls":
        beard(p, s, hair)
    coiffure(p, s, hair, kind)
    if kind not in ("bob", "long") or p.maybe(0.3):
        s.oval(-4, 50, 5.5, 8, skin, -10)
        if fine and p.maybe(0.7):
            s.line([(-6, 47), (-3, 45), (-1, 49), (-4, 53)])
    glance(p, s, hair, fine)
    if p.maybe(0.12) and kind != "curls":
        hat(p, s)


def hat(p: Page, s: Side) -> None:
    """A cap, or one with a brim all around."""
    cloth, cap = p.color("cloth"), p.maybe(0.6)
    s.shape([(28, 24), (22, 8), (2, -4), (-22, 0), (-38, 16), (-40, 32), (-8, 27)], cloth, cap)
    brim: list[Point] = [(-54, 28), (44, 20), (44, 27), (-54, 35)]
    if cap:
        brim = [(2, 24), (28, 20), (48, 27), (26, 30)]
    s.shape(brim, cloth if p.maybe(0.6) else p.color("ribbon"), cap)


def nosed(p: Page) -> list[Point]:
    """The face, with a nose and a chin of some length."""
    nose, chin, brow = p.between(-3, 4), p.between(-2, 3), p.between(-1.5, 1.5)
    add = {3: brow, 5: nose * 0.5, 6: nose, 7: nose * 0.8, 15: chin, 16: chin}
    return [(u + add.get(k, 0.0), v) for k, (u, v) in enumerate(FACE)]


def dressed(p: Page, s: Side, bust: list[Point]) -> None:
    """Shoulders, with a collar or a scarf."""
    cloth = p.color("cloth")
    s.shape(bust, cloth, False)
    kind = p.rng.choice(["plain", "collar", "collar", "scarf"])
    if kind == "collar":
        s.shape([(-21, 82), (-6, 90), (9, 86), (12, 94), (-4, 99), (-24, 91)], p.color("cloth"),
                False)  # fmt: skip
    if kind == "scarf":
        s.shape([(-24, 82), (-4, 88), (12, 86), (13, 96), (-6, 100), (-27, 93)], p.color("ribbon"))


def beard(p: Page, s: Side, hair: str) -> None:
    kind = p.rng.choice(["none"] * 8 + ["full", "moustache"])
    if kind == "full":
        s.shape([(-4, 56), (4, 62), (16, 66), (21, 72), (28, 71), (32, 79), (28, 90), (16, 94),
                 (4, 86), (-6, 70)], hair)  # fmt: skip
    if kind == "moustache":
        s.shape([(31, 56), (34, 60), (26, 63), (17, 66), (20, 60)], hair)


def coiffure(p: Page, s: Side, hair: str, kind: str) -> None:
    """Hair that lies over the skin."""
    drop = p.between(-3, 4)
    front = [(u, v + drop * (k > 3)) for k, (u, v) in enumerate(LINE)]
    if kind == "bald":
        if p.maybe(0.7):
            s.shape([(-37, 34), (-36, 56), (-24, 72), (-12, 62), (-10, 46), (-2, 36), (-18, 38)],
                    hair)  # fmt: skip
        return
    if kind == "curls":
        bumps = [(-4, -3), (-20, -1), (-32, 8), (-38, 20), (-41, 34), (-38, 48), (-33, 60)]
        for u, v in ((10, 2), (17, 12), *bumps):
            s.oval(u, v + 4, 10, 10, hair)
    if kind in ("bob", "long"):
        end = p.between(70, 84) if kind == "bob" else 78
        s.shape([*BACK, (-39, end), (-20, end + 3), (-2, end - 2), (0, 56), (6, 40), (10, 28),
                 (20, 22)], hair, p.maybe(0.7))  # fmt: skip
    else:
        nape = [(-27, 70), (-18, 72)]
        s.shape([*BACK, *nape, *front], hair, p.maybe(0.75))
    if p.maybe(0.35):  # a fringe
        s.shape([(2, 8), (16, 4), (26, 14), (29, 27), (23, 30), (18, 24), (14, 29), (9, 22), (4,
                 22)], hair)  # fmt: skip
    for k in (0, 1) if p.maybe(0.4) else ():
        s.line([(12 - 8 * k, 6), (-8 - 6 * k, 14 + 6 * k), (-22 - 2 * k, 34 + 8 * k)])


def glance(p: Page, s: Side, hair: str, fine: bool) -> None:
    """The eye, the brow, the lips, the nostril, glasses."""
    if not fine:
        s.dot(18, 41, 3)
        s.line([(21, 66), (28, 64.5)])
        return
    if p.maybe(0.7):
        s.shape([(11, 42), (16, 37), (22, 36), (23, 41), (21.5, 46), (15, 45.5)], "#ffffff")
        s.oval(20.2, 41.2, 2.4, 4, p.color("eyes"))
        s.dot(20.8, 41.2, 1.3)
        s.line([(9, 42), (15, 36.5), (24, 35)])
    else:
        s.dot(19, 41, 2.4)
    if p.maybe(0.5):
        s.shape([(10, 32), (16, 28), (24, 29.5), (24, 32), (17, 31.5), (11, 34.5)], hair, False)
    else:
        s.line([(10, 32), (17, 29), (25, 30)])
    s.line([(28, 54.5), (26, 52), (28, 50)])
    if p.maybe(0.75):
        s.shape([(30, 59), (33, 61), (31.5, 64), (32.5, 66.5), (30, 69.5), (26, 68), (20, 65),
                 (25, 61.5)], p.color("lips"))  # fmt: skip
    s.line([(19, 65), (25, 64), (31, 64)])
    if p.maybe(0.2):
        s.p.line(s.at(arc(20, 41, 7.5, 8)), True, wide=1.6)
        s.line([(12.5, 40), (4, 41), (-4, 43)])


def limb(p: Page, s: Side, points: list[Point], wide: float, fill: str) -> None:
    band(p, s.at(points), wide * s.unit, fill, False)


def small_head(p: Page, s: Side, x: float, low: float, high: float, skin: str) -> None:
    """Of somebody whole: its neck ends at low."""
    (left, top), (right, end) = s.at([(x - high / 2, low - high), (x + high / 2, low)])
    inner = towards(
        p, (min(left, right), top, max(left, right), end), 0.95, math.copysign(1, s.way)
    )
    side_head(p, inner, skin, p.color("locks"), False)


def shoe(s: Side, x: float, y: float, size: float, fill: str) -> None:
    s.shape([(x - size * 0.45, y - size * 0.5), (x + size * 0.35, y - size * 0.5), (x + size * 1.2,
             y - size * 0.12), (x + size * 1.2, y), (x - size * 0.45, y)], fill, False)  # fmt: skip


def walker(p: Page, box: Box) -> None:
    """Somebody who goes somewhere."""
    s, skin, cloth = towards(p, box, 0.6, either(p)), complexion(p), p.color("cloth")
    skirt, shoes, step = p.maybe(0.3), p.color("shoe"), p.between(9, 15)
    leg, sleeve = skin if skirt else p.color("trousers"), cloth if p.maybe(0.7) else skin
    swing, thick = p.between(8, 15), p.between(7.5, 9)
    s.oval(-swing * 1.05, 55, 3, 3, skin)
    limb(p, s, [(-1, 31), (-swing * 0.7, 43), (-swing, 55)], 5.5, sleeve)
    for way, bend in ((-1, 3), (1, 2)):
        foot = (way * step, 97.0 - (2 if way < 0 else 0))
        limb(p, s, [(0, 56), (way * step * 0.5 + bend, 76), foot], thick, leg)
        shoe(s, foot[0], foot[1] + 3, 6.5, shoes)
    small_head(p, s, 1, 31, 30, skin)
    s.shape([(-7, 28), (-2, 26.5), (4, 27), (8, 36), (7, 50), (8, 61), (-8, 61), (-8, 48),
             (-9, 36)], cloth)  # fmt: skip
    if skirt:
        s.shape([(-8, 54), (8, 54), (14, 74), (-14, 74)], cloth if p.maybe(0.5) else
                p.color("cloth"), False)  # fmt: skip
    if p.maybe(0.25):
        s.shape([(-7, 32), (-16, 33), (-19, 50), (-8, 54)], p.color("paint"))  # a rucksack
    s.oval(swing * 1.05, 53, 3, 3, skin)
    limb(p, s, [(0, 32), (swing * 0.3, 45), (swing, 53)], 5.5, sleeve)
    if p.maybe(0.3):  # a bag, paper in its handle
        x, y, bag = swing * 1.05, 55.0, p.color("paint")
        band(p, s.at([(x - 5, y + 9), (x - 3, y + 1), (x + 3, y + 1), (x + 5, y + 9)]), 2.4 *
             s.unit, bag)  # fmt: skip
        s.shape([(x - 7, y + 8), (x + 7, y + 8), (x + 8, y + 20), (x - 8, y + 20)], bag, False)


def sitter(p: Page, box: Box) -> None:
    """Somebody on a chair; paper between its legs."""
    s, skin, cloth = towards(p, box, 0.75, either(p)), complexion(p), p.color("cloth")
    wood, leg, shoes = p.color("wood"), p.color("trousers"), p.color("shoe")
    sleeve, thick, foot = cloth if p.maybe(0.7) else skin, p.between(8.5, 10), p.between(14, 22)
    for x in (-25, 3):
        s.shape([(x - 2, 68), (x + 2, 68), (x + 2, 100), (x - 2, 100)], wood, False)
    s.shape([(-27, 34), (-23, 34), (-22, 72), (-27, 72)], wood, False)
    if p.maybe(0.5):
        s.shape([(-25, 84), (3, 84), (3, 88), (-25, 88)], wood, False)
    s.shape([(-27, 67), (7, 67), (7, 73), (-27, 73)], wood, False)
    if p.maybe(0.5):
        s.line([(-34, 100), (34, 100)])
    limb(p, s, [(-12, 63), (17, 63), (foot, 96)], thick, leg)
    shoe(s, foot, 100, 7, shoes)
    small_head(p, s, -9, 35, 33, skin)
    s.shape([(-17, 32), (-12, 30), (-6, 31), (-2, 40), (-3, 54), (-3, 66), (-20, 66), (-19, 44)],
            cloth)  # fmt: skip
    hand = (p.between(12, 17), p.between(47, 57))
    s.oval(hand[0] + 2, hand[1], 3, 3, skin)
    limb(p, s, [(-10, 37), (-3, 53), hand], 6, sleeve)
    if p.maybe(0.35):
        u, v = hand[0] + 3, hand[1] - 2
        s.shape([(u - 4, v - 6), (u + 5, v - 6), (u + 4, v + 4), (u - 3, v + 4)], p.color("paint"),
                False)  # fmt: skip
