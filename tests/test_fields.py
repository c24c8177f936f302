"""Random fields have unit variance at every pixel, agree where they should, and stop at edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from colorlab.draws import Draws
from colorlab.samplers.fields import KINDS, Fields, bilateral, leaders, pooled
from tests.regions import regions


def drawn(coherence: float, n: int = 2000, side: int = 8) -> torch.Tensor:
    """(n, 2, side, side)"""
    fields = Fields(coherence, 0.2, 0.1, 0.4)
    return fields(regions(side).image, n, 2, Draws(0, [0]).candidates(n))[0]


@pytest.mark.parametrize("coherence", [0.0, 0.2, 1 / 3, 0.5, 2 / 3, 0.8, 1.0])
def test_fields_are_standard_normal_at_every_pixel(coherence: float) -> None:
    z = drawn(coherence)
    assert z.mean(0).abs().max() < 4 / math.sqrt(len(z))
    assert (z.var(0) - 1).abs().max() < 5 * math.sqrt(2 / len(z))


@pytest.mark.parametrize("coherence", [0.0, 0.5, 1.0])
def test_the_two_fields_of_a_candidate_are_independent(coherence: float) -> None:
    a, b = drawn(coherence).unbind(1)
    assert (a * b).mean(0).abs().max() < 5 / math.sqrt(len(a))


def test_pixels_agree_the_more_the_farther_the_dial_is_turned() -> None:
    products = [
        (z[..., 1:] * z[..., :-1]).mean() for z in map(drawn, (0.0, 0.2, 1 / 3, 2 / 3, 1.0))
    ]
    assert products == sorted(products)
    assert abs(products[0]) < 0.05 and products[-1] > 0.9


def test_segments_agree_within_and_not_across() -> None:
    z = drawn(2 / 3, side=9)
    assert torch.equal(z[..., 0], z[..., 2])
    assert (z[..., 2] * z[..., 3]).mean().abs() < 0.1


def test_the_dial_passes_through_the_four_kinds() -> None:
    shares = [Fields(c, 0.1, 0.1, 0.4).shares() for c in (0, 1 / 3, 2 / 3, 1)]
    for kind, share in zip(KINDS, shares, strict=True):
        assert share[kind] == pytest.approx(1)
    assert Fields(0.5, 0.1, 0.1, 0.4).shares() == pytest.approx({"edge": 0.5, "segment": 0.5})


def test_the_bilateral_kernel_is_its_formula() -> None:
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(6, 7))
    gray = generator.uniform(size=(6, 7))
    reach = 1.3
    contrast = 0.3
    expected = np.zeros((6, 7))
    for (y, x), here in np.ndenumerate(gray):
        k = {}
        for (v, u), there in np.ndenumerate(gray):
            far = (v - y) ** 2 + (u - x) ** 2
            if far <= (2 * reach) ** 2:
                k[v, u] = math.exp(-far / (2 * reach**2) - (there - here) ** 2 / (2 * contrast**2))
        expected[y, x] = sum(w * noise[at] for at, w in k.items()) / math.sqrt(
            sum(w * w for w in k.values())
        )
    found = bilateral(
        torch.tensor(noise)[None, None, None], torch.tensor(gray)[None, None], reach, contrast
    )
    assert np.allclose(found[0, 0, 0], expected)


def test_an_edge_of_lightness_stops_the_field() -> None:
    gray = (torch.arange(12) >= 6).float().expand(12, 12)[None, None]
    noise = Draws(0, range(4000)).normal(1, 12, 12)[None]
    z = bilateral(noise, gray, 2.0, 0.1)[0, :, 0]
    across, within = (z[:, 6, 5] * z[:, 6, 6]).mean(), (z[:, 6, 4] * z[:, 6, 5]).mean()
    assert abs(across) < 0.08 and within > 0.7


def test_flat_areas_are_segments_with_their_first_pixel_as_leader() -> None:
    gray = torch.full((1, 20, 20), 0.2)
    gray[:, 5:15, 5:15] = 0.7
    leader = leaders(gray, 0.4)
    assert leader.unique().tolist() == [0, 5 * 20 + 5]
    assert (leader == 105).sum() == 100


def test_pooling_makes_a_segment_one_distribution_and_keeps_flat_ones() -> None:
    marginals = regions(12)
    flat = pooled(marginals.log_p, marginals.image, 0.4)
    assert torch.allclose(flat.exp().sum(1), torch.ones(1, 12, 12), atol=1e-5)
    assert torch.allclose(flat[..., 0, 0], flat[..., 11, 3], atol=1e-5)
    assert torch.allclose(pooled(flat, marginals.image, 0.4), flat, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "said"), [((1.5, 1, 1, 1), "coherence is in"), ((0, 0, 1, 1), "reach is > 0")]
)
def test_values_out_of_range_are_told(values: tuple[float, float, float, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Fields(*values)
