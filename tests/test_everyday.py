"""Drawings of everyday things by code: always the same, flat, in the colors of things, a set like
others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.areas import areas_of
from colorlab.data import artists, everyday, svg
from colorlab.data.archives import Archive
from colorlab.data.artists import archive_path, known
from colorlab.data.everyday import (
    beasts,
    characters,
    critters,
    delights,
    drawing,
    faces,
    figures,
    household,
    openwork,
    profiles,
    scenes,
    symbols,
    things,
    vehicles,
)
from colorlab.data.everyday.colors import COLORS
from colorlab.data.everyday.page import Page
from colorlab.data.vectors import pairs, rendered
from colorlab.types import Batch

SIDE = 160  # px
FILL = re.compile(r'fill="(#[0-9a-f]{6})"')


def pictured(text: str) -> tuple[np.ndarray, np.ndarray]:
    """What is painted (3, S, S) and the lines (S, S), uint8."""
    planes = pairs([text], SIDE, 0.012, rendered)[0]
    return planes[:3], planes[3]


def lone(thing: scenes.Thing, seed: int) -> str:
    page = Page(np.random.default_rng(seed))
    thing(page, scenes.fitted(thing, (5, 5, 95, 95)))
    return page.svg()


def test_a_drawing_is_always_the_same_and_no_two_are() -> None:
    first, again = ([drawing(k) for k in range(60)] for _ in range(2))
    assert first == again
    assert len({each.svg for each in first}) == len({each.names[0] for each in first}) == 60
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*-[bcdfghjklmnpqrtvwxz]{4}", each.names[0])
               and not each.code for each in first)  # fmt: skip


def test_a_name_says_what_is_shown_and_nothing_that_is_held_out() -> None:
    words = {word for k in range(200) for word in drawing(k).names[0].split("-")[:-1]}
    assert {"house", "tree", "sun", "flower", "person", "animal", "ground"} <= words
    assert not words & {"cloud", "fish", "sunflower", "tent", "pig", "mountain", "bust"}


@pytest.mark.parametrize("k", range(0, 120, 4))
def test_every_area_has_one_color_and_is_closed(k: int) -> None:
    text = drawing(k).svg
    svg.look_through(text.encode())  # nothing outside of it
    paint, line = pictured(text)
    assert 0.01 < (line < 128).mean() < 0.45
    areas = areas_of(line)
    clear = cv2.erode((line > 250).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    errors = []
    for area in range(len(areas.shares)):
        inside = paint[:, (areas.labels == area) & clear]
        if inside.shape[1]:
            errors.append(
                np.abs(inside.astype(int) - np.median(inside, 1, keepdims=True)).mean(0).ravel()
            )
    assert np.concatenate(errors).mean() < 8  # levels of 255
    assert (paint.min(0) < 250).any()  # something is painted


@pytest.mark.parametrize("thing", scenes.THINGS, ids=lambda thing: thing.__name__)
def test_a_thing_stays_near_its_box(thing: scenes.Thing) -> None:
    for seed in range(12):
        seen = rendered(lone(thing, seed), SIDE)[..., 3] > 0
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        left, top, right, low = (SIDE / 100 * v for v in scenes.fitted(thing, (5, 5, 95, 95)))
        reach = 0.12 * SIDE
        assert rows[0] > top - reach and rows[-1] < low + reach
        assert columns[0] > left - 2 * reach and columns[-1] < right + 2 * reach


@pytest.mark.parametrize("thing", [
    openwork.garden_bed, openwork.ring_of_people, openwork.bare_tree, openwork.gate,
    openwork.bridge, household.chair, household.ladder, household.basket, household.shelf,
    household.birdcage, household.mug, household.spectacles, household.keys, household.scissors,
    household.hanger, profiles.sitter,
], ids=lambda thing: thing.__name__)  # fmt: skip
def test_paper_shows_through_what_encloses_it(thing: scenes.Thing) -> None:
    pockets = []
    for seed in range(12):
        clear = (rendered(lone(thing, seed), SIDE)[..., 3] == 0).astype(np.uint8)
        shares = cv2.connectedComponentsWithStats(clear, connectivity=4)[2][1:, 4] / SIDE**2
        pockets.append((shares > 0.001).sum() - 1)  # but for what is around it
    assert np.mean(np.array(pockets) > 0) > 0.6, pockets


@pytest.mark.parametrize("thing", [profiles.profile, profiles.walker, profiles.sitter,
                                   faces.three_quarter, faces.big_face, symbols.child,
                                   symbols.sign_person])  # fmt: skip
def test_all_the_skin_of_somebody_is_one_color(
    thing: scenes.Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, color = list[str](), Page.color
    monkeypatch.setattr(Page, "color", lambda p, name: asked.append(name) or color(p, name))
    for seed in range(12):
        asked.clear()
        assert lone(thing, seed) and asked.count("skin") == 1


def fills(thing: scenes.Thing, count: int = 30) -> np.ndarray:
    """(N, 3) in 0..255, of so many drawings of a thing."""
    return levels(color for seed in range(count) for color in FILL.findall(lone(thing, seed)))


def test_things_have_their_own_colors() -> None:
    red, green, blue = fills(things.bush).T
    assert ((green > red) & (green > blue)).mean() > 0.7
    red, green, blue = fills(things.sun).T
    assert ((red >= green) & (green > blue))[red > 17].mean() > 0.9
    faces = [FILL.findall(lone(figures.bust, seed))[1] for seed in range(30)]  # after the shirt
    red, green, blue = levels(faces).T
    assert ((red > green) & (green > blue)).all() and len(set(faces)) > 10


def test_beasts_and_characters_have_their_own_colors() -> None:
    red, green, blue = fills(critters.frog).T
    assert ((green > red) & (green > blue)).mean() > 0.4  # belly, eyes and mouth are not
    wheels = [FILL.findall(lone(vehicles.tractor, seed)) for seed in range(30)]
    assert all(any(levels([color]).max() < 100 for color in each) for each in wheels)
    layers = [FILL.findall(lone(delights.pine, seed)) for seed in range(30)]
    assert all(max(map(each.count, each)) > 1 for each in layers)  # all of one green
    spread = np.ptp(fills(beasts.elephant), axis=1)
    assert (spread < 60).mean() > 0.6  # gray
    first = levels(FILL.findall(lone(critters.penguin, seed))[0] for seed in range(30))
    assert (first[:, 0] > first[:, 2]).all()  # feet are orange
    for seed in range(30):
        colors = FILL.findall(lone(characters.portrait, seed))
        ears_face_neck = [color for color in set(colors) if colors.count(color) > 1]
        assert any(is_skin(color) for color in ears_face_neck)


def is_skin(color: str) -> bool:
    red, green, blue = levels([color])[0]
    return bool(red > green > blue)


def test_every_color_of_the_table_is_asked_for_and_no_other() -> None:
    folder = Path(everyday.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.stem != "colors")
    assert set(re.findall(r'color\(\s*"(\w+)"', text)) <= set(COLORS)
    assert all(f'"{name}"' in text for name in COLORS)


def test_colors_are_those_of_the_table_a_little_changed() -> None:
    page = Page(np.random.default_rng(0))
    page.vivid = page.light = 1.0
    for thing, odds in COLORS.items():
        own = levels(f"#{name}" for name in odds)
        drawn = levels(page.color(thing) for _ in range(40))
        nearest = np.abs(drawn[:, None] - own).mean(-1).min(1)
        assert nearest.max() < 30 and len(np.unique(drawn, axis=0)) > 1, thing


def levels(colors: Iterable[str]) -> np.ndarray:
    """(N, 3) in 0..255."""
    return np.array([[int(each[i : i + 2], 16) for i in (1, 3, 5)] for each in colors])


def test_it_is_a_set_like_others_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (everyday, artists):
        monkeypatch.setattr(module, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(everyday, "COUNT", 30)
    assert "everyday" in known()
    archive = Archive(archive_path("everyday"))
    assert len(archive) == 30 and archive.about.license == "CC0-1.0"
    assert archive.svgs() == [drawing(k).svg for k in range(30)]
    monkeypatch.setattr(everyday, "drawing", None)
    assert archive_path("everyday") == archive.path  # nothing is drawn again
    words = ["name=x", "data=illustrations", "data.sets=[everyday]", "data.size=128"]
    pictures = build(compose("train", words).data)
    shown = [name for names in archive.names for name in names]
    assert sorted(pictures.names) == sorted(f"everyday/{name}" for name in shown)
    assert len(pictures.splits["train"]) >= 27 and not len(pictures.splits["val"])
    batch = pictures[pictures.splits["train"][:4].tolist()]
    assert batch.rgb.shape == (4, 3, 128, 128) and batch.areas is not None
    assert batch.text[0] == pictures.names[int(batch.index[0])].split("/")[1].replace("-", " ")


def test_a_set_beyond_the_styles_of_a_method_is_nobodys_hand() -> None:
    words = ["name=x", "method=flats", "method.reading.trunk=none", "method.reading.side=32"]
    method = build(compose("train", words).method)
    count = len(method.hand.styles)
    labels = torch.tensor([-1, 0, count - 1, count, count + 3])
    rgb = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    batch = Batch(rgb, torch.ones(5, 1, 32, 32), labels, [""] * 5, labels)
    assert method.shown(batch).style.tolist() == [0, 1, count, 0, 0]
