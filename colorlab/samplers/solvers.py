"""DDIM and DPM-Solver++(2M): samplers of few steps, in the suite's own levels and arithmetic.

Song et al. (2021), "Denoising Diffusion Implicit Models", Eq. 12 and 16; Lu et al. (2022),
"DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models", Alg. 2, and its
variant with fresh noise.

Every step is x = a x + b D + c z of the state x, an estimate D of the clean picture and fresh noise
z, and a, b, c are worked out in double precision. Other solvers: diffusers', see ``few_step``."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from torch import Tensor

from colorlab.diffusion import alpha_bar_at
from colorlab.draws import Draws
from colorlab.progress import finer
from colorlab.samplers.ancestral import grid
from colorlab.types import Denoiser, Schedule


class Step(NamedTuple):
    """What x, the estimate and fresh noise are multiplied by to be the next state."""

    state: float
    estimate: float
    noise: float


class Solver:
    """What both share: the levels, and a walk down them that calls the denoiser once per level.

    spacing: trailing | karras. eta: the share of fresh noise, 0 (none) to 1 (as much as the
    ancestral sampler's). clip: hold every estimate of x_0, and the result, to [-1, 1]. ValueError:
    an eta beyond [0, 1]."""

    schedule: Schedule = staticmethod(alpha_bar_at)

    def __init__(self, steps: int, spacing: str, eta: float, clip: bool) -> None:
        if not 0 <= eta <= 1:
            raise ValueError(f"eta is {eta} (give a share of fresh noise in [0, 1])")
        self.steps, self.spacing, self.eta, self.clip = steps, spacing, eta, clip
        self.levels(None)

    def levels(self, switch_at: float | None) -> list[float]:
        """alpha_bar of the states, noisiest first; the last is 1, the clean picture."""
        return grid(self.steps, self.spacing, switch_at, self.schedule)

    def __call__(
        self, denoise: Denoiser, x: Tensor, draws: Draws, switch_at: float | None = None
    ) -> Tensor:
        """x_T (N, 3, H, W) -> x_0."""
        levels = self.levels(switch_at)
        x, last = x.clone(), None
        for i, (level, cleaner) in enumerate(finer(list(itertools.pairwise(levels)))):
            x_0 = denoise(x, level)
            x_0 = x_0.clamp(-1, 1) if self.clip else x_0
            forward = self.extrapolation(levels[i - 1], level, cleaner) if last is not None else 0.0
            step = self.step(level, cleaner)
            x = (x * step.state).add_(x_0, alpha=step.estimate * (1 + forward))
            if last is not None and forward:
                x.add_(last, alpha=-step.estimate * forward)
            if step.noise:
                x.add_(draws.normal(*x.shape[1:], device=x.device), alpha=step.noise)
            last = x_0
        return x.clamp_(-1, 1) if self.clip else x

    def step(self, level: float, cleaner: float) -> Step:
        """From one level to the next."""
        raise NotImplementedError

    def extrapolation(self, noisier: float, level: float, cleaner: float) -> float:
        """How far along its own change since the last level an estimate is taken: D + f
        (D - D_last)."""
        raise NotImplementedError


class DDIM(Solver):
    """Song et al., Eq. 12: x = sqrt(ab') D + sqrt(1 - ab' - s^2) eps + s z, s = eta times the
    posterior's deviation."""

    def step(self, level: float, cleaner: float) -> Step:
        noise = self.eta * math.sqrt((1 - cleaner) / (1 - level) * (1 - level / cleaner))
        # of eps, whose share in x is sqrt(1 - ab)
        kept = math.sqrt((1 - cleaner - noise**2) / (1 - level))
        return Step(kept, math.sqrt(cleaner) - kept * math.sqrt(level), noise)

    def extrapolation(self, noisier: float, level: float, cleaner: float) -> float:
        return 0.0


class DPMSolver(Solver):
    """Lu et al., Alg. 2, in lambda = log(alpha / sigma): a step of h = lambda' - lambda is
    x = sigma'/sigma e^(-eta h) x + alpha' (1 - e^(-(1 + eta) h)) D + sigma' sqrt(1 - e^(-2 eta h))
    z.

    The first and the last step are of first order; on the last, to the clean picture, h has no
    bound."""

    def step(self, level: float, cleaner: float) -> Step:
        if cleaner == 1:
            return Step(0.0, 1.0, 0.0)
        h = log_snr(cleaner) - log_snr(level)
        return Step(
            math.sqrt((1 - cleaner) / (1 - level)) * math.exp(-self.eta * h),
            math.sqrt(cleaner) * -math.expm1(-(1 + self.eta) * h),
            math.sqrt((1 - cleaner) * -math.expm1(-2 * self.eta * h)),
        )

    def extrapolation(self, noisier: float, level: float, cleaner: float) -> float:
        """1 / (2 r), r = h_last / h."""
        if cleaner == 1:
            return 0.0
        return (log_snr(cleaner) - log_snr(level)) / (log_snr(level) - log_snr(noisier)) / 2


def log_snr(alpha_bar: float) -> float:
    """lambda = log(alpha / sigma) of a level below 1: half the logarithm of the signal-to-noise
    ratio."""
    return (math.log(alpha_bar) - math.log1p(-alpha_bar)) / 2
