"""People and animals; each fills a box on a page."""

from __future__ import annotations

from colorlab.data.everyday.page import Box, Page, arc, ellipse_at


def eyes(p: Page, x: float, y: float, apart: float, r: float, iris: str) -> None:
    kind = p.rng.choice(["dots", "white", "white", "iris", "oval"])
    look = p.between(-0.25, 0.25) * r
    for side in (-1, 1):
        cx = x + side * apart
        if kind == "dots":
            p.dot(cx, y, r * 0.45)
            continue
        if kind == "oval":
            p.oval(cx, y, r * 0.8, r, iris)
            p.dot(cx + look, y, r * 0.4)
            continue
        p.oval(cx, y, r * p.between(0.95, 1.05), r * 0.85, "#ffffff")
        if kind == "iris":
            p.oval(cx + look, y, r * 0.6, r * 0.6, iris)
        p.dot(cx + look, y, r * 0.36)


def head(p: Page, x: float, y: float, a: float, b: float, skin: str) -> None:
    """Of a person: hair behind, ears, face, hair in front."""
    hair, long = p.color("hair"), p.maybe(0.45)
    bald = not long and p.maybe(0.08)
    if long:
        reach = b * p.between(0.7, 1.7)
        p.shape([(x - a * 1.25, y + reach), (x - a * 1.3, y - b * 0.2), (x - a * 0.8, y - b * 1.15),
                 (x, y - b * 1.3), (x + a * 0.8, y - b * 1.15), (x + a * 1.3, y - b * 0.2),
                 (x + a * 1.25, y + reach)], hair, p.maybe(0.5))  # fmt: skip
    if p.maybe(0.6) and not long:
        for side in (-1, 1):
            p.oval(x + side * a * 1.02, y + b * 0.05, a * 0.17, b * 0.2, skin)
    p.oval(x, y, a, b, skin)
    if not bald:
        drop, part = p.between(-0.55, -0.2), p.between(-0.4, 0.4)
        p.shape([*arc(x, y - b * 0.08, a * 1.06, b * 1.05, 188, 352),
                 (x + a * 0.7, y + b * drop), (x + a * part, y + b * (drop - 0.15)),
                 (x - a * 0.7, y + b * drop)], hair, p.maybe(0.6))  # fmt: skip
        if p.maybe(0.25):
            p.line([(x + a * part, y - b * 1.05), (x + a * part * 0.6, y + b * (drop - 0.2))])
    eyes(p, x, y + b * 0.02, a * 0.4, a * p.between(0.14, 0.22), p.color("iris"))
    for side in (-1, 1) if p.maybe(0.5) else ():
        p.line(arc(x + side * a * 0.4, y - b * 0.1, a * 0.22, b * 0.15, 200, 340), True)
    if p.maybe(0.8):
        p.line([(x, y + b * 0.1), (x - a * 0.1, y + b * 0.32), (x + a * 0.04, y + b * 0.34)])
    if p.maybe(0.35):
        p.oval(x, y + b * 0.58, a * 0.26, b * 0.1, p.color("lips"))
    else:
        p.line(arc(x, y + b * 0.45, a * 0.33, b * 0.18, 20, 160), True)
    if p.maybe(0.12):
        for side in (-1, 1):
            p.line(arc(x + side * a * 0.4, y + b * 0.02, a * 0.3, a * 0.28), True)
    if p.maybe(0.12):
        hat = p.color("cloth")
        p.oval(x, y - b * 0.7, a * 1.05, b * 0.65, hat, 180, 360)
        p.box(x - a * 1.25, y - b * 0.75, x + a * 1.25, y - b * 0.6, hat)


def person(p: Page, box: Box) -> None:
    left, top, right, low = box
    h, x = low - top, (left + right) / 2
    w = min(right - left, h * 0.6)
    skin, shirt, trousers = p.color("skin"), p.color("cloth"), p.color("trousers")
    b = h * p.between(0.12, 0.17)
    a, y = b * p.between(0.8, 0.98), top + b * 1.15
    neck, waist, knee = y + b * 1.15, top + h * 0.62, low - h * 0.04
    shoulder, hip = w * p.between(0.2, 0.26), w * p.between(0.15, 0.22)
    skirt, sleeves = p.maybe(0.35), p.color("cloth") if p.maybe(0.1) else shirt
    shoe = p.color("shoe")
    for side in (-1, 1):
        reach = w * p.between(0.06, 0.24)
        hand = (x + side * (shoulder + reach), waist + h * p.between(-0.2, 0.04))
        high, deep = neck + h * 0.01, neck + h * 0.05
        u, v = hand
        arm = [(x + side * shoulder * 0.7, high), (x + side * shoulder, deep),
               (u + side * w * 0.03, v), (u - side * w * 0.05, v)]  # fmt: skip
        p.oval(*hand, w * 0.05, w * 0.05, skin)
        p.shape(arm, sleeves if p.maybe(0.75) else skin)
    for side in (-1, 1):
        inner, outer = x + side * hip * 0.08, x + side * hip * 0.95
        p.oval(x + side * hip * 0.65, knee + h * 0.01, hip * 0.5, h * 0.03, shoe)
        p.shape([(inner, waist - h * 0.02), (outer, waist - h * 0.02), (outer, knee),
                 (inner, knee)], skin if skirt else trousers)  # fmt: skip
    if skirt:
        seam = waist + h * 0.2
        p.shape([(x - hip, waist), (x + hip, waist), (x + hip * 1.9, seam), (x - hip * 1.9, seam)],
                shirt if p.maybe(0.4) else p.color("cloth"))  # fmt: skip
    p.box(x - b * 0.3, y + b * 0.7, x + b * 0.3, neck + h * 0.02, skin)
    torso(p, x, neck, waist, shoulder, hip, shirt)
    head(p, x, y, a, b, skin)


def torso(
    p: Page, x: float, neck: float, waist: float, shoulder: float, hip: float, shirt: str
) -> None:
    p.shape([(x - shoulder * 0.4, neck - 0.3), (x - shoulder, neck + (waist - neck) * 0.15),
             (x - hip, waist), (x + hip, waist), (x + shoulder, neck + (waist - neck) * 0.15),
             (x + shoulder * 0.4, neck - 0.3)], shirt)  # fmt: skip
    kind = p.rng.choice(["plain", "plain", "line", "buttons", "stripes", "collar", "folds"])
    if kind in ("line", "buttons"):
        p.line([(x, neck), (x, waist)])
    if kind == "buttons":
        for k in range(1, 4):
            p.dot(x + shoulder * 0.12, neck + (waist - neck) * k / 4, shoulder * 0.05)
    if kind == "stripes":
        for k in range(1, 4):
            v = neck + (waist - neck) * (0.15 + k * 0.2)
            p.line([(x - hip * 0.98, v), (x + hip * 0.98, v)])
    if kind == "collar":
        for side in (-1, 1):
            p.shape([(x, neck + shoulder * 0.35), (x + side * shoulder * 0.42, neck - 0.3),
                     (x + side * shoulder * 0.5, neck + shoulder * 0.35)],
                    shirt if p.maybe(0.5) else "#ffffff")  # fmt: skip
    if kind == "folds":
        for side in (-1, 1):
            p.line([(x + side * hip * 0.8, waist - (waist - neck) * 0.3), (x + side * hip * 0.3,
                    waist - (waist - neck) * 0.18)])  # fmt: skip


def bust(p: Page, box: Box) -> None:
    """Head and shoulders, which the page may cut."""
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    skin, shirt = p.color("skin"), p.color("cloth")
    b = h * p.between(0.24, 0.3)
    a, y = b * p.between(0.75, 0.92), top + b * 1.3
    neck, wide = y + b * 1.2, w * p.between(0.38, 0.48)
    p.shape([(x - a * 0.4, neck - b * 0.1), (x - wide, neck + h * p.between(0.06, 0.16)),
             (x - wide * 1.05, low), (x + wide * 1.05, low), (x + wide, neck + h * 0.1),
             (x + a * 0.4, neck - b * 0.1)], shirt, p.maybe(0.3))  # fmt: skip
    if p.maybe(0.3):
        p.line([(x, neck + b * 0.2), (x, low)])
    for side in (-1, 1) if p.maybe(0.4) else ():
        p.line([(x + side * wide * 0.7, low), (x + side * wide * 0.62, low - h * 0.12)])
    p.shape([(x - a * 0.38, y + b * 0.6), (x + a * 0.38, y + b * 0.6), (x + a * 0.42, neck),
             (x, neck + b * p.between(0.1, 0.35)), (x - a * 0.42, neck)], skin)  # fmt: skip
    head(p, x, y, a, b, skin)


def animal(p: Page, box: Box) -> None:
    """A cat, a dog, a bear or a rabbit that sits, or its head alone."""
    left, top, right, low = box
    h, x = low - top, (left + right) / 2
    kind = str(p.rng.choice(["cat", "cat", "dog", "bear", "rabbit"]))
    fur = p.color("fur")
    pale = "#ffffff" if p.maybe(0.3) else p.shade(fur, 1.25) if p.maybe(0.6) else fur
    ear = p.color("pink") if p.maybe(0.7) else fur
    alone = p.maybe(0.25)
    b = h * (0.33 if alone else p.between(0.17, 0.22))
    a = b * p.between(1.0, 1.25)
    y = top + b * (1.9 if kind == "rabbit" else 1.35)
    if not alone:
        seated(p, box, kind, (y, a, b), fur, pale)
    for side in (-1, 1):
        ears(p, kind, x, y, a, b, side, fur, ear)
    p.oval(x, y, a, b, fur)
    if kind == "cat" and p.maybe(0.35):
        for u in (-0.2, 0, 0.2):
            p.line([(x + a * u, y - b * 0.97), (x + a * u * 0.7, y - b * 0.62)])
    snout(p, kind, (x, y, a, b), pale)


def seated(
    p: Page, box: Box, kind: str, head_at: tuple[float, float, float], fur: str, pale: str
) -> None:
    """Tail, body, paws and collar, below a head whose middle is at a height with two half axes."""
    left, _, right, low = box
    (y, a, b), w, x = head_at, right - left, (left + right) / 2
    body, wide = (y + b * 0.6 + low) / 2, min(w * 0.32, a * p.between(0.95, 1.4))
    tall = low - body
    if kind in ("cat", "dog"):
        side, curl = float(p.rng.choice([-1, 1])), p.between(-0.1, 0.2)
        p.shape([(x + side * wide * 0.7, low - tall * 0.15), (x + side * wide * 1.5, low -
                 tall * 0.3), (x + side * wide * 1.7, body - tall * (0.2 + curl)),
                 (x + side * wide * 2.0, body - tall * (0.3 + curl)), (x + side * wide * 2.05,
                 body), (x + side * wide * 1.75, low - tall * 0.05), (x + side * wide * 0.8,
                 low)], fur, p.maybe(0.7))  # fmt: skip
    p.oval(x, body, wide, tall, fur)
    if p.maybe(0.55):
        p.oval(x, body + tall * 0.1, wide * 0.55, tall * 0.62, pale)
    for side in (-1, 1):
        p.oval(x + side * wide * 0.5, low - tall * 0.1, wide * 0.36, tall * 0.16,
               pale if p.maybe(0.3) else fur)  # fmt: skip
    if p.maybe(0.25):
        for k in (0.0, 0.25):
            p.line([(x + wide * 0.55, body - tall * k), (x + wide * 0.95, body - tall * k)])
    if p.maybe(0.35):
        collar = p.color("cloth")
        p.shape([(x - a * 0.55, y + b * 0.75), (x + a * 0.55, y + b * 0.75), (x + a * 0.5, y +
                 b * 1.02), (x - a * 0.5, y + b * 1.02)], collar)  # fmt: skip
        p.oval(x, y + b * 1.1, b * 0.14, b * 0.14, p.color("sun"))


def snout(p: Page, kind: str, head_at: tuple[float, float, float, float], pale: str) -> None:
    """Muzzle, eyes, nose, mouth and whiskers, on a head around x, y with two half axes."""
    x, y, a, b = head_at
    muzzle = kind in ("dog", "bear") or p.maybe(0.3)
    if muzzle:
        p.oval(x, y + b * 0.42, a * p.between(0.42, 0.55), b * 0.42, pale)
    eyes(p, x, y - b * 0.12, a * 0.42, a * p.between(0.13, 0.24), p.color("eye"))
    nose = p.color("pink") if kind in ("cat", "rabbit") and p.maybe(0.7) else "#222222"
    p.shape([(x - a * 0.13, y + b * 0.2), (x + a * 0.13, y + b * 0.2), (x, y + b * 0.38)], nose)
    for side in (-1, 1):
        p.line(arc(x + side * a * 0.13, y + b * 0.42, a * 0.13, b * 0.16, 0, 180), True)
    if kind in ("cat", "rabbit") and p.maybe(0.7):
        reach = p.between(0.9, 1.35)
        for side in (-1, 1):
            for k in range(int(p.rng.integers(2, 4))):
                p.line([(x + side * a * 0.35, y + b * (0.3 + 0.08 * k)),
                        (x + side * a * reach, y + b * (0.16 + 0.2 * k))], wide=0.8)  # fmt: skip


def ears(
    p: Page, kind: str, x: float, y: float, a: float, b: float, side: int, fur: str, inner: str
) -> None:
    if kind == "cat":
        for size, color in ((1.0, fur), (0.55, inner)):
            if size < 1 and inner == fur:
                continue
            tip = (x + side * a * 0.8, y - b * (0.9 + 0.55 * size))
            p.shape([(x + side * a * (0.62 - 0.32 * size), y - b * 0.85), tip, (x + side * a *
                     (0.7 + 0.25 * size), y - b * (0.75 - 0.4 * size))], color)  # fmt: skip
    elif kind == "dog":
        p.shape(ellipse_at(x + side * a * 1.0, y - b * 0.1, a * 0.25, b * 0.6, -side * 12),
                p.shade(fur, 0.75) if p.maybe(0.5) else fur, True)  # fmt: skip
    elif kind == "bear":
        p.oval(x + side * a * 0.75, y - b * 0.8, a * 0.32, b * 0.32, fur)
        p.oval(x + side * a * 0.75, y - b * 0.8, a * 0.17, b * 0.17, inner)
    else:
        lean = side * p.between(4, 16)
        p.shape(ellipse_at(x + side * a * 0.4, y - b * 1.35, a * 0.2, b * 0.62, lean), fur, True)
        p.shape(ellipse_at(x + side * a * 0.4, y - b * 1.32, a * 0.1, b * 0.42, lean), inner, True)


def butterfly(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x, y = right - left, low - top, (left + right) / 2, (top + low) / 2
    upper, lower, spot = p.color("petal"), p.color("petal"), p.color("petal")
    lower, spots = (upper if p.maybe(0.5) else lower), p.maybe(0.7)
    for side in (-1, 1):
        p.shape(ellipse_at(x + side * w * 0.22, y + h * 0.2, w * 0.18, h * 0.2, side * 30), lower,
                True)  # fmt: skip
        p.shape(ellipse_at(x + side * w * 0.26, y - h * 0.17, w * 0.26, h * 0.22, -side * 30),
                upper, True)  # fmt: skip
        if spots:
            p.oval(x + side * w * 0.3, y - h * 0.2, w * 0.08, h * 0.08, spot)
        p.line([(x, y - h * 0.25), (x + side * w * 0.12, y - h * 0.48)], True)
    p.oval(x, y, w * 0.045, h * 0.3, "#2a2420" if p.maybe(0.6) else p.color("wood"))


def bird(p: Page, box: Box) -> None:
    left, top, right, low = box
    w, h, x = right - left, low - top, (left + right) / 2
    color, belly = p.color("feather"), p.color("feather") if p.maybe(0.3) else "#ffffff"
    y, a, b = low - h * 0.42, w * 0.34, h * 0.3
    for u in (-0.06, 0.08):
        p.line([(x + w * u, y + b * 0.9), (x + w * u, low)], wide=1.4)
    p.shape([(x - a * 0.8, y), (x - w * 0.48, y - h * 0.12), (x - w * 0.46, y + h * 0.08)], color)
    p.shape([(x + w * 0.34, y - h * 0.3), (x + w * 0.48, y - h * 0.25), (x + w * 0.34, y -
             h * 0.2)], p.color("beak"))  # fmt: skip
    p.oval(x, y, a, b, color)
    if p.maybe(0.5):
        p.oval(x + a * 0.2, y + b * 0.35, a * 0.6, b * 0.55, belly)
    p.oval(x + w * 0.22, y - h * 0.26, w * 0.16, h * 0.17, color)
    p.dot(x + w * 0.26, y - h * 0.29, w * 0.025)
    p.shape(ellipse_at(x - a * 0.15, y - b * 0.05, a * 0.5, b * 0.35, 15), p.shade(color, 0.85)
            if p.maybe(0.6) else color, True)  # fmt: skip
