"""The primal-dual scheme lowers Pierre's energy, and for one candidate it finds the minimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from colorlab.color import rgb_of
from colorlab.draws import Draws
from colorlab.samplers.quantile_field import QuantileField
from colorlab.samplers.variational import Problem, Variational, divergence, gradient
from tests.regions import regions

GAMMA, FIDELITY = 25.0, 0.05


def source(coherence: float) -> QuantileField:
    return QuantileField(coherence, 0.1, 0.1, 0.4, 0.0, 1.0, 0.0)


def problem(
    candidates: int, n: int = 2, side: int = 12, drawn: bool = True, prior: float = 1.0
) -> Problem:
    sampler = Variational(source(0.3) if drawn else None, candidates, GAMMA, FIDELITY, prior, 1)
    return sampler.problem(regions(side), n, Draws(0, [0]))


def test_divergence_is_minus_the_adjoint_of_the_gradient() -> None:
    draws = Draws(0, [0])
    u, z = draws.normal(5, 6).double(), draws.normal(2, 5, 6).double()
    assert torch.allclose((gradient(u) * z).sum(), -(u * divergence(z)).sum())


@pytest.mark.whole
def test_under_the_gamut_each_answer_can_be_shown_at_the_pictures_own_lightness() -> None:
    free = problem(1, side=8)
    vivid = Problem(
        torch.full((1, 1, 1, 8, 8), 80.0),
        1.5 * free.candidates[:1],
        free.log_p,
        GAMMA,
        FIDELITY,
        1.0,
    )
    held = Problem(vivid.lightness, vivid.candidates, free.log_p, GAMMA, FIDELITY, 1.0, gamut=True)
    for steps in (0, 30):
        beyond, within = (torch.cat([vivid.lightness.expand(1, 2, 1, 8, 8), each.solved(steps)[0]],
                                    2)
                          for each in (vivid, held))  # fmt: skip
        assert (
            rgb_of(beyond).max() > 1.05
            and rgb_of(within).min() > -0.01
            and rgb_of(within).max() < 1.01
        )
    low = Problem(vivid.lightness, 0.1 * vivid.candidates, free.log_p, GAMMA, FIDELITY, 1.0)
    same = Problem(
        vivid.lightness, 0.1 * vivid.candidates, free.log_p, GAMMA, FIDELITY, 1.0, gamut=True
    )
    assert torch.equal(low.solved(30)[0], same.solved(30)[0])  # what can be shown is left alone


@pytest.mark.parametrize(("candidates", "drawn"), [(1, True), (4, True), (8, False)])
def test_the_energy_falls_and_the_weights_stay_in_the_simplex(candidates: int, drawn: bool) -> None:
    posed = problem(candidates, drawn=drawn)
    energies = [posed.energy(*posed.solved(steps)) for steps in (0, 10, 40, 160)]
    assert all((after < before).all() for before, after in itertools.pairwise(energies))
    w = posed.solved(40)[1]
    assert torch.allclose(w.sum(2), torch.ones(()), atol=1e-5) and w.min() >= 0


def energy_in_numpy(u: np.ndarray, lightness: np.ndarray, c: np.ndarray) -> float:
    """E of one candidate, u and c (2, h, w), pixel by pixel in float64."""
    total = FIDELITY / 2 * ((u - c) ** 2).sum()
    _, height, width = u.shape
    for y in range(height):
        for x in range(width):
            slopes = 0.0
            for dy, dx in ((1, 0), (0, 1)):
                if y + dy < height and x + dx < width:
                    slopes += ((u[:, y + dy, x + dx] - u[:, y, x]) ** 2).sum()
                    slopes += GAMMA * (lightness[y + dy, x + dx] - lightness[y, x]) ** 2
            total += np.sqrt(slopes)
    return float(total)


@pytest.mark.whole
def test_for_one_candidate_the_minimum_is_that_of_a_general_solver() -> None:
    generator = np.random.default_rng(0)
    lightness, c = generator.uniform(0, 100, (3, 4)), generator.uniform(-50, 50, (2, 3, 4))
    posed = Problem(
        torch.tensor(lightness)[None, None, None], torch.tensor(c)[None, None, None],
        torch.zeros(1, 1, 1, 1, 1), GAMMA, FIDELITY, 0.0,
    )  # fmt: skip
    u, w = posed.solved(2000)
    assert posed.energy(u, w).item() == pytest.approx(
        energy_in_numpy(u[0, 0].numpy(), lightness, c)
    )
    best = minimize(
        lambda v: energy_in_numpy(v.reshape(2, 3, 4), lightness, c),
        c.ravel(),
        options={"maxiter": 300},
    )
    assert posed.energy(u, w).item() == pytest.approx(best.fun, rel=1e-4)
    assert np.abs(u[0, 0].numpy() - best.x.reshape(2, 3, 4)).max() < 0.2


@pytest.mark.whole
def test_edges_of_lightness_are_spared() -> None:
    c = torch.zeros(1, 1, 1, 2, 8, 8)
    c[..., 4:] = 40.0
    jumps = []
    for step in (0.0, 50.0):
        lightness = torch.zeros(1, 1, 1, 8, 8)
        lightness[..., 4:] = step
        u = Problem(lightness, c, torch.zeros(1, 1, 1, 1, 1), GAMMA, 0.01, 0.0).solved(400)[0]
        jumps.append((u[..., 4] - u[..., 3]).mean().item())
    assert jumps[0] < 0.6 * jumps[1]


def test_a_cleaned_coherent_sample_keeps_its_variance_and_cleaned_speckle_does_not() -> None:
    marginals, draws, kept = regions(24), Draws(0, [0]), []
    for coherence in (0.0, 0.7):
        sampler = source(coherence)
        cleaned = Variational(sampler, 1, GAMMA, FIDELITY, 1.0, 100)(marginals, 16, draws)
        kept.append(
            cleaned.var(1).mean() / sampler(marginals, 16, draws.to("candidate 0")).var(1).mean()
        )
    assert kept[0] < 0.3 and kept[1] > 0.5


def test_the_likeliest_bins_give_one_answer_for_all_candidates() -> None:
    ab = Variational(None, 8, GAMMA, FIDELITY, 1.0, 20)(regions(8), 3, Draws(0, [0]))
    assert ab.shape == (1, 3, 2, 8, 8)
    assert torch.equal(ab[:, 0], ab[:, 2])
