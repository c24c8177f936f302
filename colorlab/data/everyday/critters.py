"""Birds and small beasts, and a whale, as coloring books draw them; each fills a box."""

from __future__ import annotations

from colorlab.data.everyday.beasts import Side
from colorlab.data.everyday.page import Box, Page, arc


def owl(p: Page, box: Box) -> None:
    s, feather, pale = Side(p, box, 0.75), p.color("owl"), p.color("belly")
    beak, wing = p.color("beak"), p.shade(feather, 0.85) if p.maybe(0.5) else feather
    r, deep = p.between(11, 13.5), p.between(0.85, 1.0)
    for side in (-1, 1):
        s.shape([(side * 12, 14), (side * 30, -1), (side * 32, 28)], feather, False)
        for k in (6, 12, 18):
            s.oval(side * k, 96, 3.4, 4.5, beak)
    s.shape([(0, 9), (24, 11), (34, 34), (35, 64), (26, 88), (0, 96), (-26, 88), (-35, 64),
             (-34, 34), (-24, 11)], feather)  # fmt: skip
    s.oval(0, 70, 22, 24 * deep, pale)
    for y in range(3) if p.maybe(0.65) else ():
        for x in range(-1, 2 - y % 2):
            s.line(arc(x * 11 + 5.5 * (y % 2), 64 + 8 * y, 4, 4, 0, 180))
    for side in (-1, 1):
        s.shape([(side * 30, 40), (side * 37, 54), (side * 36, 74), (side * 27, 88),
                 (side * 23, 66)], wing)  # fmt: skip
        s.oval(side * 13, 31, r * 1.25, r * 1.35, pale)
    s.eyes(0, 31, 13, r * p.between(0.6, 0.85))
    s.shape([(-5, 38), (5, 38), (0, 51)], beak, False)
    s.hat(0, 10, 9)


def penguin(p: Page, box: Box) -> None:
    s, coat, beak = Side(p, box, 0.75), p.color("penguin"), p.color("beak")
    lift = p.between(-8, 14)
    for side in (-1, 1):
        s.oval(side * 14, 96, 12, 5, beak)
        s.shape([(side * 22, 44), (side * 34, 56 - lift * 0.5), (side * 40, 72 - lift), (side * 34,
                 76 - lift), (side * 24, 66)], coat)  # fmt: skip
    s.shape([(0, 3), (21, 10), (25, 30), (29, 56), (27, 84), (12, 95), (-12, 95), (-27, 84),
             (-29, 56), (-25, 30), (-21, 10)], coat)  # fmt: skip
    s.shape([(0, 22), (12, 16), (19, 30), (16, 42), (22, 62), (18, 84), (0, 92), (-18, 84),
             (-22, 62), (-16, 42), (-19, 30), (-12, 16)], "#ffffff")  # fmt: skip
    if p.maybe(0.35):
        scarf = p.color("ribbon")
        s.shape([(8, 48), (18, 50), (20, 70), (10, 70)], scarf, False)
        s.shape([(-25, 42), (0, 47), (25, 42), (26, 50), (0, 55), (-26, 50)], scarf)
    s.eyes(0, 26, 9, p.between(3.5, 5))
    s.shape([(-7, 34), (0, 31), (7, 34), (0, 41)], beak)
    pink = p.color("pink")
    for side in (-1, 1) if p.maybe(0.3) else ():
        s.oval(side * 15, 35, 3, 2, pink)
    s.hat(0, 4, 9)


def duck(p: Page, box: Box) -> None:
    s, feather, beak = Side(p, box, 1.1), p.color("duck"), p.color("beak")
    wing = p.shade(feather, 0.9) if p.maybe(0.4) else feather
    for x in (-8, 8):
        s.shape([(x - 2, 86), (x + 2, 86), (x + 3, 94), (x + 12, 100), (x - 6, 100)], beak, False)
    s.shape([(34, 26), (46, 29), (54, 26), (55, 36), (44, 42), (34, 40)], beak)
    s.line([(53, 33), (44, 35), (38, 33)])
    s.shape([(18, 4), (34, 10), (39, 26), (32, 42), (34, 60), (26, 82), (2, 91), (-26, 86),
             (-42, 68), (-53, 48), (-38, 52), (-18, 58), (2, 52), (4, 40), (-2, 24), (4, 10)],
            feather)  # fmt: skip
    for k in (0, 1) if p.maybe(0.4) else ():
        s.line([(14 + 3 * k, 5), (12 + 6 * k, -1), (8 + 4 * k, -2 - k)])
    s.shape([(14, 62), (-6, 60), (-30, 64), (-24, 74), (-8, 82), (10, 76)], wing)
    for x in (-14, -4) if p.maybe(0.5) else ():
        s.line([(x - 8, 68), (x, 72), (x + 6, 70)])
    if p.maybe(0.25):
        s.shape([(3, 42), (18, 46), (33, 42), (33, 50), (18, 54), (3, 51)], p.color("ribbon"))
    s.eye(25, 21, p.between(3.5, 5))
    s.hat(18, 5, 8)


def turtle(p: Page, box: Box) -> None:
    s, skin, shell = Side(p, box, 1.4), p.color("turtle"), p.color("shell")
    spot, rim = p.color("shell") if p.maybe(0.5) else shell, p.color("belly")
    s.shape([(-46, 76), (-66, 84), (-44, 88)], skin)
    for x in (-32, 20):
        s.shape([(x - 8, 76), (x + 10, 76), (x + 11, 97), (x + 8, 100), (x - 9, 100)], skin)
        for k in (-4, 2) if p.maybe(0.5) else ():
            s.line([(x + k, 95), (x + k, 100)])
    s.shape([(22, 68), (34, 60), (38, 40), (50, 30), (64, 36), (67, 50), (58, 60), (50, 70),
             (40, 86), (24, 88)], skin)  # fmt: skip
    s.shape([(-52, 82), (-46, 52), (-26, 28), (-6, 22), (14, 28), (32, 52), (38, 82)], shell, False)
    if p.maybe(0.5):
        for x, y, r in ((-7, 44, 12), (-30, 58, 8), (16, 58, 8), (-17, 70, 7), (4, 70, 7)):
            s.shape(arc(x, y, r, r * 0.9)[::2], spot, False)
    else:
        for x in (-24, -7, 10):
            s.line([(-7 + (x + 7) * 0.6, 26), (x - 4, 52), (x, 82)])
        s.line([(-46, 54), (-7, 50), (32, 54)])
    s.shape([(-56, 80), (42, 80), (40, 89), (-52, 89)], rim if p.maybe(0.6) else shell, False)
    s.eye(57, 43, p.between(3.5, 5))
    s.line([(66, 52), (58, 55), (52, 53)])
    s.hat(52, 30, 7)


def whale(p: Page, box: Box) -> None:
    s, skin, belly = Side(p, box, 1.45), p.color("whale"), p.color("belly")
    if p.maybe(0.7):
        drop = p.color("water")
        for side in (-1, 1):
            s.shape([(26, 34), (26 + side * 4, 12), (26 + side * 14, 6), (26 + side * 20, 18), (26 +
                     side * 12, 14), (26 + side * 6, 24)], drop)  # fmt: skip
    s.shape([(-46, 58), (-62, 50), (-70, 30), (-56, 32), (-50, 40), (-46, 26), (-34, 22), (-34, 42),
             (-38, 56)], skin)  # fmt: skip
    s.shape([(-48, 46), (-38, 48), (-26, 52), (-8, 40), (20, 32), (48, 38), (66, 58), (66, 78),
             (50, 94), (10, 98), (-24, 90), (-44, 72)], skin)  # fmt: skip
    s.shape([(67, 72), (64, 86), (50, 96), (10, 99.5), (-23, 91), (6, 85), (32, 77)], belly)
    for k in (0, 1) if p.maybe(0.6) else ():
        s.line([(62 - 7 * k, 79 + 6 * k), (38 + 2 * k, 85 + 6 * k), (14 + 8 * k, 91 + 4 * k)])
    s.shape([(8, 72), (22, 74), (14, 90), (-4, 98), (0, 84)], skin)
    s.line([(64, 71), (48, 72), (38, 66)])
    s.eye(40, 58, p.between(3.5, 5.5))


def frog(p: Page, box: Box) -> None:
    s, skin, belly = Side(p, box, 1.1), p.color("frog"), p.color("belly")
    pink = p.color("pink")
    apart, r, blush = p.between(17, 21), p.between(9, 12), p.maybe(0.4)
    for side in (-1, 1):
        s.oval(side * 32, 74, 18, 20, skin, side * 20)
        s.shape([(side * 22, 90), (side * 40, 90), (side * 54, 97), (side * 40, 100), (side * 20,
                 99)], skin)  # fmt: skip
    s.oval(0, 70, 28, 27, skin)
    s.oval(0, 75, 18, 19, belly)
    for side in (-1, 1):
        s.shape([(side * 24, 60), (side * 16, 60), (side * 11, 84), (side * 6, 98),
                 (side * 14, 100), (side * 22, 98), (side * 20, 84)], skin)  # fmt: skip
        s.oval(side * apart, 16, r * 1.3, r * 1.3, skin)
    s.shape([(0, 16), (24, 18), (40, 34), (34, 52), (16, 60), (-16, 60), (-34, 52), (-40, 34),
             (-24, 18)], skin)  # fmt: skip
    s.eyes(0, 16, apart, r)
    s.line([(-30, 38), (-16, 48), (0, 51), (16, 48), (30, 38)])
    for side in (-1, 1):
        s.dot(side * 4, 32, 1)
        if blush:
            s.oval(side * 31, 36, 4, 3, pink)
    s.hat(0, 17, 8)


def mouse(p: Page, box: Box) -> None:
    s, fur, pink = Side(p, box, 1.05), p.color("mouse"), p.color("pink")
    belly, r = p.color("belly") if p.maybe(0.5) else fur, p.between(15, 20)
    s.shape([(14, 92), (34, 94), (46, 84), (44, 68), (50, 62), (52, 86), (38, 100), (16, 99)], pink)
    s.shape([(0, 46), (18, 56), (26, 78), (20, 95), (-20, 95), (-26, 78), (-18, 56)], fur)
    s.oval(0, 78, 15, 16, belly)
    for side in (-1, 1):
        s.oval(side * 14, 96, 10, 4.5, pink)
        s.shape([(side * 16, 60), (side * 22, 66), (side * 8, 76), (side * 4, 72)], fur)
        s.oval(side * 27, 18, r, r, fur)
        s.oval(side * 27, 19, r * 0.65, r * 0.68, pink)
    s.shape([(0, 16), (20, 20), (28, 38), (18, 52), (0, 60), (-18, 52), (-28, 38), (-20, 20)], fur)
    s.eyes(0, 36, 10, p.between(3.5, 5.5))
    s.oval(0, 49, 4.5, 3.5, pink)
    s.line([(-5, 53), (0, 55.5), (5, 53)])
    for side in (-1, 1) if p.maybe(0.7) else ():
        for k in (0, 1):
            s.line([(side * 12, 47 + 4 * k), (side * 32, 43 + 10 * k)])
    s.hat(0, 17, 8)


def monkey(p: Page, box: Box) -> None:
    s, fur, face = Side(p, box, 1.0), p.color("monkey"), p.color("face")
    r, hand = p.between(9, 12), face if p.maybe(0.5) else fur
    s.shape([(12, 88), (32, 90), (42, 74), (36, 58), (42, 46), (50, 52), (44, 60), (50, 76),
             (36, 98), (14, 96)], fur)  # fmt: skip
    s.shape([(0, 48), (16, 54), (23, 76), (18, 94), (-18, 94), (-23, 76), (-16, 54)], fur)
    s.oval(0, 76, 14, 16, face)
    for side in (-1, 1):
        s.oval(side * 20, 94, 10, 6, hand)
        s.shape([(side * 8, 86), (side * 18, 74), (side * 28, 80), (side * 26, 92),
                 (side * 14, 92)], fur)  # fmt: skip
        s.oval(side * 26, 80, 5.5, 5.5, hand)
        s.shape([(side * 14, 56), (side * 22, 58), (side * 32, 72), (side * 28, 79),
                 (side * 20, 74)], fur)  # fmt: skip
        s.oval(side * 31, 31, r, r * 1.1, fur)
        s.oval(side * 31, 31, r * 0.62, r * 0.7, face)
    s.shape([(0, 4), (20, 9), (31, 30), (22, 52), (0, 60), (-22, 52), (-31, 30), (-20, 9)], fur)
    s.shape([(0, 21), (12, 15), (21, 24), (18, 36), (23, 46), (14, 55), (0, 58), (-14, 55),
             (-23, 46), (-18, 36), (-21, 24), (-12, 15)], face)  # fmt: skip
    s.eyes(0, 29, 9, p.between(3.5, 5))
    for side in (-1, 1):
        s.dot(side * 2, 40, 1)
    s.line([(-11, 46), (0, 51), (11, 46)])
    for x in (-3, 2) if p.maybe(0.4) else ():
        s.line([(x, 5), (x + 1, 0)])
    s.hat(0, 5, 9)
