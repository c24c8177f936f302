"""Distances between feature clouds, by closed forms and brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch.nn import functional as F

from colorlab.metrics.drawing import Drawing
from colorlab.metrics.realism import (
    Realism,
    frechet,
    kernel_distance,
    neighborhoods,
    told_apart,
)
from colorlab.weights.fetch import fetch

STREAM = np.random.default_rng(0)
A = STREAM.normal(size=(200, 8))
B = STREAM.normal(0.5, 2, size=(150, 8)) @ STREAM.normal(size=(8, 8))


def test_frechet_equals_the_matrix_root():
    cov_a, cov_b = np.cov(A.T), np.cov(B.T)
    root = sqrtm(cov_a @ cov_b).real
    expected = ((A.mean(0) - B.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root)
    assert frechet(A, B) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_diagonal_gaussians_is_the_sum_of_squares():
    scale, shift = np.arange(1.0, 9), np.linspace(0, 2, 8)
    white = A - A.mean(0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white.T))).T  # mean 0, covariance 1
    assert frechet(white, white * scale + shift) == pytest.approx(
        (shift**2).sum() + ((scale - 1) ** 2).sum()
    )


def test_frechet_of_a_set_with_itself_is_zero_even_with_fewer_items_than_features():
    assert abs(frechet(A, A)) < 1e-9 and abs(frechet(A[:5], A[:5])) < 1e-9


def test_frechet_of_singular_covariances_is_one_of_their_common_plane():
    flat_a, flat_b = np.hstack([A, np.zeros((200, 300))]), np.hstack([B, np.zeros((150, 300))])
    assert frechet(flat_a, flat_b) == pytest.approx(frechet(A, B))


def test_single_items_are_refused():
    with pytest.raises(ValueError, match="2 items at least, got 1 and 150"):
        frechet(A[:1], B)
    with pytest.raises(ValueError, match="got 200 and 1"):
        kernel_distance(A, B[:1])


def test_the_kernel_distance_is_its_definition(monkeypatch):
    monkeypatch.setattr("colorlab.metrics.realism.CHUNK", 7)
    a, b = A[:20], B[:15]
    k = [((x @ y.T) / 8 + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))]
    within = [(m.sum() - np.trace(m)) / (len(m) * (len(m) - 1)) for m in k[:2]]
    assert kernel_distance(a, b) == pytest.approx(sum(within) - 2 * k[2].mean())


def test_neighbourhoods_equal_brute_force():
    fake, real, k = A[:40], 1.5 * A[50:80] + 0.3, 3

    def radius(x, i):
        return sorted(np.linalg.norm(x - x[i], axis=1))[k]

    near = np.array(
        [[np.linalg.norm(r - f) < radius(real, i) for f in fake] for i, r in enumerate(real)]
    )
    reached = [
        any(np.linalg.norm(r - f) < radius(fake, j) for j, f in enumerate(fake)) for r in real
    ]
    expected = {"precision": near.any(0).mean(), "recall": np.mean(reached)}
    expected |= {"density": near.sum() / (k * 40), "coverage": near.any(1).mean()}
    assert neighborhoods(fake, real, k) == pytest.approx(expected) and 0 < expected["coverage"] < 1


@pytest.mark.filterwarnings("ignore:realism on")
def test_precision_to_coverage_are_of_five_neighbours():
    def summary(count: int) -> dict[str, float]:
        found = {
            "truth": B[:count],
            "samples": A[:count, None] + 0.5,
            "condition": A[50 : 50 + count],
        }
        return Realism("lite0").summary(found | {"index": np.arange(count)})

    expected = neighborhoods(A[:30] + 0.5, B[:30], 5)
    assert {name: summary(30)[f"{name}_lite0"] for name in expected} == expected
    assert "recall_lite0" in summary(6) and "recall_lite0" not in summary(5)


def cloud(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def judged(samples: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    table = {"index": np.arange(len(truth)), "samples": samples, "truth": truth, "condition": truth}
    return {
        name.removesuffix("_lite0"): value
        for name, value in Realism("lite0").summary(table).items()
    }


@pytest.mark.filterwarnings("ignore:realism on")
def test_candidates_that_are_the_truth_eight_times_recall_all_of_it():
    truth = cloud(60, 12, seed=0)
    found = judged(truth[:, None].repeat(8, 1), truth)
    assert found["recall"] == found["precision"] == found["coverage"] == 1
    assert abs(found["fd"]) < 1e-9


@pytest.mark.filterwarnings("ignore:realism on")
def test_candidates_of_the_true_distribution_are_judged_alike_shared_within_a_drawing_or_not():
    truth = cloud(150, 12, seed=1)
    shared, own = cloud(150, 1, 12, seed=2).repeat(8, 1), cloud(150, 8, 12, seed=3)
    found = [judged(samples, truth) for samples in (shared, own)]
    assert (
        found[0]["recall"] == pytest.approx(found[1]["recall"], abs=0.1)
        and found[0]["recall"] > 0.6
    )
    assert found[0]["fd"] == pytest.approx(found[1]["fd"], rel=0.15)
    assert abs(found[0]["kid"] - found[1]["kid"]) < 0.05


@pytest.mark.whole
@pytest.mark.filterwarnings("ignore:realism on")
def test_measures_of_sets_have_intervals_that_hold_what_other_drawings_give():
    tables = []
    for seed in range(8):
        truth, samples = cloud(60, 6, seed=seed), cloud(60, 1, 6, seed=seed + 500) + 0.5
        tables.append(
            {"index": np.arange(60), "samples": samples, "truth": truth, "condition": truth}
        )
    values = [Realism("lite0").summary(table)["kid_lite0"] for table in tables]
    bounds = [Realism("lite0").bounds(table)["kid_lite0"] for table in tables]
    assert sum(low < np.mean(values) < high for low, high in bounds) >= 6
    width = np.mean([high - low for low, high in bounds])
    assert 2 * np.std(values) < width < 8 * np.std(values)


def of_true_colorings(metric: Realism, truths: torch.Tensor, warning: str) -> dict:
    """What a measure says of candidates that are the truths, with its warning."""
    metric.update(
        [Drawing(t.expand(2, -1, -1, -1), t[:1], t[None], i, "none") for i, t in enumerate(truths)]
    )
    with pytest.warns(UserWarning, match=warning):
        return metric.compute()


def test_candidates_that_are_the_truths_are_at_no_distance():
    fetch("lite0")
    metric = Realism("lite0")
    truths = torch.rand(7, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    values = of_true_colorings(metric, truths, "7 drawings: below 2048")
    assert values["realism/precision_lite0"] == values["realism/coverage_lite0"] == 1
    assert -1e-9 < values["realism/fd_lite0"] < 0.2 * values["realism/fjd_lite0"] + 1


def test_an_unknown_net_names_the_choices():
    with pytest.raises(ValueError, match="vgg16, lite0, inception"):
        Realism("resnet")


def test_a_classifier_tells_other_clouds_apart_and_not_like_ones():
    made, real, other = cloud(120, 30, seed=0), cloud(120, 30, seed=1), cloud(120, 30, seed=2) + 1
    assert told_apart(made, real) == pytest.approx(0.5, abs=0.1)
    assert told_apart(other, real) > 0.95


def test_a_classifier_never_learns_from_the_sibling_of_what_it_judges():
    """Truths that are copied with a tiny mark on random drawings: a leak would make the copies
    known."""
    real = cloud(100, 200, seed=0)
    assert told_apart(real + 1e-3 * cloud(100, 200, seed=1), real) < 0.65


def test_truths_and_drawings_are_looked_at_once_for_all_rows_of_a_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def few(pictures: torch.Tensor, net: str) -> torch.Tensor:
        seen.append(len(pictures))
        return F.avg_pool2d(pictures, 8).flatten(1)

    monkeypatch.setattr("colorlab.metrics.realism.features", few)
    rows = torch.rand(2, 5, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    truths, images = torch.rand(5, 1, 3, 32, 32), torch.rand(5, 1, 32, 32)
    kept = Realism("lite0")
    for row in rows:
        fresh = Realism("lite0")
        for judge in (kept, fresh):
            judge.reset()
            judge.update([Drawing(row[i], images[i], truths[i], i, "none") for i in range(5)])
        assert kept.compute() == pytest.approx(fresh.compute(), rel=1e-6)
    assert seen == [5] * 5 + [5] * 5 + [3] * 5 + [5] * 5
