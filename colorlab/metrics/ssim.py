"""Structural similarity (Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004).

RGB, Gaussian window of 11 pixels with sigma 1.5, population variances, mean over the windows that lie within the
picture: scikit-image's number (torchmetrics mirrors the border and counts windows there too). The window is applied as
two products with a band matrix, far faster here than a convolution, and the truth is smoothed once for all
candidates."""

from __future__ import annotations

import torch
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
C_1, C_2 = 0.01**2, 0.03**2  # for a data range of 1


def ssim(pictures: Tensor, truth: Tensor) -> Tensor:
    """(N, 3, H, W) and (3, H, W), in [0, 1], 11x11 pixels at least -> (N,) float64, at most 1."""
    x, y = pictures.double(), truth.double()
    mean_x, mean_y = smoothed(x), smoothed(y)
    var_x, var_y = smoothed(x * x) - mean_x**2, smoothed(y * y) - mean_y**2
    cov = smoothed(x * y) - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + C_1) * (2 * cov + C_2)
    similarity /= (mean_x**2 + mean_y**2 + C_1) * (var_x + var_y + C_2)
    return similarity.mean((1, 2, 3))


def smoothed(x: Tensor) -> Tensor:
    """(..., H, W) -> (..., H - 10, W - 10): Gaussian means over the windows within the picture."""
    return _band(x.shape[-2], x) @ x @ _band(x.shape[-1], x).T


def _band(side: int, like: Tensor) -> Tensor:
    """(side - 10, side): row i holds the window that starts at i."""
    place = torch.arange(side, device=like.device, dtype=like.dtype)
    offset = place - place[: side - WINDOW + 1, None]
    weight = torch.exp(-(((offset - WINDOW // 2) / SIGMA) ** 2) / 2) * ((offset >= 0) & (offset < WINDOW))
    return weight / weight.sum(1, keepdim=True)
