from __future__ import annotations

import math

import pytest
import torch

from colorlab import diffusion
from colorlab.draws import Draws


def test_betas_are_those_of_the_paper():
    beta = diffusion.betas(1000)
    assert beta[0] == pytest.approx(5.062e-6, rel=1e-3)
    assert beta[-1] == pytest.approx(1.00689e-2, rel=1e-5)


@pytest.mark.parametrize("steps", [1, 20, 1000])
def test_betas_match_their_closed_form(steps):
    closed = [1 - math.exp(-(2.25**2) * (2 * t - 1) / steps**2) for t in range(1, steps + 1)]
    assert diffusion.betas(steps) == pytest.approx(closed, rel=1e-9)


def test_alpha_bar_is_the_product_of_one_minus_beta():
    product = torch.cumprod(1 - torch.tensor(diffusion.betas(1000), dtype=torch.float64), 0)
    assert product.tolist() == pytest.approx(diffusion.alpha_bar_table(1000)[1:], rel=1e-12)


@pytest.mark.parametrize(
    ("t", "alpha_bar"), [(0, 1.0), (40, 0.991933), (370, 0.500045), (1000, 0.006330)]
)
def test_levels_of_the_schedule(t, alpha_bar):
    assert diffusion.alpha_bar_table(1000)[t] == pytest.approx(alpha_bar, abs=5e-7)
    assert diffusion.xi_at(diffusion.alpha_bar_table(1000)[t]) == pytest.approx(t / 1000, abs=1e-9)


def test_the_schedule_is_nearly_wavegrads_straight_line():
    line = torch.linspace(1e-6, 1e-2, 1000, dtype=torch.float64)  # GPIC Fig. 5
    gap = torch.cumprod(1 - line, 0) - torch.tensor(diffusion.alpha_bar_table(1000)[1:])
    assert gap.abs().max() == pytest.approx(4.4e-3, abs=1e-4)


@pytest.mark.parametrize("t", [1000, 500, 2, 1])
def test_a_posterior_step_is_diffusers_ddpm_step(t):
    from diffusers import DDPMScheduler

    scheduler = DDPMScheduler(
        trained_betas=diffusion.betas(1000), prediction_type="sample", clip_sample=False
    )
    x, x_0 = Draws(0, range(2)).normal(3, 8, 8), Draws(1, range(2)).uniform(3, 8, 8)
    theirs = scheduler.step(x_0, t - 1, x, generator=torch.Generator().manual_seed(5)).prev_sample
    z = torch.randn(x.shape, generator=torch.Generator().manual_seed(5))
    table = diffusion.alpha_bar_table(1000)
    mean, std = diffusion.posterior(x, x_0, table[t], table[t - 1])
    torch.testing.assert_close(mean + std * z, theirs, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("predict", ["x_0", "eps", "v"])
def test_what_a_net_predicts_leads_back_to_the_picture(predict):
    x_0, noise = Draws(0, range(3)).uniform(3, 4, 4), Draws(1, range(3)).normal(3, 4, 4)
    level = torch.tensor([0.01, 0.5, 0.99])
    x = diffusion.noised(x_0, noise, level)
    output = diffusion.target_of(x_0, noise, level, predict)
    torch.testing.assert_close(diffusion.x_0_of(output, x, level, predict), x_0, atol=1e-5, rtol=0)
    torch.testing.assert_close(diffusion.eps_of(x, x_0, level), noise, atol=1e-5, rtol=0)


def test_an_unknown_prediction_names_the_choices():
    with pytest.raises(ValueError, match="x_0, eps or v"):
        diffusion.x_0_of(torch.zeros(1), torch.zeros(1), 0.5, "noise")


def test_a_switch_hands_over_at_its_level():
    denoise = diffusion.switch(lambda x, a: x + 1, lambda x, a: x + 2, at=0.9)
    assert [denoise(0, a) for a in (0.89, 0.9, 0.91)] == [1, 2, 2]
