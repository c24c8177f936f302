"""Paper that a drawing only surrounds is told from what its lines enclose."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from colorlab.conditions import area_openings
from colorlab.conditions.area_openings import (
    AROUND,
    ENCLOSED,
    OPEN,
    UNKNOWN,
    mouths,
    openness,
    paper_around,
)
from colorlab.conditions.area_shapes import coarse
from colorlab.conditions.areas import Areas, area_at, areas_of
from colorlab.conditions.gaps import Ends

SIDE = 240  # px, of which places are given


def drawn(*lines: list[tuple[int, int]], side: int = SIDE, pen: int = 5) -> np.ndarray:
    """Lines through places (x, y), (side, side) uint8."""
    picture, scale = np.full((side, side), 255, np.uint8), side / SIDE
    for line in lines:
        points = (np.array(line) * scale).round().astype(np.int32)
        cv2.polylines(picture, [points], False, 0, max(1, round(pen * scale)))
    return picture


def found(picture: np.ndarray) -> tuple[Areas, list[float]]:
    """Its areas, and how open they are."""
    areas = areas_of(picture)
    labels = torch.from_numpy(areas.labels).long()
    image = torch.from_numpy(picture)[None].float() / 255
    return areas, openness(*coarse(labels, image), paper_around(labels, len(areas.shares))).tolist()


def open_at(picture: np.ndarray, x: int, y: int) -> float:
    areas, opened = found(picture)
    return opened[area_at(areas, y / SIDE, x / SIDE)]


def box(left: int, top: int, right: int, low: int) -> list[tuple[int, int]]:
    return [(left, top), (right, top), (right, low), (left, low), (left, top)]


HOUSE, TREE = box(40, 80, 90, 190), box(170, 110, 200, 190)
ROOF, CROWN, GROUND = (
    [(20, 80), (28, 30), (114, 30), (122, 80), (20, 80)],
    [(136, 110), (136, 60), (214, 60), (214, 110), (136, 110)],
    [(10, 190), (230, 190)],
)


@pytest.mark.parametrize("side", [SIDE, 500, 1000])
def test_paper_between_a_house_and_a_tree_is_paper_around(side: int) -> None:
    picture = drawn(HOUSE, ROOF, TREE, CROWN, GROUND, side=side)
    areas, opened = found(picture)
    between = area_at(areas, 150 / SIDE, 127 / SIDE)
    assert opened[between] == AROUND
    assert between != area_at(areas, 20 / SIDE, 20 / SIDE) or side == 1000  # where it is undivided
    for x, y in ((65, 140), (185, 150), (170, 85)):
        assert opened[area_at(areas, y / SIDE, x / SIDE)] == ENCLOSED


@pytest.mark.parametrize("gray", [0, 127])
@pytest.mark.parametrize("side", [96, SIDE, 1000])
def test_a_gap_in_an_outline_opens_nothing(side: int, gray: int) -> None:
    outline = [(116, 60), (60, 60), (60, 180), (180, 180), (180, 60), (124, 60)]
    areas, opened = found(np.maximum(drawn(outline, side=side), np.uint8(gray)))
    room = area_at(areas, 0.5, 0.5)
    assert room != area_at(areas, 0.05, 0.05) and opened[room] == ENCLOSED


def test_gutters_between_panels_are_paper_around() -> None:
    page = drawn(box(20, 20, 110, 110), box(130, 20, 220, 110), box(20, 130, 220, 220))
    assert open_at(page, 120, 60) == open_at(page, 120, 120) == AROUND
    assert open_at(page, 60, 60) == open_at(page, 180, 60) == open_at(page, 60, 180) == ENCLOSED


def test_what_ends_at_the_rim_is_open_only_if_its_mouth_is_as_wide_as_it() -> None:
    """Shoulders that a drawing ends with, and a strip between two whiskers."""
    head = box(90, 30, 150, 90)
    bust = drawn(head, [(40, 200), (60, 110), (105, 90), (135, 90), (180, 110), (200, 200)])
    assert open_at(bust, 120, 160) == OPEN
    bottle = drawn(
        [(100, 200), (100, 170), (50, 150), (50, 60), (190, 60), (190, 150), (140, 170), (140, 200)]
    )
    assert open_at(bottle, 120, 100) == ENCLOSED


def test_the_ground_below_a_line_is_open_and_a_scene_has_no_paper_around() -> None:
    labels = torch.zeros(SIDE, SIDE, dtype=torch.long)
    labels[160:] = 1
    image = torch.ones(1, SIDE, SIDE)
    image[:, 158:162] = 0
    around = torch.tensor([True, False])
    assert openness(labels, image[0], around).tolist() == [AROUND, OPEN]
    assert openness(labels, image[0], around & False).tolist() == [ENCLOSED] * 2


@pytest.mark.parametrize("turns", range(4))
def test_a_little_of_the_border_says_nothing(turns: int) -> None:
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[100:200, 100:220] = labels[140:160, 220:] = 1
    edge = cv2.morphologyEx(labels, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    image = torch.from_numpy(np.rot90(~edge, turns).copy())[None].float()
    turned = torch.from_numpy(np.rot90(labels, turns).copy()).long()
    assert openness(turned, image[0], torch.tensor([True, False])).tolist() == [AROUND, UNKNOWN]


def test_paper_around_has_most_of_the_border() -> None:
    for seed in range(30):
        seen = torch.randint(0, 2, (5, 5), generator=torch.Generator().manual_seed(seed))
        sides = [*seen[0], *seen[-1], *seen[:, 0], *seen[:, -1]]
        ones = sum(int(each) for each in sides)
        assert paper_around(seen, 3).tolist() == [ones < 10, ones > 10, False]


def test_a_passage_is_as_long_as_its_longer_side() -> None:
    labels, paper = np.zeros((20, 30), int), np.ones((20, 30), bool)
    labels[5:15, 10:25] = 1
    paper[4:16, 9:26] = False
    paper[5:15, 10:25] = True
    around = np.array([True, False])
    assert mouths(labels, paper, around)[1].tolist() == [0, 0]
    paper[4, 12:19] = True  # of the outline, seven pixels
    labels[4, 12:19] = 1
    clear, length = mouths(labels, paper, around)
    assert length.tolist() == [0, 7] and not clear[0]


def row_of_ten() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A room whose outline, two pixels, has a passage of ten."""
    labels, paper = np.zeros((30, 40), int), np.ones((30, 40), bool)
    labels[6:25, 10:30] = 1
    paper[4:27, 8:32], paper[6:25, 10:30] = False, True
    labels[4:6, 15:25], paper[4:6, 15:25] = 1, True
    return labels, paper, np.array([True, False])


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("side", [14, 25])
def test_ends_of_lines_count_within_six_pens_of_a_passages_sides(
    monkeypatch: pytest.MonkeyPatch, side: int, turned: bool
) -> None:
    labels, paper, around = row_of_ten()
    for away, clear in ((23, False), (25, True)):
        column = side + away * (1 if side > 20 else -1) + (1 if side < 20 else -1)
        end = [4, column]
        ends = Ends(np.array([end[::-1] if turned else end]), np.zeros((1, 2)), 2.0)
        monkeypatch.setattr(area_openings, "ends_of", lambda ink, ends=ends: ends)
        given = (labels.T, paper.T, around) if turned else (labels, paper, around)
        assert mouths(*given)[0].tolist() == [False, clear]


def test_a_mouth_is_as_wide_as_the_pen_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    for half, clear in ((5.5, True), (5.6, False)):
        ends = Ends(np.zeros((0, 2), int), np.zeros((0, 2)), half)
        monkeypatch.setattr(area_openings, "ends_of", lambda ink, ends=ends: ends)
        assert mouths(*row_of_ten())[0].tolist() == [False, clear]


def test_openness_is_in_steps_of_the_leaning() -> None:
    assert (AROUND, OPEN, UNKNOWN, ENCLOSED) == (2, 1, 0, -1)


def test_a_box_that_is_the_drawing_encloses_its_rooms() -> None:
    """The box around the ink is ink itself; a mouth in its outline opens the room behind it."""
    closed = drawn(box(30, 30, 210, 210), [(150, 30), (150, 210)], [(150, 120), (210, 120)])
    assert [open_at(closed, *at) for at in ((90, 120), (180, 70), (180, 170))] == [ENCLOSED] * 3
    opened = drawn(
        [(210, 30), (30, 30), (30, 210), (210, 210)],
        [(210, 120), (150, 120)],
        [(150, 30), (150, 210)],
        [(210, 120), (210, 210)],
    )
    assert open_at(opened, 180, 70) == OPEN
    assert open_at(opened, 90, 120) == open_at(opened, 180, 170) == ENCLOSED
