"""Structural similarity (Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004),
and over several scales (Wang et al., Multiscale Structural Similarity for Image Quality Assessment, 2003).

RGB, Gaussian window of 11 pixels with sigma 1.5, population variances, mean over the windows that lie within the
picture: scikit-image's number (torchmetrics mirrors the border and counts windows there too). The window is applied as
two products with a band matrix, far faster here than a convolution, and the truth is smoothed once for all
candidates."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
C_1, C_2 = 0.01**2, 0.03**2  # for a data range of 1
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # weights of MS-SSIM, the finest first


def ssim(pictures: Tensor, truth: Tensor) -> Tensor:
    """(N, 3, H, W) and (3, H, W), in [0, 1], 11x11 pixels at least -> (N,) float64, at most 1."""
    x, y = pictures.double(), truth.double()
    mean_x, mean_y = smoothed(x), smoothed(y)
    var_x, var_y = smoothed(x * x) - mean_x**2, smoothed(y * y) - mean_y**2
    cov = smoothed(x * y) - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + C_1) * (2 * cov + C_2)
    similarity /= (mean_x**2 + mean_y**2 + C_1) * (var_x + var_y + C_2)
    return similarity.mean((1, 2, 3))


def ms_ssim_pairs(pictures: Tensor) -> Tensor:
    """(n, 3, H, W) in [0, 1] -> (n (n - 1) / 2,) float64: MS-SSIM of each pair, at most 1.

    Five scales, each of half the size, from 176 pixels on; a smaller picture has as many as the window fits on, with
    the first of the weights, scaled to sum 1."""
    x = pictures.double()
    scales = max(1, min(len(SCALES), int(math.log2(min(x.shape[-2:]) / WINDOW)) + 1))
    weights = [weight / sum(SCALES[:scales]) for weight in SCALES[:scales]]
    first, second = torch.triu_indices(len(x), len(x), 1, device=x.device)
    product = x.new_ones(len(first))
    for scale, weight in enumerate(weights):
        mean, square = smoothed(x), smoothed(x * x)
        variance = square - mean**2
        covariance = smoothed(x[first] * x[second]) - mean[first] * mean[second]
        part = (2 * covariance + C_2) / (variance[first] + variance[second] + C_2)
        if scale == scales - 1:
            part = part * (2 * mean[first] * mean[second] + C_1) / (mean[first] ** 2 + mean[second] ** 2 + C_1)
        product = product * part.mean((1, 2, 3)).clamp_min(0) ** weight
        x = F.avg_pool2d(x, 2)
    return product


def smoothed(x: Tensor) -> Tensor:
    """(..., H, W) -> (..., H - 10, W - 10): Gaussian means over the windows within the picture."""
    down, across = (_band(side, x.device, x.dtype) for side in x.shape[-2:])
    return down @ x @ across.T


@lru_cache(maxsize=16)
def _band(side: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(side - 10, side): row i holds the window that starts at i."""
    place = torch.arange(side, device=device, dtype=dtype)
    offset = place - place[: side - WINDOW + 1, None]
    weight = torch.exp(-(((offset - WINDOW // 2) / SIGMA) ** 2) / 2) * ((offset >= 0) & (offset < WINDOW))
    return weight / weight.sum(1, keepdim=True)
