"""DDIM and DPM-Solver++(2M) in the suite's own arithmetic, held to diffusers' schedulers and to
known answers."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import partial

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

from colorlab.draws import Draws
from colorlab.samplers.few_step import FewStep
from colorlab.samplers.solvers import DDIM, DPMSolver, Solver
from tests.conftest import ROOT
from tests.toy import TwoModes, counting, noisy_start

SWITCH_AT = 0.9919  # GPIC's t = 40 of 1000
DDIM_OF_DIFFUSERS = partial(DDIMScheduler, clip_sample=False)
SDE_OF_DIFFUSERS = partial(DPMSolverMultistepScheduler, algorithm_type="sde-dpmsolver++")


@pytest.fixture(autouse=True)
def _without_grad():
    with torch.inference_mode():
        yield


def both(ours: Solver, scheduler, eta: float, switch_at: float | None, wild: float = 1.0):
    """Ours and diffusers' from one start, with the same draws. wild: how far beyond colours
    estimates go."""
    theirs = FewStep(scheduler, ours.steps, ours.spacing, eta, ours.clip)
    assert ours.levels(switch_at) == theirs.levels(switch_at)

    def denoise(x, alpha_bar):
        # wide: it forgives rounding
        return TwoModes(spread=0.3, share=0.3).denoise(x, alpha_bar) * wild

    x = noisy_start(ours, torch.zeros(2, 3, 8, 8), Draws(0, [4, 9]), switch_at)
    return [sampler(denoise, x, Draws(1, [4, 9]), switch_at) for sampler in (ours, theirs)]


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 10, 20, 50])
@pytest.mark.parametrize("spacing", ["trailing", "karras"])
@pytest.mark.parametrize("switch_at", [None, SWITCH_AT])
def test_ddim_is_diffusers(steps, spacing, switch_at):
    for eta in (0.0, 0.4, 1.0):
        ours, theirs = both(DDIM(steps, spacing, eta, clip=True), DDIM_OF_DIFFUSERS, eta, switch_at)
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 10, 20, 50])
@pytest.mark.parametrize(("spacing", "rounding"), [("trailing", 1e-5), ("karras", 1e-3)])
@pytest.mark.parametrize("switch_at", [None, SWITCH_AT])
def test_dpm_solver_is_diffusers_without_noise_and_with_all_of_it(
    steps, spacing, rounding, switch_at
):
    """Diffusers has its levels in single precision, which tells sigmas of nearly clean ones to a
    hundredth."""
    for eta, scheduler in ((0.0, DPMSolverMultistepScheduler), (1.0, SDE_OF_DIFFUSERS)):
        ours, theirs = both(DPMSolver(steps, spacing, eta, clip=True), scheduler, 0.0, switch_at)
        torch.testing.assert_close(ours, theirs, atol=rounding, rtol=0)


@pytest.mark.parametrize("clip", [True, False])
def test_estimates_beyond_the_colours_are_treated_as_diffusers_does(clip):
    for solver, scheduler in ((DDIM, DDIM_OF_DIFFUSERS), (DPMSolver, DPMSolverMultistepScheduler)):
        ours, theirs = both(solver(10, "trailing", 0.0, clip), scheduler, 0.0, None, wild=2.0)
        torch.testing.assert_close(ours, theirs, atol=3e-4, rtol=0)
        assert (ours.abs().max() <= 1) == clip


@pytest.mark.parametrize("solver", [DDIM, DPMSolver])
def test_with_all_of_the_noise_a_gaussian_keeps_its_spread(solver):
    """Of data N(0, 0.5^2) the exact denoiser is linear, and the solver's own spread is known to
    converge to it."""

    def denoise(x, alpha_bar):
        return x * math.sqrt(alpha_bar) * 0.25 / (alpha_bar * 0.25 + 1 - alpha_bar)

    sampler, rows = solver(1000, "trailing", 1.0, clip=False), Draws(0, range(4))
    x = sampler(denoise, noisy_start(sampler, torch.zeros(4, 3, 32, 32), rows), rows)
    assert x.std() == pytest.approx(0.5, abs=0.008)


def test_ddim_is_of_first_order_and_dpm_solver_of_a_higher():
    toy = TwoModes(spread=0.3)
    sampler = DDIM(4000, "trailing", 0.0, clip=False)
    x = noisy_start(sampler, torch.zeros(1, 3, 4, 4), Draws(0, [0]))
    exact = sampler(toy.denoise, x, Draws(1, [0]))

    def error(solver, steps):
        return (
            (solver(steps, "trailing", 0.0, clip=False)(toy.denoise, x, Draws(1, [0])) - exact)
            .abs()
            .mean()
        )

    assert error(DDIM, 100) / error(DDIM, 200) == pytest.approx(2, abs=0.4)
    assert error(DPMSolver, 40) < error(DDIM, 40) / 2


@pytest.mark.parametrize("solver", [DDIM, DPMSolver])
def test_the_denoiser_is_called_once_a_level(solver):
    denoise, calls = counting(TwoModes().denoise)
    sampler = solver(7, "trailing", 0.5, clip=True)
    sampler(denoise, torch.zeros(1, 3, 8, 8), Draws(0, [0]))
    assert calls == sampler.levels(None)[:-1]


@pytest.mark.parametrize("eta", [-0.1, 1.5])
def test_a_share_of_noise_beyond_one_is_refused(eta):
    for solver in (DDIM, DPMSolver):
        with pytest.raises(ValueError, match=r"eta is .* in \[0, 1\]"):
            solver(20, "trailing", eta, clip=True)


@pytest.mark.whole
def test_they_sample_without_diffusers():
    script = (
        "import sys; sys.modules['diffusers'] = None; import torch\n"
        "from colorlab.cli.targets import build\nfrom colorlab.cli.yaml_files import composed\n"
        "from colorlab.draws import Draws\n"
        "for name in ('ddim', 'dpm_solver'):\n"
        "    sampler = build(composed('method/sampler', name))\n"
        "    print(sampler(lambda x, a: x / 2, torch.ones(1, 3, 4, 4), Draws(0, [0])).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.stdout.count("torch.Size([1, 3, 4, 4])") == 2, done.stderr
