"""The sampler of consistency models: one call makes a picture, every further one mends it from
fresh noise.

Song et al. (2023), "Consistency Models", Alg. 1. It is exact for a consistency function, which
takes a noisy picture to the clean end of its path; a denoiser's mean of all ends would come out
ever paler."""

from __future__ import annotations

import itertools

from torch import Tensor

from colorlab.diffusion import alpha_bar_at, noised
from colorlab.draws import Draws
from colorlab.progress import finer
from colorlab.samplers.ancestral import grid
from colorlab.types import Denoiser, Schedule


class Multistep:
    """``steps`` calls, at levels evenly spaced in xi = t/T from pure noise on.

    clip: hold every picture to [-1, 1]."""

    schedule: Schedule = staticmethod(alpha_bar_at)

    def __init__(self, steps: int, clip: bool) -> None:
        self.steps, self.clip = steps, clip

    def levels(self, switch_at: float | None) -> list[float]:
        """alpha_bar of every call, and 1."""
        return grid(self.steps, "trailing", switch_at, self.schedule)

    def __call__(
        self, denoise: Denoiser, x: Tensor, draws: Draws, switch_at: float | None = None
    ) -> Tensor:
        """x_T (N, 3, H, W) -> x_0. denoise: a consistency function."""
        levels = self.levels(switch_at)
        x = x.clone()
        for level, cleaner in finer(list(itertools.pairwise(levels))):
            x = denoise(x, level)
            x = x.clamp(-1, 1) if self.clip else x
            if cleaner < 1:
                x = noised(x, draws.normal(*x.shape[1:], device=x.device), cleaner)
        return x
