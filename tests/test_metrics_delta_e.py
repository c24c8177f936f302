"""CIEDE2000 against scikit-image and the published test pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000

from colorlab.metrics.delta_e import delta_e, mean_delta_e, pairwise_delta_e

# Sharma, Wu, Dalal (2005), Table 1: pairs 1, 7, 13, 17, 20, 24, 25 and 34
PUBLISHED = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((50.0, 2.5, 0.0), (50.0, 3.2592, 0.335), 1.0),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "difference"), PUBLISHED)
def test_the_published_pairs_come_out(one, other, difference):
    assert delta_e(
        torch.tensor(one).double(), torch.tensor(other).double()
    ).item() == pytest.approx(difference, abs=5e-5)


@pytest.mark.parametrize("spread", [50.0, 5.0, 0.05])
def test_random_colours_equal_scikit_image(spread):
    stream = np.random.default_rng(0)
    one = stream.uniform([0, -100, -100], [100, 100, 100], (20_000, 3))
    other = one + stream.normal(0, spread, one.shape)
    found = delta_e(torch.from_numpy(one), torch.from_numpy(other)).numpy()
    np.testing.assert_allclose(found, deltaE_ciede2000(one, other), rtol=0, atol=1e-9)


def test_pictures_are_weighted_means_over_their_pixels():
    lab = 40 * torch.rand(5, 3, 30, dtype=torch.float64)
    weight = torch.stack([torch.ones(30), (torch.arange(30) < 7).float()]).double()
    each = delta_e(lab[:2, None].movedim(2, -1), lab[None, 2:].movedim(2, -1))  # (2, 3, 30)
    expected = torch.stack([each.mean(-1), each[..., :7].mean(-1)])
    assert torch.allclose(mean_delta_e(lab[:2], lab[2:], weight), expected)


def test_pixels_that_two_pictures_share_count_as_no_difference():
    lab = 40 * torch.rand(3, 3, 30)
    lab[1, :, :20], lab[2] = lab[0, :, :20], lab[0]
    weight = (torch.arange(30) >= 10).float()[None]
    apart = delta_e(lab[0].T, lab[1].T)[20:].double().sum() / 20
    found = pairwise_delta_e(lab, weight)[0]
    assert (
        found[0, 1].item() == pytest.approx(apart.item())
        and found[0, 1] == found[1, 2]
        and found[0, 2] == 0
    )


def test_all_pairs_are_symmetric_with_a_zero_diagonal():
    lab, weight = 40 * torch.rand(4, 3, 30), torch.ones(1, 30)
    assert torch.allclose(pairwise_delta_e(lab, weight), mean_delta_e(lab, lab, weight), atol=1e-6)


def test_float32_is_precise_enough_for_small_differences():
    lab = torch.tensor([60.0, 30.0, -70.0])
    near = lab + torch.tensor([0.0, 0.01, 0.01])
    exact = delta_e(lab.double(), near.double())
    assert (
        delta_e(lab, near).item() == pytest.approx(exact.item(), abs=1e-5)
        and delta_e(lab, lab) == 0
    )
