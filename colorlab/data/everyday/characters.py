"""Characters as comics and animation draw them: head and shoulders or whole, hair in locks, large
eyes, clothes with collars and folds."""

from __future__ import annotations

import math

from colorlab.data.everyday.page import Box, Page, Point, arc


def portrait(p: Page, box: Box) -> None:
    """Head and shoulders, which the page may cut below."""
    left, top, right, low = box
    h, x = low - top, (left + right) / 2
    skin = p.color("skin")
    b = h * p.between(0.25, 0.32)
    a, y = b * p.between(0.78, 0.95), top + h * p.between(0.4, 0.45)
    hair = p.color("locks")
    behind(p, x, y, a, b, hair, low)
    chest(p, (x, y + b * 1.12, min((right - left) * 0.5, a * p.between(1.5, 2.0)), low), a, skin)
    features(p, x, y, a, b, skin)
    fringe(p, x, y, a, b, hair)
    worn(p, x, y, a, b)


def figure(p: Page, box: Box) -> None:
    """Whole, with a large head."""
    left, top, right, low = box
    h, x = low - top, (left + right) / 2
    skin, hair = p.color("skin"), p.color("locks")
    b = h * p.between(0.14, 0.19)
    a, y = b * p.between(0.85, 1.0), top + h * 0.03 + b * 1.25
    neck, hip = y + b * 1.05, y + b * 1.05 + h * p.between(0.2, 0.27)
    behind(p, x, y, a, b, hair, hip + h * p.between(-0.1, 0.15))
    limbs(p, x, neck, hip, (a, low), skin)
    chest(p, (x, neck, a * p.between(0.75, 0.95), hip), a * 0.8, skin)
    features(p, x, y, a, b, skin)
    fringe(p, x, y, a, b, hair)
    worn(p, x, y, a, b)


def limbs(p: Page, x: float, neck: float, hip: float, size: tuple[float, float], skin: str) -> None:
    """Legs, shoes, arms, and a skirt over them."""
    a, low = size
    skirt, cloth, shoe = p.maybe(0.5), p.color("trousers"), p.color("shoe")
    socks = p.color("uniform") if p.maybe(0.4) else skin
    sleeve = p.color("cloth") if p.maybe(0.5) else skin
    foot, wide = low - (low - hip) * 0.08, a * p.between(0.24, 0.34)
    for side in (-1, 1):
        u, knee = x + side * a * 0.36, hip + (low - hip) * 0.55
        p.box(u - wide * 0.8, hip - 1, u + wide * 0.8, foot, skin if skirt else cloth)
        if skirt and socks != skin:
            p.box(u - wide * 0.8, knee, u + wide * 0.8, foot, socks)
        p.oval(
            u + side * wide * 0.3, foot + (low - foot) * 0.3, wide * 1.3, (low - foot) * 0.8, shoe
        )
        hand = (x + side * a * p.between(1.1, 1.5), hip + (hip - neck) * p.between(-0.3, 0.15))
        p.oval(*hand, a * 0.19, a * 0.19, skin)
        p.shape([(x + side * a * 0.55, neck + a * 0.12), (x + side * a * 0.8, neck + a * 0.25),
                 (hand[0] + side * a * 0.14, hand[1]), (hand[0] - side * a * 0.16, hand[1])],
                sleeve)  # fmt: skip
    if skirt:
        seam, color = hip + (low - hip) * p.between(0.25, 0.55), p.color("cloth")
        flare = a * p.between(1.0, 1.5)
        p.shape([(x - a * 0.75, hip - a * 0.1), (x + a * 0.75, hip - a * 0.1), (x + flare, seam),
                 (x - flare, seam)], color)  # fmt: skip
        for k in (-0.4, 0.0, 0.4) if p.maybe(0.5) else ():
            p.line([(x + a * k, hip + a * 0.1), (x + flare * k * 1.2, seam)])


def behind(p: Page, x: float, y: float, a: float, b: float, hair: str, low: float) -> None:
    """Hair behind the head: short, to the shoulders, long, in two bunches, in one tail or a bun."""
    kind = p.rng.choice(["short", "bob", "long", "bunches", "tail", "bun"])
    if kind in ("bob", "long"):
        end = (
            y + b * p.between(0.9, 1.2) if kind == "bob" else min(low, y + b * p.between(1.6, 2.4))
        )
        wide, steps = a * p.between(1.2, 1.4), int(p.rng.integers(3, 7))
        tips = [(x + wide * (1 - 2 * k / steps), end + (b * 0.12 if k % 2 else -b * 0.06))
                for k in range(steps + 1)]  # fmt: skip
        p.shape([(x - wide, y - b * 0.2), *arc(x, y - b * 0.25, wide, b * 0.95, 190, 350),
                 (x + wide, y - b * 0.2), *tips], hair)  # fmt: skip
    if kind == "bunches":
        for side in (-1, 1):
            u, v, fall = x + side * a * 1.15, y - b * 0.35, b * p.between(1.0, 1.9)
            p.shape([(u - side * a * 0.2, v - b * 0.1), (u + side * a * 0.5, v - b * 0.05),
                     (u + side * a * 0.75, v + fall * 0.55), (u + side * a * 0.35, v + fall),
                     (u - side * a * 0.05, v + fall * 0.6)], hair, p.maybe(0.7))  # fmt: skip
            p.oval(u, v, a * 0.14, a * 0.14, p.color("ribbon"))
    if kind == "tail":
        way = float(p.rng.choice([-1, 1]))
        p.shape([(x + way * a * 0.4, y - b * 1.1), (x + way * a * 1.4, y - b * 1.0),
                 (x + way * a * 1.75, y + b * 0.4), (x + way * a * 1.3, y + b * 1.1),
                 (x + way * a * 1.2, y + b * 0.1)], hair, p.maybe(0.6))  # fmt: skip
    if kind == "bun":
        p.oval(x, y - b * 1.25, a * 0.42, b * 0.35, hair)
    p.oval(x, y - b * 0.12, a * 1.13, b * 1.0, hair)


def fringe(p: Page, x: float, y: float, a: float, b: float, hair: str) -> None:
    """Hair in front: locks that hang over the brow, each closed by its own lines or all in one."""
    count, deep = int(p.rng.integers(3, 8)), p.between(-0.3, -0.02)
    top = arc(x, y - b * 0.1, a * 1.15, b * 1.05, 185, 355)
    teeth: list[Point] = []
    for k in range(count + 1):
        u = 1 - 2 * k / count
        across = x + a * 1.02 * u
        teeth.append((across, y - b * 0.42 * math.sqrt(max(0.0, 1 - u * u)) - b * 0.12))
        if k < count:
            teeth.append((x + a * (u - 1 / count + p.between(-0.08, 0.08)), y + b * deep
                          + b * 0.25 * abs(u)))  # fmt: skip
    p.shape([*top, *teeth], hair)
    for k in range(2, len(teeth) - 2, 2) if p.maybe(0.4) else ():
        u, v = teeth[k]
        p.line([(u, v), (x + (u - x) * 0.6, y - b * p.between(0.75, 1.0))])
    for side in (-1, 1) if p.maybe(0.55) else ():
        end = y + b * p.between(0.3, 0.9)
        p.shape([(x + side * a * 0.72, y - b * 0.45), (x + side * a * 1.13, y - b * 0.35),
                 (x + side * a * 1.2, end - b * 0.2), (x + side * a * 1.0, end),
                 (x + side * a * 0.88, y)], hair)  # fmt: skip
    if p.maybe(0.25):
        p.line(arc(x, y - b * 0.2, a * 0.85, b * 0.72, 215, 300), True)


def features(p: Page, x: float, y: float, a: float, b: float, skin: str) -> None:
    """Ears, face with a chin, eyes, nose, mouth."""
    for side in (-1, 1) if p.maybe(0.6) else ():
        p.oval(x + side * a * 0.98, y + b * 0.12, a * 0.16, b * 0.2, skin)
    chin = b * p.between(0.85, 1.02)
    p.shape([*arc(x, y - b * 0.1, a, b * 0.85, 180, 360), (x + a * 0.96, y + b * 0.2),
             (x + a * 0.6, y + chin * 0.78), (x, y + chin), (x - a * 0.6, y + chin * 0.78),
             (x - a * 0.96, y + b * 0.2)], skin, True)  # fmt: skip
    large_eyes(p, x, y + b * 0.12, a * p.between(0.4, 0.47), a * p.between(0.17, 0.26))
    nose = y + b * p.between(0.36, 0.44)
    if p.maybe(0.5):
        p.line([(x, nose - b * 0.06), (x - a * 0.06, nose), (x + a * 0.02, nose + b * 0.02)])
    mouth = y + b * p.between(0.58, 0.66)
    kind = p.rng.choice(["line", "line", "open", "smile"])
    if kind == "open":
        p.oval(x, mouth, a * 0.16, b * 0.09, p.color("lips"))
    else:
        p.line(
            arc(x, mouth - b * 0.1, a * (0.16 if kind == "line" else 0.28), b * 0.12, 30, 150), True
        )
    for side in (-1, 1) if p.maybe(0.15) else ():
        p.oval(x + side * a * 0.62, y + b * 0.45, a * 0.14, b * 0.07, p.color("pink"))


def large_eyes(p: Page, x: float, y: float, apart: float, r: float) -> None:
    """White, iris, pupil, a light, a lid and a brow."""
    color, tall, closed = p.color("eyes"), p.between(1.0, 1.5), p.maybe(0.07)
    light, brow, white = p.maybe(0.5), p.maybe(0.75), p.maybe(0.75)
    for side in (-1, 1):
        u = x + side * apart
        if brow:
            p.line(arc(u, y - r * tall * 0.7, r * 1.1, r * 0.8, 210, 330), True)
        if closed:
            p.line(arc(u, y, r, r * 0.6, 10, 170), True, wide=1.6)
            continue
        if white:
            p.oval(u, y, r, r * tall, "#ffffff")
        p.oval(u, y + r * 0.08, r * 0.68, r * tall * 0.85, color)
        p.dot(u, y + r * 0.12, r * 0.32)
        if light:
            p.oval(u + r * 0.25, y - r * tall * 0.4, r * 0.22, r * 0.25, "#ffffff")
        p.line(arc(u, y, r * 1.08, r * tall, 195, 345), True, wide=2.2)


def chest(p: Page, place: tuple[float, float, float, float], a: float, skin: str) -> None:
    """Neck, shoulders and clothes, below a chin at x, y; as wide as so much to each side."""
    x, y, wide, low = place
    cloth, tall = p.color("cloth"), low - y
    p.box(x - a * 0.28, y - a * 0.35, x + a * 0.28, y + min(a * 0.2, tall * 0.3), skin)
    fall = min(a * 0.45, tall * 0.35)
    p.shape([(x - a * 0.3, y), (x - wide * 0.85, y + fall * 0.6), (x - wide, y + fall * 1.4),
             (x - wide * p.between(0.85, 1.0), low), (x + wide * p.between(0.85, 1.0), low),
             (x + wide, y + fall * 1.4), (x + wide * 0.85, y + fall * 0.6), (x + a * 0.3, y),
             (x, y + fall * p.between(0.3, 0.9))], cloth)  # fmt: skip
    kind = p.rng.choice(["plain", "sailor", "shirt", "jacket", "hood", "stripe"])
    if kind == "sailor":
        collar, tie = p.color("uniform"), p.color("ribbon")
        for side in (-1, 1):
            p.shape([(x + side * a * 0.26, y - a * 0.06), (x + side * wide * 0.62, y + fall * 0.5),
                     (x + side * wide * 0.45, y + fall * 1.2), (x, y + fall * 1.3)],
                    collar)  # fmt: skip
            p.shape([(x, y + fall * 1.2), (x + side * a * 0.4, y + fall), (x + side * a * 0.4,
                     y + fall * 1.6)], tie)  # fmt: skip
    elif kind == "shirt":
        for side in (-1, 1):
            p.shape([(x, y + fall * 0.9), (x + side * a * 0.28, y - a * 0.06), (x + side * a * 0.55,
                     y + fall * 0.7)], "#ffffff" if p.maybe(0.5) else cloth)  # fmt: skip
        if p.maybe(0.5):
            p.shape([(x, y + fall * 0.8), (x + a * 0.13, y + fall * 1.3), (x, low - tall * 0.05),
                     (x - a * 0.13, y + fall * 1.3)], p.color("ribbon"))  # fmt: skip
    elif kind == "jacket":
        inner = p.color("cloth")
        p.shape([(x - a * 0.28, y + a * 0.02), (x, y + fall * 0.6), (x + a * 0.28, y + a * 0.02),
                 (x + a * 0.34, low), (x - a * 0.34, low)], inner)  # fmt: skip
    elif kind == "hood":
        p.line(arc(x, y + fall * 0.2, a * 0.6, fall * 1.1, 10, 170), True)
        for side in (-1, 1):
            p.line([(x + side * a * 0.16, y + fall * 1.2), (x + side * a * 0.2, y + fall * 2)])
    elif kind == "stripe":
        v = y + fall * 1.5
        p.box(x - wide * 0.97, v, x + wide * 0.97, min(low, v + tall * 0.14), p.color("cloth"))
    for side in (-1, 1) if p.maybe(0.6) else ():
        p.line([(x + side * wide * 0.7, low), (x + side * wide * 0.64, low - tall * 0.35)])


def worn(p: Page, x: float, y: float, a: float, b: float) -> None:
    """Glasses, a bow, a band, a cap, cat's ears or nothing."""
    kind = p.rng.choice(["none"] * 8 + ["glasses", "bow", "band", "cap", "ears"])
    color = p.color("ribbon")
    if kind == "glasses":
        for side in (-1, 1):
            p.line(arc(x + side * a * 0.43, y + b * 0.12, a * 0.33, a * 0.33), True)
        p.line([(x - a * 0.1, y + b * 0.1), (x + a * 0.1, y + b * 0.1)])
    elif kind == "bow":
        u, v = x + a * float(p.rng.choice([-0.7, 0, 0.7])), y - b * 1.0
        for side in (-1, 1):
            tip = u + side * a * 0.4
            p.shape([(u, v), (tip, v - b * 0.22), (tip, v + b * 0.22)], color)
        p.oval(u, v, a * 0.1, a * 0.1, color)
    elif kind == "band":
        outer, inner = (arc(x, y - b * 0.1, a * r, b * s, 205, 335) for r, s in ((1.2, 1.06), (1.08,
                        0.86)))  # fmt: skip
        p.shape([*outer, *inner[::-1]], color)
    elif kind == "cap":
        p.oval(x, y - b * 0.5, a * 1.18, b * 0.78, color, 180, 360)
        way = float(p.rng.choice([-1, 1]))
        p.shape([(x - way * a * 0.3, y - b * 0.55), (x + way * a * 1.6, y - b * 0.45),
                 (x + way * a * 1.1, y - b * 0.7)], color)  # fmt: skip
    elif kind == "ears":
        fur = p.color("fur")
        for side in (-1, 1):
            for size, part in ((1.0, fur), (0.55, p.color("pink"))):
                u = x + side * a * 0.68
                p.shape([(u - a * 0.3 * size, y - b * 0.85), (u + side * a * 0.12, y - b * (0.95 +
                         0.55 * size)), (u + a * 0.3 * size, y - b * 0.8)], part)  # fmt: skip
