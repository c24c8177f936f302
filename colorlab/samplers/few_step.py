"""Samplers of few steps: any diffusers scheduler, driven on GPIC's schedule with the suite's own
noise.

Zhao et al. (2023), "UniPC"; Karras et al. (2022), "Elucidating the Design Space of Diffusion-Based
Generative Models" (Heun). DDIM and DPM-Solver++(2M): see ``solvers``; runs saved with diffusers' go
on here.

The scheduler gets a table of betas that holds exactly the levels to be visited, and visits each: no
rounding to 1000 training steps, and a model switch may add levels whether or not the scheduler
knows custom timesteps."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from colorlab.diffusion import alpha_bar_at, eps_of
from colorlab.draws import Draws
from colorlab.progress import finer
from colorlab.samplers.ancestral import grid
from colorlab.types import Denoiser, Schedule

FILLED_IN = ("num_train_timesteps", "trained_betas", "prediction_type", "timestep_spacing")


class FewStep:
    """A diffusers scheduler as a sampler.

    scheduler: makes one, given FILLED_IN; a scheduler has state, so every call makes its own.
    spacing: trailing | karras. eta: the share of fresh noise, 0 to 1, for schedulers whose step
    takes it (DDIM). clip: hold every estimate of x_0, and the result, to [-1, 1]; done here,
    because schedulers differ in whether and when they clip.
    ValueError: a scheduler that cannot follow these levels, or an eta it has no use for."""

    schedule: Schedule = staticmethod(alpha_bar_at)

    def __init__(
        self, scheduler: Callable[..., Any], steps: int, spacing: str, eta: float, clip: bool
    ) -> None:
        self.scheduler = scheduler
        self.steps = steps
        self.spacing = spacing
        self.eta = eta
        self.clip = clip
        levels = self.levels(None)
        made = self._made(levels)
        visited(made, levels)
        if eta and "eta" not in inspect.signature(made.step).parameters:
            raise ValueError(f"eta is {eta}, but {type(made).__name__} has no eta (set it to 0)")

    def levels(self, switch_at: float | None) -> list[float]:
        """alpha_bar of the states; a scheduler of second order calls the denoiser twice at most of
        them."""
        return grid(self.steps, self.spacing, switch_at, self.schedule)

    def __call__(
        self, denoise: Denoiser, x: Tensor, draws: Draws, switch_at: float | None = None
    ) -> Tensor:
        """x_T (N, 3, H, W) -> x_0.

        The state is x, or x/sqrt(alpha_bar) for schedulers that think in sigma (Heun, Euler). Any
        scheduler is told the noise, made of the clipped x_0: the one thing that all of them
        understand."""
        levels = self.levels(switch_at)
        scheduler = self._made(levels)
        step = self._step(scheduler, draws, x.device)
        in_sigma = float(scheduler.init_noise_sigma) != 1
        state = x / math.sqrt(levels[0]) if in_sigma else x.clone()
        for t, level in finer(
            list(zip(scheduler.timesteps, visited(scheduler, levels), strict=True))
        ):
            x = scheduler.scale_model_input(state, t)
            x_0 = denoise(x, level)
            eps = eps_of(x, x_0.clamp(-1, 1) if self.clip else x_0, level)
            state = step(eps, t, x / math.sqrt(level) if in_sigma else x, return_dict=False)[0]
        return state.clamp(-1, 1) if self.clip else state

    def _made(self, levels: list[float]) -> Any:
        """A scheduler whose training table is the levels."""
        missing = set(FILLED_IN) - set(inspect.signature(self.scheduler).parameters)
        if missing:
            raise ValueError(
                f"{self.scheduler} takes no {', '.join(sorted(missing))} (use one such as "
                "DDIMScheduler)"
            )
        betas = [1 - level / cleaner for level, cleaner in itertools.pairwise(levels)][::-1]
        scheduler = self.scheduler(
            num_train_timesteps=len(betas),
            trained_betas=betas,
            prediction_type="epsilon",
            timestep_spacing="trailing",
        )
        scheduler.set_timesteps(len(betas))
        return scheduler

    def _step(self, scheduler: Any, draws: Draws, device: torch.device) -> Callable[..., Any]:
        """The scheduler's step, drawing a row's noise from that row's stream."""
        step, takes = scheduler.step, inspect.signature(scheduler.step).parameters
        if "generator" in takes:
            step = partial(step, generator=draws.streams(device))
        return partial(step, eta=self.eta) if "eta" in takes else step


def visited(scheduler: Any, levels: list[float]) -> list[float]:
    """The level of every call, by the scheduler's own sigmas (its timesteps may be rounded): one of
    ``levels``."""
    if hasattr(scheduler, "sigmas"):
        own = 1 / (1 + scheduler.sigmas[: len(scheduler.timesteps)].double() ** 2)
    else:
        own = scheduler.alphas_cumprod[scheduler.timesteps.long()].double()
    table = torch.tensor(levels[:-1], dtype=torch.float64)
    distance, nearest = (own[:, None] - table).abs().min(dim=1)
    if distance.max() > 1e-5 or set(nearest.tolist()) != set(range(len(table))):
        raise ValueError(
            f"{type(scheduler).__name__} chooses levels of its own (leave its sigmas alone; set "
            "spacing)"
        )
    return table[nearest].tolist()
