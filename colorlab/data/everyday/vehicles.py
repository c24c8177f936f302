"""What drives, flies and swims with a motor; each fills a box on a page."""

from __future__ import annotations

from colorlab.data.everyday.page import Box, Page, arc, on, part
from colorlab.data.everyday.things import wheels


def panes(p: Page, box: Box, count: int, glass: str, gap: float = 0.2) -> None:
    """Windows beside each other."""
    for k in range(count):
        p.box(*part(box, (k + gap / 2) / count, 0, (k + 1 - gap / 2) / count, 1), glass)


def truck(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h = right - left, low - top
    r, kind = h * p.between(0.15, 0.19), str(p.rng.choice(["lorry", "tipper", "fire"]))
    sill, back = low - r * 0.9, left + w * p.between(0.62, 0.69)
    paint = p.color("engine" if kind == "fire" else "paint")
    p.box(left + w * 0.02, sill - h * 0.06, right - w * 0.04, sill + h * 0.03, p.color("iron"))
    bed = (left, top, back - w * 0.015, sill - h * 0.02)
    if kind == "fire":
        ladder(p, bed, paint)
    else:
        load(p, bed, kind, paint)
    cab(p, (back, top + h * p.between(0.18, 0.32), right, sill), paint, kind == "fire")
    at = (0.14, 0.34, 0.83) if p.maybe(0.4) else (0.22, 0.82)
    wheels(p, [left + w * u for u in at], low, r)


def cab(p: Page, box: Box, paint: str, siren: bool) -> None:
    brow, belt, glass = p.between(0.58, 0.85), p.between(0.45, 0.52), p.color("glass")
    if siren:
        p.box(*part(box, 0.2, -0.13, 0.45, 0.02), p.color("siren"))
    p.shape(on(box, (0, 1), (0, 0), (brow, 0), (1, belt + 0.03), (1, 1)), paint)
    p.shape(on(box, (0.18, 0.12), (brow - 0.04, 0.12), (0.87, belt), (0.18, belt)), glass)
    p.line(on(box, (0.18, belt), (0.18, 0.94)))
    p.box(*part(box, 0.82, belt + 0.14, 1, belt + 0.28), p.color("lamp"))


def load(p: Page, box: Box, kind: str, paint: str) -> None:
    if kind == "lorry":
        p.box(*box, p.color("wall"))
        if p.maybe(0.4):
            p.box(*part(box, 0, 0.45, 1, 0.65), paint)
        for k in range(1, 5) if p.maybe(0.4) else ():
            p.line(on(box, (k / 5, 0.06), (k / 5, 0.94)))
        return
    rim, bed = p.between(0.32, 0.42), paint if p.maybe(0.4) else p.color("paint")
    p.shape(on(box, (0.06, rim + 0.1), (0.25, 0.16), (0.5, p.between(0.0, 0.1)), (0.8, 0.18),
               (0.95, rim + 0.1)), p.color("heap"))  # fmt: skip
    p.shape(on(box, (-0.02, rim), (1, rim), (0.92, 1), (0.12, 1)), bed)
    for k in range(1, 4) if p.maybe(0.6) else ():
        p.line(on(box, (0.1 + 0.2 * k, rim), (0.14 + 0.19 * k, 1)))


def ladder(p: Page, box: Box, paint: str) -> None:
    """Of a fire engine, on its body."""
    y, rise, metal = 0.2, p.between(0.0, 0.2), p.color("metal")
    p.box(*part(box, 0.3, y, 0.45, y + 0.3), metal)
    p.shape(on(box, (0, y - rise), (1.3, y), (1.3, y + 0.12), (0, y - rise + 0.12)), metal)
    for k in range(1, 8):
        v = y - rise * (1 - k / 8)
        p.line(on(box, (1.3 * k / 8, v), (1.3 * k / 8, v + 0.12)))
    p.box(*part(box, 0, 0.42, 1, 1), paint)
    panes(p, part(box, 0.05, 0.48, 0.95, 0.76), int(p.rng.integers(1, 4)), metal)


def train(p: Page, box: Box) -> None:
    """A steam locomotive and its wagons."""
    left, top, right, low = box
    w, h, count = right - left, low - top, int(p.rng.integers(0, 3))
    long, high = ((0.76, 1.0), (0.58, 0.98), (0.45, 0.85))[count]
    end, tall, spoke = right - w * (0 if count else 0.12), h * high, p.color("spoke")
    u, paint, glass = end - w * long, p.color("loco"), p.color("glass")
    each, kind = (u - left) / max(count, 1), str(p.rng.choice(["coach", "coal", "planks"]))
    for k in range(count):
        wagon(p, (left + each * k, low - tall * 0.65, left + each * (k + 0.9), low), kind,
              (p.color("loco") if p.maybe(0.4) else paint, glass, spoke))  # fmt: skip
    locomotive(p, (u, low - tall, end, low), (paint, glass, spoke))


def wagon(p: Page, box: Box, kind: str, colors: tuple[str, str, str]) -> None:
    paint, glass, spoke = colors
    r = (box[3] - box[1]) * 0.16
    p.line(on(box, (0.9, 0.76), (1.3, 0.76)), wide=2.5)
    if kind == "coach":
        p.box(*part(box, 0, 0.08, 1, 0.74), paint)
        p.box(*part(box, -0.03, 0, 1.03, 0.12), p.color("iron"))
        panes(p, part(box, 0.06, 0.24, 0.94, 0.48), 2, glass)
    else:
        p.shape(on(box, (0.06, 0.33), (0.3, 0.05), (0.6, 0), (0.94, 0.33)), p.color("heap"))
        p.box(*part(box, 0, 0.3, 1, 0.74), paint)
        for v in (0.45, 0.6) if kind == "planks" else ():
            p.line(on(box, (0, v), (1, v)))
    p.box(*part(box, 0, 0.74, 1, 0.82), p.color("iron"))
    for x, y in on(box, (0.24, 0.84), (0.76, 0.84)):
        p.oval(x, y, r, r, spoke)


def locomotive(p: Page, box: Box, colors: tuple[str, str, str]) -> None:
    (paint, glass, spoke), w, h = colors, box[2] - box[0], box[3] - box[1]
    dark, brass = p.color("iron"), p.color("brass")
    back, flare = p.between(0.32, 0.4), p.between(0.06, 0.11)
    p.shape(on(box, (0.8, 0.74), (0.92, 0.74), (1, 0.98), (0.84, 0.98)), p.color("livery"))
    p.shape(on(box, (0.75, 0.36), (0.8 - flare, 0), (0.8 + flare, 0), (0.85, 0.36)), dark)
    p.oval(*on(box, (0.57, 0.36))[0], w * 0.08, h * 0.14, brass, 180, 360)
    p.box(*part(box, back - 0.02, 0.34, 0.75, 0.74), paint)
    for u in (0.45, 0.58)[: int(p.rng.integers(0, 3))]:
        p.box(*part(box, u, 0.34, u + 0.04, 0.74), brass if p.maybe(0.5) else paint)
    p.box(*part(box, 0.7, 0.31, 0.9, 0.74), dark)
    p.oval(*on(box, (0.9, 0.46))[0], w * 0.04, h * 0.06, p.color("lamp"))
    p.box(*part(box, 0.04, 0.1, back, 0.74), paint)
    p.box(*part(box, -0.01, 0.02, back + 0.05, 0.13), dark)
    p.box(*part(box, 0.1, 0.22, back - 0.06, 0.46), glass)
    p.box(*part(box, 0, 0.72, 0.93, 0.8), p.color("iron"))
    for u, r in ((0.17, 0.17), (0.43, 0.17), (0.64, 0.1), (0.8, 0.1)):
        x, y = on(box, (u, 1 - r))[0]
        p.oval(x, y, h * r, h * r, spoke)
        p.oval(x, y, h * r * 0.35, h * r * 0.35, brass)


def rocket(p: Page, box: Box) -> None:
    (x, _), w = on(box, (0.5, 0))[0], box[2] - box[0]
    a, nose, fin = p.between(0.24, 0.32), p.between(0.22, 0.28), p.color("livery")
    for size, color in ((1.0, "flame"), (0.55, "lamp")) if p.maybe(0.85) else ():
        u, v = a * 0.8 * size, 0.75 + 0.1 * size
        p.shape(on(box, (0.5 - a * 0.4, 0.73), (0.5 - u, v), (0.5, 0.75 + 0.28 * size), (0.5 + u,
                   v), (0.5 + a * 0.4, 0.73)), p.color(color))  # fmt: skip
    for side in (-1, 1):
        p.shape(on(box, (0.5 + side * a * 0.7, 0.5), (0.5 + side * 0.5, 0.69), (0.5 + side * 0.48,
                   0.82), (0.5 + side * a * 0.5, 0.73)), fin)  # fmt: skip
    p.box(*part(box, 0.5 - a * 0.5, 0.7, 0.5 + a * 0.5, 0.78), p.color("iron"))
    tip = [(0.35, 0.06), (0.68, 0.13), (0.9, nose)]
    low = [*tip, (1.05, 0.4), (1.0, 0.55), (0.65, 0.74)]
    for sides, color in ((low, p.color("rocket")), (tip, fin)):
        p.shape(on(box, (0.5, 0), *((0.5 + a * u, v) for u, v in sides),
                   *((0.5 - a * u, v) for u, v in sides[::-1])), color)  # fmt: skip
    rim, glass, r = p.color("metal"), p.color("glass"), w * a * p.between(0.4, 0.5)
    for v in (0.36, 0.53)[: int(p.rng.integers(1, 3))]:
        for size, color in ((r, rim), (r * 0.66, glass)):
            p.oval(x, on(box, (0, v))[0][1], size, size, color)
    if p.maybe(0.6):
        p.box(*part(box, 0.45, 0.62, 0.55, 0.82), fin)


def airplane(p: Page, box: Box) -> None:
    """An airliner."""
    body, trim, lean = p.color("liner"), p.color("livery"), p.between(-0.04, 0.04)
    wing, glass = trim if p.maybe(0.15) else p.color("metal"), p.color("glass")
    p.shape(on(box, (0.52, 0.42), (0.38 + lean, 0.08), (0.46 + lean, 0.08), (0.68, 0.42)), wing)
    p.shape(on(box, (0.05, 0.5), (0, 0.04), (0.1, 0), (0.25, 0.42)), trim)
    p.shape(on(box, (0, 0.43), (0.12, 0.38), (0.5, 0.34), (0.85, 0.35), (0.96, 0.44), (1, 0.56),
               (0.93, 0.67), (0.75, 0.72), (0.4, 0.71), (0.14, 0.59)), body, True)  # fmt: skip
    panes(p, part(box, 0.26, 0.42, 0.78, 0.54), int(p.rng.integers(4, 7)), glass, 0.45)
    p.shape(on(box, (0.85, 0.43), (0.93, 0.44), (0.96, 0.53), (0.85, 0.53)), glass)
    p.shape(on(box, (0.02, 0.5), (0.16, 0.49), (0.06, 0.66), (-0.02, 0.66)), trim)
    for x, y in on(box, (0.6, 0.77), (0.47, 0.92))[: int(p.rng.integers(1, 3))]:
        p.oval(x, y, (box[2] - box[0]) * 0.065, (box[3] - box[1]) * 0.075, trim)
    p.shape(on(box, (0.42, 0.6), (0.64, 0.6), (0.38 + lean, 1), (0.28 + lean, 1)), wing)


def helicopter(p: Page, box: Box) -> None:
    (x, y), w, h = on(box, (0.64, 0.56))[0], box[2] - box[0], box[3] - box[1]
    paint, dark, glass = map(p.color, ("paint", "iron", "glass"))
    p.box(*part(box, 0.62, 0.06, 0.67, 0.32), dark)
    p.box(*part(box, 0.28, 0.02, 1.0, 0.09), dark)
    p.shape(on(box, (0.04, 0.42), (0, 0.2), (0.09, 0.2), (0.16, 0.42)), p.color("livery"))
    p.shape(on(box, (0.03, 0.4), (0.03, 0.46), (0.5, 0.68), (0.5, 0.4)), paint)
    for u in (0.5, 0.76):
        p.line(on(box, (u, 0.8), (u - 0.02, 0.95)), wide=2)
    p.box(*part(box, 0.36, 0.94, 0.94, 1.0), dark)
    p.oval(x, y, w * 0.28, h * 0.3, paint)
    p.shape([*arc(x, y, w * 0.24, h * 0.24, -68, 12), *on(box, (0.72, 0.61))], glass)
    if p.maybe(0.7):
        p.box(*part(box, 0.48, 0.42, 0.63, 0.6), glass)
    for v in (0.27, 0.57):
        p.shape(on(box, (0.05, 0.42), (0.01, v), (0.09, v)), dark)


def tractor(p: Page, box: Box) -> None:
    w, h = box[2] - box[0], box[3] - box[1]
    paint, dark, tire, rim, glass = map(p.color, ("tractor", "iron", "tire", "spoke", "glass"))
    big, roof = h * p.between(0.27, 0.33), p.between(0.5, 0.58)
    p.box(*part(box, 0.78, 0.1, 0.83, 0.5), dark)
    p.box(*part(box, 0.25, 0.66, 0.88, 0.8), dark)
    p.shape(on(box, (0.5, 0.4), (0.93, 0.44), (0.97, 0.5), (0.97, 0.74), (0.5, 0.74)), paint)
    for k in range(3) if p.maybe(0.7) else ():
        p.line(on(box, (0.68, 0.5 + 0.06 * k), (0.86, 0.51 + 0.06 * k)))
    if p.maybe(0.7):
        p.shape(on(box, (0.14, 0.5), (0.2, 0.05), (roof - 0.02, 0.05), (roof + 0.02, 0.5)), paint)
        p.shape(on(box, (0.2, 0.48), (0.25, 0.13), (roof - 0.06, 0.13), (roof - 0.03, 0.48)), glass)
        p.box(*part(box, 0.13, 0, roof + 0.05, 0.08), paint)
    else:
        p.shape(on(box, (0.2, 0.5), (0.12, 0.2), (0.22, 0.18), (0.3, 0.5)), dark)
        p.line(on(box, (0.56, 0.48), (0.47, 0.25), (0.41, 0.29), (0.53, 0.21)), wide=2)
    p.box(*part(box, 0.12, 0.47, 0.54, 0.74), paint)
    p.oval(*on(box, (0.95, 0.56))[0], w * 0.035, h * 0.05, p.color("lamp"))
    for u, r in ((0.26, big), (0.82, big * p.between(0.55, 0.65))):
        for size, color in ((r, tire), (r * 0.62, rim), (r * 0.2, tire)):
            p.oval(box[0] + w * u, box[3] - r, size, size, color)


def ship(p: Page, box: Box) -> None:
    if p.maybe(0.3):
        pirates(p, box)
        return
    h, hull, cabin, glass = box[3] - box[1], p.color("hull"), p.color("liner"), p.color("glass")
    funnel, band, tiers = p.color("livery"), p.color("liner"), int(p.rng.integers(1, 3))
    deck, count = 0.6 - 0.16 * tiers, int(p.rng.integers(1, 4))
    for k in range(count):
        u = 0.5 + 0.16 * (k - (count - 1) / 2)
        p.box(*part(box, u - 0.05, 0.02, u + 0.05, deck + 0.02), funnel)
        p.box(*part(box, u - 0.05, 0.08, u + 0.05, 0.16), band)
    p.line(on(box, (0.88, 0.6), (0.88, 0.16)), wide=2)
    for k in range(tiers):
        u, v = 0.16 + 0.08 * (tiers - 1 - k), 0.6 - 0.16 * k
        p.box(*part(box, u, v - 0.16, 0.96 - u, v + 0.02), cabin)
        panes(p, part(box, u + 0.04, v - 0.11, 0.92 - u, v - 0.03), 5 - k, glass, 0.4)
    p.shape(on(box, (0, 0.6), (0.8, 0.6), (1, 0.5), (0.9, 1), (0.08, 1)), hull)
    if p.maybe(0.6):
        p.shape(on(box, (0.06, 0.87), (0.935, 0.87), (0.9, 1), (0.08, 1)), p.color("hull"))
    for k in range(int(p.rng.integers(3, 6)) if p.maybe(0.7) else 0):
        p.oval(*on(box, (0.2 + 0.13 * k, 0.73))[0], h * 0.04, h * 0.04, glass)


def pirates(p: Page, box: Box) -> None:
    hull, sail, wood = p.color("wood"), p.color("sail"), p.color("wood")
    for u, y in ((0.36, 0.08), (0.68, 0.14)):
        p.box(*part(box, u - 0.015, y - 0.06, u + 0.015, 0.7), wood)
        for top, low, half in ((y + 0.05, y + 0.26, 0.13), (y + 0.28, 0.62, 0.17)):
            p.shape(on(box, (u - half, top), (u + half * 0.8, top), (u + half, top + 0.12),
                       (u + half * 0.8, low), (u - half, low)), sail)  # fmt: skip
    p.shape(on(box, (0.36, -0.05), (0.2, -0.02), (0.22, 0.08), (0.36, 0.08)), p.color("iron"))
    p.shape(on(box, (0, 0.5), (0.22, 0.52), (0.24, 0.66), (0.78, 0.66), (0.84, 0.58), (1, 0.52),
               (0.88, 1), (0.1, 1)), hull)  # fmt: skip
    for v in (0.78, 0.89) if p.maybe(0.6) else ():
        p.line(on(box, (0.08, v), (0.9, v)))
    panes(p, part(box, 0.26, 0.7, 0.8, 0.78), 4, p.color("iron"), 0.5)


def bus(p: Page, box: Box) -> None:
    left, top, right, low = box
    double, paint, glass = p.maybe(0.3), p.color("bus"), p.color("glass")
    h = (low - top) * (1 if double else p.between(0.72, 0.85))
    x, wide = (left + right) / 2, (right - left) * (0.4 if double else 0.5)
    box = (x - wide, low - h, x + wide, low)
    p.shape(on(box, (0, 0.88), (0, 0.04), (0.03, 0), (0.95, 0), (0.99, 0.06), (1, 0.88)), paint)
    count, (v, y) = int(p.rng.integers(3, 6)), (0.52, 0.37) if double else (0.14, 0.54)
    if double:
        panes(p, part(box, 0.03, 0.1, 0.97, 0.32), count + 1, glass)
    panes(p, part(box, 0.03, v, 0.77, v + (0.2 if double else 0.3)), count, glass)
    p.box(*part(box, 0.9, v, 1, v + (0.22 if double else 0.32)), glass)
    p.box(*part(box, 0.79, v, 0.88, 0.84), glass if p.maybe(0.5) else paint)
    if p.maybe(0.5):
        p.box(*part(box, 0, y, 0.78, y + 0.1), p.color("livery"))
    p.box(*part(box, 0.94, 0.72, 1, 0.82), p.color("lamp"))
    wheels(p, [u for u, _ in on(box, (0.2, 0), (0.72, 0))], low, h * p.between(0.15, 0.17))
