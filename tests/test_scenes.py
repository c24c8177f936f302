"""Scenes of several drawings, made of single ones."""

from __future__ import annotations

import numpy as np
import pytest

from colorlab.conditions.areas import areas_of
from colorlab.data.scenes import CHANCES, FIGURES, figures, scene

SIDE = 96
RED, BLUE = (200, 30, 30), (20, 60, 210)
MIDDLE = np.full(CHANCES, 0.5)


def box(
    color: tuple[int, int, int], left: int = 30, right: int = 66, top: int = 30, low: int = 66
) -> np.ndarray:
    """A painted square with its outline, (5, S, S)."""
    picture = np.full((5, SIDE, SIDE), 255, np.uint8)
    picture[3, top:low, left:right] = 0
    picture[3, top + 3 : low - 3, left + 3 : right - 3] = 255
    picture[:3, top:low, left:right] = np.array(color, np.uint8)[:, None, None]
    picture[4] = areas_of(picture[3]).labels
    return picture


def painted(made: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return (made[:3] == np.array(color, np.uint8)[:, None, None]).all(0)


def test_a_scene_shows_each_figure_left_to_right() -> None:
    made = scene([box(RED), box(BLUE)], MIDDLE)
    assert made.shape == (4, SIDE, SIDE)
    columns = [np.flatnonzero(painted(made, color).any(0)).mean() for color in (RED, BLUE)]
    assert columns[0] < SIDE / 2 < columns[1]


def test_figures_fill_the_width_whatever_their_size_was() -> None:
    small = scene([box(RED, 45, 51, 45, 51), box(BLUE, 45, 51, 45, 51)], MIDDLE)
    shown = np.flatnonzero((painted(small, RED) | painted(small, BLUE)).any(0))
    assert shown[-1] - shown[0] > 0.85 * SIDE


def test_what_a_ground_and_two_figures_enclose_is_paper() -> None:
    chance = MIDDLE.copy()
    chance[0] = 0.0  # on a ground
    chance[1:].reshape(FIGURES, 5)[1, 1] = 1.0  # apart
    made = scene([box(RED), box(BLUE)], chance)
    assert (made[3, -SIDE // 8 :] < 128).all(1).any()  # the ground goes from border to border
    labels = areas_of(made[3]).labels
    between = (
        np.flatnonzero(painted(made, RED).any(0))[-1]
        + np.flatnonzero(painted(made, BLUE).any(0))[0]
    ) // 2
    low = np.flatnonzero(painted(made, RED).any(1))[-1] - 4
    assert (made[:3, low, between] == 255).all()
    assert labels[low, between] not in set(labels[painted(made, RED) & (made[3] == 255)].tolist())


def test_the_figure_in_front_hides_the_other() -> None:
    chance = MIDDLE.copy()
    own = chance[1:].reshape(FIGURES, 5)
    own[1, 1] = 0.0  # overlapping
    own[:2, 3] = (0.0, 1.0)  # blue is put last
    over = scene([box(RED), box(BLUE)], chance)
    own[:2, 3] = (1.0, 0.0)
    under = scene([box(RED), box(BLUE)], chance)
    assert painted(over, BLUE).sum() > painted(under, BLUE).sum()
    assert painted(over, RED).sum() < painted(under, RED).sum()


def test_paper_that_a_figure_stands_on_does_not_hide_others() -> None:
    ring = box((255, 255, 255))  # white inside: a figure's own white hides what is behind it
    chance = MIDDLE.copy()
    own = chance[1:].reshape(FIGURES, 5)
    own[1, 1], own[:2, 3] = 0.0, (0.0, 1.0)
    made = scene([box(RED), ring], chance)
    without = scene([box(RED), box(BLUE)], chance)
    assert painted(made, RED).sum() == painted(without, RED).sum()


@pytest.mark.parametrize(("chance", "count"), [(0.0, 2), (0.5, 2), (0.7, 3), (0.9999, 4)])
def test_scenes_show_two_to_four_figures(chance: float, count: int) -> None:
    assert figures(chance) == count


@pytest.mark.whole
def test_any_chance_makes_a_scene() -> None:
    random = np.random.default_rng(0)
    blank, full = np.full((5, SIDE, SIDE), 255, np.uint8), np.zeros((5, SIDE, SIDE), np.uint8)
    blank[4] = 0
    for _ in range(50):
        made = scene([box(RED), blank, full, box(BLUE, 0, SIDE, 0, SIDE)], random.random(CHANCES))
        assert made.shape == (4, SIDE, SIDE)
        assert made.dtype == np.uint8
