"""Errors against the true colourings, by second implementations and counting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn import functional as F
from torchmetrics.functional.image import structural_similarity_index_measure

from colorlab.color import lab_of
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.ssim import ssim
from colorlab.metrics.truth import Truth, best_of, binned, centre_grid, psnr

GENERATOR = torch.Generator().manual_seed(0)
TRUTHS = torch.rand(2, 3, 32, 40, generator=GENERATOR)
SAMPLES = (TRUTHS[:1] + 0.2 * torch.randn(4, 3, 32, 40, generator=GENERATOR)).clamp(0, 1)


def measured(samples, truths):
    return Truth().measure(Drawing(samples, torch.ones(1, 32, 40), truths, 0, "none"))


def test_best_of_k_is_the_mean_over_all_choices_of_k():
    errors = torch.tensor([0.3, 0.1, 0.4, 0.15, 0.9])
    counted = [np.mean([min(c) for c in combinations(errors.tolist(), k)]) for k in range(1, 6)]
    assert best_of(errors).tolist() == pytest.approx(counted)


def test_best_of_n_is_divcolors_error_of_best():
    values = measured(SAMPLES, TRUTHS)
    ab = (lab_of(SAMPLES) - lab_of(TRUTHS[:1]))[:, 1:].abs() / 128
    each = ab.mean((1, 2, 3))
    assert values["best_of_4_mae"].item() == pytest.approx(each.min().item())
    assert values["best_of_1_mae"].item() == pytest.approx(each.mean().item())


def test_a_candidate_that_is_the_second_truth_is_right_only_for_the_nearest():
    values = measured(torch.cat([SAMPLES[:1], TRUTHS[1:]]), TRUTHS)
    for error in ("mae", "rgb_mae", "delta_e"):
        assert values[f"nearest_best_of_2_{error}"] == 0 < values[f"best_of_2_{error}"]


def test_psnr_and_ssim_equal_scikit_image():
    arrays = [np.moveaxis(x.double().numpy(), 0, 2) for x in (SAMPLES[0], TRUTHS[0])]
    similarity = structural_similarity(
        *arrays, channel_axis=2, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(SAMPLES, TRUTHS[0])[0].item() == pytest.approx(similarity, abs=1e-7)
    assert psnr(SAMPLES, TRUTHS[0])[0].item() == pytest.approx(peak_signal_noise_ratio(*arrays, data_range=1), abs=1e-4)


def test_ssim_of_pictures_with_a_mirrored_border_equals_torchmetrics():
    one, other = SAMPLES.double(), TRUTHS[:1].expand_as(SAMPLES).double()
    theirs = structural_similarity_index_measure(one, other, data_range=1.0, reduction="none")
    wider, wider_truth = (F.pad(x, (5, 5, 5, 5), mode="reflect") for x in (one, other))
    assert torch.allclose(ssim(wider, wider_truth[0]), theirs, rtol=0, atol=1e-9)


def test_the_truth_itself_has_no_error():
    values = measured(TRUTHS[:1].expand(2, -1, -1, -1), TRUTHS[:1])
    assert values["psnr"] == 100 and values["ssim"].item() == pytest.approx(1)
    assert values["best_of_1_mae"] == values["mae_grid"] == values["best_of_1_delta_e"] == 0


def test_the_grid_of_64_pixels_is_8_by_8_from_16_to_47():
    rows = centre_grid(torch.arange(64.0)[:, None].expand(64, 64))[:, 0]
    assert rows.tolist() == [round(x) for x in np.linspace(16, 47, 8)]


def test_bins_are_ten_wide_and_hold_the_borders():
    ab = torch.tensor([[-110.0, -100.1, 0.0, 109.0, 120.0], [-110.0, -101.0, 0.0, 109.0, 0.0]])
    error, pixels = binned(torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0]), ab)
    assert pixels[[0, 11 * 22 + 11, 483, 21 * 22 + 11]].tolist() == [2, 1, 1, 1] and pixels.sum() == 5
    assert error[[0, 11 * 22 + 11, 483, 21 * 22 + 11]].tolist() == [3, 4, 8, 16]


def test_the_weighted_error_is_the_mean_over_pixels_divided_by_their_bins_share():
    stream = np.random.default_rng(0)
    pixels = np.zeros((3, 484))
    pixels[:, :5] = stream.integers(50, 200, (3, 5))
    error = pixels * stream.random((3, 484))
    summary = Truth().summary({"index": np.arange(3), "bin_error": error, "bin_pixels": pixels})
    share, mean = pixels.sum(0)[:5] / pixels.sum(), error.sum(0)[:5] / pixels.sum(0)[:5]
    assert summary["weighted_mae"] == pytest.approx((share * mean / share).sum())
    assert summary["macro_mae"] == pytest.approx(summary["weighted_mae"] / 5)
