from __future__ import annotations

import math
from functools import partial

import diffusers
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from colorlab.diffusion import betas, eps_of, switch
from colorlab.draws import Draws
from colorlab.samplers.ancestral import Ancestral, grid
from colorlab.samplers.few_step import FewStep
from tests.toy import CONF, SAMPLERS, FlatColors, TwoModes, counting, noisy_start, sampler_of

SWITCH_AT = 0.9919  # GPIC's t = 40 of 1000


@pytest.fixture(autouse=True)
def _without_grad():
    with torch.inference_mode():
        yield


def sampled(name, toy, rows, V=None, denoise=None, **changes):
    sampler = sampler_of(name, **changes)
    V = torch.zeros(len(rows), 3, 16, 16) if V is None else V
    return sampler(denoise or toy.denoise, noisy_start(sampler, V, rows), rows)


def texture(x):
    return (x - x.mean((2, 3), keepdim=True)).std()


@pytest.mark.parametrize("name", SAMPLERS)
def test_both_modes_come_back_with_their_share_and_spread(name):
    toy, rows = TwoModes(mode=0.6, spread=0.1, share=0.3), Draws(0, range(4))
    x = sampled(name, toy, rows, V=toy.data(rows.to("data"), 3, 32, 32))
    plus, minus = x[x > 0], x[x < 0]
    assert len(plus) / x.numel() == pytest.approx(0.3, abs=0.025)
    assert (plus.mean() - 0.6).abs() < 0.04 and (minus.mean() + 0.6).abs() < 0.04
    assert 0.065 < plus.std() < 0.125 and 0.065 < minus.std() < 0.125


@pytest.mark.whole
def test_a_thousand_ancestral_steps_are_exact():
    toy, rows = TwoModes(mode=0.6, spread=0.1, share=0.3), Draws(0, range(8))
    x = sampled("ancestral", toy, rows, V=toy.data(rows.to("data"), 3, 32, 32), steps=1000)
    assert (x > 0).float().mean() == pytest.approx(0.3, abs=0.01)
    assert x[x > 0].mean() == pytest.approx(0.6, abs=0.005)
    assert x[x > 0].std() == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize(
    "name",
    ["DDIM", "DPMSolverMultistep", "UniPCMultistep", "HeunDiscrete", "EulerAncestralDiscrete"],
)
def test_a_few_step_sampler_is_diffusers_own_loop_over_the_papers_thousand_betas(name):
    toy, rows = TwoModes(), Draws(0, [0])
    scheduler_class = getattr(diffusers, f"{name}Scheduler")
    sampler = FewStep(scheduler_class, steps=20, spacing="trailing", eta=0.0, clip=False)
    x = noisy_start(sampler, torch.zeros(1, 3, 8, 8), rows)
    ours = sampler(toy.denoise, x, Draws(1, [0]))
    theirs = diffusers_loop(scheduler_class, toy.denoise, x, Draws(1, [0]).streams()[0])
    torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=0)


def diffusers_loop(scheduler_class, denoise, x, generator):
    """The loop that diffusers documents, with the paper's table and a net that predicts eps."""
    unclipped = {"clip_sample": False} if scheduler_class is diffusers.DDIMScheduler else {}
    scheduler = scheduler_class(trained_betas=betas(1000), timestep_spacing="trailing", **unclipped)
    scheduler.set_timesteps(20)
    noise = (
        {"generator": generator}
        if scheduler_class is diffusers.EulerAncestralDiscreteScheduler
        else {}
    )
    table = [math.exp(-((2.25 * (t + 1) / 1000) ** 2)) for t in range(1000)]
    state = x / math.sqrt(table[-1]) if scheduler.init_noise_sigma > 1 else x
    for t in scheduler.timesteps:
        alpha_bar, x = table[int(t)], scheduler.scale_model_input(state, t)
        state = scheduler.step(
            eps_of(x, denoise(x, alpha_bar), alpha_bar), t, state, **noise
        ).prev_sample
    return state


@pytest.mark.whole
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_candidate_is_the_same_bits_in_any_group_and_order(name):
    toy = FlatColors()
    whole = sampled(name, toy, Draws(0, [5, 8]).candidates(8))
    first_four = sampled(name, toy, Draws(0, [5, 8]).candidates(4))
    assert torch.equal(first_four.reshape(2, 4, 3, 16, 16), whole.reshape(2, 8, 3, 16, 16)[:, :4])
    assert torch.equal(sampled(name, toy, Draws(0, [8, 5, 8], [2, 7, 0])), whole[[10, 7, 8]])
    assert len(torch.unique(whole.flatten(1), dim=0)) == 16


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampling_leaves_its_input_and_torchs_own_numbers_alone(name):
    toy, rows = TwoModes(), Draws(0, range(2))
    sampler = sampler_of(name)
    x, before = noisy_start(sampler, torch.zeros(2, 3, 8, 8), rows), torch.get_rng_state()
    kept = x.clone()
    sampler(lambda x, a: toy.denoise(x.mul_(0.99), a), x, rows)
    assert torch.equal(x, kept) and torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_same_sampler_samples_twice_alike(name):
    sampler, toy = sampler_of(name), TwoModes()
    start = noisy_start(sampler, torch.zeros(2, 3, 8, 8), Draws(0, range(2)))
    once, again = (sampler(toy.denoise, start, Draws(1, range(2))) for _ in range(2))
    assert torch.equal(once, again)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_mix_runs_both_models_whatever_the_steps(name):
    toy, rows = TwoModes(), Draws(0, range(2))
    sampler = sampler_of(name, steps=10)
    (above, high), (below, low) = counting(toy.denoise), counting(toy.denoise)
    x = noisy_start(sampler, torch.zeros(2, 3, 8, 8), rows, SWITCH_AT)
    sampler(switch(above, below, SWITCH_AT), x, rows, SWITCH_AT)
    assert len(high) >= 9 and max(high) < SWITCH_AT
    assert len(set(low)) >= 3 and min(low) >= SWITCH_AT


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_level_is_visited_and_no_other(name):
    denoise, calls = counting(TwoModes().denoise)
    sampler, rows = sampler_of(name), Draws(0, [0])
    sampler(denoise, noisy_start(sampler, torch.zeros(1, 3, 8, 8), rows), rows)
    assert sorted(set(calls)) == sampler.levels(None)[:-1]
    assert calls == sorted(calls) and calls[0] == pytest.approx(math.exp(-(2.25**2)))


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_result_is_held_to_the_range_of_colours(name):
    x = sampled(name, None, Draws(0, range(2)), denoise=lambda x, a: 3 * torch.ones_like(x))
    torch.testing.assert_close(x, torch.ones_like(x), atol=1e-5, rtol=0)
    assert x.max() <= 1


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_estimate_beyond_the_colours_counts_as_their_limit(name):
    def wild(x, alpha_bar):
        return TwoModes().denoise(x, alpha_bar) * (3 if alpha_bar < 0.5 else 1)

    rows = [Draws(0, range(2)) for _ in range(3)]
    clipped = sampled(name, None, rows[0], denoise=wild)
    clamped = sampled(name, None, rows[1], denoise=lambda x, a: wild(x, a).clamp(-1, 1), clip=False)
    torch.testing.assert_close(clipped, clamped.clamp(-1, 1), atol=2e-4, rtol=0)
    assert (
        clipped - sampled(name, None, rows[2], denoise=wild, clip=False).clamp(-1, 1)
    ).abs().max() > 0.01


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_denoiser_that_moves_the_state_is_followed(name):
    """A guide may overwrite x during the call: pinned to exact noise around 0.5, the state must end
    at 0.5."""
    rows, own = Draws(0, range(2)), Draws(0, range(2), purpose="own")

    def pinned(x, alpha_bar):
        x.copy_(math.sqrt(alpha_bar) * 0.5 + math.sqrt(1 - alpha_bar) * own.normal(*x.shape[1:]))
        return TwoModes(mode=0.5, spread=0.01, share=1 - 1e-9).denoise(x, alpha_bar)

    assert (sampled(name, None, rows, denoise=pinned) - 0.5).abs().max() < 0.06


def test_ancestral_levels_are_the_schedule_itself():
    sampler = sampler_of("ancestral", steps=1000)
    assert sampler.levels(None) == sampler.levels(SWITCH_AT)
    assert sampler.levels(None)[960] == pytest.approx(0.991933, abs=1e-6)


def test_levels_of_a_karras_grid():
    sigmas = [math.sqrt(1 / level - 1) for level in grid(12, "karras", None)]
    assert sigmas[0] == pytest.approx(12.53, abs=0.01)
    assert sigmas[-2] == pytest.approx(0.00225, abs=1e-5)
    assert sigmas[-1] == 0


def test_a_karras_grid_is_even_in_the_seventh_root_of_sigma():
    # alpha_bar = exp(-(2.25 xi)^2)
    first, last = (math.sqrt(math.exp((2.25 * xi) ** 2) - 1) for xi in (1, 0.001))
    expected = [
        (first ** (1 / 7) + (last ** (1 / 7) - first ** (1 / 7)) * i / 11) ** 7 for i in range(12)
    ]
    found = [math.sqrt(1 / level - 1) for level in grid(12, "karras", None)[:-1]]
    assert found == pytest.approx(expected, rel=1e-4)


def test_of_a_schedule_that_ends_in_nothing_a_karras_grid_begins_a_step_before():
    levels = grid(9, "karras", None, lambda xi: 1 - xi)  # alpha_bar 0 at the end
    assert levels[0] == pytest.approx(0.1) and levels[8] == pytest.approx(0.999)


@pytest.mark.parametrize("steps", [1, 2, 5, 10, 20, 24, 25, 50])
@pytest.mark.parametrize("at", [0.001, 0.01, 0.3, 0.9, SWITCH_AT, 0.9999])
def test_a_switch_adds_levels_below_it_and_keeps_the_first(steps, at):
    plain, mixed = grid(steps, "trailing", None), grid(steps, "trailing", at)
    assert mixed[0] == plain[0] and mixed == sorted(set(mixed)) and len(mixed) <= len(plain) + 3
    assert sum(at <= level < 1 for level in mixed) >= 3


@pytest.mark.parametrize(("px", "hit"), [(96, 1.0), (8, 0.0)])
def test_a_biased_start_brings_its_colour_in_large_pictures(px, hit):
    toy, rows = FlatColors(), Draws(0, [0]).candidates(8)
    want = torch.tensor([0, 2, 6, 8, 18, 20, 24, 26])  # the saturated ones
    x = sampled(
        "ddim", toy, rows, steps=10, V=toy.colors[want][:, :, None, None].expand(-1, -1, px, px)
    )
    assert (toy.nearest(x) == want).float().mean() == pytest.approx(hit, abs=0.13)


def test_an_unbiased_start_makes_every_large_picture_grey():
    toy, rows = FlatColors(), Draws(0, [0]).candidates(8)
    assert (
        toy.nearest(sampled("ddim", toy, rows, torch.zeros(8, 3, 96, 96), steps=10)) == 13
    ).all()


@pytest.mark.whole
@pytest.mark.parametrize("corrector_steps", [1, 2])
def test_songs_corrector_keeps_the_texture_and_the_printed_one_destroys_it(corrector_steps):
    toy, rows = FlatColors(texture=0.03), Draws(0, range(4))
    song, printed = (
        Ancestral(200, corrector_steps, step, corrector_snr=0.16, predictor="ho", clip=False)
        for step in ("song", "printed")
    )
    start = noisy_start(song, torch.zeros(4, 3, 32, 32), rows)
    assert texture(song(toy.denoise, start, Draws(1, range(4)))) == pytest.approx(0.025, abs=0.003)
    assert texture(printed(toy.denoise, start, Draws(1, range(4)))) > 1


def test_a_printed_step_is_line_4_of_the_papers_algorithm():
    x, x_0 = Draws(1, [0]).normal(3, 2, 2), Draws(2, [0]).normal(3, 2, 2).clamp(-1, 1)
    printed = sampler_of("ancestral", predictor="printed")
    step = printed._predict(lambda x, a: x_0, x, 0.3, 0.6, Draws(3, [0]))  # alpha_t = 0.3 / 0.6
    eps, std = (x - math.sqrt(0.3) * x_0) / math.sqrt(0.7), math.sqrt(0.4 / 0.7 * 0.5)
    expected = (x - math.sqrt(0.5) * eps) / math.sqrt(0.5) + std * Draws(3, [0]).normal(3, 2, 2)
    torch.testing.assert_close(step, expected)


def test_the_printed_predictor_loses_the_rarer_mode():
    toy, rows = TwoModes(share=0.3), Draws(0, range(2))
    V = toy.data(rows.to("data"), 3, 16, 16)
    assert (
        sampled("ancestral", toy, rows, V, steps=1000, predictor="printed") > 0
    ).float().mean() < 0.01


@pytest.mark.parametrize(
    ("name", "changes"), [("euler_ancestral", {"steps": 25}), ("ddim", {"steps": 25, "eta": 1.0})]
)
def test_euler_ancestral_and_ddim_of_eta_1_are_the_ancestral_sampler(name, changes):
    toy, rows = FlatColors(), lambda: Draws(0, range(3))
    expected = sampled("ancestral", toy, rows(), steps=25)
    torch.testing.assert_close(sampled(name, toy, rows(), **changes), expected, atol=1e-4, rtol=0)


def test_one_step_from_the_noisiest_level_is_the_denoisers_answer():
    for name in ("ancestral", "ddim", "dpm_solver", "unipc", "heun", "euler_ancestral"):
        x = sampled(
            name, None, Draws(0, [0]), denoise=lambda x, a: torch.full_like(x, 0.25), steps=1
        )
        torch.testing.assert_close(x, torch.full_like(x, 0.25), atol=2e-5, rtol=0)


@pytest.mark.parametrize(
    "file", ["ancestral", "ddim", "dpm_solver", "unipc", "heun", "euler_ancestral"]
)
def test_each_yaml_makes_a_sampler(file):
    sampler = instantiate(OmegaConf.load(CONF / f"method/sampler/{file}.yaml"), steps=4)
    rows = Draws(0, range(2))
    x = sampler(
        TwoModes(spread=0.02).denoise, noisy_start(sampler, torch.zeros(2, 3, 8, 8), rows), rows
    )
    assert x.shape == (2, 3, 8, 8) and 0.3 < x.abs().mean() <= 1


@pytest.mark.parametrize(
    ("corrector_step", "predictor", "complaint"),
    [("langevin", "ho", "song or printed"), ("song", "euler", "ho or printed")],
)
def test_unknown_words_name_the_choices(corrector_step, predictor, complaint):
    with pytest.raises(ValueError, match=complaint):
        Ancestral(10, 1, corrector_step, corrector_snr=0.16, predictor=predictor, clip=True)


def test_a_grid_of_unknown_spacing_names_the_choices():
    with pytest.raises(ValueError, match="trailing or karras"):
        grid(4, "leading", None)


@pytest.mark.parametrize(
    ("scheduler", "eta", "complaint"),
    [
        (diffusers.EDMEulerScheduler, 0.0, "takes no .*trained_betas"),
        (
            partial(diffusers.DPMSolverMultistepScheduler, use_karras_sigmas=True),
            0.0,
            "levels of its own",
        ),
        (diffusers.UniPCMultistepScheduler, 0.5, "has no eta"),
    ],
)
def test_a_scheduler_that_cannot_follow_is_refused(scheduler, eta, complaint):
    with pytest.raises(ValueError, match=complaint):
        FewStep(scheduler, steps=20, spacing="trailing", eta=eta, clip=True)
