"""The arithmetic of Gaussian diffusion, in alpha_bar: the schedule, noising, the posterior, what a
net predicts.

Furusawa et al. (2021), "Generative Probabilistic Image Colorization" (GPIC); Ho et al. (2020),
"Denoising Diffusion Probabilistic Models". Levels are alpha_bar in (0, 1], never step indices: 1 is
clean, exp(-lambda^2) the noisiest."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from colorlab.types import Denoiser

LAMBDA = 2.25  # GPIC Sec. 3.3


def alpha_bar_at(xi: Tensor | float) -> Tensor:
    """alpha_bar = exp(-(lambda xi)^2), GPIC Eq. 11; xi = t/T in [0, 1]."""
    return torch.exp(-((LAMBDA * torch.as_tensor(xi, dtype=torch.float64)) ** 2))


def xi_at(alpha_bar: float) -> float:
    """xi = t/T of a level, GPIC Eq. 11 inverted; alpha_bar in (0, 1]."""
    return math.sqrt(-math.log(alpha_bar)) / LAMBDA


def alpha_bar_table(steps: int) -> list[float]:
    """alpha_bar_t for t = 0 .. T (T + 1 levels); entry 0 is 1, the clean picture."""
    return alpha_bar_at(torch.arange(steps + 1, dtype=torch.float64) / steps).tolist()


def betas(steps: int) -> list[float]:
    """beta_t = 1 - alpha_bar_t / alpha_bar_{t-1} for t = 1 .. T: the variance that step t adds
    (Ho et al., Eq. 2)."""
    table = alpha_bar_table(steps)
    return [1 - after / before for before, after in itertools.pairwise(table)]


def per_row(level: Tensor | float, x: Tensor) -> Tensor:
    """A level, or one for each row of x, shaped to multiply x (N, C, H, W)."""
    level = torch.as_tensor(level, dtype=x.dtype, device=x.device)
    return level.reshape(-1, *[1] * (x.ndim - 1))


def noised(x_0: Tensor, noise: Tensor, alpha_bar: Tensor | float) -> Tensor:
    """x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) eps, GPIC Eq. 6."""
    a = per_row(alpha_bar, x_0)
    return a.sqrt() * x_0 + (1 - a).sqrt() * noise


def eps_of(x: Tensor, x_0: Tensor, alpha_bar: Tensor | float) -> Tensor:
    """The noise in x, if x_0 is the clean picture."""
    a = per_row(alpha_bar, x)
    return (x - a.sqrt() * x_0) / (1 - a).sqrt()


def target_of(x_0: Tensor, noise: Tensor, alpha_bar: Tensor | float, predict: str) -> Tensor:
    """What the net should output: the picture, the noise (GPIC), or v = sqrt(ab) eps - sqrt(1 - ab)
    x_0 (Salimans)."""
    a = per_row(alpha_bar, x_0)
    match predict:
        case "x_0":
            return x_0
        case "eps":
            return noise
        case "v":
            return a.sqrt() * noise - (1 - a).sqrt() * x_0
        case _:
            raise ValueError(f"predict is x_0, eps or v, not {predict!r}")


def x_0_of(output: Tensor, x: Tensor, alpha_bar: Tensor | float, predict: str) -> Tensor:
    """The clean picture that the net's output stands for, given the noisy x."""
    a = per_row(alpha_bar, x)
    match predict:
        case "x_0":
            return output
        case "eps":
            return (x - (1 - a).sqrt() * output) / a.sqrt()
        case "v":
            return a.sqrt() * x - (1 - a).sqrt() * output
        case _:
            raise ValueError(f"predict is x_0, eps or v, not {predict!r}")


def posterior(
    x: Tensor, x_0: Tensor, alpha_bar: float, alpha_bar_next: float
) -> tuple[Tensor, float]:
    """Mean and standard deviation of q(x_next | x, x_0), Ho et al. Eq. 7; alpha_bar_next >
    alpha_bar is cleaner."""
    alpha = alpha_bar / alpha_bar_next
    toward_x_0 = math.sqrt(alpha_bar_next) * (1 - alpha) / (1 - alpha_bar)
    toward_x = math.sqrt(alpha) * (1 - alpha_bar_next) / (1 - alpha_bar)
    std = math.sqrt((1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha))
    return toward_x_0 * x_0 + toward_x * x, std


def switch(above: Denoiser, below: Denoiser, at: float) -> Denoiser:
    """A denoiser that is ``above`` in more noise than level ``at`` and ``below`` from there on
    (GPIC Sec. 4.4)."""
    return lambda x, alpha_bar: (above if alpha_bar < at else below)(x, alpha_bar)
