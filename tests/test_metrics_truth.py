"""Errors against the true colourings, by second implementations and counting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn import functional as F
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from colorlab.color import lab_of
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.ssim import ms_ssim_pairs, smoothed, ssim
from colorlab.metrics.truth import (
    Truth,
    area_under,
    best_of,
    binned,
    center_grid,
    in_order,
    palette_distance,
    psnr,
)

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
        *arrays,
        channel_axis=2,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(smoothed(SAMPLES), smoothed(TRUTHS[:1]))[0].item() == pytest.approx(
        similarity, abs=1e-7
    )
    assert psnr(SAMPLES, TRUTHS[0])[0].item() == pytest.approx(
        peak_signal_noise_ratio(*arrays, data_range=1), abs=1e-4
    )


def test_ssim_of_pictures_with_a_mirrored_border_equals_torchmetrics():
    one, other = SAMPLES.double(), TRUTHS[:1].expand_as(SAMPLES).double()
    theirs = structural_similarity_index_measure(one, other, data_range=1.0, reduction="none")
    wider, wider_truth = (F.pad(x, (5, 5, 5, 5), mode="reflect") for x in (one, other))
    assert torch.allclose(
        ssim(smoothed(wider), smoothed(wider_truth[:1])), theirs, rtol=0, atol=1e-9
    )


def test_the_truth_itself_has_no_error():
    values = measured(TRUTHS[:1].expand(2, -1, -1, -1), TRUTHS[:1])
    assert values["psnr"] == 100 and values["ssim"].item() == pytest.approx(1)
    assert values["best_of_1_mae"] == values["mae_grid"] == values["best_of_1_delta_e"] == 0


def test_the_grid_of_64_pixels_is_8_by_8_from_16_to_47():
    rows = center_grid(torch.arange(64.0)[:, None].expand(64, 64))[:, 0]
    assert rows.tolist() == [round(x) for x in np.linspace(16, 47, 8)]


def test_bins_are_ten_wide_and_hold_the_borders():
    ab = torch.tensor([[-110.0, -100.1, 0.0, 109.0, 120.0], [-110.0, -101.0, 0.0, 109.0, 0.0]])
    error, pixels = binned(torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0]), ab)
    assert (
        pixels[[0, 11 * 22 + 11, 483, 21 * 22 + 11]].tolist() == [2, 1, 1, 1] and pixels.sum() == 5
    )
    assert error[[0, 11 * 22 + 11, 483, 21 * 22 + 11]].tolist() == [3, 4, 8, 16]


def test_the_weighted_error_is_the_mean_over_pixels_divided_by_their_bins_share():
    stream = np.random.default_rng(0)
    pixels = np.zeros((3, 484))
    pixels[:, :5] = stream.integers(50, 200, (3, 5))
    error = pixels * stream.random((3, 484))
    summary = Truth().summary(
        {"index": np.arange(3), "bin_error": error, "bin_pixels": pixels, "bin_area": error}
    )
    share, mean = pixels.sum(0)[:5] / pixels.sum(), error.sum(0)[:5] / pixels.sum(0)[:5]
    assert summary["weighted_mae"] == pytest.approx((share * mean / share).sum())
    assert summary["macro_mae"] == pytest.approx(summary["weighted_mae"] / 5)


def test_best_of_k_in_psnr_grows_to_the_best():
    values = measured(SAMPLES, TRUTHS)
    curve = [values[f"best_of_{k}_psnr"].item() for k in range(1, 5)]
    assert curve == sorted(curve)
    assert (curve[0], curve[-1]) == pytest.approx(
        (values["psnr"].item(), values["psnr_best"].item())
    )


def test_the_area_under_the_curve_is_counted_threshold_by_threshold():
    error = torch.tensor([0.0, 0.4, 3.0, 149.5, 150.0, 151.0, 300.0])
    counted = np.mean([[(error <= t).float().numpy()] for t in range(151)], axis=0)[0]
    assert area_under(error).tolist() == pytest.approx(counted.tolist())


def test_the_rebalanced_area_counts_every_colour_alike():
    """Three quarters gray and right, a quarter red and 60 Lab units off."""
    truth = torch.full((1, 3, 16, 16), 0.5)
    truth[..., :4] = torch.tensor([0.8, 0.1, 0.1])[:, None, None]
    metric = Truth()
    metric.update(
        [Drawing(torch.full((2, 3, 16, 16), 0.5), torch.ones(1, 16, 16), truth, 0, "none")]
    )
    values, red = metric.compute(), area_under(lab_of(truth)[0, 1:, 0, 0].norm()[None]).item()
    assert values["truth/auc"] == pytest.approx(0.75 + 0.25 * red)
    assert values["truth/auc_rebalanced"] == pytest.approx(0.5 + 0.5 * red)


def test_a_palette_that_is_moved_is_that_far_away_wherever_its_colours_stand():
    lab = 20 * torch.randn(3, 200, generator=torch.Generator().manual_seed(0))
    shuffled = lab[:, torch.randperm(200, generator=torch.Generator().manual_seed(1))]
    moved = lab + torch.tensor([0.0, 6.0, 8.0])[:, None]
    found = palette_distance(torch.stack([shuffled, moved]), lab)
    assert found[0] == pytest.approx(0, abs=1e-6) and found[1] == pytest.approx(10, rel=0.05)


def test_ms_ssim_of_large_pictures_equals_torchmetrics():
    one = torch.rand(1, 3, 200, 200, generator=torch.Generator().manual_seed(0))
    other = (one + 0.1 * torch.rand(one.shape, generator=torch.Generator().manual_seed(1))).clamp(
        0, 1
    )
    theirs = multiscale_structural_similarity_index_measure(other, one, data_range=1.0)
    found = ms_ssim_pairs(smoothed(torch.cat([one, other, one])))
    assert found[0].item() == pytest.approx(theirs.item(), abs=0.01) and found[1] == pytest.approx(
        1
    )


def test_ms_ssim_of_small_pictures_has_as_many_scales_as_fit():
    assert ms_ssim_pairs(smoothed(torch.zeros(2, 3, 16, 16))).item() == pytest.approx(1)


def test_values_are_put_in_order_row_by_row():
    values = torch.randn(
        2, 3, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    assert torch.equal(in_order(values), values.sort(-1).values)
