"""Buildings, plants, vehicles and small things; each fills a box on a page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from colorlab.data.everyday.page import Box, Page, arc, ellipse_at, scalloped


def house(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h = right - left, low - top
    eaves, inset = top + h * p.between(0.35, 0.5), w * p.between(0.05, 0.12)
    wall, roof = p.color("wall"), p.color("roof")
    if p.maybe(0.6):
        x = left + w * p.between(0.6, 0.78)
        p.box(x, top + h * p.between(0.0, 0.1), x + w * 0.1, eaves, p.color("brick"))
    p.box(left + inset, eaves, right - inset, low, wall)
    peak = (left + w * (0.5 if p.maybe(0.8) else p.between(0.35, 0.65)), top + h * 0.03)
    if p.maybe(0.7):
        p.shape([(left, eaves), peak, (right, eaves)], roof)
    else:
        p.shape(
            [(left, eaves), (left + w * 0.2, top), (right - w * 0.2, top), (right, eaves)], roof
        )
    if p.maybe(0.2):
        for k in range(1, 4):
            y = eaves - (eaves - top) * k * 0.2
            p.line([(left + w * 0.12 * k + w * 0.05, y), (right - w * 0.12 * k - w * 0.05, y)])
    if p.maybe(0.25):
        p.oval(peak[0], eaves - h * 0.12, w * 0.06, w * 0.06, p.color("glass"))
    if p.maybe(0.15):
        for k in range(1, 4):
            y = eaves + (low - eaves) * k / 4
            p.line([(left + inset, y), (right - inset, y)])
    at = left + w * float(p.rng.choice([0.3, 0.5, 0.66]))
    dw, dh, door = w * p.between(0.08, 0.12), (low - eaves) * p.between(0.5, 0.65), p.color("door")
    if p.maybe(0.3):
        p.shape([(at - dw, low), (at - dw, low - dh), *arc(at, low - dh, dw, dw, 180, 360),
                 (at + dw, low)], door)  # fmt: skip
    else:
        p.box(at - dw, low - dh, at + dw, low, door)
    if p.maybe(0.6):
        p.dot(at + dw * 0.55, low - dh * 0.45, w * 0.012)
    glass, frame = p.color("glass"), p.color("door")
    for x in (0.22, 0.5, 0.78):
        cx, cy, r = left + w * x, eaves + (low - eaves) * 0.35, w * 0.075
        if abs(cx - at) < dw + r or p.maybe(0.2):
            continue
        if p.maybe(0.15):
            p.box(cx - r * 1.6, cy - r, cx + r * 1.6, cy + r, frame)
        p.box(cx - r, cy - r, cx + r, cy + r, glass)
        if p.maybe(0.6):
            p.line([(cx - r, cy), (cx + r, cy)])
            p.line([(cx, cy - r), (cx, cy + r)])


def tree(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    kind = p.rng.choice(["round", "round", "cloudy", "blobs", "fir", "fir", "palm"])
    trunk = p.color("trunk")
    t = w * p.between(0.06, 0.13)
    foot = low - h * p.between(0.25, 0.45)
    flare = t * p.between(1.0, 1.5)
    p.shape([(x - t, foot - h * 0.12), (x + t, foot - h * 0.12), (x + flare, low),
             (x - flare, low)], trunk)  # fmt: skip
    if p.maybe(0.2):
        p.line([(x - t * 0.3, foot + h * 0.05), (x - t * 0.3, low - h * 0.06)])
    if kind == "fir":
        color, layers = p.color("conifer"), int(p.rng.integers(1, 5))
        step = (foot - top) / (layers + 0.4)
        for k in reversed(range(layers)):
            half = w / 2 * (0.55 + 0.45 * (k + 1) / layers)
            y = top + step * k
            p.shape([(x, y), (x + half, y + step * 1.4), (x - half, y + step * 1.4)], color)
        return
    color, middle = p.color("foliage"), (top + foot) / 2
    if kind == "palm":
        for degrees in (200, 245, 295, 340, 160, 20):
            c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            p.shape(ellipse_at(x + c * w * 0.26, foot - h * 0.14 + s * w * 0.26, w * 0.27,
                               w * 0.08, degrees), p.color("leaf"), True)  # fmt: skip
        return
    a, b = w / 2, (foot - top) / 2
    if kind == "blobs":
        for u, v, r in ((-0.45, 0.3, 0.55), (0.45, 0.3, 0.55), (0, -0.3, 0.65)):
            p.oval(x + a * u, middle + b * v, a * r, b * r, color)
    elif kind == "cloudy":
        p.shape(scalloped(x, middle, a * 0.9, b * 0.95, int(p.rng.integers(5, 9))), color, True)
    else:
        p.oval(x, middle, a, b, color)
    if p.maybe(0.2):
        fruit = p.color("apple")
        for _ in range(int(p.rng.integers(3, 7))):
            u, v = p.between(-0.55, 0.55), p.between(-0.55, 0.55)
            p.oval(x + a * u, middle + b * v, w * 0.05, w * 0.05, fruit)


def bush(p: Page, box: Box) -> None:
    left, top, right, low = box
    x, a, h = (left + right) / 2, (right - left) / 2, low - top
    middle = low - h * 0.3
    p.shape(scalloped(x, middle, a * 0.9, h * 0.32, int(p.rng.integers(4, 7))), p.color("foliage"),
            True)  # fmt: skip


def sun(p: Page, box: Box) -> None:
    left, top, right, low = box
    x, y, r = (left + right) / 2, (top + low) / 2, min(right - left, low - top) / 2
    color, rays = p.color("sun"), int(p.rng.integers(6, 13))
    kind = p.rng.choice(["plain", "plain", "lines", "lines", "spikes", "ring"])
    inner = r if kind == "plain" else r * p.between(0.55, 0.7)
    ray = color if p.maybe(0.6) else p.color("sun")
    for k in range(rays if kind in ("lines", "spikes") else 0):
        t, half = 2 * math.pi * k / rays, math.pi / rays * 0.8
        far = (x + r * math.cos(t), y + r * math.sin(t))
        if kind == "lines":
            near = inner * 1.15
            p.line([(x + near * math.cos(t), y + near * math.sin(t)), far], wide=1.3)
        else:
            feet = [
                (x + inner * math.cos(a), y + inner * math.sin(a)) for a in (t - half, t + half)
            ]
            p.shape([feet[0], far, feet[1]], ray)
    if kind == "ring":
        p.oval(x, y, r, r, ray)
    p.oval(x, y, inner, inner, color)
    if p.maybe(0.25):
        face(p, x, y + inner * 0.1, inner * 0.6)


def face(p: Page, x: float, y: float, r: float) -> None:
    """Eyes and a mouth of ink."""
    for u in (-0.45, 0.45):
        p.dot(x + r * u, y - r * 0.3, r * 0.12)
    p.line(arc(x, y, r * 0.5, r * 0.45, 20, 160), True)


def flower(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    green, petal, r = p.color("leaf"), p.color("petal"), min(w * 0.48, h * 0.3)
    y, t = top + r, w * p.between(0.02, 0.05)
    potted = p.maybe(0.25)
    foot = low - h * 0.22 if potted else low
    p.box(x - t, y, x + t, foot + (2 if potted else 0), green)
    for side in (-1, 1) if p.maybe(0.85) else ():
        v = y + (foot - y) * p.between(0.55, 0.8)
        if p.maybe(0.7):
            p.shape(ellipse_at(x + side * (t + w * 0.17), v, w * 0.18, h * 0.045, -side * 25),
                    green, True)  # fmt: skip
        else:
            p.shape([(x + side * t, v + h * 0.05), (x + side * w * 0.2, v - h * 0.08),
                     (x + side * w * 0.36, v - h * 0.02)], green)  # fmt: skip
    if potted:
        pot = p.color("pot")
        p.shape([(x - w * 0.26, foot), (x + w * 0.26, foot), (x + w * 0.18, low),
                 (x - w * 0.18, low)], pot)  # fmt: skip
        p.box(x - w * 0.3, foot - h * 0.04, x + w * 0.3, foot + h * 0.04, pot if p.maybe(0.7)
              else p.color("pot"))  # fmt: skip
    if p.maybe(0.25):  # a tulip
        p.shape([(x - r * 0.7, y - r), (x - r * 0.35, y - r * 0.4), (x, y - r),
                 (x + r * 0.35, y - r * 0.4), (x + r * 0.7, y - r), (x + r * 0.65, y + r * 0.5),
                 (x, y + r * 0.9), (x - r * 0.65, y + r * 0.5)], petal)  # fmt: skip
        return
    count, turn, long = int(p.rng.integers(5, 10)), p.between(0, 360), p.between(0.4, 0.48)
    for k in range(count):
        degrees = turn + 360 * k / count
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        p.shape(ellipse_at(x + c * r * 0.58, y + s * r * 0.58, r * long, r * 1.9 / count, degrees),
                petal, True)  # fmt: skip
    p.oval(x, y, r * 0.32, r * 0.32, p.color("core"))


def car(p: Page, box: Box) -> None:
    left, top, right, low = box
    w = right - left
    h = min(low - top, w * p.between(0.42, 0.6))
    top, r = low - h, h * p.between(0.2, 0.25)
    paint, glass = p.color("paint"), p.color("glass")
    sill, belt = low - r * 0.8, top + h * p.between(0.38, 0.46)
    if p.maybe(0.3):  # a bus or a van
        p.box(left, top, right, sill, paint)
        if p.maybe(0.5):
            p.box(left, belt + h * 0.1, right, belt + h * 0.2, p.color("paint"))
        count = int(p.rng.integers(2, 6))
        for k in range(count):
            u = left + w * (0.06 + 0.88 * k / count)
            p.box(u, top + h * 0.12, u + w * 0.74 / count, belt, glass)
    else:
        nose, tail = p.between(0.1, 0.28), p.between(0.02, 0.16)
        p.shape([(left, sill), (left + w * 0.01, belt + h * 0.03), (left + w * tail, belt),
                 (left + w * (tail + 0.1), top), (right - w * (nose + 0.14), top),
                 (right - w * nose, belt), (right - w * 0.01, belt + h * 0.1), (right, sill)],
                paint)  # fmt: skip
        roof, middle = top + h * 0.07, left + w * p.between(0.42, 0.5)
        p.shape([(left + w * (tail + 0.05), belt), (left + w * (tail + 0.13), roof), (middle -
                 w * 0.015, roof), (middle - w * 0.015, belt)], glass)  # fmt: skip
        p.shape([(middle + w * 0.015, belt), (middle + w * 0.015, roof), (right - w * (nose + 0.15),
                 roof), (right - w * (nose + 0.03), belt)], glass)  # fmt: skip
        if p.maybe(0.6):
            p.line([(middle, belt), (middle, sill)])
            p.line([(middle + w * 0.04, belt + h * 0.1), (middle + w * 0.09, belt + h * 0.1)])
    if p.maybe(0.6):
        p.oval(right - w * 0.035, belt + h * 0.22, w * 0.03, h * 0.06, p.color("lamp"))
    wheels(p, [left + w * u for u in (0.22, 0.78)], low, r)


def wheels(p: Page, at: Sequence[float], low: float, r: float) -> None:
    tire, hub, size = p.color("tire"), p.color("metal"), p.between(0.42, 0.6)
    for x in at:
        p.oval(x, low - r, r, r, tire)
        p.oval(x, low - r, r * size, r * size, hub)


def boat(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    hull, deck = p.color("paint"), low - h * 0.25
    p.box(x - w * 0.015, top, x + w * 0.02, deck, p.color("wood"))
    sail = p.color("sail")
    p.shape([(x + w * 0.05, top + h * 0.04), (x + w * 0.05, deck - h * 0.05), (x + w * 0.4, deck -
             h * 0.05)], sail)  # fmt: skip
    if p.maybe(0.6):
        p.shape([(x - w * 0.04, top + h * 0.12), (x - w * 0.04, deck - h * 0.05), (x - w * 0.32,
                 deck - h * 0.05)], sail if p.maybe(0.7) else p.color("sail"))  # fmt: skip
    p.shape([(left, deck), (right, deck), (right - w * 0.16, low), (left + w * 0.16, low)], hull)
    if p.maybe(0.4):
        p.shape([(left, deck), (right, deck), (right - w * 0.05, deck + h * 0.08),
                 (left + w * 0.05, deck + h * 0.08)], p.color("paint"))  # fmt: skip


def balloon(p: Page, box: Box) -> None:
    """One that people fly in."""
    left, top, right, low = box
    h, x = low - top, (left + right) / 2
    a = min((right - left) / 2, h * 0.36)
    colors = [p.color("petal") for _ in range(int(p.rng.integers(1, 4)))]
    neck, y = top + h * 0.72, top + h * 0.34
    gores = int(p.rng.choice([1, 3, 5, 7]))
    edges = [math.sin(math.pi / 2 * (2 * k / gores - 1)) for k in range(gores + 1)]
    for k in range(gores):
        u, v = edges[k], edges[k + 1]
        left_side, right_side = (
            [(x + a * g * math.sin(t), y - h * 0.34 * math.cos(t)) for t in (0.15, 0.8, 1.57, 2.1)]
            + [(x + a * 0.25 * g, neck)]
            for g in (u, v)
        )
        wobble, p.wobble = p.wobble, 0.0
        p.shape(right_side + left_side[::-1], colors[min(k, gores - 1 - k) % len(colors)])
        p.wobble = wobble
    basket = low - h * 0.14
    for side in (-1, 1):
        p.line([(x + side * a * 0.22, neck), (x + side * a * 0.16, basket)])
    p.box(x - a * 0.2, basket, x + a * 0.2, low, p.color("wood"))


def fruit(p: Page, box: Box) -> None:
    left, top, right, low = box
    x, r = (left + right) / 2, min(right - left, low - top) * 0.45
    y, color = low - r, p.color("apple")
    p.line([(x, y - r * 0.75), (x + r * 0.1, y - r * 1.2)], wide=1.5)
    p.shape(ellipse_at(x + r * 0.4, y - r * 1.05, r * 0.32, r * 0.14, -25), p.color("leaf"), True)
    if p.maybe(0.6):
        p.shape([(x, y - r * 0.75), (x + r * 0.6, y - r * 0.9), (x + r, y - r * 0.2), (x + r * 0.6,
                 y + r * 0.85), (x, y + r * 0.9), (x - r * 0.6, y + r * 0.85), (x - r, y - r * 0.2),
                 (x - r * 0.6, y - r * 0.9)], color, True)  # fmt: skip
    else:
        p.oval(x, y, r, r, color)


def mushroom(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    rim, cap = top + h * p.between(0.45, 0.6), p.color("cap")
    p.shape([(x - w * 0.14, rim - 1), (x + w * 0.14, rim - 1), (x + w * 0.2, low), (x - w * 0.2,
             low)], "#ffffff" if p.maybe(0.4) else p.color("inside"))  # fmt: skip
    p.shape([*arc(x, rim, w * 0.48, rim - top, 180, 360)], cap, True)
    for u, v in ((-0.22, 0.3), (0.02, 0.6), (0.24, 0.3)) if p.maybe(0.7) else ():
        p.oval(x + w * u, rim - (rim - top) * v, w * 0.07, w * 0.06, "#ffffff")


def cup(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h = right - left, low - top
    color, edge = p.color("paint"), right - w * 0.28
    p.oval(edge, top + h * 0.5, w * 0.2, h * 0.22, color)
    p.oval(edge, top + h * 0.5, w * 0.11, h * 0.13, "#ffffff")
    p.shape([(left, top + h * 0.2), (edge, top + h * 0.2), (edge - w * 0.06, low), (left + w * 0.06,
             low)], color)  # fmt: skip
    if p.maybe(0.5):
        v = top + h * 0.55
        p.box(left + w * 0.03, v, edge - w * 0.03, v + h * 0.12, p.color("paint"))


def fence(p: Page, left: float, right: float, low: float, h: float) -> None:
    color = "#ffffff" if p.maybe(0.4) else p.color("wood")
    p.box(left, low - h * 0.65, right, low - h * 0.5, color)
    count = max(2, round((right - left) / (h * 0.55)))
    step = (right - left) / count
    for k in range(count):
        u = left + step * k + step * 0.15
        p.shape([(u, low), (u, low - h * 0.85), (u + step * 0.35, low - h), (u + step * 0.7, low -
                 h * 0.85), (u + step * 0.7, low)], color)  # fmt: skip
