"""What children like to color; each fills a box on a page."""

from __future__ import annotations

import math
from itertools import pairwise

from colorlab.data.everyday.page import Box, Page, Point, arc, on, part, turned
from colorlab.data.everyday.vehicles import panes

ARCH = ["#e23b30", "#f28a26", "#f7d535", "#4fae4a", "#3f9be0", "#4a5cc0", "#8f55b5"]


def even(box: Box, *points: Point) -> list[Point]:
    """A shape with two like halves, by its right one from above."""
    return on(box, *((0.5 + u, v) for u, v in points), *((0.5 - u, v) for u, v in points[::-1]))


def disc(p: Page, box: Box, u: float, v: float, r: float, fill: str, flat: float = 1) -> None:
    """r: share of the box's width."""
    r *= box[2] - box[0]
    p.oval(*on(box, (u, v))[0], r, r * flat, fill)


def ring(x: float, y: float, a: float, b: float, wide: float, turn: float) -> list[Point]:
    way = [(t, math.radians(turn + 15 * k)) for t in (0, wide) for k in range(13)]
    way[13:] = way[:12:-1]
    return [(x + (a - t) * math.cos(c), y + (b - t) * math.sin(c)) for t, c in way]


def teeth(count: int, v: float, deep: float) -> list[Point]:
    last = 4 * count - 2
    return [(k // 2 * 2 / last, v + deep * ((k + 1) // 2 % 2)) for k in range(1, last + 1)]


def castle(p: Page, box: Box) -> None:
    colors = (p.color("stone"), p.color("roof"), p.color("petal"), p.color("glass"))
    stone, door, roofs, v = colors[0], p.color("door"), p.maybe(0.8), p.between(0.5, 0.58)
    if p.maybe(0.6):
        tower(p, part(box, 0.35, 0, 0.65, 0.8), colors, roofs)
    p.shape(on(part(box, 0.16, v, 0.84, 1), (0, 1), *teeth(4, 0, 0.14), (1, 1)), stone)
    for u in (0, 0.72):
        tower(p, part(box, u, 0.6 - v * 0.8, u + 0.28, 1), colors, roofs)
    p.shape(even(part(box, 0.4, 0.7, 0.6, 1), (0.12, 0), (0.35, 0.12), (0.5, 0.4), (0.5, 1)), door)
    p.line(on(box, (0.5, 0.7), (0.5, 1)))


def tower(p: Page, box: Box, colors: tuple[str, str, str, str], roofed: bool) -> None:
    stone, spire, flag, glass = colors
    p.shape(on(box, (0.5, 0), (1, 0.07), (0.5, 0.14)), flag)
    p.line(on(box, (0.5, 0), (0.5, 0.4)), wide=1.5)
    p.box(*part(box, 0.1, 0.36, 0.9, 1), stone)
    if roofed:
        p.shape(on(box, (0.5, 0.12), (1.02, 0.42), (-0.02, 0.42)), spire)
    else:
        p.shape(on(box, (0, 0.48), *teeth(3, 0.27, 0.08), (1, 0.48)), stone)
    p.shape(even(part(box, 0.36, 0.53, 0.64, 0.7), (0.2, 0), (0.5, 0.3), (0.5, 1)), glass)


def drips(p: Page, box: Box, fill: str, count: int) -> None:
    low = [(1 - k / count, 0.45 if k % 2 else p.between(0.75, 1.1)) for k in range(count + 1)]
    p.shape(on(box, (0.02, 0.02), (0.5, 0), (0.98, 0.02), *low), fill, True)


def cake(p: Page, box: Box) -> None:
    sponge, icing, jam, wax = map(p.color, ("sponge", "icing", "petal", "petal"))
    count, filled = int(p.rng.integers(1, 4)), p.maybe(0.4)
    step, candles = (0.42, 0.29, 0.21)[count - 1], int(p.rng.integers(1, 5)) % 4
    disc(p, box, 0.5, 0.94, 0.5, p.color("china"), 0.12)
    for k in range(count):
        layer = part(box, 0.06 + 0.12 * k, 0.94 - step * (k + 1), 0.94 - 0.12 * k, 0.94 - step * k)
        p.box(*layer, sponge)
        if filled:
            p.box(*part(layer, 0, 0.62, 1, 0.8), jam)
        drips(p, part(layer, -0.03, -0.08, 1.03, 0.5), icing, 8 - 2 * k)
    top, half, flame = 0.94 - step * count, 0.3 - 0.06 * count, p.color("lamp")
    if not candles:
        disc(p, box, 0.5, top - 0.09, 0.08, p.color("apple"))
    for k in range(candles):
        u = 0.5 + half * (2 * (k + 0.5) / candles - 1)
        p.box(*part(box, u - 0.025, top - 0.15, u + 0.025, top), wax)
        disc(p, box, u, top - 0.2, 0.032, flame, 1.6)


def ice_cream(p: Page, box: Box) -> None:
    p.shape(on(box, (0.18, 0.5), (0.82, 0.5), (0.5, 1)), p.color("waffle"))
    for t in (0.0, 0.25, 0.5):
        p.line(on(box, (0.3 + t * 0.64, 0.5), (0.56 + t * 0.32, 0.9 - t * 0.5)))
        p.line(on(box, (0.7 - t * 0.64, 0.5), (0.44 - t * 0.32, 0.9 - t * 0.5)))
    cups = [(0.5, 0.22, 0.31), (0.5, 0.44, 0.38), (0.26, 0.43, 0.29), (0.74, 0.43, 0.29)]
    balls = ([(0.5, 0.4, 0.42)], cups[:2], [cups[0], *cups[2:]])[int(p.rng.integers(0, 3))]
    if p.maybe(0.4):
        disc(p, box, 0.5, balls[0][1] - balls[0][2] * 0.6, 0.11, p.color("apple"))
    for u, v, r in balls:
        (x, y), a = on(box, (u, v))[0], r * (box[2] - box[0])
        hem = [(x + a * (1.1 - 0.44 * k), y + a * (0.12 if k % 2 else 0.42)) for k in range(6)]
        p.shape([*arc(x, y, a, a, 185, 355), *hem], p.color("icing"), True)
        p.line(arc(x, y, a * 0.65, a * 0.65, 200, 260), True)


def present(p: Page, box: Box) -> None:
    paper, bow, lid = p.color("cloth"), p.color("ribbon"), p.maybe(0.6)
    p.box(*part(box, 0.06, 0.32, 0.94, 1), paper)
    band = (0, 0.28, 1, 0.46) if lid else (0.06, 0.58, 0.94, 0.72)
    p.box(*part(box, *band), paper if lid else bow)
    p.box(*part(box, 0.42, 0.28 if lid else 0.32, 0.58, 1), bow)
    for side in (-1, 1):
        p.shape(on(box, (0.5, 0.24), (0.5 + side * 0.3, 0.42), (0.5 + side * 0.18, 0.5)), bow)
        loop = [(0.08, 0.24), (0.3, 0.32), (0.4, 0.14), (0.3, 0), (0.12, 0.12)]
        p.shape(on(box, (0.5, 0.2), *((0.5 + side * u, v) for u, v in loop)), bow, True)
        p.line(on(box, (0.5 + side * 0.1, 0.2), (0.5 + side * 0.26, 0.17)))
    disc(p, box, 0.5, 0.21, 0.08, bow)


def snowman(p: Page, box: Box) -> None:
    snow, hat, scarf = p.color("snow"), p.color("cloth"), p.color("ribbon")
    for side in (-1, 1):
        p.line(on(box, (0.5 + side * 0.2, 0.52), (0.5 + side * 0.5, p.between(0.36, 0.5))), wide=2)
    for v, r in (*(((0.8, 0.34), (0.54, 0.26)) if p.maybe(0.6) else ((0.72, 0.42),)), (0.3, 0.22)):
        disc(p, box, 0.5, v, r, snow)
    if p.maybe(0.75):
        p.box(*part(box, 0.54, 0.42, 0.66, 0.62), scarf)
        p.shape(even(box, (0.19, 0.38), (0.23, 0.46)), scarf)
    for x, y in on(box, (0.42, 0.26), (0.58, 0.26), (0.5, 0.52), (0.5, 0.61)):
        p.dot(x, y, (box[2] - box[0]) * 0.026)
    p.shape(on(box, (0.5, 0.28), (0.5, 0.34), (0.76, 0.33)), p.color("beak"))
    p.line(on(box, (0.38, 0.35), (0.46, 0.39), (0.56, 0.37)), True)
    if p.maybe(0.6):
        p.box(*part(box, 0.34, 0, 0.66, 0.19), hat)
        p.box(*part(box, 0.24, 0.17, 0.76, 0.22), hat)
    else:
        p.shape(even(box, (0.07, 0.06), (0.2, 0.12), (0.23, 0.21)), hat)
        disc(p, box, 0.5, 0.05, 0.07, scarf)


def balloons(p: Page, box: Box) -> None:
    spots = [(0.5, 0.15), (0.2, 0.26), (0.8, 0.26), (0.36, 0.42), (0.68, 0.46)]
    spots, w = spots[: int(p.rng.integers(3, 6))], box[2] - box[0]
    for spot in spots:
        p.line(on(box, spot, (0.5, 0.88), (0.5 + p.between(-0.06, 0.06), 1)))
    for u, v in spots:
        (x, y), color = on(box, (u, v))[0], p.color("petal")
        p.shape(on(box, (u, v + 0.1), (u + 0.05, v + 0.23), (u - 0.05, v + 0.23)), color)
        p.oval(x, y, w * 0.19, w * 0.23, color)
        p.line(arc(x, y, w * 0.13, w * 0.16, 190, 250), True)


def crown(p: Page, box: Box) -> None:
    gold, jewel, n = p.color("brass"), p.color("magic"), 2 * int(p.rng.integers(2, 5))
    flare, valley, tip = p.between(0, 0.1), p.between(0.4, 0.56), gold if p.maybe(0.6) else jewel
    zigzag = [(k / n, valley if k % 2 else 0.12 + 0.28 * abs(k / n - 0.5)) for k in range(n + 1)]
    p.shape(on(box, (flare, 0.8), *zigzag, (1 - flare, 0.8)), gold)
    for u, v in zigzag[::2] if p.maybe(0.8) else ():
        disc(p, box, u, v, 0.055, tip)
    p.box(*part(box, flare - 0.02, 0.76, 1.02 - flare, 1), gold)
    for u, _ in zigzag[::2]:
        disc(p, box, 0.16 + 0.68 * u, 0.88, 0.06, jewel)


def teapot(p: Page, box: Box) -> None:
    (x, y), w, h = on(box, (0.5, 0.6))[0], box[2] - box[0], box[3] - box[1]
    china, dot = p.color("china"), p.color("petal")
    if p.maybe(0.3):
        p.shape(ring(x, y - h * 0.12, w * 0.3, h * 0.48, w * 0.06, 180), p.color("wood"))
    else:
        p.shape(ring(x - w * 0.27, y, w * 0.23, h * 0.25, w * 0.07, 90), china)
    p.shape(on(box, (0.7, 0.9), (0.76, 0.5), (0.87, 0.26), (1, 0.26), (0.93, 0.6)), china)
    p.box(*part(box, 0.32, 0.9, 0.68, 1), china)
    disc(p, box, 0.5, 0.15, 0.05, p.color("brass"))
    p.oval(x, y - h * 0.26, w * 0.18, h * 0.16, china)
    p.oval(x, y, w * 0.32, h * 0.35, china)
    for u in (0.32, 0.5, 0.68) if p.maybe(0.5) else ():
        disc(p, box, u, 0.62, 0.06, dot)


def rainbow(p: Page, box: Box) -> None:
    (x, y), w, pale = on(box, (0.5, 1))[0], box[2] - box[0], p.between(0.95, 1.1)
    a, b, count = w * 0.48, box[3] - box[1], int(p.rng.integers(5, 8))
    step, wobble, p.wobble = a * p.between(0.5, 0.65) / count, p.wobble, 0.0
    for k, color in enumerate(ARCH[:count]):
        p.shape(ring(x, y, a - step * k, b - step * k, step, 180), p.shade(color, pale))
    p.wobble = wobble


def pine(p: Page, box: Box) -> None:
    green, star, ball, other = map(p.color, ("conifer", "brass", "petal", "petal"))
    count, (x, y), w = int(p.rng.integers(2, 6)), on(box, (0.5, 0.08))[0], box[2] - box[0]
    step, sag = 0.76 / count, p.between(-0.01, 0.04)
    p.box(*part(box, 0.42, 0.8, 0.58, 1), p.color("trunk"))
    for k in reversed(range(count)):
        half, v = 0.24 + 0.26 * (k + 1) / count, 0.1 + step * (k + 1)
        p.shape(even(box, (0.04, v - step * 1.25), (half, v - sag), (half / 2, v + sag)), green)
        for n in range(k // 2 + 2) if p.maybe(0.8) else ():
            u = 0.5 + half * 0.6 * (2 * n / (k // 2 + 1) - 1)
            disc(p, box, u, v - step * p.between(0.15, 0.4), 0.042, other if n % 2 else ball)
    at = [(0.13 * w * (0.45 if k % 2 else 1), math.pi * k / 5) for k in range(10)]
    p.shape([(x + r * math.sin(t), y - r * math.cos(t)) for r, t in at], star)


def lighthouse(p: Page, box: Box) -> None:
    wall, trim, lamp, count = *map(p.color, ("liner", "livery", "lamp")), int(p.rng.integers(1, 4))
    p.shape(even(box, (0.36, 0.88), (0.5, 1)), p.color("stone"))
    p.shape(even(box, (0.19, 0.3), (0.32, 0.92)), wall)
    for k in range(count):
        v, deep = 0.32 + 0.62 * (k + 0.3) / (count + 0.3), 0.31 / (count + 0.3)
        p.shape(even(box, (0.127 + 0.21 * v, v), (0.127 + 0.21 * (v + deep), v + deep)), trim)
    p.box(*part(box, 0.36, 0.12, 0.64, 0.28), lamp)
    p.shape(even(box, (0, 0), (0.14, 0.05), (0.22, 0.13)), trim)
    p.box(*part(box, 0.24, 0.27, 0.76, 0.32), trim)
    p.shape(even(part(box, 0.41, 0.8, 0.59, 0.92), (0.3, 0), (0.5, 0.4), (0.5, 1)), p.color("door"))


def windmill(p: Page, box: Box) -> None:
    (x, y), w, turn = on(box, (0.5, 0.36))[0], box[2] - box[0], p.between(10, 80)
    wall, roof, sail, glass = map(p.color, ("wall", "roof", "sail", "glass"))
    p.shape(even(box, (0.17, 0.36), (0.3, 1)), wall)
    p.shape(even(box, (0, 0.16), (0.14, 0.22), (0.2, 0.38)), roof)
    blade = (x + w * 0.02, y, x + w * p.between(0.4, 0.48), y + w * 0.14)
    panes(p, part(box, 0.28, 0.62, 0.72, 0.72), 2, glass, 0.5)
    p.shape(even(part(box, 0.4, 0.78, 0.6, 1), (0.25, 0), (0.5, 0.3), (0.5, 1)), p.color("door"))
    for k in range(4):
        p.shape(turned(on(blade, (0, 0), (1, 0), (1, 1), (0, 1)), x, y, turn + 90 * k), sail)
        for u in (0.33, 0.67):
            p.line(turned(on(blade, (u, 0), (u, 1)), x, y, turn + 90 * k))
    disc(p, box, 0.5, 0.36, 0.05, roof)


def pumpkin(p: Page, box: Box) -> None:
    orange, spooky, eye = p.color("pumpkin"), p.maybe(0.3), p.color("lamp")
    p.shape(on(box, (0.44, 0.3), (0.46, 0.1), (0.4, 0), (0.54, 0), (0.58, 0.3)), p.color("leaf"))
    (x, y), w, h = on(box, (0.5, 0.6))[0], box[2] - box[0], box[3] - box[1]
    for u in (-0.3, 0.3, -0.17, 0.17, 0):
        p.oval(x + w * u, y, w * (0.15 + 0.17 * abs(u)), h * (0.4 - 0.1 * abs(u)), orange)
    for u in (0.32, 0.68) if spooky else ():
        p.shape(on(box, (u, 0.4), (u + 0.1, 0.56), (u - 0.1, 0.56)), eye)
    if spooky:
        p.shape(on(box, (0.2, 0.66), (0.4, 0.73), (0.6, 0.73), (0.8, 0.66), (0.5, 0.9)), eye)


def cactus(p: Page, box: Box) -> None:
    green, pot, high = p.color("leaf"), p.color("pot"), p.between(0.04, 0.14)
    for side, v in ((-1, p.between(0.3, 0.4)), (1, p.between(0.24, 0.36))):
        arm = [(0.1, v + 0.2), (0.27, v + 0.2), (0.28, v), (0.36, v - 0.08), (0.44, v), (0.44, v +
               0.24), (0.32, v + 0.33), (0.1, v + 0.33)]  # fmt: skip
        p.shape(on(box, *((0.5 + side * u, y) for u, y in arm)), green)
    if p.maybe(0.4):
        disc(p, box, 0.5, high, 0.09, p.color("petal"))
    p.shape(even(box, (0.08, high), (0.16, high + 0.12), (0.17, 0.8)), green, True)
    for u in (0.44, 0.56):
        p.line(on(box, (u, high + 0.1), (u, 0.66)))
    p.shape(even(box, (0.26, 0.74), (0.18, 1)), pot)
    p.box(*part(box, 0.2, 0.68, 0.8, 0.79), pot)


def umbrella(p: Page, box: Box) -> None:
    (x, y), w, h = on(box, (0.5, 0.5))[0], box[2] - box[0], box[3] - box[1]
    one, wood, count = p.color("petal"), p.color("wood"), int(p.rng.choice([3, 5, 7]))
    other, wobble, p.wobble = one if p.maybe(0.4) else p.color("cloth"), p.wobble, 0.0
    p.box(*part(box, 0.48, 0.02, 0.52, 0.9), wood)
    p.shape(ring(x + w * 0.07, y + h * 0.4, w * 0.09, h * 0.1, w * 0.04, 0), wood)
    at = [math.sin(math.pi / 2 * (2 * k / count - 1)) * w / 2 for k in range(count + 1)]
    for k, (a, b) in enumerate(pairwise(at)):
        sides = [[(x + c * math.sin(t), y - h * 0.42 * math.cos(t)) for t in (0.0, 0.4, 0.8, 1.2,
                  1.57)] for c in (a, b)]  # fmt: skip
        p.shape([*sides[0], (x + (a + b) / 2, y - h * 0.05), *sides[1][::-1]], (one, other)[k % 2])
    p.wobble = wobble


def bear_toy(p: Page, box: Box) -> None:
    fur, plush, ribbon = map(p.color, ("teddy", "plush", "ribbon"))
    parts = [(0.25, 0.12, 0.14, 1, fur), (0.25, 0.12, 0.08, 1, plush), (0.17, 0.6, 0.12, 1.5, fur),
             (0.5, 0.7, 0.32, 0.9, fur), (0.5, 0.7, 0.2, 0.9, plush), (0.18, 0.86, 0.17, 1, fur),
             (0.18, 0.86, 0.1, 1, plush), (0.5, 0.28, p.between(0.3, 0.35), 0.85, fur),
             (0.5, 0.36, p.between(0.13, 0.17), 0.75, plush)]  # fmt: skip
    for u, v, r, flat, color in parts:
        for each in dict.fromkeys((u, 1 - u)):
            disc(p, box, each, v, r, color, flat)
    for u in (0.37, 0.63):
        p.dot(*on(box, (u, 0.24))[0], (box[2] - box[0]) * 0.03)
    p.shape(even(box, (0.06, 0.31), (0, 0.36)), "#222222")
    p.line(on(box, (0.43, 0.4), (0.5, 0.43), (0.57, 0.4)), True)
    for side in (-1, 1) if p.maybe(0.5) else ():
        p.shape(on(box, (0.5, 0.55), (0.5 + side * 0.18, 0.48), (0.5 + side * 0.18, 0.62)), ribbon)
