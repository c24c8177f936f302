"""Photographs as time leaves them: each part of the model by a known answer, colours kept, chance a
picture's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import lab_of
from colorlab.data.old import OldPhotographs, blurred, faded, grained, scratched
from colorlab.draws import Draws
from colorlab.errors import ConfigError


def photographs(n: int = 3, side: int = 48) -> np.ndarray:
    coarse = torch.rand(n, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0.2, 0.8)
    return (255 * smooth).byte().numpy()


def test_off_is_a_number_and_leaves_the_pictures_alone() -> None:
    made = OldPhotographs(0, 0, 0, 0)(photographs(), Draws(0, range(3)))
    assert np.abs(made.astype(int) - photographs()).max() <= 1  # back from Lab


def test_only_lightness_grows_old() -> None:
    made = OldPhotographs(0.02, 0.1, 0.5, 0)(photographs(), Draws(0, range(3)))
    before, after = (lab_of(torch.from_numpy(each).float() / 255) for each in (photographs(), made))
    apart = (after - before).abs()
    # where a colour can still be shown, it is the same
    assert apart[:, 1:].median() < 2 < apart[:, 0].median()


def test_grain_is_of_the_strength_asked_for_in_mid_gray_and_none_in_black_and_white() -> None:
    noise = np.random.default_rng(0).normal(size=(200, 200)).astype(np.float32)
    flat = {
        level: grained(np.full((200, 200), level, np.float32), 0.05, noise)
        for level in (0.0, 0.5, 1.0)
    }
    assert (
        flat[0.5].std() == pytest.approx(0.05, rel=1e-3)
        and flat[0.0].max() == 0
        and flat[1.0].min() == 1
    )
    beside = np.corrcoef(flat[0.5][:, 1:].ravel(), flat[0.5][:, :-1].ravel())[0, 1]
    assert 0.4 < beside < 0.8  # exp(-1 / (4 GRAIN^2)) = 0.6: grains, not pixels


def test_fading_lifts_black_and_lowers_white_by_what_is_asked() -> None:
    y = np.linspace(0, 1, 11, dtype=np.float32)[None].repeat(3, 0)
    even = np.zeros((4, 4), np.float32)
    assert np.allclose(faded(y, 0.4, 0.25, even), 0.3 + 0.6 * y, atol=1e-6)
    assert np.allclose(faded(y, 0.0, 0.25, np.ones((4, 4), np.float32)), y)


def test_a_scratch_stands_where_it_was_drawn_and_ends() -> None:
    line = np.array([0.5, 0.5, 0.25, 0.5, 1.0, 0.9, 0.1, 0.1])
    changed = scratched(np.full((40, 40), 0.5, np.float32), [line]) - 0.5
    assert (
        changed[11:29, 19:21].min() > 0.2
        and abs(changed[:8, 10:]).max() == 0
        and abs(changed[32:]).max() == 0
    )
    assert changed[4, 4] > 0.2 and np.count_nonzero(changed) < 100  # and a speck


def test_a_blur_below_a_tenth_of_a_pixel_is_none() -> None:
    y = np.random.default_rng(0).random((9, 9)).astype(np.float32)
    assert blurred(y, 0.05) is y and blurred(y, 2.0).std() < 0.5 * y.std()


def test_a_picture_is_changed_alike_in_any_company_and_otherwise_in_every_pass() -> None:
    old, pictures = OldPhotographs(0.01, 0.05, 0.5, 5), photographs()
    together = old(pictures, Draws(0, [4, 5, 6]))
    assert np.array_equal(old(pictures[1:2], Draws(0, [5]))[0], together[1])
    assert not np.array_equal(old(pictures, Draws(0, [4, 5, 6], [1, 1, 1])), together)


def test_a_smaller_size_is_given_and_drawings_are_refused() -> None:
    assert OldPhotographs(0.01, 0.05, 0.5, 5)(photographs(), Draws(0, range(3)), 24).shape == (
        3,
        3,
        24,
        24,
    )
    with pytest.raises(ConfigError, match="choose data/augment=plain"):
        OldPhotographs(0, 0, 0, 0)(np.zeros((1, 4, 8, 8), np.uint8), Draws(0, [0]))


def test_its_configuration_builds_it() -> None:
    words = [
        "name=t",
        "data=folder",
        "data.root=x",
        "data.condition=gray",
        "data/augment=old",
        "trainer.max_steps=10",
    ]
    assert isinstance(build(compose("train", words).data.augment), OldPhotographs)
