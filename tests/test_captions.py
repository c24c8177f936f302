"""Colour words are those of the picture, and captions are left out as often as asked."""

from __future__ import annotations

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.conditions.captions import (
    DUMMIES,
    EXAMPLES,
    WORDS,
    dropped,
    hit,
    plain,
    shares,
    with_colors,
    words_of,
)
from colorlab.draws import Draws
from colorlab.evaluation.drawings import held_out

RED, BLUE = (0.82, 0.18, 0.15), (0.57, 0.83, 0.96)


def paper(side: int = 32) -> torch.Tensor:
    return torch.ones(1, 3, side, side)


def named(rgb: torch.Tensor) -> list[list[str]]:
    return words_of(shares(rgb))


def painted(rgb, rows: slice, picture: torch.Tensor | None = None) -> torch.Tensor:
    picture = paper() if picture is None else picture.clone()
    picture[:, :, rows] = torch.tensor(rgb).reshape(3, 1, 1)
    return picture


@pytest.mark.parametrize(
    ("word", "rgb"),
    [("red", (1, 0, 0)), ("green", (0, 0.6, 0.1)), ("blue", (0, 0, 1)), ("yellow", (1, 1, 0)),
     ("pink", (1, 0.65, 0.8)), ("brown", (0.55, 0.3, 0.1)), ("gray", (0.6, 0.6, 0.6)),
     ("black", (0, 0, 0)), ("orange", (1, 0.55, 0))],
)  # fmt: skip
def test_a_plain_colour_has_its_word_and_no_other(word, rgb):
    picture = painted(rgb, slice(8, 24))
    assert named(picture) == [[word]]
    assert [other for other in WORDS if hit(picture[0], other)] == [word]


def test_the_larger_area_comes_first_and_paper_is_no_colour():
    picture = painted(BLUE, slice(20, 26), painted(RED, slice(0, 20)))
    assert named(torch.cat([picture, paper()])) == [["red", "blue"], []]


def test_a_colour_of_a_small_share_is_no_main_colour():
    picture = painted(BLUE, slice(20, 22), painted(RED, slice(0, 20)))
    assert named(picture) == [["red"]] and not hit(picture[0], "blue")


def test_outlines_and_their_soft_edges_are_no_colour():
    lines = painted((0.5, 0.5, 0.5), slice(9, 10), painted((0, 0, 0), slice(10, 11)))
    assert named(torch.cat([lines, painted(RED, slice(20, 30), lines)])) == [[], ["red"]]


def test_an_unknown_word_names_the_choices():
    with pytest.raises(ValueError, match=r"red, orange.*not 'mauve'"):
        hit(paper()[0], "mauve")


def test_captions_are_dressed_in_the_share_asked_for():
    rows, picture = Draws(0, range(400)), painted(BLUE, slice(20, 26), painted(RED, slice(0, 20)))
    texts = with_colors(["car"] * 400, named(picture) * 400, 0.7, rows)
    assert set(texts) == {"car", "red and blue car"}
    assert 0.63 < texts.count("red and blue car") / 400 < 0.77


def test_a_picture_without_colour_or_caption_is_dressed_in_what_there_is():
    pictures = torch.cat([paper(), painted(RED, slice(0, 20))])
    assert with_colors(["car", ""], named(pictures), 1.0, Draws(0, [0, 1])) == [
        "car",
        "red drawing",
    ]


def test_half_of_the_captions_become_dummies_all_alike_often():
    texts = dropped(["car"] * 900, 0.5, Draws(0, range(900)))
    counts = [texts.count(dummy) for dummy in DUMMIES]
    assert 405 < texts.count("car") < 495 and texts.count("car") + sum(counts) == 900
    assert min(counts) > 120


def test_captions_are_a_function_of_picture_and_draws_whatever_the_batch():
    texts = [f"number {i}" for i in range(20)]
    whole = dropped(texts, 0.5, Draws(3, range(20)))
    assert dropped(texts[5:9], 0.5, Draws(3, range(5, 9))) == whole[5:9]
    assert dropped(texts, 0.0, Draws(3, range(20))) == texts


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("white flower", "flower"), ("orange book", "book"),
        ("heavy black heart, fire", "heavy heart, fire"),
        ("mushroom, zero width joiner, large brown square",
         "mushroom, zero width joiner, large square"),
        ("olive", "olive"), ("blackboard", "blackboard"), ("red-haired man", "haired man"),
        ("black", ""), ("", ""),
        ("man, emoji modifier fitzpatrick type-1-2, microphone", "man, microphone"),
        ("woman: medium-dark skin tone", "woman:"), ("a dark green, colorful car", "a, car"),
    ],
)  # fmt: skip
def test_a_plain_caption_names_no_colour(caption: str, expected: str) -> None:
    assert plain(caption) == expected


def test_the_captions_of_held_out_drawings_are_clean_of_colours() -> None:
    pictures = build(compose("train", ["name=t", "method=gpic"]).data)
    captions = [pictures.captions[int(group[0])] for group in held_out(pictures, "test", 68).groups]
    named = [
        words
        for words in (set(plain(c).lower().replace(",", "").split()) for c in captions)
        if words & {*EXAMPLES}
    ]
    assert not named
    assert sum(bool({*c.lower().replace(",", "").split()} & {*EXAMPLES}) for c in captions) == 8
