"""How close the best of k candidates comes to a true colouring.

Best of k is the expected minimum over k of the n candidates drawn without replacement, which all n
tell us exactly: with errors e_1 <= ... <= e_n it is sum_j e_j C(n - j, k - 1) / C(n, k); best of n
is their minimum (DivColor's error-of-best). A drawing may have several true colourings. Plain names
measure to the first; names with `nearest_` let every candidate measure to the truth that is nearest
to it."""

from __future__ import annotations

import math
from math import comb

import numpy as np
import torch
from torch import Tensor

from colorlab.metrics.drawing import Drawing
from colorlab.metrics.intervals import jackknife
from colorlab.metrics.per_drawing import PerDrawing, mean_of
from colorlab.metrics.ssim import ssim

GRID = 8  # points per side of the centre grid
AB_BIN, AB_REACH = 10, 110  # ab bins of 10 x 10 on [-110, 110)
ENOUGH = 100  # pixels that a bin needs for its mean to count in the macro average
THRESHOLDS = 151
PERFECT_DB = 100.0  # the PSNR of equal pictures, which is infinite by definition


class Truth(PerDrawing):
    """(nearest_)best_of_<k>_<error> for k = 1 to n; errors: mae of ab / 128 (DivColor's), rgb_mae
    in [0, 1], delta_e (CIEDE2000), lpips; best_of_<k>_psnr (dB), more is better. mae_grid: mae on
    8x8 points in the centre. psnr and ssim (RGB, Gaussian window of 11): mean over candidates;
    psnr_best and ssim_best of n. palette: distance of the colours alone, see ``palette_distance``,
    mean over candidates. auc, auc_rebalanced: CIC's area under the curve of pixels by error.
    weighted_mae, macro_mae and auc_rebalanced: see ``summary``."""

    topic = "truth"

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """See the class; and vectors bin_error, bin_area, bin_pixels: sums over the bins of the
        true ab."""
        return _curves(drawing) | _similarities(drawing) | _of_colors(drawing)

    def summary(self, table: dict[str, np.ndarray]) -> dict[str, float]:
        """weighted_mae: mean over pixels of error / share of the true ab's bin among all judged
        pixels (DivColor's weighted error, with the judged truths themselves as the prior; = sum of
        the occupied bins' mean errors).
        macro_mae: mean over the bins of at least 100 pixels of their mean errors. auc_rebalanced:
        mean over occupied bins, i.e. pixels weighted by 1 / share of their true colour
        (Zhang et al., 2016, Sec. 3.1)."""
        return mean_of(self.numbers(table)) | of_bins(table, np.arange(len(table["index"])))

    def bounds(self, table: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
        """Of what ``summary`` has beside means, by a jackknife over drawings."""
        return jackknife(lambda kept: of_bins(table, kept), len(table["index"]))


def of_bins(table: dict[str, np.ndarray], kept: np.ndarray) -> dict[str, float]:
    """The numbers over all judged pixels, see ``Truth.summary``, of some drawings, at positions
    kept."""
    if not len(kept):
        return {}
    error, pixels = table["bin_error"][kept].sum(0), table["bin_pixels"][kept].sum(0)
    means = error / np.maximum(pixels, 1)
    area = table["bin_area"][kept].sum(0)[pixels > 0] / pixels[pixels > 0]
    values = {"weighted_mae": float(means.sum()), "auc_rebalanced": float(area.mean())}
    return values | (
        {"macro_mae": float(means[pixels >= ENOUGH].mean())} if (pixels >= ENOUGH).any() else {}
    )


def _curves(drawing: Drawing) -> dict[str, Tensor]:
    """Errors of the best of k candidates, to the first true colouring and to the nearest."""
    values: dict[str, Tensor] = {}
    errors = _errors(drawing)
    curves = best_of(
        torch.stack([torch.stack([each[:, 0], each.amin(1)]) for each in errors.values()])
    )
    for name, (first, nearest) in zip(errors, curves, strict=True):
        values |= {f"best_of_{k + 1}_{name}": value for k, value in enumerate(first)}
        values |= {f"nearest_best_of_{k + 1}_{name}": value for k, value in enumerate(nearest)}
    return values


def _similarities(drawing: Drawing) -> dict[str, Tensor]:
    """PSNR and SSIM, means and those of the best candidate."""
    db = psnr(drawing.samples, drawing.truths[0])
    ours, true = (drawing.smoothed.at(part) for part in (slice(drawing.n), slice(drawing.n, None)))
    similarity = ssim(ours, true)
    values = {"psnr": db.mean(), "psnr_best": db.amax()}
    values |= {"ssim": similarity.mean(), "ssim_best": similarity.amax()}
    return values | {f"best_of_{k + 1}_psnr": -value for k, value in enumerate(best_of(-db))}


def _of_colors(drawing: Drawing) -> dict[str, Tensor]:
    """Distances of palettes and of chroma, and what the 22 x 22 bins of ab add up."""
    lab, true_lab, painted = drawing.lab[: drawing.n], drawing.lab[drawing.n], drawing.painted
    apart = lab[:, 1:] - true_lab[1:]  # (n, 2, P)
    error = apart.abs().mean((0, 1)) / 128
    area = area_under(torch.hypot(*apart.unbind(1))).mean(0)
    bin_error, bin_pixels = binned(error, true_lab[1:])
    bin_area, _ = binned(area, true_lab[1:])
    return {
        "palette": palette_distance(lab[:, :, painted], true_lab[:, painted]).mean(),
        "mae_grid": center_grid(error.unflatten(0, drawing.image.shape[-2:])).mean(),
        "auc": area.mean(),
        "bin_error": bin_error,
        "bin_pixels": bin_pixels,
        "bin_area": bin_area,
    }


def _errors(drawing: Drawing) -> dict[str, Tensor]:
    """(n, T) float64 each."""
    n, ab = drawing.n, drawing.lab[:, 1:] / 128
    rgb = torch.cat([drawing.samples, drawing.truths]).flatten(2)
    errors = {
        "mae": mean_absolute(ab[:n], ab[n:]),
        "rgb_mae": mean_absolute(rgb[:n], rgb[n:]),
        "delta_e": drawing.delta_e_to_truths[0],
    }
    return errors if drawing.lpips is None else errors | {"lpips": drawing.lpips[:n, n:]}


def mean_absolute(a: Tensor, b: Tensor) -> Tensor:
    """(N, C, P) and (M, C, P) -> (N, M) float64: mean absolute difference over channels and
    pixels."""
    return torch.stack([(one - b).abs().mean((1, 2), dtype=torch.float64) for one in a])


def best_of(errors: Tensor) -> Tensor:
    """(..., n) -> (..., n) float64: the expected smallest of k of them, for k = 1 to n."""
    n = errors.shape[-1]
    share = torch.tensor(
        [[comb(n - j, k - 1) / comb(n, k) for j in range(1, n + 1)] for k in range(1, n + 1)]
    )
    return errors.double().sort().values @ share.to(errors.device, torch.float64).T


def center_grid(values: Tensor) -> Tensor:
    """(..., H, W) -> (..., 8, 8): evenly spaced points in the central half, DivColor's "Grid"."""
    rows, columns = (
        torch.linspace(side / 4, 3 * side / 4 - 1, GRID).round().long()
        for side in values.shape[-2:]
    )
    return values[..., rows[:, None], columns]


def binned(error: Tensor, ab: Tensor) -> tuple[Tensor, Tensor]:
    """error (P,) at pixels whose true colour is ab (2, P) -> sum of errors and number of pixels in
    each of the 22 x 22 bins, (484,) float64 each."""
    side = 2 * AB_REACH // AB_BIN
    a, b = ((ab + AB_REACH) / AB_BIN).floor().long().clamp(0, side - 1)
    count = torch.bincount(a * side + b, minlength=side * side).double()
    return torch.bincount(a * side + b, error.double(), minlength=side * side), count


def area_under(error: Tensor) -> Tensor:
    """Distances in ab, Lab units -> the area under the curve of CIC's Sec. 3.1, of each pixel: the
    share of the thresholds 0, 1, ..., 150 that its error is within; means over pixels are the raw
    AuC, in [0, 1]."""
    return ((THRESHOLDS - error.double().ceil()) / THRESHOLDS).clamp(0, 1)


def palette_distance(lab: Tensor, truth: Tensor) -> Tensor:
    """Pixels (n, 3, P) and (3, P) in Lab, wherever they stand -> (n,) float64: twice the mean
    Wasserstein-1 distance of projections on 32 directions (sliced; Bonneel et al., 2015): a palette
    moved by d Lab units is about d away."""
    k = torch.arange(32, dtype=torch.float64, device=lab.device) + 0.5
    height, angle = 1 - 2 * k / 32, math.pi * (1 + math.sqrt(5)) * k
    ring = (1 - height**2).sqrt()
    # (3, 32), a Fibonacci sphere
    directions = torch.stack([ring * angle.cos(), ring * angle.sin(), height])
    # float32, which is sorted faster, is exact to 1e-5 of a Lab unit
    ours, true = (in_order((directions.T @ colors.double()).float()) for colors in (lab, truth))
    return 2 * (ours - true).abs().mean((1, 2), dtype=torch.float64)


def in_order(values: Tensor) -> Tensor:
    """(..., P), ascending; by numpy, whose sort uses what wide registers a processor has."""
    if values.device.type != "cpu":
        return values.sort(-1).values
    return torch.from_numpy(np.sort(values.numpy(), axis=-1))


def psnr(pictures: Tensor, truth: Tensor) -> Tensor:
    """(N, 3, H, W) and (3, H, W), in [0, 1] -> (N,) dB, at most 100."""
    error = (pictures - truth).square().mean((1, 2, 3), dtype=torch.float64)
    return (-10 * error.log10()).clamp_max(PERFECT_DB)
