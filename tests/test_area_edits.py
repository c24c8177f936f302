"""Areas that a person cuts and joins by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import colorlab
from colorlab.conditions.area_edits import edited
from colorlab.conditions.areas import Areas, areas_of
from colorlab.errors import ConfigError
from colorlab.sampling.edits import edits_of, typed

HALVES = ["cut", 100, 20, 100, 180]


def frame(middle: bool = False) -> np.ndarray:
    """A room in a frame of ink, 200 x 200, with a wall in its middle or without."""
    drawing = np.full((200, 200), 255, np.uint8)
    drawing[16:184, 16:184] = 0
    drawing[20:180, 20:180] = 255
    if middle:
        drawing[20:180, 98:102] = 0
    return drawing


def after(drawing: np.ndarray, *edits: list[Any]) -> Areas:
    return edited(areas_of(drawing), edits_of(edits))


def test_a_cut_divides_the_area_that_it_crosses() -> None:
    before, now = areas_of(frame()), after(frame(), HALVES)
    assert len(now.shares) == len(before.shares) + 1
    assert now.labels[100, 50] != now.labels[100, 150]
    assert (
        now.labels[100, 50] == now.labels[30, 98] and now.labels[100, 150] == now.labels[170, 103]
    )
    assert len(np.unique(now.labels[:16])) == 1  # the paper around is what it was


def test_a_cut_that_stops_short_of_the_line_goes_on_to_it() -> None:
    assert len(after(frame(), ["cut", 100, 21.5, 100, 178]).shares) == 3
    # not from the middle of nowhere
    assert len(after(frame(), ["cut", 100, 60, 100, 178]).shares) == 2


def test_a_join_makes_one_area_of_those_that_it_touches() -> None:
    now = after(frame(middle=True), ["join", 60, 100, 140, 100])
    assert len(now.shares) == 2 and now.labels[100, 50] == now.labels[100, 150] != now.labels[5, 5]


def test_edits_are_made_in_their_order() -> None:
    line = ["join", 60, 100, 140, 100]
    assert len(after(frame(), HALVES, line).shares) == 2
    assert len(after(frame(), line, HALVES).shares) == 3


def test_a_cut_over_several_areas_divides_each() -> None:
    assert len(after(frame(middle=True), ["cut", 10, 100, 190, 100]).shares) == 5


@pytest.mark.parametrize("verb", ["cut", "join"])
@pytest.mark.parametrize(
    "line", [[-50, -50, -10, -10], [5, 5, 5, 5], [30, 30, 40, 40], [1e5, 0, 0, 1e5]], ids=str
)
def test_a_line_that_changes_nothing_changes_nothing(verb: str, line: list[float]) -> None:
    np.testing.assert_array_equal(after(frame(), [verb, *line]).labels, areas_of(frame()).labels)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1)], ids=str)
@pytest.mark.parametrize("verb", ["cut", "join"])
def test_pictures_of_any_size_can_be_edited(size: tuple[int, int], verb: str) -> None:
    assert after(np.full(size, 255, np.uint8), [verb, 0, 0, 5, 5]).labels.shape == size


def test_edits_are_what_was_typed() -> None:
    words = [["cut", 1, 2, 3, 4], ["join", 5.5, 6, 7, 8, 9, 10]]
    assert typed(edits_of(words)) == words


@pytest.mark.parametrize(
    "edit",
    [[["tear", 1, 2, 3, 4]], [["cut", 1, 2]], [["cut", 1, 2, 3, 4, 5]],
     [["cut", 1, 2, 3, float("nan")]], [[]], ["cut"], [["cut", 1, 2, 3, "4"]],
     [["cut", *[1] * 50_000]], [[["cut"], 1, 2, 3, 4]]],
    ids=lambda edit: str(edit)[:30],
)  # fmt: skip
def test_what_is_no_edit_is_one_line(edit: list[Any]) -> None:
    with pytest.raises(ConfigError, match="edit= is lines over areas"):
        edits_of(edit)


@pytest.mark.whole
def test_areas_that_were_joined_have_one_colour_and_cut_ones_their_own() -> None:
    run = colorlab.open_run("pretrained/flats")
    known = np.zeros((200, 200, 4), np.uint8)
    known[28:34, 28:34] = 224, 80, 48, 255
    (one,) = run.sample(frame(middle=True), n=1, edit=[["join", 60, 100, 140, 100]], hints=known)
    assert one.getpixel((50, 100)) == one.getpixel((150, 100)) == (224, 80, 48)
    (two,) = run.sample(frame(), n=1, edit=[HALVES], hints=known)
    assert two.getpixel((50, 100)) == (224, 80, 48) != two.getpixel((150, 100))


def test_a_picture_says_how_its_areas_were_edited(tmp_path: Path) -> None:
    run, known = colorlab.open_run("pretrained/flats"), np.zeros((200, 200, 4), np.uint8)
    known[95:105, 45:55], known[95:105, 145:155] = (224, 80, 48, 255), (32, 64, 128, 255)
    (picture,) = run.sample(frame(), n=1, edit=[HALVES], hints=known)
    assert json.loads(picture.info["colorlab"])["edit"] == [HALVES]
    (path,) = colorlab.export([picture], frame(), tmp_path / "halves.svg")
    assert path.read_text().count("<path") == 2  # a half each, though no line is between them
