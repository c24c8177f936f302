"""DivColor's networks: their published sizes, what their outputs depend on, the distributions they
speak of."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from colorlab.draws import Draws
from colorlab.nets.cic_net import CICNet
from colorlab.nets.divcolor_net import (
    MDN,
    FieldVAE,
    FrozenFeatures,
    Mixture,
    Posterior,
    block,
    dropped,
)


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def vae(skip: bool = False, gray_posterior: bool = False, side: int = 32) -> FieldVAE:
    torch.manual_seed(0)
    return FieldVAE(side, 4, 6, skip, gray_posterior, 0.3).eval()


def count(net: torch.nn.Module) -> float:
    """Millions of parameters."""
    return sum(p.numel() for p in net.parameters()) / 1e6


def test_the_published_sizes_have_the_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        net = FieldVAE(64, 128, 64, skip=False, gray_posterior=False, dropout=0.3)
        mixture = MDN(512, 224, 128, 64, 8, "fc", 0.3)
    assert count(net.encoder) == pytest.approx(14.6, abs=0.05)
    assert count(net.decoder) == pytest.approx(18.3, abs=0.05)
    assert count(mixture) == pytest.approx(117.8, abs=0.1)


def test_the_maps_have_the_published_shapes() -> None:
    with torch.device("meta"):
        net = FieldVAE(64, 128, 64, skip=True, gray_posterior=False, dropout=0.3)
        maps = net.maps(torch.zeros(1, 1, 64, 64))
        assert [tuple(each.shape[1:]) for each in maps] == [
            (128, 32, 32),
            (256, 16, 16),
            (512, 8, 8),
            (64, 4, 4),
        ]
        assert net(torch.zeros(5, 64), maps).shape == (5, 2, 64, 64)


def test_a_convolution_with_an_even_kernel_keeps_the_side() -> None:
    assert block(2, 3, 4)(numbers(1, 2, 4, 4)).shape == (1, 3, 4, 4)
    assert block(2, 3, 4, 2)(numbers(1, 2, 4, 4)).shape == (1, 3, 2, 2)


def test_fields_lie_in_range_and_sides_must_fit() -> None:
    field = vae()(100 * numbers(3, 6), [])
    assert field.shape == (3, 2, 32, 32) and field.abs().max() <= 1
    with pytest.raises(ValueError, match="multiple of 16"):
        vae(side=40)


@pytest.mark.parametrize("skip", [False, True])
def test_only_with_skips_does_the_decoder_see_the_gray_picture(skip: bool) -> None:
    net, z = vae(skip), numbers(2, 6)
    dark, light = (net(z, net.maps(torch.full((1, 1, 32, 32), gray))) for gray in (0.1, 0.9))
    assert torch.equal(dark, light) is not skip


@pytest.mark.parametrize("gray_posterior", [False, True])
def test_only_the_baselines_encoder_sees_the_gray_picture(gray_posterior: bool) -> None:
    net, field = vae(True, gray_posterior), numbers(1, 2, 32, 32).clamp(-1, 1)
    means = [net.encode(field, torch.full((1, 1, 32, 32), gray), None).mean for gray in (0.1, 0.9)]
    assert torch.equal(*means) is not gray_posterior


def test_the_maps_of_one_picture_serve_all_its_candidates() -> None:
    net, gray = vae(skip=True), torch.rand(1, 1, 32, 32)
    z = numbers(3, 6)
    each = torch.cat([net(one, net.maps(gray)) for one in z.split(1)])
    assert torch.allclose(net(z, net.maps(gray)), each, atol=1e-5)


def test_the_divergence_of_the_posterior_is_that_of_torch() -> None:
    posterior = Posterior(numbers(4, 6), numbers(4, 6, seed=1))
    mine = Independent(Normal(posterior.mean, (posterior.log_var / 2).exp()), 1)
    other = Independent(Normal(torch.zeros(4, 6), torch.ones(4, 6)), 1)
    assert torch.allclose(posterior.kl(), kl_divergence(mine, other), atol=1e-5)


def test_posterior_samples_have_its_mean_and_deviation() -> None:
    posterior = Posterior(torch.tensor([[3.0, -1.0]]), torch.tensor([[0.0, 2.0]]).log() * 2)
    z = posterior.at(numbers(20000, 2))
    assert torch.allclose(z.mean(0), posterior.mean[0], atol=0.05)
    assert torch.allclose(z.std(0), torch.tensor([0.0, 2.0]), atol=0.05)


def test_dropout_keeps_the_mean_and_is_a_function_of_the_draws() -> None:
    x = torch.ones(2, 40000)
    once, again = (dropped(x, 0.3, Draws(0, [5, 6])) for _ in range(2))
    assert torch.equal(once, again) and not torch.equal(once[0], once[1])
    assert once.mean() == pytest.approx(1, abs=0.02) and (
        once == 0
    ).float().mean() == pytest.approx(0.3, abs=0.01)
    assert dropped(x, 0.3, None) is x


def test_components_are_sorted_with_their_means() -> None:
    mixture = Mixture(torch.tensor([[0.2, 0.5, 0.3]]).log(), torch.tensor([[[2.0], [5.0], [3.0]]]))
    ordered = mixture.sorted()
    assert torch.allclose(ordered.log_weight.exp(), torch.tensor([[0.5, 0.3, 0.2]]))
    assert ordered.mean.flatten().tolist() == [5, 3, 2]


@pytest.mark.parametrize("head", ["conv", "fc"])
def test_the_mixtures_weights_sum_to_one(head: str) -> None:
    mixture = MDN(8, 32, 4, 6, 5, head, 0.0).eval()(numbers(3, 8, 4, 4), None)
    assert mixture.mean.shape == (3, 5, 6)
    assert torch.allclose(mixture.log_weight.exp().sum(1), torch.ones(3))


def test_an_unknown_head_is_refused() -> None:
    with pytest.raises(ValueError, match="conv or fc"):
        MDN(8, 32, 4, 6, 5, "linear", 0.0)


@pytest.mark.parametrize("shortcuts", [False, True])
def test_frozen_features_are_those_of_the_trained_colorizer(shortcuts: bool) -> None:
    torch.manual_seed(0)
    trained, mine = CICNet(2, 4, shortcuts), FrozenFeatures(2)
    gray = torch.rand(2, 1, 32, 32)
    trained.train()(gray)  # statistics of its own
    mine.load_state_dict(
        {name: tensor for name, tensor in trained.state_dict().items() if "ups" not in name}
    )
    assert torch.allclose(mine.train()(gray), trained.eval().features(gray), atol=1e-5)
    assert mine(gray).shape == (2, mine.channels, 4, 4)
    assert not any(p.requires_grad for p in mine.parameters())
