"""What encloses paper outdoors: flower beds, people hand in hand, branches, gates, bridges.

Each fills a box; what is between its parts is not painted."""

from __future__ import annotations

import math

import numpy as np

from colorlab.data.everyday.figures import head
from colorlab.data.everyday.page import Box, Page, Point, arc, ellipse_at, on, part, scalloped
from colorlab.data.everyday.things import fence

DIMMEST = 90  # luma of skin and bark; what is small and below 76 is ink (colorlab.data.vectors)
NARROW = 45  # units; in what is narrower stands less
SMALL = 2.6  # units; what is smaller has no petals


def band(p: Page, points: list[Point], wide: float, fill: str, round_: bool = True) -> None:
    """A strip along a path."""
    at = np.array(points, float)
    along = np.gradient(at, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) * wide / 2
    across /= np.linalg.norm(along, axis=1, keepdims=True)
    both = [(float(u), float(v)) for u, v in (*(at + across), *(at - across)[::-1])]
    wobble, p.wobble = p.wobble, p.wobble * 0.4
    p.shape(both, fill, round_)
    p.wobble = wobble


def holed(p: Page, outer: list[Point], inner: list[Point], fill: str, round_: bool = True) -> None:
    """A shape with a hole, through which paper shows."""
    wobble, p.wobble = p.wobble, p.wobble * 0.4
    paths = [p.path(each, round_, True) for each in (outer, inner[::-1])]
    p.shapes.append(f'<path d="{"".join(paths)}" fill="{fill}"/>')
    p.wobble = wobble


def bars(p: Page, box: Box, fill: str, *shares: Box) -> None:
    """Boxes in a box."""
    for each in shares:
        p.box(*part(box, *each), fill)


def bloom(p: Page, x: float, y: float, r: float, petal: str, core: str) -> None:
    kind = p.rng.choice(
        ["tulip", "ball"] if r < SMALL else ["daisy", "daisy", "tulip", "poppy", "ball"]
    )
    if kind == "tulip":
        p.shape([(x - r * 0.7, y - r), (x - r * 0.35, y - r * 0.35), (x, y - r), (x + r * 0.35,
                 y - r * 0.35), (x + r * 0.7, y - r), (x + r * 0.65, y + r * 0.5), (x, y + r * 0.9),
                 (x - r * 0.65, y + r * 0.5)], petal)  # fmt: skip
        return
    if kind == "daisy":
        count, turn = int(p.rng.integers(5, 9)), p.between(0, 360)
        for k in range(count):
            d = turn + 360 * k / count
            u, v = (
                x + r * 0.58 * math.cos(math.radians(d)),
                y + r * 0.58 * math.sin(math.radians(d)),
            )
            p.shape(ellipse_at(u, v, r * 0.44, r * 1.8 / count, d), petal, True)
    elif kind == "poppy":
        p.shape(scalloped(x, y, r * 0.85, r * 0.85, int(p.rng.integers(4, 7))), petal, True)
    else:
        p.oval(x, y, r * 0.85, r * 0.85, petal)
    p.oval(x, y, r * 0.33, r * 0.33, core)


def leaf(p: Page, root: Point, tip: Point, thick: float, fill: str, round_: bool) -> None:
    (x, y), (u, v) = root, tip
    m, n = (x + u) / 2, (y + v) / 2
    p.shape([root, (m, n - thick), tip, (m, n + thick)], fill, round_)


def strip(p: Page, left: float, right: float, base: float, low: float) -> None:
    """Ground to stand on: a strip, a mound, a box, or a line."""
    kind, w = p.rng.choice(["strip", "strip", "mound", "line"]), right - left
    if kind == "line":
        p.line([(left, base), (right, base)], wide=1.6)
    elif kind == "mound":
        y = base - (low - base) * 0.2
        p.shape([(left, low), (left + w * 0.03, base + 1), (left + w * 0.3, y), (left + w * 0.7, y),
                 (right - w * 0.03, base + 1), (right, low)], p.color("ground"))  # fmt: skip
    else:
        p.box(left, base, right, low, p.color("ground"))


def garden_bed(p: Page, box: Box) -> None:
    """Flowers on one strip of ground; leaves reach the next stem."""
    left, top, right, low = box
    w, h, base = right - left, low - top, low - (low - top) * p.between(0.07, 0.17)
    if w > NARROW and p.maybe(0.3):
        fence(p, left + w * 0.02, right - w * 0.02, base + 1, h * p.between(0.3, 0.5))
    count = int(p.rng.integers(3, 7)) if w > NARROW else 3
    green, same = p.color("leaf"), p.maybe(0.35)
    gap, petal, core = w / count, p.color("petal"), p.color("core")
    wide, ink, pointed = max(2.2, w * p.between(0.022, 0.034)), p.maybe(0.12), p.maybe(0.5)
    stems = [(left + gap * (k + 0.5 + p.between(-0.12, 0.12)), top + h * p.between(0.14, 0.42))
             for k in range(count)]  # fmt: skip
    sizes = [min(gap * p.between(0.4, 0.58), h * 0.17) for _ in stems]
    for (x, y), r in zip(stems, sizes, strict=True):
        path = [(x + gap * p.between(-0.08, 0.08), base + 1), (x, (y + base) / 2), (x, y)]
        if ink:  # which what lies over it does not hide
            p.line([*path[:2], (x, y + r * 0.92)], True, wide=1.8)
        else:
            band(p, path, wide, green)
    meet = [base - (base - stems[k][1]) * p.between(0.25, 0.6) for k in range(count)]
    for k, (x, _) in enumerate(stems):
        for side in (-1, 1) if w > NARROW or p.maybe(0.6) else ():
            inside = 0 <= k + side < count
            reach = p.rng.choice([0.56, 0.56, 0.97, 0.4]) if inside else 0.42
            there = abs(stems[k + side][0] - x) if inside else gap
            v = meet[min(k, k + side) if inside else k]
            leaf(p, (x, v + h * p.between(0.06, 0.13)), (x + side * there * reach, v),
                 h * p.between(0.025, 0.045), green, pointed)  # fmt: skip
    strip(p, left, right, base, low)
    for (x, y), r in zip(stems, sizes, strict=True):
        bloom(p, x, y, r, petal if same else p.color("petal"), core if same else p.color("core"))


def reeds(p: Page, box: Box) -> None:
    """Blades that cross, some with cattails, on ground or water."""
    left, top, right, low = box
    w, h, base = right - left, low - top, low - (low - top) * p.between(0.08, 0.16)
    count, green, cattail = int(p.rng.integers(5, 10)), p.color("leaf"), seen(p.color("trunk"))
    for k in range(count):
        x = left + w * (0.12 + 0.76 * k / (count - 1))
        tip = x + w * p.between(-0.4, 0.4)
        u, y = min(max(tip, left + w * 0.04), right - w * 0.04), top + h * p.between(0.02, 0.35)
        if p.maybe(0.3):
            band(p, [(x, base + 1), ((x + u) / 2, (base + y) / 2), (u, y)], w * 0.022, green)
            p.oval(u, y + h * 0.1, w * 0.03, h * 0.1, cattail)
            continue
        t, m = w * p.between(0.02, 0.035), (x * 0.7 + u * 0.3, (base + y) / 2)
        p.shape([(x - t, base + 1), (m[0] - t, m[1]), (u, y), (m[0] + t, m[1]), (x + t, base + 1)],
                green if p.maybe(0.6) else p.color("leaf"))  # fmt: skip
    if p.maybe(0.4):
        p.box(left, base, right, low, p.color("water"))
    else:
        strip(p, left, right, base, low)


def ring_of_people(p: Page, box: Box) -> None:
    """Who hold hands: paper between arms, bodies and ground."""
    left, top, right, low = box
    w, base = right - left, low - (low - top) * p.between(0.05, 0.1)
    strip(p, left, right, base, low)
    count = int(p.rng.integers(2, 5)) if w > NARROW else 2
    gap, raised = w / count, p.maybe(0.25)
    heights = p.rng.choice([1.0, 1.0, 0.85, 0.7], count)
    tall = [(base - top) * float(each / heights.max()) for each in heights]
    at = [left + gap * (k + 0.5) for k in range(count)]
    hands = [((at[k] + at[k + 1]) / 2, base - min(tall[k], tall[k + 1]) * (p.between(0.85, 0.98)
             if raised else p.between(0.4, 0.5))) for k in range(count - 1)]  # fmt: skip
    skins = [complexion(p) for _ in at]
    for k, x in enumerate(at):
        one, two = hands[k - 1] if k else None, hands[k] if k < count - 1 else None
        size = (min(gap * 0.25, tall[k] * 0.12), min(gap * 0.46, tall[k] * 0.25))
        clothed(p, x, base, tall[k], size, (one, two), skins[k])
    for k, (u, v) in enumerate(hands):
        r = min(tall) * 0.04
        p.oval(u + r * 0.7, v, r, r, skins[k + 1])
        p.oval(u - r * 0.7, v, r, r, skins[k])


def clothed(p: Page, x: float, base: float, tall: float, size: tuple[float, float],
            hands: tuple[Point | None, Point | None], skin: str) -> None:  # fmt: skip
    """One of them; size: half of the shoulders, how far a free arm may reach."""
    s, reach = size
    b = tall * p.between(0.14, 0.17)
    y, hip, cloth, skirt = base - tall + b * 1.25, base - tall * 0.4, p.color("cloth"), p.maybe(0.4)
    neck, leg = y + b * 1.1, skin if skirt else p.color("trousers")
    shoe, sleeve = p.color("shoe"), cloth if p.maybe(0.6) else skin
    for side in (-1, 1):
        p.box(x + side * s * 0.25, hip - 2, x + side * s * 0.85, base - tall * 0.02, leg)
        p.oval(x + side * s * 0.65, base - tall * 0.015, s * 0.42, tall * 0.025, shoe)
        hand, root = hands[side > 0], (x + side * s * 0.75, neck + tall * 0.05)
        if hand is None:
            style = p.rng.choice(["hip", "hip", "down", "up"])
            hand = {"hip": (x + side * s * 0.7, hip - tall * 0.03), "down": (x + side * s * 1.7,
                    hip), "up": (x + side * reach, y - b * 0.3)}[str(style)]  # fmt: skip
            bent = (x + side * reach, (neck + hip) / 2 + tall * 0.04)
            path = [root, bent, hand] if style == "hip" else [root, hand]
            p.oval(*hand, tall * 0.035, tall * 0.035, skin)
        else:
            sag = tall * p.between(0.0, 0.04)
            path = [root, ((root[0] + hand[0]) / 2, (root[1] + hand[1]) / 2 + sag), hand]
        band(p, path, tall * 0.055, sleeve, len(path) > 2 and hand is hands[side > 0])
    if skirt:
        p.shape([(x - s * 0.8, hip - tall * 0.05), (x + s * 0.8, hip - tall * 0.05), (x + s * 1.5,
                 hip + tall * 0.17), (x - s * 1.5, hip + tall * 0.17)], cloth if p.maybe(0.5) else
                p.color("cloth"))  # fmt: skip
    p.box(x - b * 0.3, y + b * 0.6, x + b * 0.3, neck + tall * 0.04, skin)
    p.shape([(x - s * 0.45, neck), (x + s * 0.45, neck), (x + s, neck + tall * 0.06), (x + s * 0.88,
             hip), (x - s * 0.88, hip), (x - s, neck + tall * 0.06)], cloth)  # fmt: skip
    head(p, x, y, b * 0.88, b, skin)


def complexion(p: Page) -> str:
    return seen(p.color("skin"))


def seen(color: str) -> str:
    """Not so dark that a small part of it would be taken for ink."""
    parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    light = max(1.0, DIMMEST / (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]))
    return "#" + "".join(f"{min(255, round(each * light)):02x}" for each in parts)


def bare_tree(p: Page, box: Box) -> None:
    """Branches that cross; paper between them; some with leaves at the ends."""
    bark, w, h = seen(p.color("trunk")), box[2] - box[0], box[3] - box[1]
    tips: list[Point] = []

    def grow(x: float, y: float, degrees: float, long: float, wide: float, depth: int) -> None:
        t, bend = math.radians(degrees), math.radians(degrees + p.between(-18, 18))
        m = (x + long * 0.5 * math.cos(bend), y + long * 0.5 * math.sin(bend))
        u, v = x + long * math.cos(t), y + long * math.sin(t)
        u, v = min(max(u, 0.04), 0.96), max(v, 0.03)
        for turn in (-1, 1) if depth else ():
            lean = min(max(degrees + turn * p.between(22, 48), -172), -8)
            grow(u, v, lean, long * p.between(0.72, 0.95), wide * 0.72, depth - 1)
        if depth and p.maybe(0.6):  # one that crosses others
            grow(*m, -90 - (degrees + 90) * 0.7, long * 0.9, wide * 0.6, 0)
        band(p, on(box, (x, y), m, (u, v)), max(2.6, wide * w), bark)
        tips.append((u, v))

    for degrees in (-128, -52, -90)[: int(p.rng.integers(2, 4))]:
        grow(0.5, 0.6, degrees + p.between(-12, 12), p.between(0.22, 0.27), 0.075, 2)
    p.shape(on(box, (0.44, 0.56), (0.5, 0.52), (0.56, 0.56), (0.57, 0.8), (0.66, 1), (0.34, 1),
               (0.43, 0.8)), bark)  # fmt: skip
    color = p.color("foliage")
    for u, v in tips if p.maybe(0.4) else ():
        if v < 0.3:
            p.shape(scalloped(*on(box, (u, v))[0], w * 0.09, h * 0.07, 5), color, True)


def gate(p: Page, box: Box) -> None:
    """Or a fence: slats with gaps."""
    color = (
        "#ffffff"
        if p.maybe(0.25)
        else p.color(str(p.rng.choice(["wood", "wood", "iron", "paint"])))
    )
    count = int(p.rng.integers(4, 9)) if box[2] - box[0] > NARROW else 3
    kind = p.rng.choice(["slats", "pickets", "cross", "arched"])
    posts = p.color("stone") if p.maybe(0.3) else color
    for v in (0.28, 0.5, 0.76) if kind == "cross" else (0.3, 0.76):
        bars(p, box, color, (0.04, v, 0.96, v + 0.09))
    if kind == "cross":
        for u in (0.08, 0.5):
            for a, b in ((0.3, 0.84), (0.84, 0.3)):
                band(p, on(box, (u, a), (u + 0.42, b)), 4, color, False)
        bars(p, box, color, (0.46, 0.24, 0.54, 1))
    for k in range(count if kind != "cross" else 0):
        u, t = 0.12 + 0.76 * (k + 0.5) / count, 0.76 / count * p.between(0.24, 0.28)
        top = 0.14 - (0.12 * math.sin(math.pi * (k + 0.5) / count) if kind == "arched" else 0)
        tip = top - 0.07 if kind == "pickets" else top
        p.shape(on(box, (u - t, 0.96), (u - t, top), (u, tip), (u + t, top), (u + t, 0.96)), color)
    bars(p, box, posts, (0, 0.06, 0.09, 1), (0.91, 0.06, 1, 1))


def bridge(p: Page, box: Box) -> None:
    """Of stone with arches, or of wood; paper or water below."""
    wet, deck, count = p.maybe(0.3), p.between(0.3, 0.42), int(p.rng.integers(1, 4))
    stone, rise = p.color("stone" if p.maybe(0.65) else "wood"), p.between(0.0, 0.16)
    if wet:
        bars(p, box, p.color("water"), (0, 0.86, 1, 1))
    foot, gap, under = 0.93 if wet else 1.0, 0.9 / count, list[Point]()
    for k in range(count):
        x, a = 0.95 - gap * (k + 0.5), gap * 0.5 - 0.05
        under += [(x + a, foot), *arc(x, foot - 0.12, a, (foot - 0.16 - deck), 0, -180),
                  (x - a, foot)]  # fmt: skip
    p.shape(on(box, (0, foot), (0, deck), (0.25, deck - rise * 0.75), (0.5, deck - rise), (0.75,
            deck - rise * 0.75), (1, deck), (1, foot), *under), stone)  # fmt: skip
    if p.maybe(0.6):
        rail, posts = stone if p.maybe(0.6) else p.color("iron"), int(p.rng.integers(5, 9))
        high = [(k / (posts - 1), deck - rise * (1 - (2 * k / (posts - 1) - 1) ** 2)) for k in
                range(posts)]  # fmt: skip
        for u, v in high:
            bars(p, box, rail, (u * 0.95 + 0.012, v - 0.15, u * 0.95 + 0.038, v + 0.03))
        band(p, on(box, *((u * 0.96 + 0.02, v - 0.15) for u, v in high)), 3, rail)
