"""DivColor's losses, each against a second implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from colorlab.ab_bins import Bins
from colorlab.color import AB, lab_of
from colorlab.errors import DataError
from colorlab.nets.divcolor_net import (
    Mixture,
    gradients,
    mahalanobis,
    mdn_loss,
    principal_components,
    rarity,
    reduced,
)
from tests.small_divcolor import Pictures, divcolor, numbers


def test_the_specificity_loss_is_numpys() -> None:
    rows, error = numbers(40, 32).numpy(), numbers(3, 2, 4, 4, seed=1)
    _, scale, P = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    variance = scale[:20] ** 2 / 39
    basis = torch.from_numpy(P[:20]), torch.from_numpy(variance)
    for mine, e in zip(mahalanobis(error, *basis), error.flatten(1).numpy(), strict=True):
        along = [(e @ P[k]) ** 2 / variance[k] for k in range(20)]
        residue = e - sum((e @ P[k]) * P[k] for k in range(20))
        assert float(mine) == pytest.approx(sum(along) + residue @ residue / variance[19], rel=1e-4)


def test_principal_components_are_those_of_a_singular_value_decomposition() -> None:
    rows = numbers(30, 50) * torch.linspace(3, 0.1, 50)
    basis, variance = principal_components(rows, 5)
    _, scale, P = np.linalg.svd((rows - rows.mean(0)).numpy(), full_matrices=False)
    assert np.allclose(variance, scale[:5] ** 2 / 29, rtol=1e-4)
    assert np.allclose(np.abs(np.sum(basis.numpy() * P[:5], 1)), 1, atol=1e-4)


def test_pictures_that_span_few_directions_still_have_a_specificity_loss() -> None:
    rows = numbers(4, 32)
    basis, variance = principal_components(rows, 20)
    assert torch.allclose(basis.norm(dim=1), (torch.arange(20) < 3).float(), atol=1e-4)
    assert torch.isfinite(mahalanobis(rows.reshape(4, 2, 4, 4), basis, variance)).all()
    with pytest.raises(DataError, match="no colours that differ"):
        principal_components(0.5 + numbers(5, 32) / 1000, 20)


def test_colours_weigh_as_the_inverse_of_their_frequency() -> None:
    H = torch.tensor([0.80, 0.15, 0.05, 0])
    assert torch.allclose(rarity(H, 0, "raw")[:3] * H[:3], torch.ones(3))
    assert torch.allclose(rarity(H, 0, "mean_one")[:3] * H[:3], torch.tensor(1 / 3).expand(3))
    assert rarity(H, 0, "raw")[3] == rarity(H, 0, "raw")[2]


@pytest.mark.whole
def test_by_default_colours_weigh_as_published_one_over_their_share() -> None:
    """Beside such weights, of a mean as large as the number of colours, lambda_mah and lambda_grad
    are small."""
    method = divcolor("method.losses.uniform=0")
    field, error = torch.full((1, 2, 16, 16), 0.01), torch.ones(1, 2, 16, 16)
    share = method.H[method.bins(field)[0, 0, 0]]
    assert method.term("hist", error, field).item() == pytest.approx(
        2 * 16**2 / float(share), rel=1e-4
    )
    ours = divcolor("method.losses.uniform=0", "method.losses.scale=mean_one")
    times = method.term("hist", error, field) / ours.term("hist", error, field)
    assert times.item() == pytest.approx(float((method.H > 0).sum()), rel=0.01) and times > 50
    with pytest.raises(ValueError, match="raw or mean_one"):
        rarity(method.H, 0, "none")


def test_the_histogram_is_that_of_the_training_pictures() -> None:
    bins = Bins("reachable")
    bins.fit([lab_of(Pictures().rgb)[:, 1:].permute(0, 2, 3, 1).reshape(-1, 2)], 5)
    assert torch.allclose(divcolor().H, bins.prior, atol=1e-6)


@pytest.mark.whole
def test_colours_of_all_kinds_find_their_nearest_bins() -> None:
    rgb = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    method = divcolor()
    mine = method.bins(AB().encode(rgb))[0]
    theirs = Bins("reachable").nearest(lab_of(rgb)[0, 1:].permute(1, 2, 0))
    assert torch.equal(mine, theirs)


def test_mixing_in_the_uniform_distribution_bounds_the_weights() -> None:
    H = torch.tensor([0.9, 0.0999, 0.0001])
    assert rarity(H, 0.0, "raw").max() / rarity(H, 0.0, "raw").min() == pytest.approx(
        9000, rel=1e-4
    )
    assert rarity(H, 0.5, "raw").max() / rarity(H, 0.5, "raw").min() < 4
    assert torch.allclose(rarity(H, 1.0, "mean_one"), torch.ones(3))


def test_the_colourfulness_loss_weights_each_pixel_by_its_true_colour() -> None:
    method = divcolor()
    field = numbers(1, 2, 16, 16).clamp(-0.5, 0.5)
    error = numbers(1, 2, 16, 16, seed=1)
    weight, bins = rarity(method.H, method.losses.uniform, "raw"), method.bins(field)[0]
    expected = sum(
        weight[bins[y, x]] * error[0, :, y, x].square().sum() for y in range(16) for x in range(16)
    )
    assert method.term("hist", error, field).item() == pytest.approx(float(expected), rel=1e-4)


def test_the_gradient_loss_is_numpys() -> None:
    C, f = numbers(2, 2, 5, 6).numpy(), numbers(2, 2, 5, 6, seed=1).numpy()
    expected = [
        np.sum((np.diff(C[b], axis=a) - np.diff(f[b], axis=a)) ** 2)
        for b in range(2)
        for a in (1, 2)
    ]
    mine = gradients(torch.from_numpy(C - f))
    assert np.allclose(mine, np.reshape(expected, (2, 2)).sum(1), rtol=1e-4)


def test_roots_are_the_releases_norms() -> None:
    assert torch.allclose(reduced(torch.tensor([4.0, 9.0]), "root"), torch.tensor([2.0, 3.0]))
    with pytest.raises(ValueError, match="squared or root"):
        reduced(torch.zeros(1), "cubed")


def test_the_exact_mixture_loss_is_that_of_torch() -> None:
    mixture = Mixture(numbers(3, 8).log_softmax(1), numbers(3, 8, 6, seed=1))
    z = numbers(3, 6, seed=2)
    parts = Independent(Normal(mixture.mean, math.sqrt(0.1)), 1)
    theirs = MixtureSameFamily(Categorical(logits=mixture.log_weight), parts)
    assert torch.allclose(mdn_loss(mixture, z, "exact"), -theirs.log_prob(z), rtol=1e-4)


def test_the_exact_loss_does_not_underflow_far_from_all_means() -> None:
    mixture = Mixture(torch.zeros(1, 2) - math.log(2), torch.zeros(1, 2, 64))
    z = torch.full((1, 64), 100.0)
    exact, nearest = (mdn_loss(mixture, z, kind) for kind in ("exact", "nearest"))
    assert torch.isfinite(exact) and float(exact) == pytest.approx(float(nearest), rel=1e-3)


def test_only_the_component_nearest_to_the_target_learns() -> None:
    logits = torch.zeros(1, 3)
    mean = torch.tensor([[[5.0, 0], [1.0, 1], [-3.0, 0]]], requires_grad=True)
    loss = mdn_loss(Mixture(logits.log_softmax(1), mean), torch.zeros(1, 2), "nearest")
    assert loss.item() == pytest.approx(math.log(3) + 2 / (2 * 0.1))
    loss.sum().backward()
    assert mean.grad is not None and mean.grad.abs().sum(2).ne(0).tolist() == [[False, True, False]]
