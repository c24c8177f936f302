"""The paper's sampler: ancestral steps with an optional Langevin corrector, and the grid of levels
that samplers share.

Furusawa et al. (2021), "Generative Probabilistic Image Colorization" (GPIC), Alg. 2; Ho et
al. (2020), "Denoising Diffusion Probabilistic Models"; Song et al. (2021), "Score-Based Generative
Modeling through SDEs", Alg. 3 and 5.

Alg. 2 as printed does not sample: line 4 removes noise so fast that rarer modes vanish, line 7
drowns the picture in noise. What is run instead (the printed lines 4 and 7 are kept as options):
    line 4  (1 - alpha_t)/sqrt(1 - alpha_t)
            -> (1 - alpha_t)/sqrt(1 - alpha_bar_t), Ho et al. Eq. 11            (predictor)
    line 7  2 alpha |z|^2/|eps|^2
            -> 2 alpha (r |z|/|score|)^2, Song et al.                           (corrector_step)
    line 8  eps/sqrt(1 - alpha_t), "(x_t, t)"
            -> score = -eps/sqrt(1 - alpha_bar), the paper's own Eq. 12
    5 - 9   corrects x_t, already left
            -> corrects the new x_{t-1} at its own level, never the clean picture"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

from colorlab.diffusion import alpha_bar_at, eps_of, per_row, posterior, xi_at
from colorlab.draws import Draws
from colorlab.progress import finer
from colorlab.types import Denoiser, Schedule

CALLS_BELOW = 3  # the fewest levels that the model below a switch gets
RHO = 7.0  # Karras et al. (2022), Eq. 5
CLEANEST_XI = 1 / 1000  # the cleanest noisy level of the paper's T = 1000


PURE = 1e-6  # an alpha_bar below it is noise alone


class Sampler(Protocol):
    """Noise in, picture out, by any denoiser; all noise comes from ``draws``, so that no row
    depends on its batch.

    schedule: of the model, GPIC's unless it has another."""

    schedule: Schedule

    def levels(self, switch_at: float | None) -> list[float]:
        """alpha_bar of every level visited, noisiest first; the last is 1, the clean picture."""
        ...

    def __call__(
        self, denoise: Denoiser, x: Tensor, draws: Draws, switch_at: float | None = None
    ) -> Tensor:
        """x (N, 3, H, W) at level ``levels(switch_at)[0]``, not changed -> the clean picture, in
        [-1, 1] if clipped."""
        ...


def grid(
    steps: int, spacing: str, switch_at: float | None, schedule: Schedule = alpha_bar_at
) -> list[float]:
    """``steps`` levels from the schedule's noisiest on, and 1. A model switch at level
    ``switch_at`` adds levels where fewer than 3 would lie below it (alpha_bar >= switch_at);
    without them the second model of a mix would hardly run.

    trailing: xi = t/T evenly spaced, diffusers' "trailing" without its rounding. karras: evenly
    spaced in sigma^(1/7), Karras et al. (2022), Eq. 5. schedule: whose levels; pure noise, where it
    ends in that, is no level of these samplers, and the state at the first one is a step's work
    before them (``Prior.start``)."""
    match spacing:
        case "trailing":
            levels = schedule(torch.arange(steps + 1, dtype=torch.float64) / steps).tolist()[:0:-1]
        case "karras":
            levels = _karras(steps, schedule)
        case _:
            raise ValueError(f"spacing is trailing or karras, not {spacing!r}")
    noisy = [level for level in levels if level > PURE] or [float(schedule(0.5))]
    return [*_reaching_below(noisy, switch_at), 1.0]


def _karras(steps: int, schedule: Schedule) -> list[float]:
    """Levels evenly spaced in sigma^(1/rho), sigma = sqrt(1/alpha_bar - 1), from xi = 1 to xi =
    1/1000."""
    noisiest = 1.0 if float(schedule(1.0)) > PURE else 1 - 1 / (steps + 1)
    first, last = (
        math.sqrt(1 / float(schedule(xi)) - 1) ** (1 / RHO) for xi in (noisiest, CLEANEST_XI)
    )
    roots = [first + (last - first) * i / max(steps - 1, 1) for i in range(steps)]
    return [1 / (1 + root ** (2 * RHO)) for root in roots]


def _reaching_below(levels: list[float], switch_at: float | None) -> list[float]:
    """The levels, with the switch's own and ever cleaner ones (half the xi each) until 3 lie below
    the switch."""
    if switch_at is None or sum(level >= switch_at for level in levels) >= CALLS_BELOW:
        return levels
    if not 0 < switch_at < 1:
        raise ValueError(f"a model switch lies at an alpha_bar between 0 and 1, not at {switch_at}")
    if levels[-1] < switch_at:
        # A level hard by the switch would make the extrapolation of a multistep solver jump: its
        # place is the switch's.
        near = [level for level in levels[1:] if xi_at(level) < 1.2 * xi_at(switch_at)]
        levels = [level for level in levels if level not in near] + [switch_at]
    while sum(level >= switch_at for level in levels) < CALLS_BELOW:
        levels = [*levels, float(alpha_bar_at(xi_at(levels[-1]) / 2))]
    return levels


class Ancestral:
    """GPIC Alg. 2: ``steps`` posterior steps, each followed by ``corrector_steps`` Langevin steps
    at the new level.

    corrector_snr: Song et al.'s r. clip: hold every estimate of x_0 to [-1, 1]; without it nothing
    is clipped, not even the result. One network call a predictor step, one a corrector step."""

    schedule: Schedule = staticmethod(alpha_bar_at)

    def __init__(
        self,
        steps: int,
        corrector_steps: int,
        corrector_step: str,
        corrector_snr: float,
        predictor: str,
        clip: bool,
    ) -> None:
        if corrector_step not in ("song", "printed"):
            raise ValueError(f"corrector_step is song or printed, not {corrector_step!r}")
        if predictor not in ("ho", "printed"):
            raise ValueError(f"predictor is ho or printed, not {predictor!r}")
        self.steps, self.clip, self.predictor = steps, clip, predictor
        self.corrector_steps = corrector_steps
        self.corrector_step = corrector_step
        self.corrector_snr = corrector_snr

    def levels(self, switch_at: float | None) -> list[float]:
        """alpha_bar of x_T, x_{T-1}, ..., x_0."""
        return grid(self.steps, "trailing", switch_at, self.schedule)

    def __call__(
        self, denoise: Denoiser, x: Tensor, draws: Draws, switch_at: float | None = None
    ) -> Tensor:
        """x_T (N, 3, H, W) -> x_0."""
        levels = self.levels(switch_at)
        x = x.clone()
        steps = list(zip(levels, levels[1:], [*levels[2:], 1.0], strict=False))
        for level, cleaner, cleanest in finer(steps):
            x = self._predict(denoise, x, level, cleaner, draws)
            if cleaner < 1:
                x = self._correct(denoise, x, cleaner, cleaner / cleanest, draws)
        return x.clamp_(-1, 1) if self.clip else x

    def _predict(
        self, denoise: Denoiser, x: Tensor, level: float, cleaner: float, draws: Draws
    ) -> Tensor:
        """x_t -> x_{t-1}, Alg. 2 lines 3 and 4; no noise is added on the last step."""
        x_0 = self._x_0(denoise, x, level)
        mean, std = posterior(x, x_0, level, cleaner)
        if self.predictor == "printed":
            alpha = level / cleaner
            mean = (x - math.sqrt(1 - alpha) * eps_of(x, x_0, level)) / math.sqrt(alpha)
        return (
            mean.add_(draws.normal(*x.shape[1:], device=x.device), alpha=std)
            if cleaner < 1
            else mean
        )

    def _correct(
        self, denoise: Denoiser, x: Tensor, level: float, alpha: float, draws: Draws
    ) -> Tensor:
        """Langevin steps at one level, Alg. 2 lines 5 - 9; alpha is that level's own, 1 - beta."""
        for _ in range(self.corrector_steps):
            x_0 = self._x_0(denoise, x, level)
            eps = eps_of(x, x_0, level)
            score = eps / -math.sqrt(1 - level)
            z = draws.normal(*x.shape[1:], device=x.device)
            step = per_row(self._step_size(z, eps, score, alpha), x)
            x = x + step * score + (2 * step).sqrt() * z
        return x

    def _step_size(self, z: Tensor, eps: Tensor, score: Tensor, alpha: float) -> Tensor:
        """(N,), each picture by its own norms; Song et al. take the batch's mean norm, which ties
        pictures together."""
        if self.corrector_step == "printed":
            return 2 * alpha * (norms(z) / norms(eps)) ** 2
        return 2 * alpha * (self.corrector_snr * norms(z) / norms(score)) ** 2

    def _x_0(self, denoise: Denoiser, x: Tensor, level: float) -> Tensor:
        x_0 = denoise(x, level)
        return x_0.clamp(-1, 1) if self.clip else x_0


def norms(x: Tensor) -> Tensor:
    """(N,) Euclidean norms, row by row: one reduction of the batch could round a row differently in
    another batch."""
    return torch.stack([torch.linalg.vector_norm(row) for row in x])
