"""All pairs at once are what the package lpips says pair by pair."""

from __future__ import annotations

import pytest
import torch

from colorlab.metrics import lpips as ours
from colorlab.metrics.lpips import (
    cross_lpips,
    lpips_net,
    package_model,
    pairwise_lpips,
    weighted_lpips,
)
from colorlab.weights.fetch import fetch

PICTURES = torch.rand(5, 3, 48, 40, generator=torch.Generator().manual_seed(0))
PICTURES[3:] = (PICTURES[:2] + 0.02 * PICTURES[2:4]).clamp(0, 1)  # close pairs


@pytest.fixture(autouse=True, scope="module")
def weights():
    fetch("alex"), fetch("vgg")


@pytest.mark.whole
@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_all_pairs_equal_the_package(net, monkeypatch):
    for costly in ("normal_", "trunc_normal_", "kaiming_normal_", "kaiming_uniform_", "uniform_"):
        # overwritten anyway
        monkeypatch.setattr(torch.nn.init, costly, lambda tensor, *_, **__: tensor)
    package = package_model(net)
    rows = [package(2 * PICTURES - 1, 2 * p.expand_as(PICTURES) - 1).flatten() for p in PICTURES]
    assert torch.allclose(
        pairwise_lpips(PICTURES, net).float(), torch.stack(rows), rtol=0, atol=1e-6
    )


def test_pictures_are_scaled_as_the_package_scales_them():
    assert ours.SHIFT == (-0.030, -0.088, -0.188) and ours.SCALE == (0.458, 0.448, 0.450)


def test_equal_pictures_are_at_zero_and_the_matrix_is_symmetric():
    distances = pairwise_lpips(PICTURES[[0, 1, 0, 2, 1]], "alex")
    assert distances[0, 2] == distances[1, 4] == 0 and torch.equal(distances, distances.T)
    assert (distances[0, [1, 3, 4]] > 0.01).all()


def test_the_order_of_the_pictures_does_not_matter():
    order = torch.tensor([3, 0, 4, 2, 1])
    assert torch.equal(
        pairwise_lpips(PICTURES, "alex")[order][:, order], pairwise_lpips(PICTURES[order], "alex")
    )


def test_cross_distances_are_a_block_of_all_pairs():
    assert torch.allclose(
        cross_lpips(PICTURES[:2], PICTURES[2:], "alex"), pairwise_lpips(PICTURES, "alex")[:2, 2:]
    )


def test_bands_and_batches_do_not_change_the_distances(monkeypatch):
    whole = pairwise_lpips(PICTURES, "alex")
    monkeypatch.setattr(ours, "BAND_FLOATS", 1)
    monkeypatch.setattr(ours, "BATCH_PIXELS", 1)
    assert torch.allclose(pairwise_lpips(PICTURES, "alex"), whole, rtol=0, atol=1e-7)


def test_the_heads_are_not_negative_so_that_the_distance_is_a_squared_euclidean_one():
    assert all((head >= 0).all() for net in ("alex", "vgg") for head in ours.heads(net))


def test_an_unknown_net_names_the_choices():
    with pytest.raises(ValueError, match="alex, vgg"):
        lpips_net("squeeze", torch.device("cpu"))


def test_pictures_on_another_scale_are_refused():
    with pytest.raises(ValueError, match=r"values in \[-"):
        pairwise_lpips(2 * PICTURES - 1, "alex")


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_weighted_distances_equal_a_plain_sum_over_places(net: str) -> None:
    weights = torch.stack(
        [torch.ones(48, 40), torch.rand(48, 40, generator=torch.Generator().manual_seed(3))]
    )
    trunk = lpips_net(net, torch.device("cpu"))
    a, b = (trunk.scaled(PICTURES[i : i + 1]) for i in (0, 1))
    expected = torch.zeros(2)
    for level in range(len(trunk)):
        a, b = trunk.layer(level, a), trunk.layer(level, b)
        ua, ub = (x / x.norm(dim=1, keepdim=True).clamp_min(1e-10) for x in (a, b))
        map_ = ((ua - ub) ** 2 * trunk.heads[level].reshape(-1, 1, 1)).sum(1)
        places = torch.nn.functional.adaptive_avg_pool2d(weights, map_.shape[-2:])
        expected += (map_ * places).sum((1, 2)) / places.sum((1, 2))
    found = weighted_lpips(PICTURES, net, weights)
    assert torch.allclose(found[:, 0, 1].float(), expected, rtol=0, atol=1e-6)
    assert torch.equal(found[0], pairwise_lpips(PICTURES, net))


def test_what_has_no_weight_does_not_count() -> None:
    changed = PICTURES[:1].clone()
    changed[..., 32:] = 0.5
    left = torch.zeros(1, 48, 40)
    left[..., :4] = 1
    here = weighted_lpips(torch.cat([PICTURES[:1], changed]), "alex", left)[0, 0, 1]
    everywhere = pairwise_lpips(torch.cat([PICTURES[:1], changed]), "alex")[0, 1]
    assert 0 < here < 0.2 * everywhere
