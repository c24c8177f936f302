"""Pages by code: one thing, a row of things, a scene in a frame, the sea, a room, panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from colorlab.data.everyday import (
    beasts,
    critters,
    delights,
    faces,
    household,
    openwork,
    profiles,
    symbols,
    vehicles,
)
from colorlab.data.everyday.characters import figure, portrait
from colorlab.data.everyday.figures import animal, bird, bust, butterfly, person
from colorlab.data.everyday.page import Box, Page
from colorlab.data.everyday.things import (
    balloon,
    boat,
    bush,
    car,
    cup,
    fence,
    flower,
    fruit,
    house,
    mushroom,
    sun,
    tree,
)

Thing = Callable[[Page, Box], None]
#: What is drawn, how often by itself, and how wide it is for its height.
THINGS: dict[Thing, tuple[float, float]] = {
    house: (4, 1.05), tree: (4, 0.6), flower: (2.5, 0.5), person: (4, 0.5), bust: (3, 0.9),
    animal: (5, 0.8), car: (2, 2.0), boat: (1.2, 1.0), balloon: (1, 0.75), fruit: (0.8, 0.9),
    mushroom: (0.8, 0.9), butterfly: (1, 1.1), bird: (1.5, 1.1), cup: (0.5, 1.0), bush: (0, 1.4),
    sun: (0.5, 1.0), portrait: (3, 0.8), figure: (2.5, 0.55),
    beasts.horse: (1, 1.1), beasts.cow: (1, 1.25), beasts.sheep: (1, 1.15),
    beasts.elephant: (1, 1.2), beasts.giraffe: (1, 0.7), beasts.fox: (1, 1.25),
    beasts.dragon: (1.5, 1.0), critters.owl: (1, 0.75), critters.penguin: (1, 0.75),
    critters.duck: (1, 1.0), critters.turtle: (1, 1.35), critters.whale: (0.8, 1.45),
    critters.frog: (1, 1.05), critters.mouse: (1, 1.0), critters.monkey: (1, 0.95),
    vehicles.truck: (1, 1.7), vehicles.train: (1, 2.0), vehicles.rocket: (1, 0.55),
    vehicles.airplane: (0.8, 2.0), vehicles.helicopter: (0.8, 1.5), vehicles.tractor: (1, 1.25),
    vehicles.ship: (1, 1.4), vehicles.bus: (0.8, 1.9), delights.castle: (1.5, 1.0),
    delights.cake: (1, 1.0), delights.ice_cream: (1, 0.55), delights.present: (0.8, 0.95),
    delights.snowman: (1, 0.7), delights.balloons: (0.8, 0.8), delights.crown: (0.6, 1.25),
    delights.teapot: (0.6, 1.35), delights.rainbow: (0.8, 1.7), delights.pine: (1, 0.75),
    delights.lighthouse: (0.8, 0.55), delights.windmill: (0.8, 0.85), delights.pumpkin: (0.8, 1.15),
    delights.cactus: (0.8, 0.75), delights.umbrella: (0.6, 0.95), delights.bear_toy: (1, 0.9),
    openwork.garden_bed: (3, 1.25), openwork.reeds: (1, 0.9), openwork.ring_of_people: (3, 1.2),
    openwork.bare_tree: (1.2, 0.9), openwork.gate: (1.2, 1.4), openwork.bridge: (1.2, 1.9),
    household.chair: (1.3, 0.6), household.table: (1.5, 1.2), household.bench: (1.2, 1.7),
    household.bed: (1.2, 1.5), household.shelf: (1.2, 0.75), household.basket: (1.3, 1.0),
    household.birdcage: (1, 0.7), household.mug: (1, 1.1), household.watering_can: (1, 1.25),
    household.spectacles: (1, 2.0), household.keys: (1, 0.8), household.scissors: (1, 0.7),
    household.hanger: (1, 1.7), household.swing: (1.2, 1.2), household.ladder: (1.2, 0.45),
    profiles.profile: (3, 0.95), profiles.walker: (1.5, 0.6), profiles.sitter: (1.5, 0.75),
    faces.three_quarter: (2, 0.85), faces.big_face: (3, 0.9),
    symbols.child: (3, 0.55), symbols.sign_person: (2, 0.9), symbols.pet: (3, 0.85),
    symbols.garment: (3, 0.9), symbols.childs_page: (2, 1.0),
}  # fmt: skip
STANDING = [
    house, house, tree, tree, tree, flower, flower, person, person, figure, animal, animal, car,
    car, bush, bird, mushroom, beasts.horse, beasts.cow, beasts.sheep, beasts.fox, beasts.dragon,
    critters.duck, critters.penguin, vehicles.truck, vehicles.tractor, delights.castle,
    delights.pine, delights.snowman, openwork.garden_bed,
    openwork.ring_of_people, openwork.bare_tree, openwork.reeds, household.chair,
    household.ladder, household.basket,
    profiles.walker, profiles.sitter, symbols.child, symbols.child, symbols.pet,
]  # fmt: skip
BUSTS = {
    bust,
    portrait,
    profiles.profile,
    faces.three_quarter,
    faces.big_face,
}  # that the page may cut below
PEOPLE = {
    *BUSTS, person, figure, openwork.ring_of_people, profiles.walker, profiles.sitter,
    symbols.child, symbols.sign_person,
}  # fmt: skip


def named(thing: Thing) -> str:
    """What a drawing's name calls it."""
    return "person" if thing in PEOPLE else thing.__name__.replace("_", "-")


def some(p: Page, among: Sequence[Thing] | None = None) -> Thing:
    if among is not None:
        return among[int(p.rng.integers(len(among)))]
    odds = np.array([each[0] for each in THINGS.values()])
    return list(THINGS)[int(p.rng.choice(len(odds), p=odds / odds.sum()))]


def fitted(thing: Thing, box: Box) -> Box:
    """As large as its shape lets it be, in the middle below."""
    left, top, right, low = box
    h = min(low - top, (right - left) / THINGS[thing][1])
    w, x = h * THINGS[thing][1], (left + right) / 2
    return x - w / 2, low - h, x + w / 2, low


def alone(p: Page, box: Box) -> list[str]:
    """One thing, large."""
    thing, m = some(p), p.between(0.04, 0.12) * (box[2] - box[0])
    left, top, right, low = box
    if thing in BUSTS and p.maybe(0.5):
        thing(p, (left + m, top + m, right - m, low + 0.5))
    else:
        thing(p, fitted(thing, (left + m, top + m, right - m, low - m)))
    return [named(thing)]


def row(p: Page, box: Box, horizon: float | None = None) -> list[str]:
    """Things beside each other that stand on one line; horizon: where it is."""
    left, top, right, low = box
    w, h = right - left, low - top
    count = int(p.rng.integers(2, 5))
    base = low - h * p.between(0.06, 0.2) if horizon is None else horizon
    if horizon is None and p.maybe(0.5):
        if p.maybe(0.5):
            p.box(left + w * 0.02, base, right - w * 0.02, low - h * 0.02, p.color("ground"))
        else:
            p.line([(left + w * 0.02, base), (right - w * 0.02, base)], wide=1.5)
    names = []
    sky = top + h * p.between(0.22, 0.32)
    if p.maybe(0.6):
        r, x = w * p.between(0.06, 0.13), left + w * float(p.rng.choice([0.14, 0.85]))
        sun(p, (x - r, top + h * 0.04, x + r, top + h * 0.04 + 2 * r))
        names.append("sun")
    if p.maybe(0.2):
        fence(p, left + w * 0.03, right - w * 0.03, base, h * p.between(0.1, 0.18))
    odds = p.rng.dirichlet(np.full(count, 5.0))
    edges = left + w * (0.04 + 0.92 * np.concatenate([[0], odds.cumsum()]))
    for a, b in pairwise(edges):
        thing, drop = some(p, STANDING), h * p.between(0.0, 0.04)
        closer = w * p.between(-0.04, 0.02)
        thing(p, fitted(thing, (a + closer, sky, b - closer, base + drop)))
        names.append(named(thing))
    return names


def landscape(p: Page, box: Box, framed: bool = True) -> list[str]:
    """Sky, hills and ground in a frame, things on them."""
    left, top, right, low = box
    w, h = right - left, low - top
    if framed:
        p.box(*box, p.color("sky"))
    horizon = top + h * p.between(0.5, 0.78)
    wobble, p.wobble = p.wobble, 0.0
    for _ in range(int(p.rng.integers(0, 3))):
        a, b, c = sorted(p.rng.uniform(0, 1, 3))
        rise = h * p.between(0.1, 0.3)
        p.shape([(left, horizon), (left, horizon - rise * a), (left + w * 0.3, horizon - rise * c),
                 (left + w * 0.65, horizon - rise * b), (right, horizon - rise * a * c), (right,
                 horizon)], p.color("hill"))  # fmt: skip
    p.shape([(left, horizon), (left + w * 0.5, horizon - h * p.between(-0.02, 0.05)), (right,
             horizon), (right, low), (left, low)], p.color("ground"))  # fmt: skip
    if p.maybe(0.3):
        x, near = left + w * p.between(0.3, 0.7), w * p.between(0.1, 0.2)
        p.shape([(x - near * 0.25, horizon + h * 0.02), (x + near * 0.25, horizon + h * 0.02),
                 (x + near, low), (x - near, low)], p.color("path"))  # fmt: skip
    elif p.maybe(0.3):
        p.oval(left + w * p.between(0.3, 0.7), (horizon * 0.5 + low * 0.5), w * 0.2, h * 0.06,
               p.color("water"))  # fmt: skip
    p.wobble = wobble
    for _ in range(int(p.rng.integers(0, 6))):
        x, y = left + w * p.between(0.05, 0.95), p.between(horizon + h * 0.05, low - h * 0.03)
        p.line([(x - w * 0.01, y - h * 0.03), (x, y), (x + w * 0.012, y - h * 0.035)])
    names = row(p, (left, top, right, low), horizon + (low - horizon) * p.between(0.15, 0.6))
    return ["ground", *names]


def sea(p: Page, box: Box) -> list[str]:
    left, top, right, low = box
    w, h = right - left, low - top
    framed = p.maybe(0.6)
    if framed:
        p.box(*box, p.color("sky"))
    level = top + h * p.between(0.6, 0.75)
    r = w * 0.08
    sun(p, (right - 3 * r, top + r * 0.6, right - r, top + r * 2.6))
    x, wide = left + w * p.between(0.35, 0.55), w * p.between(0.18, 0.28)
    boat(p, (x - wide, level - h * p.between(0.4, 0.5), x + wide, level + h * 0.05))
    waves = int(p.rng.integers(4, 9))
    crest = [(left + w * k / waves, level + h * (0.02 if k % 2 else 0.045)) for k in range(waves +
             1)]  # fmt: skip
    p.shape([*crest, (right, low), (left, low)], p.color("water"))
    if not framed:
        return ["boat", "sun"]
    return ["boat", "sun", "sky"]


def room(p: Page, box: Box) -> list[str]:
    left, top, right, low = box
    w, h = right - left, low - top
    p.box(*box, p.color("inside"))
    floor = top + h * p.between(0.66, 0.78)
    p.box(left, floor, right, low, p.color("wood"))
    for k in range(1, 4) if p.maybe(0.4) else ():
        p.line([(left, floor + (low - floor) * k / 4), (right, floor + (low - floor) * k / 4)])
    x, r, y = left + w * p.between(0.2, 0.35), w * p.between(0.1, 0.14), top + h * 0.28
    p.box(x - r * 1.15, y - r * 1.3, x + r * 1.15, y + r * 1.3, p.color("wood"))
    p.box(x - r, y - r * 1.12, x + r, y + r * 1.12, p.color("sky"))
    p.line([(x, y - r * 1.12), (x, y + r * 1.12)])
    if p.maybe(0.5):
        curtain = p.color("cloth")
        for side in (-1, 1):
            p.shape([(x + side * r * 1.3, y - r * 1.5), (x + side * r * 0.55, y - r * 1.5),
                     (x + side * r * 0.95, y + r * 1.5), (x + side * r * 1.3, y + r * 1.5)],
                    curtain)  # fmt: skip
    if p.maybe(0.6):
        v, u = top + h * 0.25, left + w * p.between(0.62, 0.8)
        p.box(u - w * 0.08, v - h * 0.08, u + w * 0.08, v + h * 0.08, p.color("wood"))
        p.box(u - w * 0.06, v - h * 0.06, u + w * 0.06, v + h * 0.06, p.color("hill"))
    table, leg = floor - h * p.between(0.06, 0.14), p.color("wood")
    u, wide = left + w * p.between(0.55, 0.65), w * p.between(0.2, 0.28)
    foot = floor + (low - floor) * 0.5
    for side in (-1, 1):
        p.box(u + side * wide * 0.8 - w * 0.015, table, u + side * wide * 0.8 + w * 0.015, foot,
              leg)  # fmt: skip
    p.box(u - wide, table - h * 0.02, u + wide, table + h * 0.02, leg)
    thing = some(p, [cup, fruit, flower])
    thing(p, fitted(thing, (u - wide * 0.5, table - h * 0.24, u + wide * 0.5, table - h * 0.02)))
    names = ["room", "table", named(thing)]
    if p.maybe(0.6):
        guest = some(p, [person, figure, animal])
        guest(p, fitted(guest, (left + w * 0.03, top + h * 0.35, left + w * 0.4, low - h * 0.06)))
        names.append(named(guest))
    return names


def panels(p: Page, box: Box) -> list[str]:
    """A page of framed pictures, paper between."""
    left, top, right, low = box
    rows, gutter, names = int(p.rng.integers(1, 4)), p.between(1.5, 4), list[str]()
    tall = (low - top - gutter * (rows + 1)) / rows
    for k in range(rows):
        columns = int(p.rng.integers(1, 4))
        wide = (right - left - gutter * (columns + 1)) / columns
        for n in range(columns):
            x, y = left + gutter + n * (wide + gutter), top + gutter + k * (tall + gutter)
            frame = (x, y, x + wide, y + tall)
            if p.maybe(0.5):
                p.box(*frame, p.color("sky") if p.maybe(0.6) else p.color("inside"))
                names += alone(p, (x + 1, y + 1, x + wide - 1, y + tall - 1))
            else:
                names += landscape(p, frame)
    return names


def page(rng: np.random.Generator) -> tuple[str, list[str]]:
    """An SVG and what it shows."""
    p, whole = Page(rng), (2.0, 2.0, 98.0, 98.0)
    kind = rng.choice(["alone", "row", "landscape", "sea", "room", "panels"],
                      p=[0.42, 0.24, 0.17, 0.04, 0.06, 0.07])  # fmt: skip
    if kind == "alone":
        names = alone(p, (0, 0, 100, 100))
    elif kind == "row":
        names = row(p, whole)
    elif kind == "landscape":
        names = landscape(p, whole, framed=p.maybe(0.75))
    else:
        names = {"sea": sea, "room": room, "panels": panels}[str(kind)](p, whole)
    return p.svg(), names
