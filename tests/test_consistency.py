"""Consistency tuning: the function's ends, the levels that teach, and pictures whose consistency
function is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.diffusion import alpha_bar_at, noised
from colorlab.draws import Draws
from colorlab.methods.consistency import CLEAN, bounded, pseudo_huber, sigma_of, xi_at
from colorlab.samplers.multistep import Multistep
from colorlab.types import Batch
from tests.small_methods import image, stirred

MEAN, SPREAD = 0.2, 0.3
LARGE = 10.0  # a pseudo-Huber c at which it is half the square by c


def level(sigma: float) -> float:
    return 1 / (1 + sigma**2)


def exact(x: Tensor, alpha_bar: float) -> Tensor:
    """Where a picture of N(MEAN, SPREAD^2) values ends: its distance from the mean shrinks with the
    spread."""
    shrunk = SPREAD / math.sqrt(SPREAD**2 + 1 / alpha_bar - 1)
    return MEAN + shrunk * (x / math.sqrt(alpha_bar) - MEAN)


def small(*words: str):
    return stirred(
        ["name=t", "method=consistency", "method.width=4", "trainer.max_steps=80", *words], 0.05
    )


def batch(count: int = 2) -> Batch:
    rgb = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return Batch(
        rgb,
        image().expand(count, -1, -1, -1),
        torch.arange(count),
        [""] * count,
        torch.zeros(count),
    )


def test_at_the_clean_end_the_function_is_its_argument() -> None:
    x, said = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    assert torch.equal(bounded(said, x, 1.0), x)
    assert (
        bounded(said, x, level(CLEAN)) - (x / math.sqrt(level(CLEAN)) + said) / 2
    ).abs().max() < 1e-4


def test_what_a_denoiser_says_of_noise_stays_as_it_is() -> None:
    x, said = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    assert (bounded(said, x, float(alpha_bar_at(1.0))) - said).abs().max() < 1e-4


def test_sampling_calls_the_function_that_training_learns() -> None:
    method, x = small(), torch.randn(2, 3, 32, 32)
    a = torch.full((2,), 0.6)
    learned = method.f(x, a, method.net.encode(image().expand(2, -1, -1, -1)))
    assert (method.denoiser(image())(x, 0.6) - learned).abs().max() < 1e-5


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_of_gaussian_pictures_any_number_of_calls_draws_the_gaussian(steps: int) -> None:
    rows, sampler = Draws(0, range(4)), Multistep(steps, clip=False)
    x_0 = MEAN + SPREAD * rows.to("data").normal(3, 64, 64)
    start = noised(x_0, rows.to("noise").normal(3, 64, 64), sampler.levels(None)[0])
    drawn = sampler(exact, start, rows)
    assert float(drawn.mean()) == pytest.approx(MEAN, abs=0.006) and float(
        drawn.std()
    ) == pytest.approx(SPREAD, abs=0.006)


def test_an_answer_beyond_the_colours_counts_as_their_limit() -> None:
    said = torch.tensor([-3.0, -0.4, 0.4, 3.0]).view(1, 1, 1, 4).expand(1, 3, 2, 4)
    found = Multistep(1, clip=True)(lambda x, level: said, torch.zeros(1, 3, 2, 4), Draws(0, [0]))
    assert torch.equal(found, said.clamp(min=-1, max=1)) and found.min() == -1


def test_a_denoisers_mean_in_its_place_comes_out_paler() -> None:
    rows, sampler = Draws(0, range(4)), Multistep(1, clip=False)

    def mean(x: Tensor, a: float) -> Tensor:
        shrunk = math.sqrt(a) * SPREAD**2 / (a * SPREAD**2 + 1 - a)
        return MEAN + shrunk * (x - math.sqrt(a) * MEAN)

    assert sampler(mean, rows.normal(3, 64, 64), rows).std() < SPREAD / 10


def test_the_levels_that_teach_are_half_as_far_in_every_stage() -> None:
    method = small("method.learning.stages=4")
    a = torch.tensor([level(0.5), level(12.0)], dtype=torch.float64)
    shares = []
    for seen in (0, 20, 40, 60, 79, 500):
        method.batches_seen.fill_(seen)
        shares.append((1 - sigma_of(method.cleaner(a)) / sigma_of(a)).tolist())
    full = 1 + 8 / (1 + math.exp(0.5))
    assert [near for near, _ in shares] == pytest.approx(
        [1.0, 1.0, full / 8, full / 16, full / 16, full / 16]
    )
    assert [far for _, far in shares] == pytest.approx(
        [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16], rel=1e-3
    )


def test_levels_come_back_from_their_xi() -> None:
    xi = torch.tensor([0.0, 0.1, 0.5, 1.0], dtype=torch.float64)
    assert torch.allclose(xi_at(alpha_bar_at(xi)), xi)


def test_pseudo_huber_is_the_square_of_small_errors_and_the_size_of_large_ones() -> None:
    zero = torch.zeros(1, 3, 4, 4)
    assert float(pseudo_huber(zero + 5, zero, 1e-4)) == pytest.approx(5, rel=1e-3)
    assert float(pseudo_huber(zero + 1e-3, zero, 1.0)) == pytest.approx(0.5e-6, rel=0.2)


def test_taught_by_the_clean_picture_the_loss_is_a_denoisers() -> None:
    """In the first stage a level of little noise is taught by the true picture itself."""
    method, shown = small("method.learning.min_xi=0.15", "method.learning.huber=0.1"), batch()
    method.xi = lambda draws, device: torch.tensor([0.2, 0.15], dtype=torch.float64)
    x_0, noise = 2 * shown.rgb - 1, Draws(0, [0, 1]).normal(3, 32, 32)
    a = alpha_bar_at(torch.tensor([0.2, 0.15])).float()
    said = method.f(noised(x_0, noise, a), a, method.net.encode(shown.image))
    expected = (pseudo_huber(said, x_0, 0.1) / torch.tensor([0.2, 0.15])).mean()
    assert float(method.loss(shown, Draws(0, [0, 1]))["loss"]) == pytest.approx(
        float(expected), rel=1e-4
    )


def test_only_the_noisier_of_two_levels_learns() -> None:
    method, shown = small(), batch()
    method.batches_seen.fill_(79)
    for parameter in method.net.parameters():
        parameter.requires_grad_(True)
    calls, f = [], method.f

    def watched(*arguments: Tensor) -> Tensor:
        said = f(*arguments)
        calls.append((float(arguments[1].mean()), said.requires_grad))
        return said

    method.f = watched
    method.loss(shown, Draws(0, [0, 1]))["loss"].backward()
    (noisier, learns), (cleaner, teaches) = calls
    assert learns and not teaches and noisier < cleaner


def test_what_teaches_is_a_picture() -> None:
    """Without an end to it, f could teach itself ever larger values."""
    method, shown = small(), batch()
    method.batches_seen.fill_(79)
    method.f = lambda x, a, _: torch.full_like(x, 7.0)
    assert float(method.loss(shown, Draws(0, [0, 1]))["apart"]) == pytest.approx(6, abs=0.01)


def test_the_loss_is_least_where_the_two_levels_of_gaussian_pictures_agree_on_average() -> None:
    """Of f = MEAN + g (x / sqrt(alpha_bar) - MEAN), taught by g' at sigma', the best g is
    g' (s^2 + sigma sigma') / (s^2 + sigma^2): the chain of these products tends to the exact s /
    sqrt(s^2 + sigma^2) as levels draw near."""
    method = small(f"method.learning.huber={LARGE}", "method.learning.stages=1")
    sigma, count = 2.0, 64
    near = float(sigma_of(method.cleaner(torch.tensor([level(sigma)], dtype=torch.float64))))
    rgb = (
        1
        + MEAN
        + SPREAD * torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    ) / 2
    shown = batch(count)._replace(rgb=rgb)
    method.xi = lambda draws, device: xi_at(torch.full((count,), level(sigma), dtype=torch.float64))
    taught = SPREAD / math.sqrt(SPREAD**2 + near**2)
    best = taught * (SPREAD**2 + sigma * near) / (SPREAD**2 + sigma**2)

    def loss_at(g: float) -> float:
        shrink = {True: g, False: taught}
        method.f = lambda x, a, _: (
            MEAN + shrink[bool(a[0] < level(sigma) + 1e-6)] * (x / a[0].sqrt() - MEAN).float()
        )
        return float(method.loss(shown, Draws(0, range(count)))["loss"])

    assert loss_at(best) < min(loss_at(best - 0.02), loss_at(best + 0.02))


@pytest.mark.whole
def test_the_chain_of_best_shrinkings_tends_to_the_exact_one() -> None:
    method, sigma, g = small("method.learning.stages=10"), 12.0, 1.0
    method.batches_seen.fill_(79)
    levels = [sigma]
    while levels[-1] > 1e-4 and len(levels) < 5000:
        levels.append(
            float(sigma_of(method.cleaner(torch.tensor([level(levels[-1])], dtype=torch.float64))))
        )
    for near, far in zip(levels[:0:-1], levels[-2::-1], strict=True):
        g *= (SPREAD**2 + far * near) / (SPREAD**2 + far**2)
    assert g == pytest.approx(SPREAD / math.sqrt(SPREAD**2 + sigma**2), rel=0.01)


def test_the_mean_of_the_loss_is_over_pictures_by_the_schedule_between_their_levels() -> None:
    method, shown = small("method.learning.huber=0.1"), batch()
    method.xi = lambda draws, device: torch.tensor([0.9, 0.9], dtype=torch.float64)
    apart = xi_at(alpha_bar_at(torch.tensor([0.9], dtype=torch.float64)))
    between = apart - xi_at(method.cleaner(alpha_bar_at(torch.tensor([0.9], dtype=torch.float64))))
    losses = method.loss(shown, Draws(0, [0, 1]))
    assert float(losses["loss"] * between) == pytest.approx(float(losses["apart"]), rel=1e-5)


def test_it_has_a_place_for_all_that_the_teacher_has_learned(tmp_path) -> None:
    from colorlab.runs.checkpoint import begin_with, save_weights

    teacher = build(compose("train", ["name=t", "method=gpic", "method.width=4"]).method)
    save_weights(teacher, tmp_path / "checkpoints")
    assert begin_with(small(), tmp_path) == []
