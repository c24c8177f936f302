"""Structural similarity (Wang et al., Image Quality Assessment: From Error Visibility to
Structural Similarity, 2004), and over several scales (Wang et al., Multiscale Structural Similarity
for Image Quality Assessment, 2003).

RGB, Gaussian window of 11 pixels with sigma 1.5, population variances, mean over the windows that
lie within the picture: scikit-image's number (torchmetrics mirrors the border and counts windows
there too). Each picture is smoothed once for all that it is compared with."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
C_1, C_2 = 0.01**2, 0.03**2  # for a data range of 1
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # weights of MS-SSIM, the finest first


class Smoothed(NamedTuple):
    """Pictures (N, 3, H, W) float64 on the CPU, and mean and variance in each window,
    (N, 3, H - 10, W - 10)."""

    pictures: Tensor
    mean: Tensor
    variance: Tensor

    def at(self, which: int | slice) -> Smoothed:
        """Some of the pictures."""
        return Smoothed(*(each[which] for each in self))


def smoothed(pictures: Tensor) -> Smoothed:
    """Of pictures (N, 3, H, W) in [0, 1], 11x11 pixels at least."""
    x = pictures.double().cpu().contiguous()
    mean = window_means(x)
    return Smoothed(x, mean, window_means(x * x) - mean.square())


def ssim(pictures: Smoothed, truth: Smoothed) -> Tensor:
    """N pictures and one -> (N,) float64, at most 1."""
    return (_luminance(pictures, truth) * _structure(pictures, truth)).mean((1, 2, 3))


def ms_ssim_pairs(pictures: Smoothed) -> Tensor:
    """n pictures -> (n (n - 1) / 2,) float64: MS-SSIM of each pair, at most 1.

    Five scales, each of half the size, from 176 pixels on; a smaller picture has as many as the
    window fits on, with the first of the weights, scaled to sum 1."""
    scales = max(
        1, min(len(SCALES), int(math.log2(min(pictures.pictures.shape[-2:]) / WINDOW)) + 1)
    )
    n = len(pictures.pictures)
    product = torch.ones(n * (n - 1) // 2, dtype=torch.float64)
    for scale, weight in enumerate(SCALES[:scales]):
        if scale > 0:
            pictures = smoothed(F.avg_pool2d(pictures.pictures, 2))
        pairs = [(pictures.at(i), pictures.at(slice(i + 1, n))) for i in range(n - 1)]
        if scale < scales - 1:
            each = [_structure(*pair).mean((1, 2, 3)) for pair in pairs]
        else:
            each = [ssim(*pair) for pair in pairs]
        product = product * torch.cat(each).clamp_min(0) ** (weight / sum(SCALES[:scales]))
    return product


def _luminance(a: Smoothed, b: Smoothed) -> Tensor:
    """How alike the means of the windows are."""
    return (2 * a.mean * b.mean + C_1) / (a.mean.square() + b.mean.square() + C_1)


def _structure(a: Smoothed, b: Smoothed) -> Tensor:
    """How alike what the windows show is otherwise, contrast and all."""
    covariance = window_means(a.pictures * b.pictures) - a.mean * b.mean
    return (2 * covariance + C_2) / (a.variance + b.variance + C_2)


def window_means(x: Tensor) -> Tensor:
    """(..., H, W) -> (..., H - 10, W - 10): Gaussian means over the windows within the picture."""
    kernel, edge = cv2.getGaussianKernel(WINDOW, SIGMA), WINDOW // 2
    # pictures below each other, for what is within each alone
    column = x.reshape(-1, x.shape[-1]).numpy()
    means = torch.from_numpy(cv2.sepFilter2D(column, -1, kernel, kernel)).reshape(x.shape)
    return means[..., edge:-edge, edge:-edge]
