"""The learned copula's likelihood is a normal distribution's, and it learns what pixels share."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import MultivariateNormal

from colorlab.draws import Draws
from colorlab.samplers.learned_copula import (
    LearnedCopula,
    Spans,
    log_ratio,
    posterior_fields,
    spans_of,
    true_fields,
    truncated,
)
from colorlab.samplers.marginals import Marginals
from colorlab.samplers.quantile_field import QuantileField
from tests.regions import regions


def dense_ratio(z: torch.Tensor, f: torch.Tensor) -> float:
    """z (P,), f (R, P): log N(z; 0, C) - log N(z; 0, 1) by the whole covariance matrix, in
    float64."""
    scale = (1 + f.square().sum(0)).rsqrt()
    cov = (f.T @ f + torch.eye(len(z))) * scale[:, None] * scale
    zero = torch.zeros(len(z), dtype=torch.float64)
    joint = MultivariateNormal(zero, cov).log_prob(z)
    return float(
        joint - MultivariateNormal(zero, torch.eye(len(z), dtype=torch.float64)).log_prob(z)
    )


def test_the_gain_is_that_of_the_whole_covariance_matrix() -> None:
    draws = Draws(0, [0, 1])
    z, f = draws.normal(2, 4, 5).double(), draws.normal(2, 3, 4, 5).double()
    expected = [
        sum(dense_ratio(z[b, k].flatten(), f[b, k].flatten(1)) for k in range(2)) / 20
        for b in range(2)
    ]
    assert log_ratio(z, f).tolist() == pytest.approx(expected, rel=1e-4)


def test_factors_of_zero_are_independence() -> None:
    draws = Draws(0, [0])
    assert log_ratio(draws.normal(2, 4, 4), torch.zeros(1, 2, 3, 4, 4)).item() == pytest.approx(
        0, abs=1e-6
    )


def test_shared_fields_gain_and_independent_ones_do_not() -> None:
    draws, factors = Draws(0, range(50)), torch.full((50, 2, 1, 6, 6), 2.0)
    white = draws.normal(2, 6, 6)
    shared = (2 * draws.normal(2, 1, 1) + draws.normal(2, 6, 6)) / 5**0.5
    assert log_ratio(shared, factors).mean() > 0.5
    assert log_ratio(white, factors).mean() < -0.5


def coins(side: int, pictures: int, p: float, factor: float = 0.0) -> Marginals:
    """Pixels of two colours, the first with probability p; one factor, the same at every pixel."""
    table = torch.tensor([[-40.0, 0.0], [40.0, 0.0]])
    log_p = torch.tensor([p, 1 - p]).log()[None, :, None, None].expand(pictures, -1, side, side)
    factors = torch.full((pictures, 2, 1, side, side), factor)
    return Marginals(log_p, table, torch.ones(pictures, 1, side, side), factors)


def learned(marginals: Marginals, bins: torch.Tensor, start: float, steps: int = 40) -> float:
    """Correlation of two pixels after learning one factor for all of them from colourings
    (B, h, w)."""
    c = torch.tensor(start, requires_grad=True)
    optimizer, spans = torch.optim.Adam([c], 0.1), spans_of(marginals, bins)
    for step in range(steps):
        draws = Draws(step, range(len(bins)))
        factors = c.expand(len(bins), 2, 1, *bins.shape[-2:])
        with torch.no_grad():
            z = posterior_fields(spans, factors.detach(), draws)
        optimizer.zero_grad()
        (-log_ratio(z[:, :1].expand(-1, 2, -1, -1), factors).mean()).backward()
        optimizer.step()
    return float(c.detach() ** 2 / (1 + c.detach() ** 2))


@pytest.mark.whole
@pytest.mark.parametrize("p", [0.99, 0.8])
def test_of_independent_pixels_the_copula_learns_independence(p: float) -> None:
    marginals = coins(8, 24, p)
    bins = (Draws(0, range(24)).uniform(8, 8) > p).long()
    assert learned(marginals, bins, start=1.0) < 0.08


@pytest.mark.whole
def test_of_dependent_pixels_the_copula_learns_how_much() -> None:
    marginals = coins(8, 48, 0.5)
    eta, eps = Draws(0, range(48)).normal(1, 1), Draws(1, range(48)).normal(8, 8)
    bins = (0.7**0.5 * eta + 0.3**0.5 * eps > 0).long()
    assert learned(marginals, bins, start=0.3) == pytest.approx(0.7, abs=0.15)


def test_the_gradient_is_that_of_the_bins_likelihood() -> None:
    """By a second way: given eta pixels are independent, so P(bins) is an integral over one
    number."""
    bins = torch.tensor([[[0, 0], [1, 0]]])
    c = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    eta = torch.linspace(-8, 8, 2001, dtype=torch.float64)
    edge, scale = torch.special.ndtri(torch.tensor(0.7, dtype=torch.float64)), (1 + c**2).sqrt()
    below = torch.special.ndtr(edge * scale - c * eta)
    whole = (below**3 * (1 - below) * torch.exp(-(eta**2) / 2)).sum().log() / 4
    (expected,) = torch.autograd.grad(whole, c)
    marginals, rows = coins(2, 1, 0.7, 1.2), 2000
    spans = Spans(*(end.expand(rows, -1, -1, -1) for end in spans_of(marginals, bins)))
    factors = marginals.factors.expand(rows, -1, -1, -1, -1)
    z = posterior_fields(spans, factors, Draws(0, range(rows)))[:, :1].expand(-1, 2, -1, -1)
    d = c.detach().float().requires_grad_()
    (found,) = torch.autograd.grad(log_ratio(z, d.expand(rows, 2, 1, 2, 2)).mean() / 2, d)
    assert found.item() == pytest.approx(expected.item(), abs=0.03) and abs(expected) > 0.03


def test_truncated_normals_are_scipys_far_out_too() -> None:
    from scipy.stats import truncnorm

    u = torch.linspace(0.01, 0.99, 9, dtype=torch.float64)
    for mean, low, high in (
        (0.0, -1.0, 2.0),
        (5.0, -4.0, -3.5),
        (-9.0, 1.0, 4.0),
        (20.0, 0.0, 3.0),
        (-20.0, -3.0, 0.0),
    ):
        found = truncated(*(torch.full_like(u, x) for x in (mean, low, high)), u)
        expected = truncnorm.ppf(u, low - mean, high - mean, loc=mean)
        flipped = truncnorm.ppf(1 - u, low - mean, high - mean, loc=mean)
        assert min(abs(found - expected).max(), abs(found - flipped).max()) < 1e-6


def test_true_fields_of_independent_colours_are_independent_and_of_coherent_ones_are_not() -> None:
    marginals, draws = regions(9), Draws(0, range(1))
    samplers = [QuantileField(c, 0.1, 0.1, 0.4, 0.0, 1.0, 0.0) for c in (0.0, 1.0)]
    for sampler, low, high in zip(samplers, (-0.05, 0.5), (0.05, 1.0), strict=True):
        bins = sampler.bins(marginals, 60, draws)[0]
        many = marginals._replace(
            log_p=marginals.log_p.expand(60, -1, -1, -1),
            image=marginals.image.expand(60, -1, -1, -1),
            factors=marginals.factors.expand(60, -1, -1, -1, -1),
        )  # fmt: skip
        z = true_fields(spans_of(many, bins), Draws(1, range(60)))[:, 0]
        assert abs(z.mean()) < 0.3 and abs(z.var() - 1) < 0.3
        assert low < (z[:, :, 1:] * z[:, :, :-1]).mean() < high


@pytest.mark.parametrize("reach", [0.0, 0.2])
def test_sampled_fields_have_the_factors_covariance(reach: float) -> None:
    marginals, n = regions(6), 2000
    # (n, 6, 6)
    z = LearnedCopula(reach, 0.1, 1.0, 0.0).fields(marginals, n, Draws(0, [0]))[0, :, 0]
    f = marginals.factors[0, 0].flatten(1)
    cov = (f.T @ f) * (1 + f.square().sum(0)).rsqrt()[:, None] * (1 + f.square().sum(0)).rsqrt()
    found = z.flatten(1).T @ z.flatten(1) / n
    assert (found.diagonal() - 1).abs().max() < 0.12
    far = (0, 35)  # corners of two regions, beyond the field's reach
    assert found[far] == pytest.approx(cov[far].item(), abs=0.08)


@pytest.mark.whole
def test_fitted_factors_tell_which_pixels_go_together() -> None:
    """Left and right half are each of one mind and know nothing of each other."""
    draws = Draws(0, range(50))
    z = draws.normal(2, 1, 2).repeat_interleave(3, 3).expand(
        -1, -1, 6, -1
    ) * 0.99**0.5 + 0.1 * draws.normal(2, 6, 6)
    factors = Draws(1, [0]).normal(2, 2, 6, 6).mul_(0.1).requires_grad_()
    optimizer = torch.optim.Adam([factors], 0.05)
    for _ in range(100):
        optimizer.zero_grad()
        (-log_ratio(z, factors.expand(50, -1, -1, -1, -1)).mean()).backward()
        optimizer.step()
    f = factors.detach()[0, 0].flatten(1)
    cov = (
        (f.T @ f) / (1 + f.square().sum(0)).sqrt()[:, None] / (1 + f.square().sum(0)).sqrt()
    ).view(6, 6, 6, 6)
    assert cov[0, 0, 5, 2] > 0.9
    assert abs(cov[0, 0, 5, 3]) < 0.3
