"""The learned copula's likelihood is a normal distribution's, and it learns what pixels share."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import MultivariateNormal

from colorlab.draws import Draws
from colorlab.samplers.learned_copula import LearnedCopula, gain, true_fields
from colorlab.samplers.quantile_field import QuantileField
from tests.regions import regions


def dense_gain(z: torch.Tensor, f: torch.Tensor) -> float:
    """z (P,), f (R, P): log N(z; 0, C) - log N(z; 0, 1) by the whole covariance matrix, in float64."""
    scale = (1 + f.square().sum(0)).rsqrt()
    cov = (f.T @ f + torch.eye(len(z))) * scale[:, None] * scale
    zero = torch.zeros(len(z), dtype=torch.float64)
    joint = MultivariateNormal(zero, cov).log_prob(z)
    return float(joint - MultivariateNormal(zero, torch.eye(len(z), dtype=torch.float64)).log_prob(z))


def test_the_gain_is_that_of_the_whole_covariance_matrix() -> None:
    draws = Draws(0, [0, 1])
    z, f = draws.normal(2, 4, 5).double(), draws.normal(2, 3, 4, 5).double()
    expected = [sum(dense_gain(z[b, k].flatten(), f[b, k].flatten(1)) for k in range(2)) / 20 for b in range(2)]
    assert gain(z, f).tolist() == pytest.approx(expected, rel=1e-4)


def test_factors_of_zero_are_independence() -> None:
    draws = Draws(0, [0])
    assert gain(draws.normal(2, 4, 4), torch.zeros(1, 2, 3, 4, 4)).item() == pytest.approx(0, abs=1e-6)


def test_shared_fields_gain_and_independent_ones_do_not() -> None:
    draws, factors = Draws(0, range(50)), torch.full((50, 2, 1, 6, 6), 2.0)
    white = draws.normal(2, 6, 6)
    shared = (2 * draws.normal(2, 1, 1) + draws.normal(2, 6, 6)) / 5**0.5
    assert gain(shared, factors).mean() > 0.5
    assert gain(white, factors).mean() < -0.5


def test_true_fields_of_coherent_colourings_are_coherent_and_normal() -> None:
    marginals, draws = regions(9), Draws(0, range(1))
    samplers = [QuantileField(c, 0.1, 0.1, 0.4, 0.0, 1.0, 0.0) for c in (0.0, 1.0)]
    for sampler, low, high in zip(samplers, (-0.1, 0.6), (0.5, 1.0), strict=True):
        bins = sampler.bins(marginals, 60, draws)[0]
        many = marginals._replace(
            log_p=marginals.log_p.expand(60, -1, -1, -1), image=marginals.image.expand(60, -1, -1, -1),
            factors=marginals.factors.expand(60, -1, -1, -1, -1),
        )  # fmt: skip
        z = true_fields(many, bins, Draws(1, range(60)))[:, 0]
        assert abs(z.mean()) < 0.3 and abs(z.var() - 1) < 0.3
        assert low < (z[:, :, 1:] * z[:, :, :-1]).mean() < high


@pytest.mark.parametrize("reach", [0.0, 0.2])
def test_sampled_fields_have_the_factors_covariance(reach: float) -> None:
    marginals, n = regions(6), 2000
    z = LearnedCopula(reach, 0.1, 1.0, 0.0).fields(marginals, n, Draws(0, [0]))[0, :, 0]  # (n, 6, 6)
    f = marginals.factors[0, 0].flatten(1)
    cov = (f.T @ f) * (1 + f.square().sum(0)).rsqrt()[:, None] * (1 + f.square().sum(0)).rsqrt()
    found = z.flatten(1).T @ z.flatten(1) / n
    assert (found.diagonal() - 1).abs().max() < 0.12
    far = (0, 35)  # corners of two regions, beyond the field's reach
    assert found[far] == pytest.approx(cov[far].item(), abs=0.08)


def test_fitted_factors_tell_which_pixels_go_together() -> None:
    """Left and right half are each of one mind and know nothing of each other."""
    draws = Draws(0, range(50))
    z = draws.normal(2, 1, 2).repeat_interleave(3, 3).expand(-1, -1, 6, -1) * 0.99**0.5 + 0.1 * draws.normal(2, 6, 6)
    factors = Draws(1, [0]).normal(2, 2, 6, 6).mul_(0.1).requires_grad_()
    optimizer = torch.optim.Adam([factors], 0.05)
    for _ in range(100):
        optimizer.zero_grad()
        (-gain(z, factors.expand(50, -1, -1, -1, -1)).mean()).backward()
        optimizer.step()
    f = factors.detach()[0, 0].flatten(1)
    cov = ((f.T @ f) / (1 + f.square().sum(0)).sqrt()[:, None] / (1 + f.square().sum(0)).sqrt()).view(6, 6, 6, 6)
    assert cov[0, 0, 5, 2] > 0.9
    assert abs(cov[0, 0, 5, 3]) < 0.3
