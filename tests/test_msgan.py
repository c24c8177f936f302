"""MSGAN: the mode seeking term."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.methods.msgan import mode_seeking
from tests.critics import Mean, batch_of, plain
from tests.two_colors import drawings, fillings, trained

TOY = ("method.net.depth=3", "method.critic.scales=1", "method.critic.layers=2")


def msgan():
    words = [
        "name=t",
        "method=msgan",
        "method.width=4",
        "method.critic.width=4",
        "trainer.max_steps=9",
    ]
    torch.manual_seed(0)
    return build(compose("train", words).method)


def test_mode_seeking_is_the_ratio_of_distances() -> None:
    picture, z = torch.rand(2, 3, 8, 8), torch.randn(2, 8)
    assert float(mode_seeking(picture + 0.5, picture, z + 1, z)) == pytest.approx(2, rel=1e-3)
    assert float(mode_seeking(picture, picture, z + 1, z)) == pytest.approx(1e5, rel=1e-3)


def test_only_the_first_picture_must_be_true() -> None:
    method, batch = msgan(), drawings(0)
    made = {
        key: value.detach().requires_grad_()
        for key, value in method.made(batch, Draws(0, range(16))).items()
    }
    losses = method.generator_loss(batch, made)
    first, second = torch.autograd.grad(
        losses["l1"], [made["first"], made["second"]], allow_unused=True
    )
    assert second is None and first.abs().max() > 0
    assert all(
        g.abs().max() > 0
        for g in torch.autograd.grad(losses["gan"], [made["first"], made["second"]])
    )


def test_the_losses_are_the_sums_of_their_known_parts() -> None:
    method, batch = msgan(), batch_of(plain(0.6))
    assert (method.losses.l1, method.losses.seek) == (10, 1)
    method.discriminator, method.losses = Mean(), replace(method.losses, seek=3)
    codes = {"z_first": torch.ones(2, 8), "z_second": -torch.ones(2, 8)}
    made = {"first": plain(0.5), "second": plain(0.1), "truth": plain(0.2)} | codes
    gan, l1, seek = (0.5**2 + 0.9**2) / 2, 0.3, 2 / 0.4
    assert method.generator_loss(batch, made)["loss"].item() == pytest.approx(
        gan + 10 * l1 + 3 * seek, rel=1e-4
    )
    judged = method.discriminator_loss(batch, made, Draws(0, [0, 1]))["loss"]
    assert judged.item() == pytest.approx((0.8**2 + (0.5**2 + 0.1**2) / 2) / 2)


@pytest.mark.slow
def test_candidates_differ_more_than_bicyclegan_s_after_as_many_steps() -> None:
    spread = {
        name: fillings(trained(name, 150, *TOY), 16).std(0).mean()
        for name in ("msgan", "bicyclegan")
    }
    assert spread["msgan"] > spread["bicyclegan"]


@pytest.mark.slow
def test_mode_seeking_spreads_the_candidates() -> None:
    with_it, without = (
        trained("msgan", 150, *TOY, f"method.losses.seek={weight}") for weight in (1, 0)
    )
    assert fillings(with_it, 16).std(0).mean() > 5 * fillings(without, 16).std(0).mean()
