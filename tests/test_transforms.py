"""Augmentation: the line moves with the colour, and chance comes from the draws alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from colorlab.data.transforms import Augment
from colorlab.draws import Draws

ALL = Augment(flip=0.5, affine=0.15, hue=0.0)


def pixels(n: int = 6, channels: int = 4) -> np.ndarray:
    """(n, channels, 32, 32) uint8 whose channels are equal."""
    gray = Draws(0, range(n)).uniform(1, 8, 8).repeat_interleave(4, 2).repeat_interleave(4, 3)
    return gray.mul(255).byte().expand(-1, channels, -1, -1).numpy()


def test_off_is_the_identity() -> None:
    assert np.array_equal(Augment(0.0, 0.0, 0.0)(pixels(), Draws(0, range(6))), pixels())


def test_a_certain_flip_mirrors_every_picture_as_albumentations_does() -> None:
    import albumentations

    mirror = albumentations.HorizontalFlip(p=1.0)
    expected = [mirror(image=picture.transpose(1, 2, 0))["image"].transpose(2, 0, 1) for picture in pixels()]
    assert np.array_equal(Augment(1.0, 0.0, 0.0)(pixels(), Draws(0, range(6))), np.stack(expected))


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
    assert np.array_equal(ALL(pixels(channels=3), Draws(0, range(6))), ALL(pixels(), Draws(0, range(6)))[:, :3])


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


@pytest.mark.parametrize("values", [(1.5, 0.0, 0.0), (0.5, -0.1, 0.0), (0.5, 0.0, 0.6)])
def test_values_out_of_range_are_named(values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"augment\.(flip|affine|hue) is in"):
        Augment(*values)
