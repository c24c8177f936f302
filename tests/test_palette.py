"""Palette: its attention against the formula, its denoiser against the net, its ablations, guides
and samplers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.nets.palette_net import PaletteNet, ResidualBlock, SelfAttention, group_norm
from colorlab.samplers.guides import Flat, Inpaint
from colorlab.types import Batch, Condition, Hints
from tests.toy import SAMPLERS, sampler_of

SMALL = [
    "name=t",
    "method=palette",
    "method.width=4",
    "method.sampler.steps=3",
    "trainer.max_steps=10",
]


def moved(module: Any) -> Any:
    """A module none of whose weights is zero any more."""
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    return module.eval().requires_grad_(False)


def palette(*overrides: str) -> Any:
    method = moved(build(compose("train", [*SMALL, *overrides]).method))
    method.colors.copy_(torch.linspace(-1, 1, method.colors.shape[1])[:, None].expand(-1, 3))
    return method


def image(height: int = 32, width: int = 32) -> Tensor:
    return Draws(0, [1]).uniform(1, height, width)


def test_attention_is_the_softmax_of_scaled_products_for_each_head() -> None:
    attention, x = moved(SelfAttention(64)), Draws(0, [0, 1]).normal(64, 3, 5)
    q, k, v = attention.qkv(attention.norm(x)).flatten(2).chunk(3, 1)  # (2, 64, 15)
    seen = []
    for head in range(2):
        mine = slice(32 * head, 32 * head + 32)
        weight = torch.softmax(q[:, mine].transpose(1, 2) @ k[:, mine] / math.sqrt(32), dim=2)
        seen.append(v[:, mine] @ weight.transpose(1, 2))
    expected = x + attention.out(torch.cat(seen, 1).view_as(x))
    assert torch.allclose(attention(x), expected, atol=1e-5)


@pytest.mark.whole
def test_only_with_attention_does_a_corner_reach_every_pixel_of_a_large_picture() -> None:
    state, shown = torch.zeros(1, 3, 256, 256), torch.zeros(1, 1, 256, 256)
    changed = shown.clone()
    changed[..., 0, 0] = 1
    for attends in (True, False):
        net = moved(PaletteNet(4, 1, attends))
        for norm in (m for m in net.modules() if isinstance(m, torch.nn.GroupNorm)):
            norm.forward = lambda x: x  # a norm sees the whole picture as well
        far = (net(state, torch.tensor([0.5]), changed) - net(state, torch.tensor([0.5]), shown))[
            ..., -8:, -8:
        ]
        assert bool(far.abs().max() > 0) == attends


def test_a_fresh_block_is_the_identity_and_a_fresh_net_says_zero() -> None:
    x = Draws(0, [0]).normal(8, 4, 4)
    assert torch.equal(ResidualBlock(8, 8, 4)(x, torch.randn(1, 4)), x)
    net = PaletteNet(4, 2, True)
    assert net(torch.randn(1, 3, 16, 16), torch.tensor([0.3]), image(16, 16)).abs().max() == 0


def test_a_norm_has_as_many_groups_as_divide_its_channels() -> None:
    assert [group_norm(c).num_groups for c in (4, 12, 16, 64)] == [4, 4, 8, 8]


@pytest.mark.parametrize(("distance", "power"), [("l1", 1), ("l2", 2)])
def test_the_loss_is_the_distance_to_the_noise(distance: str, power: int) -> None:
    method, draws = palette(f"method.learning.distance={distance}"), Draws(0, [0, 1])
    method.net.forward = lambda x, alpha_bar, drawing: torch.zeros_like(x)
    batch = Batch(
        torch.rand(2, 3, 32, 32),
        image().expand(2, -1, -1, -1),
        torch.arange(2),
        ["", ""],
        torch.zeros(2),
    )
    draws.uniform()  # the levels
    noise = draws.normal(3, 32, 32)
    assert torch.allclose(
        method.loss(batch, Draws(0, [0, 1]))["loss"], noise.abs().pow(power).mean(), rtol=1e-5
    )


def test_the_denoiser_is_the_net_at_its_level_read_as_noise() -> None:
    method, x = palette(), Draws(0, [0, 1, 2]).normal(3, 32, 32)
    eps = method.net(x, torch.full((3,), 0.3), image().expand(3, -1, -1, -1))
    expected = (x - math.sqrt(0.7) * eps) / math.sqrt(0.3)
    assert torch.allclose(method.denoiser(image())(x, 0.3), expected, atol=1e-5)


@pytest.mark.whole
def test_guides_keep_the_known_and_flatten_the_enclosed() -> None:
    known, rgb = torch.zeros(1, 1, 32, 32), torch.rand(1, 3, 32, 32)
    known[..., :10] = 1
    condition = Condition(image(), Hints(rgb, known))
    drawn = palette().sample(condition, 2, Draws(0, [0]), [Inpaint("noised", 1, 0.04)])
    assert torch.allclose(
        drawn[0, :, :, :, :10], rgb[0, :, :, :10].expand(2, -1, -1, -1), atol=1e-6
    )
    box = torch.ones(1, 1, 32, 32)
    box[..., 8:24, 8:24] = 0
    box[..., 9:23, 9:23] = 1
    plain, flat = (
        palette().sample(Condition(box), 1, Draws(0, [0]), guides) for guides in ([], [Flat(1.0)])
    )
    inside = [picture[0, 0, :, 9:23, 9:23].std((1, 2)).mean() for picture in (plain, flat)]
    assert inside[1] < inside[0]


@pytest.mark.whole
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_of_noise_colours_with_it(name: str) -> None:
    method = palette()
    method.sampler = sampler_of(name, steps=3)
    pictures = method.sample(Condition(image()), 2, Draws(0, [0]))
    assert pictures.shape == (1, 2, 3, 32, 32) and torch.isfinite(pictures).all()
    assert not torch.equal(pictures[0, 0], pictures[0, 1])


@pytest.mark.whole
def test_a_picture_of_odd_size_comes_back_in_it() -> None:
    assert palette().sample(Condition(image(117, 131)), 1, Draws(0, [0])).shape == (
        1,
        1,
        3,
        117,
        131,
    )
