"""People and pets in a few strokes, as children and signs draw them: a circle for a head, a
triangle for a dress, arms and legs of a line each; clothes and bags by themselves."""

from __future__ import annotations

from colorlab.data.everyday.page import Box, Page, Point, arc, on, part, scalloped
from colorlab.data.everyday.things import face, house, sun


def limb(p: Page, points: list[Point], wide: float, fill: str | None) -> None:
    """An arm or a leg: a line of ink, or a stroke of a color with a round end."""
    if fill is None:
        p.line(points, wide=1.4)
        return
    (x, y), (u, v) = points[0], points[-1]
    length = max(((u - x) ** 2 + (v - y) ** 2) ** 0.5, 1e-6)
    a, b = -(v - y) / length * wide, (u - x) / length * wide
    c, d = (u - x) / length * wide, (v - y) / length * wide
    p.shape([(x + a, y + b), (u + a, v + b), (u + a * 0.7 + c * 0.7, v + b * 0.7 + d * 0.7),
             (u - a * 0.7 + c * 0.7, v - b * 0.7 + d * 0.7), (u - a, v - b), (x - a, y - b)],
            fill)  # fmt: skip


def head(p: Page, x: float, y: float, r: float, skin: str) -> None:
    """A circle, with or without a face, hair or a hat."""
    hair, kind = p.color("locks" if p.maybe(0.5) else "hair"), p.rng.choice(
        ["none", "none", "cap", "cap", "long", "bob", "curls", "bun", "tails", "hat"])  # fmt: skip
    if kind == "long":
        p.shape([(x - r, y), *arc(x, y - r * 0.1, r * 1.15, r * 1.15, 180, 360), (x + r * 1.2,
                 y + r * 1.5), (x - r * 1.2, y + r * 1.5)], hair)  # fmt: skip
    elif kind == "bob":
        p.oval(x, y + r * 0.05, r * 1.25, r * 1.15, hair)
    elif kind == "curls":
        p.shape(scalloped(x, y - r * 0.15, r * 1.3, r * 1.2, int(p.rng.integers(6, 10))), hair,
                True)  # fmt: skip
    elif kind == "bun":
        p.oval(x, y - r * 1.25, r * 0.4, r * 0.4, hair)
    elif kind == "tails":
        for side in (-1, 1):
            p.oval(x + side * r * 1.2, y + r * 0.2, r * 0.35, r * 0.7, hair)
    p.oval(x, y, r, r * p.between(0.95, 1.1), skin)
    if kind in ("cap", "bun", "tails") or (kind in ("long", "bob", "curls") and p.maybe(0.6)):
        low = y - r * p.between(0.15, 0.45)
        cut = [(x + r * 0.85, low), (x + r * 0.2, low - r * 0.2), (x - r * 0.3, low + r * 0.05)]
        p.shape([*arc(x, y, r * 1.02, r * 1.04, 200, 340), *cut], hair)
    elif kind == "hat":
        color = p.color("cloth")
        p.box(x - r * 1.4, y - r * 0.75, x + r * 1.4, y - r * 0.5, color)
        p.box(x - r * 0.8, y - r * 1.6, x + r * 0.8, y - r * 0.72, color)
    if p.maybe(0.45):
        face(p, x, y + r * 0.2, r * 0.75)


def child(p: Page, box: Box) -> None:
    """A whole person: a head, one shape for what is worn, four limbs."""
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    skin, cloth, r = p.color("skin"), p.color("cloth"), min(h * p.between(0.12, 0.2), w * 0.3)
    y, lines = top + r * 1.35, p.maybe(0.35)
    neck, hem = y + r * 0.85, low - h * p.between(0.16, 0.38)
    wide, t = w * p.between(0.16, 0.26), w * p.between(0.035, 0.06)
    dress, trousers = p.maybe(0.5), p.color("trousers")
    legs = None if lines else skin if dress and p.maybe(0.7) else trousers
    for side in (-1, 1):
        foot = (x + side * wide * (0.45 if dress else 0.6), low - t * 1.2)
        limb(p, [(x + side * wide * 0.4, hem - h * 0.03), foot], t * 1.1, legs)
        if not lines and p.maybe(0.7):
            p.oval(foot[0] + side * t, low - t, t * 1.9, t * 1.1, p.color("shoe"))
        up = p.between(-0.14, 0.22) * h
        limb(p, [(x + side * wide * 0.5, neck + h * 0.05), (x + side * w * 0.44, neck + h * 0.1
                 + up)], t, None if lines else skin if p.maybe(0.5) else cloth)  # fmt: skip
    if dress:
        p.shape([(x - wide * 0.4, neck), (x + wide * 0.4, neck), (x + wide * p.between(1, 1.6),
                 hem), (x - wide * p.between(1, 1.6), hem)], cloth)  # fmt: skip
    else:
        waist = neck + (hem - neck) * p.between(0.6, 0.85)
        p.box(x - wide * 0.7, waist - h * 0.02, x + wide * 0.7, hem, trousers)
        p.shape([(x - wide * 0.8, neck + h * 0.02), (x, neck - h * 0.01), (x + wide * 0.8, neck +
                 h * 0.02), (x + wide * 0.75, waist), (x - wide * 0.75, waist)], cloth)  # fmt: skip
    if p.maybe(0.25):
        for k in range(3):
            p.dot(x, neck + (hem - neck) * (0.25 + 0.2 * k), w * 0.012)
    head(p, x, y, r, skin)


def sign_person(p: Page, box: Box) -> None:
    """A circle above shoulders, or above a body without limbs."""
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    cloth, r = p.color("cloth"), min(h * p.between(0.2, 0.28), w * 0.3)
    y = top + r * 1.3
    neck = y + r * p.between(0.9, 1.2)
    wide = w * p.between(0.36, 0.48)
    kind = p.rng.choice(["bust", "bust", "body", "suit"])
    if kind == "body":
        p.shape([(x - wide * 0.8, neck + h * 0.06), (x, neck), (x + wide * 0.8, neck + h * 0.06),
                 (x + wide * 0.6, low), (x - wide * 0.6, low)], cloth, True)  # fmt: skip
    else:
        p.shape([*arc(x, low, wide, low - neck, 180, 360), (x + wide, low)], cloth)
    if kind == "suit":
        p.shape([(x - r * 0.55, neck + h * 0.02), (x + r * 0.55, neck + h * 0.02), (x, low -
                 h * 0.06)], "#ffffff")  # fmt: skip
        p.shape([(x - r * 0.12, neck + h * 0.05), (x + r * 0.12, neck + h * 0.05), (x + r * 0.16,
                 low - h * 0.18), (x, low - h * 0.1), (x - r * 0.16, low - h * 0.18)],
                p.color("ribbon"))  # fmt: skip
    head(p, x, y, r, p.color("skin"))


def pet(p: Page, box: Box) -> None:
    """A cat or a dog that sits, of a head, a body and a tail."""
    left, top, right, low = box
    w, h = right - left, low - top
    fur, cat = p.color("fur"), p.maybe(0.5)
    u = 1 if p.maybe(0.5) else -1  # where it looks

    def at(*points: Point) -> list[Point]:
        return on(box, *((0.5 + u * (x - 0.5), y) for x, y in points))

    tail = at((0.2, 0.95), (0.02, 0.75), (0.08, 0.5), (0.16, 0.52), (0.12, 0.72), (0.28, 0.84))
    p.shape(tail, fur, True)
    p.shape(at((0.62, 0.4), (0.78, 0.7), (0.8, 0.98), (0.2, 0.98), (0.16, 0.78), (0.4, 0.5)), fur,
            True)  # fmt: skip
    if p.maybe(0.5):
        p.line(at((0.6, 0.72), (0.6, 0.97)))
    ear = fur if p.maybe(0.6) else p.color("fur")
    x, y = at((0.62, 0.3))[0]
    r = min(w * 0.26, h * 0.22)
    if cat:
        for side in (-1, 1):
            p.shape([(x + side * r * 0.9, y - r * 0.3), (x + side * r * 0.85, y - r * 1.4),
                     (x + side * r * 0.2, y - r * 0.85)], fur)  # fmt: skip
    p.oval(x, y, r, r * 0.9, fur)
    if not cat:
        p.oval(x + u * r * 0.85, y + r * 0.3, r * 0.5, r * 0.38, fur)
        p.dot(x + u * r * 1.25, y + r * 0.15, r * 0.14)
        p.oval(x - u * r * 0.6, y + r * 0.15, r * 0.3, r * 0.7, ear)
    elif p.maybe(0.6):
        p.shape([(x - r * 0.15, y + r * 0.1), (x + r * 0.15, y + r * 0.1), (x, y + r * 0.28)],
                p.color("pink"))  # fmt: skip
    if p.maybe(0.7):
        for across in (-0.42, 0.42) if cat else (u * 0.25,):
            p.dot(x + across * r, y - r * 0.15, r * 0.11)
    if p.maybe(0.35):
        p.shape(at((0.46, 0.46), (0.76, 0.48), (0.76, 0.53), (0.45, 0.52)), p.color("ribbon"))


def garment(p: Page, box: Box) -> None:
    """A dress, trousers, a hat, a boot, a sock or a bag."""
    kind = p.rng.choice(["dress", "trousers", "hat", "boot", "sock", "bag", "backpack"])
    color, other = p.color("cloth"), p.color("cloth")
    if kind == "dress":
        flare = p.between(0.02, 0.18)
        p.shape(on(box, (0.36, 0.06), (0.64, 0.06), (0.98, 0.28), (0.86, 0.46), (0.72, 0.36),
                   (1 - flare, 0.98), (flare, 0.98), (0.28, 0.36), (0.14, 0.46), (0.02, 0.28)),
                color)  # fmt: skip
        p.shape(on(box, (0.36, 0.06), (0.64, 0.06), (0.5, 0.2)), "#ffffff" if p.maybe(0.5)
                else other)  # fmt: skip
        if p.maybe(0.4):
            p.box(*part(box, 0.29, 0.52, 0.71, 0.62), other)
    elif kind == "trousers":
        jeans = p.color("trousers")
        p.shape(on(box, (0.2, 0.05), (0.8, 0.05), (0.9, 0.98), (0.6, 0.98), (0.5, 0.36), (0.4,
                   0.98), (0.1, 0.98)), jeans)  # fmt: skip
        p.box(*part(box, 0.2, 0.03, 0.8, 0.13), p.color("wood") if p.maybe(0.5) else jeans)
    elif kind == "hat":
        p.oval(*on(box, (0.5, 0.75))[0], (box[2] - box[0]) * 0.48, (box[3] - box[1]) * 0.14, color)
        p.shape(on(box, (0.25, 0.72), (0.3, 0.25), (0.5, 0.16), (0.7, 0.25), (0.75, 0.72)), color)
        p.shape(on(box, (0.25, 0.58), (0.75, 0.58), (0.75, 0.72), (0.25, 0.72)), other)
    elif kind == "boot":
        leather = p.color("shoe")
        p.shape(on(box, (0.25, 0.05), (0.6, 0.05), (0.62, 0.55), (0.95, 0.72), (0.95, 0.88), (0.22,
                   0.88)), leather)  # fmt: skip
        p.box(*part(box, 0.2, 0.86, 0.97, 0.97), p.color("tire"))
        p.box(*part(box, 0.22, 0.04, 0.63, 0.16), leather if p.maybe(0.5) else p.color("wool"))
    elif kind == "sock":
        p.shape(on(box, (0.3, 0.05), (0.65, 0.05), (0.66, 0.55), (0.92, 0.75), (0.85, 0.94), (0.55,
                   0.94), (0.3, 0.66)), color)  # fmt: skip
        for y in (0.05, 0.25) if p.maybe(0.6) else (0.05,):
            p.shape(on(box, (0.29, y), (0.66, y), (0.66, y + 0.1), (0.29, y + 0.1)), other)
    else:
        leather = p.color("coat") if p.maybe(0.4) else color
        p.shape([*arc(*on(box, (0.5, 0.3))[0], (box[2] - box[0]) * 0.2, (box[3] - box[1]) * 0.24,
                      180, 360), *arc(*on(box, (0.5, 0.3))[0], (box[2] - box[0]) * 0.13, (box[3] -
                      box[1]) * 0.16, 180, 360)[::-1]], leather)  # fmt: skip
        p.shape(on(box, (0.12, 0.3), (0.88, 0.3), (0.95, 0.96), (0.05, 0.96)), leather)
        if kind == "backpack":
            p.shape(on(box, (0.25, 0.6), (0.75, 0.6), (0.75, 0.9), (0.25, 0.9)), other)
        p.shape(on(box, (0.12, 0.3), (0.88, 0.3), (0.9, 0.48), (0.1, 0.48)), leather
                if p.maybe(0.5) else other)  # fmt: skip
        p.box(*part(box, 0.45, 0.42, 0.55, 0.54), p.color("brass"))


def childs_page(p: Page, box: Box) -> None:
    """What a child draws: the sun in a corner, a house, people on a strip of grass."""
    left, top, right, low = box
    w, h = right - left, low - top
    corner = left + w * 0.05 if p.maybe(0.5) else right - w * 0.05
    if p.maybe(0.5):
        p.box(left, top, right, top + h * p.between(0.08, 0.16), p.color("sky"))
    r = w * p.between(0.1, 0.16)
    sun(p, (corner - r, top + h * 0.02, corner + r, top + h * 0.02 + 2 * r))
    grass = low - h * p.between(0.08, 0.16)
    if p.maybe(0.6):
        house(p, (left + w * 0.03, top + h * 0.3, left + w * 0.45, grass + h * 0.02))
    folk, start = int(p.rng.integers(1, 4)), left + w * 0.48
    step = (right - start) / folk
    for k in range(folk):
        tall = h * p.between(0.36, 0.6)
        child(p, (start + k * step, grass + h * 0.03 - tall, start + k * step + min(step, tall *
                  0.55), grass + h * 0.03))  # fmt: skip
    p.box(left, grass, right, low, p.color("ground"))
