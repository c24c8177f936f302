"""Two-stage sketch colouring: what is damaged, what is shown, what comes back."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.twostage import splashed
from colorlab.samplers.guides import Bias, Inpaint
from colorlab.types import Batch, Condition, Hints
from tests.small_methods import image, stirred

SMALL = ["name=t", "method=twostage", "method.width=4", "method.net.depth=3",
         "method.critic.width=4", "method.critic.layers=2", "trainer.max_steps=10"]  # fmt: skip


def twostage(*overrides: str) -> Any:
    return stirred([*SMALL, *overrides])


def batch(n: int = 2) -> Batch:
    rgb = Draws(0, range(n)).uniform(3, 32, 32)
    return Batch(
        rgb, image().expand(n, -1, -1, -1), torch.arange(n), [""] * n, torch.full((n,), -1)
    )


def test_splats_are_of_the_pictures_own_colours_and_each_pictures_own_chance() -> None:
    truth = torch.where(torch.arange(32) < 16, -1.0, 1.0).expand(3, 3, 32, 32)
    found = splashed(truth, 3, Draws(0, [4, 5, 6]))
    assert found.min() >= -1 and found.max() <= 1 and 0.02 < (found != truth).float().mean() < 0.6
    assert torch.equal(found[1:2], splashed(truth[1:2], 3, Draws(0, [5])))
    assert torch.equal(splashed(truth, 0, Draws(0, [4, 5, 6])), truth)
    flat = torch.full((1, 3, 20, 30), 0.25)
    # of a flat page every splat and part is its own
    assert torch.equal(splashed(flat, 5, Draws(0, [0])), flat)


def test_training_clicks_are_true_colours_and_at_most_so_many() -> None:
    built, one = twostage("method.net.hints=3"), batch(40)
    hints = built.clicks(one.rgb, Draws(0, range(40)))
    shares = hints.mask.mean((1, 2, 3))
    # of clicks of a radius of one pixel: five each
    assert (shares == 0).any() and shares.max() < 4 * 0.006
    single = built.clicks(one.rgb[7:8], Draws(0, [7]))
    assert torch.equal(single.mask[0], hints.mask[7]) and torch.equal(single.rgb[0], hints.rgb[7])


def test_hints_come_back_exactly_and_change_what_is_around() -> None:
    built, shown, draws = twostage(), image(24, 40), Draws(0, [0])
    rgb, mask = torch.full((1, 3, 24, 40), 0.75), torch.zeros(1, 1, 24, 40)
    mask[..., 4:12, 4:12] = 1
    free = built.sample(Condition(shown), 2, draws)
    held = built.sample(Condition(shown, Hints(rgb, mask)), 2, draws, [Inpaint("clean", 1, 0.0)])
    inside = mask[0, 0] > 0
    assert (held[0][..., inside] - 0.75).abs().max() < 1e-6 and (held - free)[0][
        ..., ~inside
    ].abs().max() > 1e-3


def test_candidates_differ_by_the_drafts_dropout_alone() -> None:
    first, second = twostage("method.net.dropout=0").sample(Condition(image()), 2, Draws(0, [0]))[0]
    assert torch.equal(first, second)
    first, second = twostage().sample(Condition(image()), 2, Draws(0, [0]))[0]
    assert (first - second).abs().max() > 1e-3


def test_the_losses_are_those_of_both_stages() -> None:
    built, one = twostage(), batch()
    made = built.made(one, Draws(0, [0, 1]))
    softplus, truth = torch.nn.functional.softplus, 2 * one.rgb - 1
    real, draft, painted = (
        built.discriminator(one.image, x)[0] for x in (truth, made["draft"], made["painted"])
    )
    near = [(made[key] - truth).abs().mean() for key in ("draft", "painted")]
    wanted = softplus(-draft).mean() + softplus(-painted).mean() + 100 * sum(near)
    assert built.generator_loss(one, made)["loss"].item() == pytest.approx(wanted.item(), rel=1e-4)
    judged = (softplus(-real).mean() + (softplus(draft).mean() + softplus(painted).mean()) / 2) / 2
    found = built.discriminator_loss(one, made, Draws(0, [0, 1]))["loss"]
    assert found.item() == pytest.approx(judged.item(), rel=1e-4)


def test_other_guides_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="twostage takes hints, but no guide"):
        twostage().sample(Condition(image()), 1, Draws(0, [0]), [Bias("#ff0000")])
