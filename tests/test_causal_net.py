"""The causal network sees what came before and nothing else; its heads are distributions."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.nets.causal_net import CausalNet
from colorlab.nets.color_heads import Categories, ColorHead, LogisticMixture, inverse_cdf

H, W = 5, 6


def net(blocks: int = 3) -> CausalNet:
    torch.manual_seed(0)
    return CausalNet(3, 8, 4, blocks).eval().requires_grad_(False)


def features(network: CausalNet, colors: Tensor) -> Tensor:
    return network(colors, network.embed(Draws(0, [9]).normal(4, *colors.shape[-2:])))


@pytest.mark.parametrize("place", [(0, 0), (2, 3), (3, 0), (4, 5)])
def test_a_later_place_changes_no_earlier_one(place: tuple[int, int]) -> None:
    colors = Draws(0, [0]).normal(3, H, W)
    changed = colors.clone()
    changed[..., place[0], place[1]] += 1
    moved = (features(net(), changed) - features(net(), colors)).abs().amax(1)[0].flatten()
    at = place[0] * W + place[1]
    assert moved[: at + 1].max() == 0
    assert at == H * W - 1 or moved[at + 1 :].max() > 0


def test_there_is_no_blind_spot() -> None:
    network, colors = net(blocks=6), Draws(0, [0]).normal(3, H, W).requires_grad_()
    features(network, colors)[0, :, 3, 2].sum().backward()
    seen = colors.grad.abs().amax(1)[0].flatten() > 0  # type: ignore[union-attr]
    assert seen[: 3 * W + 2].all() and not seen[3 * W + 2 :].any()


def test_row_by_row_and_place_by_place_it_says_the_same() -> None:
    network, colors = net(), Draws(0, [0, 1]).normal(3, H, W)
    told = network.embed(Draws(0, [9]).normal(4, H, W))
    whole, kept = network(colors, told), network.begin(2, W, colors)
    zero = torch.zeros(2, 3, 1, 1)
    for y in range(H):
        above = colors[:, :, y - 1 : y] if y else torch.zeros(2, 3, 1, W)
        said = network.row(above, told, y, kept)
        for x in range(W):
            left = colors[:, :, y : y + 1, x - 1 : x] if x else zero
            found = network.place(left, said, told, y, x, kept)
            assert torch.allclose(found[..., 0, 0], whole[..., y, x], atol=1e-5)


def heads(levels: int) -> list[ColorHead]:
    torch.manual_seed(1)
    return [
        head.requires_grad_(False)
        for head in (LogisticMixture(8, levels, 3), Categories(8, levels))
    ]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("levels", [2, 5, 16])
def test_the_probabilities_of_all_colours_sum_to_one(kind: int, levels: int) -> None:
    head, x = heads(levels)[kind], 3 * Draws(0, [0]).normal(8, 1, 1)
    pairs = torch.tensor(list(itertools.product(range(levels), repeat=2)))[:, :, None, None]
    total = head.log_p(x.expand(len(pairs), -1, -1, -1), pairs).double().exp().sum()
    assert float(total) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", [0, 1])
def test_colours_are_drawn_as_often_as_they_are_likely(kind: int) -> None:
    head, x, m = heads(3)[kind], 2 * Draws(0, [0]).normal(8, 1, 1), 20000
    drawn = head.drawn(x.expand(m, -1, -1, -1), torch.rand(m, head.draws, 1, 1), 1.0)[:, :, 0, 0]
    pairs = torch.tensor(list(itertools.product(range(3), repeat=2)))
    p = head.log_p(x.expand(9, -1, -1, -1), pairs[:, :, None, None]).exp().flatten()
    share = (drawn[:, None] == pairs).all(2).float().mean(0)
    assert (share - p).abs().max() < 4 * math.sqrt(0.25 / m)


def test_a_logistics_mass_is_the_difference_of_its_distribution_function() -> None:
    head = LogisticMixture(8, 16, 1)
    x = head.scaled(torch.arange(16.0)).view(1, 1, 1, 16, 1).double()
    mean, scale = torch.tensor(0.3).double(), torch.tensor(-1.5).double()
    cdf = torch.sigmoid((x[0, 0, 0, :-1, 0] + 1 / 15 - mean) * math.exp(1.5))
    expected = torch.diff(torch.cat([cdf.new_zeros(1), cdf, cdf.new_ones(1)]))
    found = head.log_mass(x, mean.expand_as(x), scale.expand_as(x)).exp().flatten()
    assert torch.allclose(found, expected, atol=1e-12)


def test_a_level_far_from_a_sharp_logistic_still_pulls_it() -> None:
    head = LogisticMixture(8, 256, 1)
    mean = torch.full((1, 1, 1, 1, 1), -0.9, requires_grad=True)
    head.log_mass(
        torch.full((1, 1, 1, 1, 1), 0.9), mean, torch.full((1, 1, 1, 1, 1), -7.0)
    ).sum().backward()
    assert mean.grad is not None and mean.grad.item() > 100


def test_near_temperature_zero_one_colour_is_drawn() -> None:
    for head in heads(16):
        x, m = 2 * Draws(0, [0]).normal(8, 1, 1), 400
        u = torch.rand(m, head.draws, 1, 1)
        counts = [
            len(head.drawn(x.expand(m, -1, -1, -1), u, t).flatten(1).unique(dim=0))
            for t in (1.0, 1e-3)
        ]
        assert counts[0] > 20 and counts[1] == 1


def test_inverse_distribution_functions_cover_their_intervals() -> None:
    logits = torch.tensor([0.5, 0.25, 0.25]).log().view(1, 3, 1, 1).expand(5, -1, -1, -1)
    u = torch.tensor([0.0, 0.49, 0.51, 0.76, 0.999]).view(5, 1, 1)
    assert inverse_cdf(logits, u).flatten().tolist() == [0, 0, 1, 2, 2]
