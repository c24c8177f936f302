"""The cGAN baseline: its noise is dropout, and the dropout is a function of the draws."""

from __future__ import annotations

import math

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.methods.cgan import CGAN
from colorlab.types import Batch, Condition
from tests.critics import Mean, batch_of, plain

SMALL = ["name=t", "method=cgan", "method.width=4", "method.critic.width=4",
         "method.cluster.pool=12", "method.cluster.clusters=3", "method.micro_batch=4",
         "trainer.max_steps=4"]  # fmt: skip


def cgan(*overrides: str) -> CGAN:
    torch.manual_seed(0)
    return build(compose("train", [*SMALL, *overrides]).method).eval()


def image() -> torch.Tensor:
    return torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def test_dropout_stays_on_at_test_and_belongs_to_the_candidate() -> None:
    method = cgan("method.cluster.kind=none")
    drawn = method.sample(Condition(image()), 3, Draws(0, [5]))
    assert (drawn[0, 0] - drawn[0, 1]).abs().max() > 0
    again = method.sample(Condition(image()), 1, Draws(0, [5]))
    assert torch.equal(again[0, 0], drawn[0, 0])


def test_without_dropout_all_candidates_are_equal() -> None:
    drawn = cgan("method.cluster.kind=none", "method.net.dropout=0").sample(
        Condition(image()), 3, Draws(0, [5])
    )
    assert torch.equal(drawn[0, 0], drawn[0, 2])


@pytest.mark.parametrize("dropout", [0.2, 0.5])
def test_masks_keep_the_mean_and_drop_their_share(dropout: float) -> None:
    masks = cgan(f"method.net.dropout={dropout}").masks(image(), Draws(0, [5]).candidates(200))
    every = torch.cat([mask.flatten() for mask in masks])
    assert (every == 0).float().mean() == pytest.approx(dropout, abs=0.02)
    assert every.mean() == pytest.approx(1, abs=0.03)


@pytest.mark.whole
def test_the_pool_is_clustered() -> None:
    drawn = {how: cgan(f"method.cluster.kind={how}").sample(Condition(image()), 3, Draws(0, [5]))
             for how in ("none", "centres", "medoids")}  # fmt: skip
    assert not torch.equal(drawn["centres"], drawn["medoids"]) and not torch.equal(
        drawn["none"], drawn["medoids"]
    )


def test_the_generator_pays_for_error_and_for_being_seen_through() -> None:
    method, rgb = cgan(), torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    batch = Batch(rgb, luma(rgb), torch.arange(2), ["", ""], torch.tensor([-1, -1]))
    losses = method.loss(batch, Draws(0, [0, 1]))
    assert torch.allclose(losses["loss"], losses["gan"] + 100 * losses["l1"])


def test_the_losses_are_the_sums_of_their_known_parts() -> None:
    method, red = cgan(), torch.tensor([0.9, 0.1, 0.1])[:, None, None]
    batch = batch_of(red.expand(2, -1, 16, 16))
    assert method.l1_weight == 100 and method.dropout == 0.5
    method.discriminator, method.l1_weight = Mean(), 7
    true = lab_of(batch.rgb)[:, 1:].mean().item() / 110  # both channels are above 0
    made = {"painted": plain(-0.5, 2)}
    gan = math.log(1 + math.exp(0.5))
    assert method.generator_loss(batch, made)["loss"].item() == pytest.approx(
        gan + 7 * (true + 0.5), rel=1e-4
    )
    judged = method.discriminator_loss(batch, made, Draws(0, [0, 1]))["loss"]
    expected = (math.log(1 + math.exp(-true)) + math.log(1 + math.exp(-0.5))) / 2
    assert judged.item() == pytest.approx(expected, rel=1e-4)
