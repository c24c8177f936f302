"""How good per-pixel distributions of colour are: how likely, how calibrated, how right for rare
colours.

Guo et al., "On Calibration of Modern Neural Networks" (2017), Eq. 3, on calibration. Distributions
are log_p (B, Q, h, w); the truth is a bin at each pixel, (B, h, w) int64. Results are means over
pixels."""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 15  # bins of confidence
ENOUGH = 100  # pixels that a bin needs to count in the macro average


def nll(log_p: Tensor, truth: Tensor) -> float:
    """Negative log-likelihood of the true bins, nats per pixel."""
    return float(-log_p.gather(1, truth[:, None]).double().mean())


def calibration_error(log_p: Tensor, truth: Tensor) -> float:
    """Expected calibration error of the likeliest bin: sum over 15 levels of confidence of the
    level's share of pixels times |how often it was right - how sure it was|; in [0, 1]."""
    confidence, likeliest = log_p.max(1)
    confidence = confidence.exp().double().flatten()
    right = (likeliest == truth).double().flatten()
    level = (confidence * LEVELS).long().clamp(0, LEVELS - 1)
    gap = torch.zeros(LEVELS, dtype=torch.float64, device=level.device).index_add_(
        0, level, right - confidence
    )
    return float(gap.abs().sum() / len(level))


def macro_error(log_p: Tensor, truth: Tensor) -> float:
    """Mean over the true bins of at least 100 pixels of the share of their pixels whose likeliest
    bin is another; in [0, 1], NaN if there is no such bin. Every colour counts alike, however
    rare."""
    wrong = (log_p.argmax(1) != truth).double().flatten()
    count = torch.bincount(truth.flatten(), minlength=log_p.shape[1]).double()
    errors = torch.bincount(truth.flatten(), wrong, minlength=log_p.shape[1])
    return float((errors / count)[count >= ENOUGH].mean())
