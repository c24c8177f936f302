"""Sampling in latents: the branches of a guided step, a late start, known cells, score
distillation."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from diffusers import DDIMScheduler
from torch import Tensor

from colorlab.diffusion import alpha_bar_at, eps_of
from colorlab.draws import Draws
from colorlab.nets.latent.prior import alpha_bar_table, schedule_of
from colorlab.samplers.ancestral import Ancestral, Sampler
from colorlab.samplers.few_step import FewStep
from colorlab.samplers.latent import (
    AblationOptions,
    Branch,
    branches,
    distilled,
    known_cells,
    late,
    unbounded,
)  # fmt: skip
from colorlab.samplers.marginals import Mode

ALPHA_BARS = alpha_bar_at(torch.linspace(0.001, 1, 1000))


def ddim(steps: int) -> FewStep:
    return FewStep(partial(DDIMScheduler, clip_sample=False), steps, "trailing", 0.0, clip=False)


@pytest.mark.parametrize("scales", [(1, 1), (3, 1), (3, 2), (0, 1), (0, 0), (7.5, 0), (2, 2)])
def test_the_weights_of_a_step_sum_to_one_and_none_is_zero(scales) -> None:
    for prompted in (True, False):
        weights = [branch.weight for branch in branches(*scales, prompted)]
        assert sum(weights) == pytest.approx(1) and all(weights)


def test_scales_of_one_leave_one_call_and_no_prompt_saves_one() -> None:
    assert branches(1, 1, True) == [Branch(1, True, True)]
    assert branches(5, 1, False) == [Branch(1, False, True)]
    assert branches(3, 2, True) == [
        Branch(-1, False, False),
        Branch(-1, False, True),
        Branch(3, True, True),
    ]


@pytest.mark.parametrize("sampler", [ddim(50), Ancestral(50, 0, "song", 0.16, "ho", clip=False)])
def test_latents_are_not_clipped_and_the_sampler_given_is_left_as_it_was(sampler: Sampler) -> None:
    clipped = copy.copy(sampler)
    clipped.clip = True
    x, draws = 9 * torch.ones(1, 3, 4, 4), Draws(0, [0])
    assert unbounded(clipped, alpha_bar_at)(lambda x, _: 5 + 0 * x, x, draws).mean() > 4
    assert clipped(lambda x, _: 5 + 0 * x, x, draws).max() <= 1


def test_a_sampler_of_marginals_does_not_denoise() -> None:
    with pytest.raises(ValueError, match="is one of marginals"):
        unbounded(Mode(True), alpha_bar_at)


@pytest.mark.parametrize("sampler", [ddim(50), Ancestral(50, 0, "song", 0.16, "ho", clip=False)])
def test_a_late_start_does_the_last_steps_alone_and_leaves_the_sampler_as_it_was(
    sampler: Sampler,
) -> None:
    calls, x = [], torch.zeros(1, 4, 2, 2)
    late(sampler, 22)(lambda x, alpha_bar: calls.append(alpha_bar) or x, x, Draws(0, [0]))
    assert calls == pytest.approx(sampler.levels(None)[28:50]) and len(sampler.levels(None)) == 51


def test_a_cell_is_known_where_it_and_its_neighbours_are() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :12] = 1
    assert torch.equal(known_cells(mask, 4)[0, 0], torch.tensor([1.0, 1, 0, 0]).expand(4, 4))
    mask[..., 5, 0] = 0.25
    assert known_cells(mask, 4)[0, 0, :, 0].tolist() == [0.25, 0.25, 0.25, 1]
    assert torch.equal(known_cells(torch.ones(1, 1, 8, 8), 4), torch.ones(1, 1, 2, 2))


def descended(gray: float, steps: int = 300, index: tuple[int, ...] = (3, 4)) -> Tensor:
    """From zeros, by a prior that is sure of .5 everywhere, and a decoder that copies the first
    three channels."""

    def noise_of(x: Tensor, alpha_bar: Tensor) -> Tensor:
        return eps_of(x, torch.full_like(x, 0.5), alpha_bar)

    z, image = torch.zeros(len(index), 4, 2, 2), torch.full((1, 1, 2, 2), 0.2)
    how = AblationOptions("sds", 0.5, sds_steps=steps, sds_rate=0.02, sds_gray=gray)
    return distilled(noise_of, lambda z: z[:, :3], z, image, ALPHA_BARS, Draws(0, index), how)


@pytest.mark.whole
def test_distillation_goes_where_the_prior_points_and_where_the_lightness_is() -> None:
    assert torch.allclose(descended(0.0), torch.full((2, 4, 2, 2), 0.5), atol=0.1)
    pulled = descended(100.0)
    assert torch.allclose(pulled[:, :3].mean(1), torch.full((2, 2, 2), 0.2), atol=0.1)
    # what the decoder does not show
    assert torch.allclose(pulled[:, 3], torch.full((2, 2, 2), 0.5), atol=0.1)


def test_a_row_of_distillation_does_not_depend_on_the_others() -> None:
    assert torch.equal(descended(1.0, 5)[1:], descended(1.0, 5, (4,)))
    with torch.no_grad():
        assert torch.equal(descended(1.0, 5)[:1], descended(1.0, 5, (3,)))


@pytest.mark.parametrize("zero_snr", [True, False])
def test_a_prior_is_sampled_on_levels_of_its_own_table(zero_snr: bool) -> None:
    table = alpha_bar_table(1000, zero_snr)
    plain = Ancestral(50, 0, "song", 0.16, "ho", True)
    levels = unbounded(plain, schedule_of(table)).levels(None)
    expected = [float(table[1000 * k // 50 - 1]) for k in range(50, 0, -1)]
    # pure noise is no level of a sampler
    assert levels[:-1] == pytest.approx(expected[zero_snr:], rel=1e-6)
    assert float(schedule_of(table)(0.44)) == pytest.approx(
        0.329 if zero_snr else 0.364, abs=0.001
    ) and plain.levels(None)[28] == pytest.approx(0.375, abs=0.001)
