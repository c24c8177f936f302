"""pix2pix: L1, cross-entropy and dropout."""

from __future__ import annotations

import math

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.types import Condition
from tests.critics import Mean, batch_of, plain
from tests.two_colors import drawings, fillings, trained


def pix2pix(*overrides: str):
    words = [
        "name=t",
        "method=pix2pix",
        "method.width=4",
        "method.critic.width=4",
        "trainer.max_steps=9",
        *overrides,
    ]
    torch.manual_seed(0)
    return build(compose("train", words).method).requires_grad_(False)


def test_the_loss_of_the_truth_is_the_adversary_s_alone() -> None:
    method, batch = pix2pix(), drawings(0)
    method.discriminator.scales[0][-1].weight.zero_()
    method.discriminator.scales[0][-1].bias.zero_()
    truth = 2 * batch.rgb - 1
    losses = method.generator_loss(batch, {"painted": truth, "truth": truth})
    assert float(losses["l1"]) == 0 and float(losses["loss"]) == pytest.approx(math.log(2))
    darker = method.generator_loss(batch, {"painted": truth - 0.01, "truth": truth})
    assert float(darker["loss"]) == pytest.approx(math.log(2) + 1, abs=1e-4)
    both = method.discriminator_loss(batch, {"painted": truth, "truth": truth}, Draws(0, range(16)))
    assert float(both["loss"]) == pytest.approx(math.log(2))


def test_the_losses_are_the_sums_of_their_known_parts() -> None:
    method, batch = pix2pix(), batch_of(plain(0.6))
    assert method.l1_weight == 100 and method.dropout == 0.5
    method.discriminator, method.l1_weight = Mean(), 7
    made = {"painted": plain(0.5), "truth": plain(0.2)}
    gan = math.log(1 + math.exp(-0.5))
    assert method.generator_loss(batch, made)["loss"].item() == pytest.approx(gan + 7 * 0.3)
    judged = method.discriminator_loss(batch, made, Draws(0, [0, 1]))["loss"]
    assert judged.item() == pytest.approx(
        (math.log(1 + math.exp(-0.2)) + math.log(1 + math.exp(0.5))) / 2
    )


def test_dropout_has_its_rate_and_keeps_the_mean() -> None:
    masks = pix2pix("method.net.dropout=0.25").masks(
        torch.zeros(50, 1, 32, 32), Draws(0, range(50))
    )
    values = torch.cat([mask.flatten() for mask in masks])
    assert values.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float((values == 0).float().mean()) == pytest.approx(0.25, abs=0.02)


def test_without_dropout_at_test_all_candidates_are_equal() -> None:
    method = pix2pix("method.net.dropout_at_test=false")
    drawn = method.sample(Condition(drawings(0).image[:2]), 3, Draws(0, [0, 1]))
    assert not method.candidates_differ and pix2pix().candidates_differ
    assert torch.equal(drawn[:, 0], drawn[:, 2])


@pytest.mark.slow
def test_of_two_right_colours_it_settles_on_one_mixture() -> None:
    assert fillings(trained("pix2pix", 300), 16).std(0).max() < 0.08
