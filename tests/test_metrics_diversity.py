"""Known answers for every measure of difference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from colorlab.metrics.diversity import (
    Diversity,
    ab_variance,
    coherence,
    histogram,
    hue_variance,
    lab_kernel,
    vendi,
)
from colorlab.metrics.drawing import Drawing, above_diagonal, drawings_of
from colorlab.metrics.lpips import pairwise_lpips
from colorlab.metrics.modes import Modes
from colorlab.metrics.truth import Truth
from colorlab.weights.fetch import fetch


@pytest.fixture
def random():
    return torch.Generator().manual_seed(0)


def drawing(samples, lpips="none"):
    return Drawing(samples, torch.ones(1, 32, 32), samples[:1], 0, lpips)


def test_equal_candidates_have_no_diversity(random):
    fetch("alex")
    values = Diversity().measure(
        drawing(torch.rand(3, 32, 32, generator=random).expand(4, -1, -1, -1), "alex")
    )
    assert all(values[name] == 0 for name in ("lpips", "delta_e", "delta_e_painted", "ab_variance"))
    assert values["vendi_lpips"] == pytest.approx(1) and values["vendi_lab"] == pytest.approx(1)


def test_diversity_is_the_mean_over_all_pairs_in_any_order(random):
    fetch("alex")
    samples = torch.rand(4, 3, 32, 32, generator=random)
    values = Diversity().measure(drawing(samples, "alex"))
    distances = pairwise_lpips(samples, "alex")
    pairs = [distances[i, j] for i in range(4) for j in range(i)]
    assert values["lpips"] == pytest.approx(np.mean(pairs)) and values["pairs_lpips"].shape == (6,)
    permuted = Diversity().measure(drawing(samples[[2, 0, 3, 1]], "alex"))
    assert permuted["lpips"] == pytest.approx(values["lpips"].item(), abs=1e-9)
    assert permuted["delta_e"] == pytest.approx(values["delta_e"].item(), abs=1e-5)


def test_vendi_counts_equal_groups_of_unlike_items():
    groups = torch.eye(3).repeat_interleave(2, 0)
    assert vendi(groups @ groups.T).item() == pytest.approx(3)
    assert vendi(torch.eye(5)).item() == pytest.approx(5)


def test_vendi_equals_its_definition_on_gaussian_kernels(random):
    lab = 20 * torch.rand(5, 3, 7, generator=random)
    kernel = lab_kernel(lab)
    squared = torch.from_numpy(pdist(lab.flatten(1).double().numpy(), "sqeuclidean")) / 7
    assert torch.allclose(-2 * 10**2 * above_diagonal(kernel).log(), squared)
    shares = np.linalg.eigvalsh(kernel.numpy() / 5)
    assert vendi(kernel).item() == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_ab_variance_is_numpys_over_candidates(random):
    ab = 50 * torch.randn(5, 2, 16, 16, generator=random)
    assert ab_variance(ab).item() == pytest.approx((ab.numpy() / 128).var(0).mean(), rel=1e-5)


def test_speckle_is_not_coherent_and_flat_changes_are(random):
    speckle = torch.randn(200, 2, 64, 64, generator=random)
    flat = torch.randn(200, 2, 1, 1, generator=random).expand(-1, -1, 35, 33)
    assert coherence(speckle).item() == pytest.approx(1 / 64, rel=0.03)
    assert coherence(flat).item() == pytest.approx(1)


def test_hue_variance_is_0_for_one_hue_and_1_for_opposite_hues():
    hue = torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1)
    same, opposite = hue * torch.tensor([1.0, 2.0, 5.0]).reshape(3, 1, 1, 1), torch.cat([hue, -hue])
    assert hue_variance(same)[0].item() == pytest.approx(0, abs=1e-9)
    assert hue_variance(opposite)[0].item() == pytest.approx(1)
    # gray has no say
    assert hue_variance(torch.cat([opposite, 0 * hue]))[1].tolist() == [[pytest.approx(1)]]


def test_gray_candidates_have_no_hue_and_nothing_that_varies(random):
    gray = torch.zeros(3, 2, 16, 16)
    assert (
        hue_variance(gray)[0].isnan()
        and not hue_variance(gray)[1].any()
        and coherence(gray).isnan()
    )


def test_histograms_have_fixed_bins_and_count_what_lies_beyond():
    counts, above = histogram(np.array([[0.0, 1 / 64, 0.999, 1.0], [1.5, 0.5, 0.5, 7.0]]))
    assert counts[[0, 1, 32, 63]].tolist() == [1, 1, 2, 2] and counts.sum() == 6 and above == 0.25


def test_the_batches_do_not_matter(random):
    samples = torch.rand(5, 3, 3, 32, 32, generator=random)
    image = torch.rand(5, 1, 32, 32, generator=random)
    drawings = drawings_of(samples, image, list(samples[:, :1, :]), range(5), "none")
    whole, single = Diversity(), Diversity()
    whole.update(drawings)
    for each in reversed(drawings):
        single.update([each])
    assert whole.compute() == single.compute()


def test_tensors_are_judged_as_the_drawings_made_of_them(random):
    samples = torch.rand(3, 4, 3, 32, 32, generator=random)
    image = torch.rand(3, 1, 32, 32, generator=random)
    truths = [torch.rand(1 + i, 3, 32, 32, generator=random) for i in range(3)]
    for kind in (Diversity, Truth, Modes):
        direct, shared = kind(), kind()
        direct.update(samples, image, truths, [5, 3, 4])
        shared.update(drawings_of(samples, image, truths, [5, 3, 4], "none"))
        assert direct.compute() == shared.compute() and direct.table()["index"].tolist() == [
            3,
            4,
            5,
        ]
    with pytest.raises(ValueError, match=r"values in \[0, 255\]"):
        direct.update((255 * samples).round(), image, truths, range(3))
    with pytest.raises(ValueError, match="without their image"):
        direct.update(samples)
