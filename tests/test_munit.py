"""MUNIT, paired: content from the drawing, colours from the style."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from tests.critics import Mean, batch_of, plain
from tests.two_colors import BLUE, INSIDE, RED, drawings, share_of_red, trained


def munit():
    words = [
        "name=t",
        "method=munit",
        "method.width=4",
        "method.critic.width=4",
        "trainer.max_steps=9",
    ]
    torch.manual_seed(0)
    return build(compose("train", words).method)


def test_the_picture_comes_from_its_own_style_and_the_other_from_the_draws() -> None:
    method, batch = munit(), drawings(0)
    first = method.made(batch, Draws(0, range(16)))
    recolored = method.made(batch._replace(rgb=batch.rgb.flip(1)), Draws(0, range(16)))
    redrawn = method.made(batch, Draws(1, range(16)))
    assert torch.equal(first["drawn"], recolored["drawn"]) and not torch.equal(
        first["drawn"], redrawn["drawn"]
    )
    assert torch.equal(first["again"], redrawn["again"]) and not torch.equal(
        first["again"], recolored["again"]
    )


def test_the_style_is_read_off_the_picture_drawn() -> None:
    method, batch = munit(), drawings(0)
    made = method.made(batch, Draws(0, range(16)))
    made["drawn"] = made["drawn"].detach().requires_grad_()
    style = method.generator_loss(batch, made)["style"]
    assert float(style) == pytest.approx(
        float((method.net.style(made["drawn"]) - made["style"]).abs().mean())
    )
    assert torch.autograd.grad(style, made["drawn"])[0].abs().max() > 0


def test_the_losses_are_the_sums_of_their_known_parts() -> None:
    method, batch = munit(), batch_of(plain(0.6))
    assert (method.losses.picture, method.losses.style) == (10, 1)
    method.discriminator, method.losses = Mean(), replace(method.losses, style=3)
    made = {"again": plain(0.4), "drawn": plain(0.1), "truth": plain(0.2)}
    made["style"] = method.net.style(made["drawn"]).detach() + 0.25
    gan, picture, style = 0.9**2, 0.2, 0.25
    total = method.generator_loss(batch, made)["loss"]
    assert total.item() == pytest.approx(gan + 10 * picture + 3 * style, rel=1e-4)
    judged = method.discriminator_loss(batch, made, Draws(0, [0, 1]))["loss"]
    assert judged.item() == pytest.approx((0.8**2 + 0.1**2) / 2)


def test_candidates_are_one_content_in_styles_of_their_own() -> None:
    method, image = munit(), drawings(0).image[:1]
    painted = method.paint(image, Draws(0, [7]).candidates(3))
    styles = Draws(0, [7]).candidates(3).normal(8)
    for k in range(3):
        alone = method.net.decode(method.net.content(image), styles[k : k + 1], (16, 16))
        assert torch.allclose(painted[k : k + 1], alone, atol=1e-5)
    assert (painted[0] - painted[1]).abs().max() > 1e-3


@pytest.mark.slow
def test_another_picture_s_style_brings_its_colours() -> None:
    method = trained(
        "munit", 300, "method.net.blocks=2", "method.critic.scales=1", "method.critic.layers=2"
    )
    red, right = share_of_red(method)
    assert 0.1 < red < 0.9 and right > 0.6
    batch = drawings(0)
    is_red = batch.rgb[:, 0, 8, 8] > 0.5
    content = method.net.content(batch.image[:1])
    for color, picture in ((RED, batch.rgb[is_red][:1]), (BLUE, batch.rgb[~is_red][:1])):
        drawn = method.net.decode(content, method.net.style(2 * picture - 1), (16, 16))
        assert ((drawn[0, :, INSIDE[0], INSIDE[1]].mean((1, 2)) + 1) / 2 - color).abs().max() < 0.15
