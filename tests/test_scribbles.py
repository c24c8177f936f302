"""Levin et al.'s colorization: what it minimises, what it holds, where it stops."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colorlab.color import AB, lab_of
from colorlab.conditions.scribbles import solved, spread, weights
from colorlab.draws import Draws
from colorlab.samplers.scribbles import Scribbles
from colorlab.types import Condition, Hints

RNG = np.random.default_rng(0)


def scribbled(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    known = np.zeros(shape, bool)
    known[1, 1], known[-2, -2] = True, True
    return RNG.random(shape), RNG.normal(size=(2, *shape)) * known, known


def test_the_weights_of_a_pixels_neighbours_sum_to_one_and_favour_like_lightness() -> None:
    Y = np.zeros((5, 5))
    Y[:, 3:] = 1
    w = weights(Y).toarray()
    assert np.allclose(w.sum(1), 1) and np.allclose(w.diagonal(), 0)
    row = w[2 * 5 + 2].reshape(5, 5)  # beside the edge
    assert (row > 1e-9).sum() == 8 and row[2, 1] > 3 * row[2, 3]


def test_each_free_pixel_is_the_weighted_mean_of_its_neighbours_and_scribbles_are_held() -> None:
    Y, ab, known = scribbled((7, 9))
    found = solved(Y, ab, known)
    assert np.allclose(found[:, known], ab[:, known])
    mean = (weights(Y) @ found.reshape(2, -1).T).T.reshape(found.shape)
    assert np.allclose(found[:, ~known], mean[:, ~known], atol=1e-8)


def test_colours_fill_what_lightness_encloses_and_stop_at_its_edge() -> None:
    gray = torch.full((1, 1, 12, 16), 0.3)
    gray[..., 8:] = 0.7
    mask, rgb = torch.zeros(1, 1, 12, 16), torch.zeros(1, 3, 12, 16)
    mask[..., 5, 2], mask[..., 5, 13] = 1, 1
    rgb[..., 5, 2], rgb[..., 5, 13] = torch.tensor([0.7, 0.1, 0.1]), torch.tensor([0.1, 0.2, 0.7])
    colored = spread(Hints(rgb, mask), gray)
    ab = lab_of(colored)[0, 1:]
    assert ab[0, :, :7].min() > 20 and ab[1, :, 9:].max() < -20
    assert ab[:, :, :7].std((1, 2)).max() < 1 and ab[:, :, 9:].std((1, 2)).max() < 1
    expected = AB().decode(AB().encode(rgb), gray)
    assert torch.allclose(colored[..., 5, 2], expected[..., 5, 2], atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (13, 11)])
def test_without_scribbles_it_stays_gray_and_with_all_pixels_known_they_stay(
    size: tuple[int, int],
) -> None:
    gray, rgb = torch.rand(1, 1, *size), torch.rand(1, 3, *size)
    none = spread(Hints(rgb * 0, torch.zeros(1, 1, *size)), gray)
    assert torch.allclose(none, gray.expand(-1, 3, -1, -1), atol=2e-3)
    everything = spread(Hints(rgb, torch.ones(1, 1, *size)), gray)
    assert torch.allclose(everything, AB().decode(AB().encode(rgb), gray), atol=1e-4)


def test_the_guide_leads_the_noisiest_steps_and_leaves_the_clean_picture_alone() -> None:
    gray, mask = torch.full((1, 1, 8, 8), 0.4), torch.zeros(1, 1, 8, 8)
    mask[..., 4, 4] = 1
    condition = Condition(gray, Hints(torch.tensor([0.8, 0.1, 0.1]).view(1, 3, 1, 1) * mask, mask))
    led = Scribbles(0.5).edit(lambda x, alpha_bar: torch.zeros_like(x), condition, Draws(0, [0]))
    target = 2 * spread(condition.hints, gray) - 1  # type: ignore[arg-type]
    x = torch.zeros(2, 3, 8, 8)
    assert torch.allclose(led(x, 0.2), (0.4 * target).expand(2, -1, -1, -1), atol=1e-6)
    assert led(x, 1.0).abs().max() == 0
    with pytest.raises(ValueError, match="scribbles need hints"):
        Scribbles(0.5).edit(lambda x, alpha_bar: x, Condition(gray), Draws(0, [0]))
