"""Colourfulness after Hasler and Suesstrunk, Measuring Colourfulness in Natural Images (2003), on
8-bit RGB.

rg = R - G, yb = (R + G) / 2 - B, M = sqrt(s_rg^2 + s_yb^2) + 0.3 sqrt(m_rg^2 + m_yb^2) with
population deviations s and means m. The paper's words for M: 15 slightly, 33 moderately, 45
averagely, 59 quite, 82 highly, 109 extremely colourful. Higher is not better: what counts is the
difference to the truth."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.metrics.drawing import Drawing
from colorlab.metrics.per_drawing import PerDrawing


class Colorfulness(PerDrawing):
    """signed: M as published; absolute: M of |rg| and |yb|, as several papers compute it; chroma:
    mean Lab chroma; all as means over candidates. <name>_delta: the same minus the first truth's.
    <name>_truth: the first truth's."""

    topic = "colourfulness"

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """See the class."""
        pictures = torch.cat([drawing.samples, drawing.truths[:1]])
        each = {
            "signed": colorfulness(pictures, absolute=False),
            "absolute": colorfulness(pictures, absolute=True),
            "chroma": torch.hypot(*drawing.lab[: drawing.n + 1, 1:].unbind(1)).mean(
                1, dtype=torch.float64
            ),
        }
        values = {name: value[:-1].mean() for name, value in each.items()}
        values |= {f"{name}_delta": value[:-1].mean() - value[-1] for name, value in each.items()}
        return values | {f"{name}_truth": value[-1] for name, value in each.items()}


def colorfulness(rgb: Tensor, absolute: bool) -> Tensor:
    """(N, 3, H, W) in [0, 1] -> (N,) float64, on the scale of 8-bit RGB."""
    red, green, blue = (255 * rgb.double()).flatten(2).unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue])
    opponents = opponents.abs() if absolute else opponents
    mean = opponents.mean(2, keepdim=True)
    spread = (opponents - mean).square().mean(2).sum(0).sqrt()
    return spread + 0.3 * torch.hypot(*mean.squeeze(2))
