"""Augmentation: the line moves with the colour, and chance comes from the draws alone."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
import torch

from colorlab.data.pen import half_width
from colorlab.data.transforms import Augment
from colorlab.draws import Draws

ALL = Augment(flip=0.5, affine=0.15, hue=0.0)


def pixels(n: int = 6, channels: int = 4) -> np.ndarray:
    """(n, channels, 32, 32) uint8 whose channels are equal."""
    gray = Draws(0, range(n)).uniform(1, 8, 8).repeat_interleave(4, 2).repeat_interleave(4, 3)
    return gray.mul(255).byte().expand(-1, channels, -1, -1).numpy()


def test_off_is_the_identity() -> None:
    assert np.array_equal(Augment(0.0, 0.0, 0.0)(pixels(), Draws(0, range(6))), pixels())


def test_a_certain_flip_mirrors_every_picture() -> None:
    assert np.array_equal(Augment(1.0, 0.0, 0.0)(pixels(), Draws(0, range(6))), pixels()[..., ::-1])


def test_a_flip_happens_as_often_as_it_says() -> None:
    before = np.zeros((1000, 4, 1, 2), np.uint8)
    before[..., 1] = 1
    after = Augment(0.3, 0.0, 0.0)(before, Draws(0, range(1000)))
    assert 0.26 < after[:, 0, 0, 0].mean() < 0.34


@pytest.mark.parametrize("augment", [Augment(0.5, 0.0, 0.0), ALL])
def test_the_line_moves_with_the_colour(augment: Augment) -> None:
    after = augment(pixels(), Draws(0, range(6)))
    assert not np.array_equal(after, pixels())
    assert all(np.array_equal(after[:, c], after[:, 3]) for c in range(3))


def test_the_same_draws_give_the_same_pictures_whatever_the_batch() -> None:
    whole = ALL(pixels(), Draws(5, range(6)))
    assert np.array_equal(ALL(pixels(), Draws(5, range(6))), whole)
    assert np.array_equal(ALL(pixels()[3:], Draws(5, [3, 4, 5])), whole[3:])
    assert not np.array_equal(ALL(pixels(), Draws(6, range(6))), whole)


def test_colours_alone_are_augmented_as_with_a_line() -> None:
    assert np.array_equal(
        ALL(pixels(channels=3), Draws(0, range(6))), ALL(pixels(), Draws(0, range(6)))[:, :3]
    )


def test_new_border_is_white_paper() -> None:
    after = Augment(0.0, 0.3, 0.0)(np.zeros((20, 4, 16, 16), np.uint8), Draws(0, range(20)))
    assert (after.reshape(20, 4, -1).max(2) == 255).any(0).all()


def test_shifts_stay_within_their_share() -> None:
    dot = np.full((40, 4, 33, 33), 255, np.uint8)
    dot[:, :, 15:18, 15:18] = 0
    after = 255.0 - Augment(0.0, 0.1, 0.0)(dot, Draws(0, range(40)))[:, 0]
    places = (after * np.arange(33)).sum((1, 2)) / after.sum((1, 2))
    assert 1.5 < np.abs(places - 16).max() <= 0.1 * 33 + 0.5


def test_hue_turns_colours_and_leaves_lines_and_gray_alone() -> None:
    red = np.broadcast_to(np.array([200, 40, 40, 90], np.uint8)[None, :, None, None], (8, 4, 8, 8))
    augment = Augment(0.0, 0.0, 0.3)
    after = augment(red, Draws(0, range(8)))
    assert (after[:, 3] == 90).all()
    assert len({tuple(rgb) for rgb in after[:, :3, 0, 0].tolist()}) > 4
    assert np.array_equal(augment(pixels(), Draws(0, range(6))), pixels())


def test_augmentation_leaves_global_random_numbers_alone() -> None:
    before = (torch.get_rng_state().clone(), random.getstate(), np.random.get_state()[1].copy())
    ALL(pixels(), Draws(0, range(6)))
    assert torch.equal(torch.get_rng_state(), before[0]) and random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])


def drawing(n: int = 8, side: int = 96) -> np.ndarray:
    """(n, 5, side, side): red paint in a black ring on white paper, two areas."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radius = np.hypot(x, y) / side
    line = np.where(abs(radius - 0.3) < 0.02, 0, 255)
    inside = radius < 0.3
    planes = [np.where(inside, value, 255) for value in (200, 30, 40)]
    return np.broadcast_to(np.stack([*planes, line, inside]).astype(np.uint8), (n, 5, side, side))


def ink(line: np.ndarray) -> float:
    return float((255.0 - line).sum() / 255)


def test_paint_becomes_a_colouring_with_its_ink() -> None:
    after = Augment(0.0, 0.0, 0.0)(drawing(1), Draws(0, [0]))[0]
    assert (
        after[:, 48, 48].tolist() == [200, 30, 40, 255, 1] and after[:3, after[3] == 0].max() == 0
    )


def test_pens_are_wider_and_thinner_within_the_factor_and_the_colouring_has_the_same_ink() -> None:
    before = drawing(60)
    after = Augment(0.0, 0.0, 0.0, width=0.7)(before, Draws(0, range(60)))
    factors = np.array([ink(line) for line in after[:, 3]]) / ink(before[0, 3])
    assert 0.45 < factors.min() < 0.7 and 1.5 < factors.max() < 2.2
    assert (after[:, :3].max(1) <= after[:, 3]).all() and np.array_equal(after[:, 4], before[:, 4])


@pytest.mark.parametrize("width", [2, 3, 4, 7])
def test_the_width_of_lines_is_measured_beside_a_blot(width: int) -> None:
    drawn = np.zeros((96, 96), bool)
    drawn[20 : 20 + width], drawn[60:69, 60:69] = True, True
    assert 2 * half_width(drawn) == pytest.approx(width, abs=0.5)


def test_thin_lines_stay_whole_under_the_thinnest_pen() -> None:
    after = Augment(0.0, 0.0, 0.0, width=2.0)(drawing(40), Draws(1, range(40)))
    for line in after[:, 3]:
        parts, _ = cv2.connectedComponents((line > 230).astype(np.uint8), connectivity=4)
        assert parts == 3 or (line < 128).mean() > 0.3  # ink, inside and outside


def test_gaps_break_lines_and_leave_the_areas() -> None:
    before = drawing(40)
    after = Augment(0.0, 0.0, 0.0, gaps=1.0)(before, Draws(0, range(40)))
    open_rings = [
        cv2.connectedComponents((line > 128).astype(np.uint8), connectivity=4)[0] == 2
        for line in after[:, 3]
    ]
    assert 15 < sum(open_rings) < 40 and np.array_equal(after[:, 4], before[:, 4])


def test_gray_ink_is_gray_in_the_colouring_too() -> None:
    after = Augment(0.0, 0.0, 0.0, gray=0.6)(drawing(40), Draws(0, range(40)))
    darkest = after[:, 3].reshape(40, -1).min(1)
    assert darkest.min() < 20 and 60 < darkest.max() <= 0.84 * 255
    at = drawing(1)[0, 3] == 0
    assert after[:, 0][:, at].max() > 50


def test_scans_have_tinted_grainy_paper_and_colourings_have_none() -> None:
    before = drawing(30)
    after = Augment(0.0, 0.0, 0.0, noise=0.2)(before, Draws(0, range(30)))
    assert np.array_equal(after[:, :3], Augment(0.0, 0.0, 0.0)(before, Draws(0, range(30)))[:, :3])
    assert (
        0.75 * 255 < after[:, 3, :10, :10].mean((1, 2)).min() < 250
        and after[:, 3, :10, :10].std((1, 2)).max() > 1
    )


def test_crops_show_a_part_and_bends_move_lines_with_areas() -> None:
    for augment in (
        Augment(0.0, 0.0, 0.0, crop=1.0),
        Augment(0.0, 0.0, 0.0, wobble=0.03),
        Augment(0.5, 0.3, 0.0),
    ):
        after = augment(drawing(20), Draws(0, range(20)), 64)
        red = (after[:, 0].astype(int) - after[:, 1] > 90) & (after[:, 3] > 250)
        white = (after[:, 1] > 250) & (after[:, 3] > 250)
        assert (
            after.shape == (20, 5, 64, 64)
            and (after[:, 4][red] == 1).all()
            and (after[:, 4][white] == 0).all()
        )
        assert len({picture.tobytes() for picture in after}) > 10
    cropped = Augment(0.0, 0.0, 0.0, crop=1.0)(drawing(20), Draws(0, range(20)))
    assert (np.concatenate([cropped[:, 3, 0], cropped[:, 3, -1]], 1) < 128).any(1).sum() > 5


def test_a_size_that_is_asked_for_is_made_of_averages() -> None:
    after = Augment(0.0, 0.0, 0.0)(drawing(1), Draws(0, [0]), 48)
    halves = drawing(1)[0, 3].reshape(48, 2, 48, 2).mean((1, 3))
    assert after.shape == (1, 5, 48, 48) and np.abs(after[0, 3] - halves).max() <= 1


@pytest.mark.parametrize(
    "values", [(1.5, 0.0, 0.0), (0.5, -0.1, 0.0), (0.5, 0.0, 0.6), (0, 0, 0, 2), (0, 0, 0, 0, 0.3)]
)
def test_values_out_of_range_are_named(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"augment\.(flip|affine|hue|crop|wobble) is in"):
        Augment(*values)
