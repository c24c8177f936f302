"""What encloses paper at home: chairs, shelves, baskets, keys, scissors; each fills a box."""

from __future__ import annotations

from colorlab.data.everyday.figures import bird
from colorlab.data.everyday.openwork import band, bars, bloom, holed, seen
from colorlab.data.everyday.page import Box, Page, arc, ellipse_at, on, part, turned
from colorlab.data.everyday.things import cup, flower, fruit


def chair(p: Page, box: Box) -> None:
    wood, seat, kind = (
        p.color("wood"),
        p.between(0.5, 0.58),
        p.rng.choice(["slats", "rails", "side"]),
    )
    t = p.between(0.08, 0.12)
    if kind == "side":
        band(p, on(box, (0.06, 0.0), (0.14, seat), (0.1, 1.0)), t * (box[2] - box[0]), wood, False)
        bars(p, box, wood, (0.82, seat, 0.82 + t, 1), (0.1, seat + 0.22, 0.86, seat + 0.28))
        bars(p, box, wood, (0.06, seat - 0.03, 1, seat + 0.05))
        return
    middle = [(0.12, 0.18, 0.88, 0.25)] if p.maybe(0.5) else []
    slats = [(u - t / 2, 0.05, u + t / 2, seat) for u in (0.3, 0.5, 0.7)]
    bars(p, box, wood, *(slats if kind == "slats" else middle), (0.08, 0.02, 0.92, 0.11),
         (0.06, 0, 0.06 + t, 1), (0.94 - t, 0, 0.94, 1),
         (0.1, seat + 0.22, 0.9, seat + 0.27))  # fmt: skip
    bars(p, box, wood if p.maybe(0.4) else p.color("cloth"), (0.02, seat - 0.04, 0.98, seat + 0.05))


def table(p: Page, box: Box) -> None:
    """With things on it."""
    wood, top, t = p.color("wood"), p.between(0.45, 0.6), p.between(0.04, 0.07)
    bars(p, box, wood, (0.07, top + 0.04, 0.07 + t, 1), (0.93 - t, top + 0.04, 0.93, 1))
    if p.maybe(0.35):
        bars(p, box, wood, (0.09, 0.83, 0.91, 0.88))
    if p.maybe(0.35):
        bars(p, box, wood, (0.24, top + 0.04, 0.24 + t * 0.8, 0.92))
        bars(p, box, wood, (0.76 - t * 0.8, top + 0.04, 0.76, 0.92))
    laid(p, part(box, 0.06, 0.1, 0.94, top + 0.005), int(p.rng.integers(1, 4)))
    bars(p, box, wood, (0, top, 1, top + 0.09))
    if p.maybe(0.25):
        bars(p, box, p.color("cloth"), (0.14, top - 0.01, 0.86, top + p.between(0.12, 0.2)))


def laid(p: Page, box: Box, count: int) -> None:
    """Things beside each other, such as lie on a table."""
    for k in range(count):
        left, top, right, low = part(box, k / count, 0, (k + 1) / count, 1)
        h = (low - top) * p.between(0.6, 0.95)
        w, x = min(right - left, h) * 0.9, (left + right) / 2
        if p.maybe(0.15):  # a ball
            p.oval(x, low - w * 0.4, w * 0.4, w * 0.4, p.color("paint"))
            continue
        thing = [cup, fruit, fruit, flower, flower, mug, basket][int(p.rng.integers(7))]
        thing(p, (x - w / 2, low - (h if thing is flower else w * 0.9), x + w / 2, low))


def bench(p: Page, box: Box) -> None:
    wood, leg = p.color("wood"), p.color("iron" if p.maybe(0.4) else "wood")
    bars(p, box, leg, *((u, 0.05, u + 0.045, 1) for u in (0.1, 0.855)))
    for k in range(int(p.rng.integers(2, 4))):
        bars(p, box, wood, (0.02, 0.02 + 0.2 * k, 0.98, 0.14 + 0.2 * k))
    if p.maybe(0.5):
        bars(p, box, leg, *((u, 0.4, u + 0.035, 0.66) for u in (0.02, 0.945)))
        bars(p, box, leg, *((u, 0.38, u + 0.1, 0.44) for u in (0.0, 0.9)))
    bars(p, box, wood, (0, 0.63, 1, 0.74))


def bed(p: Page, box: Box) -> None:
    """From the side, or two of them, one above the other, with a ladder."""
    wood, bunk = p.color("wood" if p.maybe(0.7) else "iron"), p.maybe(0.45)
    blanket, sheet, pillow = (
        p.color("cloth"),
        "#ffffff",
        "#ffffff" if p.maybe(0.5) else p.color("cloth"),
    )
    for v in (0.36, 0.8) if bunk else (0.68,):
        bars(p, box, sheet if p.maybe(0.6) else p.color("inside"), (0.05, v - 0.1, 0.95, v + 0.02))
        bars(p, box, blanket, (0.34, v - 0.12, 0.95, v + 0.02))
        p.shape(on(box, (0.08, v - 0.1), (0.1, v - 0.18), (0.27, v - 0.18), (0.3, v - 0.1)), pillow)
        bars(p, box, wood, (0.03, v, 0.97, v + 0.08))
    top = 0.04 if bunk else 0.2
    bars(p, box, wood, (0, top, 0.06, 1), (0.94, top if bunk else 0.4, 1, 1))
    for u in (0.66, 0.84) if bunk else ():
        bars(p, box, wood, (u, 0.2, u + 0.035, 1))
    for v in (0.5, 0.62, 0.88) if bunk else ():
        bars(p, box, wood, (0.67, v, 0.87, v + 0.035))


def shelf(p: Page, box: Box) -> None:
    """With an open back, things on it."""
    wood, count = p.color("wood" if p.maybe(0.7) else "paint"), int(p.rng.integers(2, 4))
    for k in range(count):
        v, step = (k + 1) / count, 1 / count
        laid(
            p,
            part(box, 0.1, v - step + 0.05, 0.9, v - 0.03),
            int(p.rng.integers(1, 4 if count < 3 else 3)),
        )
    bars(p, box, wood, *((0.02, max(0, v - 0.04), 0.98, max(0.04, v)) for v in (k / count for k in
         range(count + 1))), (0, 0, 0.07, 1), (0.93, 0, 1, 1))  # fmt: skip


def basket(p: Page, box: Box) -> None:
    wicker, rim, h = p.color("wood"), p.between(0.48, 0.6), box[3] - box[1]
    (x, y), (left, _) = on(box, (0.5, rim), (0.06, 0))
    a = x - left
    band(p, arc(x, y, a * 0.93, (y - box[1]) * 0.94, 180, 360), max(2.2, a * 0.13), wicker)
    kind = p.rng.choice(["empty", "fruit", "flowers", "cloth"])
    for k in range(3 if kind in ("fruit", "flowers") else 0):
        u, r = x + a * (k - 1) * 0.55, a * p.between(0.24, 0.3)
        if kind == "fruit":
            p.oval(u, y - r * 0.3, r, r, p.color("apple"))
        else:
            band(p, [(u, y), (u, y - h * 0.14)], 2, p.color("leaf"), False)
            bloom(p, u, y - h * 0.16, r * 0.8, p.color("petal"), p.color("core"))
    if kind == "cloth":
        p.shape(arc(x, y, a * 0.8, h * 0.1, 180, 360), p.color("cloth"))
    p.shape(on(box, (0.03, rim), (0.97, rim), (0.84, 1), (0.16, 1)), wicker)
    for k in range(1, 4) if p.maybe(0.5) else ():
        v = rim + (1 - rim) * k / 4
        p.line(on(box, (0.06 + 0.035 * k, v), (0.94 - 0.035 * k, v)))
    bars(p, box, wicker if p.maybe(0.5) else p.color("wood"), (0, rim - 0.04, 1, rim + 0.06))


def birdcage(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    wire, dome, t = p.color("brass" if p.maybe(0.6) else "metal"), top + h * 0.42, w * 0.035
    holed(
        p,
        arc(x, top + h * 0.06, w * 0.08, w * 0.08),
        arc(x, top + h * 0.06, w * 0.04, w * 0.04),
        wire,
    )
    if p.maybe(0.6):
        bars(p, box, p.color("wood"), (0.25, 0.74, 0.75, 0.77))
        bird(p, part(box, 0.3, 0.5, 0.7, 0.76))
    for u in (-0.42, -0.15, 0.15, 0.42):
        band(p, [(x + w * u, low - h * 0.06), (x + w * u, dome), (x + w * u * 0.8, top + h * 0.24),
                 (x + w * u * 0.1, top + h * 0.11)], t, wire)  # fmt: skip
    for v in (0.42, 0.9):
        bars(
            p,
            box,
            wire if v < 0.5 else p.color("wood"),
            (0.04, v, 0.96, v + (0.04 if v < 0.5 else 0.1)),
        )
    p.oval(x, top + h * 0.13, w * 0.07, h * 0.03, wire)


def mug(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, color = right - left, low - top, p.color("china")
    x, rim = left + w * 0.68, top + h * 0.18
    outer, inner = (arc(x, top + h * 0.56, w * r, h * s) for r, s in ((0.3, 0.28), (0.19, 0.17)))
    holed(p, outer, inner, color)
    p.shape([(left, rim), (x, rim), (x - w * 0.02, low), (left + w * 0.02, low)], color)
    if p.maybe(0.5):
        p.oval((left + x) / 2, rim, (x - left) / 2, h * 0.07, p.color("spots"))
    elif p.maybe(0.4):
        p.box(left, rim + h * 0.3, x, rim + h * 0.45, p.color("paint"))
    for k in (0.25, 0.5) if p.maybe(0.3) else ():
        p.line([(left + w * k, rim - h * 0.08), (left + w * (k + 0.06), rim - h * 0.14),
                (left + w * k, top)], True)  # fmt: skip


def watering_can(p: Page, box: Box) -> None:
    w, color = box[2] - box[0], p.color("paint" if p.maybe(0.7) else "metal")
    band(
        p,
        on(box, (0.46, 0.42), (0.3, 0.12), (0.08, 0.3), (0.06, 0.62), (0.24, 0.84)),
        w * 0.05,
        color,
    )
    p.shape(on(box, (0.58, 0.72), (0.58, 0.9), (0.95, 0.36), (0.88, 0.3)), color)
    p.shape(on(box, (0.82, 0.28), (0.92, 0.2), (1.0, 0.38), (0.96, 0.46)), color)
    p.shape(on(box, (0.22, 0.36), (0.6, 0.36), (0.66, 1), (0.18, 1)), color)
    if p.maybe(0.5):
        bars(p, box, p.color("paint"), (0.21, 0.56, 0.62, 0.68))


def spectacles(p: Page, box: Box) -> None:
    frame, thick = seen(p.color("paint" if p.maybe(0.6) else "metal")), p.between(0.72, 0.82)
    tint, kind = p.color("glass") if p.maybe(0.25) else "", p.maybe(0.6)
    w = box[2] - box[0]
    for side in (-1, 1):
        (x, y), a = on(box, (0.5 + side * 0.25, 0.62))[0], w * 0.19
        band(p, on(box, (0.5 + side * 0.43, 0.5), (0.5 + side * 0.48, 0.2), (0.5 + side * 0.4,
             0.05)), w * 0.035, frame)  # fmt: skip
        rims = [ellipse_at(x, y, a * r, a * r, 0) if kind else on((x - a * r, y - a * r * 0.8, x + a
                * r, y + a * r * 0.8), (0, 0), (1, 0), (0.86, 1), (0.14, 1))
                for r in (1, thick)]  # fmt: skip
        if tint:
            p.shape(rims[1], tint, kind)
        holed(p, rims[0], rims[1], frame, kind)
    ((x, y),) = on(box, (0.5, 0.58))
    band(p, arc(x, y, w * 0.075, w * 0.05, 190, 350), w * 0.035, frame)


def keys(p: Page, box: Box) -> None:
    """On a ring."""
    (x, y), h = on(box, (0.5, 0.24))[0], box[3] - box[1]
    ring, count = h * 0.2, int(p.rng.integers(2, 4))
    holed(p, arc(x, y, ring, ring), arc(x, y, ring * 0.72, ring * 0.72), p.color("metal"))
    for k in range(count):
        lean = (k - (count - 1) / 2) * -p.between(38, 50)
        color = p.color("brass" if p.maybe(0.6) else "metal")
        top, r, t = y + ring * 0.8, h * 0.11, h * 0.022
        bow, end = top + r * 0.9, y + h * 0.72
        shaft = [(x - t, bow + r * 0.8), (x + t, bow + r * 0.8), (x + t, end - 7 * t), (x + 4 * t,
                 end - 7 * t), (x + 4 * t, end - 5 * t), (x + t, end - 5 * t), (x + t, end - 3 * t),
                 (x + 4 * t, end - 3 * t), (x + 4 * t, end - t), (x, end),
                 (x - t, end - t)]  # fmt: skip
        p.shape(turned(shaft, x, y, lean), color)
        holed(p, turned(arc(x, bow, r, r), x, y, lean), turned(arc(x, bow - r * 0.2, r * 0.45, r *
              0.45), x, y, lean), color)  # fmt: skip


def scissors(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    grip, metal, open_, y = p.color("paint"), p.color("metal"), p.between(10, 26), low - h * 0.42
    for side in (-1, 1):
        blade = [(x - w * 0.08, y + h * 0.16), (x - w * 0.07, y - h * 0.1), (x, top), (x + w * 0.06,
                 y), (x + w * 0.06, y + h * 0.16)]  # fmt: skip
        u, v, a, b = x, y + h * 0.28, w * 0.21, h * 0.15
        p.shape(turned([(x + (m - x) * side, n) for m, n in blade], x, y, side * open_ / 2), metal)
        turn = -side * max(25, open_)
        holed(p, turned(arc(u, v, a, b), x, y, turn), turned(arc(u, v, a * 0.6, b * 0.64), x, y,
              turn), grip)  # fmt: skip
    p.oval(x, y, w * 0.035, w * 0.035, p.color("metal"))


def hanger(p: Page, box: Box) -> None:
    color, w = p.color("wood" if p.maybe(0.6) else "paint"), box[2] - box[0]
    band(p, on(box, (0.42, 0.16), (0.44, 0.03), (0.54, 0.03), (0.56, 0.16), (0.5, 0.24),
         (0.5, 0.4)), w * 0.03, p.color("metal"))  # fmt: skip
    holed(p, on(box, (0.5, 0.34), (1, 0.86), (0.98, 1), (0.02, 1), (0, 0.86)), on(box, (0.5, 0.52),
          (0.82, 0.86), (0.18, 0.86)), color, False)  # fmt: skip


def swing(p: Page, box: Box) -> None:
    frame, rope, low = (
        seen(p.color("paint" if p.maybe(0.5) else "wood")),
        p.maybe(0.5),
        p.between(0.66, 0.8),
    )
    tilt, w, seats = p.between(-0.08, 0.08), box[2] - box[0], int(p.rng.integers(1, 3))
    for u, v in ((0.12, 0.02), (0.12, 0.22), (0.88, 0.78), (0.88, 0.98)):
        band(p, on(box, (u, 0.03), (v, 1.0)), w * 0.04, frame, False)
    for k in range(seats):
        x, seat = (0.5 if seats == 1 else 0.36 + 0.28 * k), p.color("paint")
        for side in (-0.09, 0.09):
            path = on(box, (x + side, 0.08), (x + side + tilt, low))
            if rope:
                p.line(path, wide=1.5)
            else:
                band(p, path, w * 0.022, p.color("metal"), False)
        bars(p, box, seat, (x + tilt - 0.12, low - 0.02, x + tilt + 0.12, low + 0.05))
    bars(p, box, frame, (0.05, 0, 0.95, 0.08))


def ladder(p: Page, box: Box) -> None:
    color, count = p.color("wood" if p.maybe(0.7) else "metal"), int(p.rng.integers(4, 8))
    w, lean, steps = box[2] - box[0], p.between(0.0, 0.22), p.maybe(0.3)
    if steps:
        lean = 0.3
        for u in (0.16, 0.84):
            band(
                p,
                on(box, (0.5 + (u - 0.5) * 0.3, 0.06), (u, 0.96)),
                w * 0.06,
                p.color("metal"),
                False,
            )
    for k in range(count):
        v = 0.12 + 0.76 * k / (count - 1)
        inset = lean * (1 - v) + 0.06
        bars(p, box, color, (inset, v - 0.018, 1 - inset, v + 0.018))
    for u in (0, 1):
        foot = abs(u - 0.07)
        top = foot + (lean if u == 0 else -lean)
        band(p, on(box, (top, 0.0), (foot, 1.0)), w * 0.11, color, False)
