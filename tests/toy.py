"""Data whose exact denoiser is known in closed form, so that a sampler can be held to the truth."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor

from colorlab.draws import Draws
from colorlab.samplers.ancestral import Sampler
from colorlab.types import Denoiser

CONF = Path(__file__).parent.parent / "conf"

#: name -> (conf/method/sampler/<file>.yaml, what is changed); every way of sampling that tests run
#: through
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ancestral": ("ancestral", {}),
    "ancestral, corrected": ("ancestral", {"corrector_steps": 1}),
    "ddim": ("ddim", {}),
    "ddim, eta 1": ("ddim", {"eta": 1.0, "steps": 50}),
    "ddim, 30 uneven steps": ("ddim", {"steps": 30}),
    "dpm_solver": ("dpm_solver", {}),
    "dpm_solver, sde": ("dpm_solver", {"eta": 1.0}),
    "ddim of diffusers": (
        "heun",
        {
            "scheduler": {"_target_": "diffusers.DDIMScheduler", "clip_sample": False},
            "steps": 50,
            "eta": 1.0,
            "spacing": "trailing",
        },
    ),
    "unipc": ("unipc", {}),
    "heun": ("heun", {}),
    "euler_ancestral": ("euler_ancestral", {}),
}


def sampler_of(name: str, **changes: Any) -> Any:
    """One of SAMPLERS, built from its yaml."""
    file, own = SAMPLERS[name]
    cfg = OmegaConf.merge(OmegaConf.load(CONF / f"method/sampler/{file}.yaml"), own, changes)
    return instantiate(cfg, _convert_="all")


class TwoModes:
    """Every value of a picture is, on its own, +mode (probability ``share``) or -mode, plus a
    spread: elementwise."""

    def __init__(self, mode: float = 0.6, spread: float = 0.1, share: float = 0.5) -> None:
        self.mode, self.spread, self.share = mode, spread, share

    def data(self, draws: Draws, *shape: int) -> Tensor:
        """(N, *shape) drawn from the data itself."""
        sign = torch.where(draws.uniform(*shape) < self.share, 1.0, -1.0)
        return self.mode * sign + self.spread * draws.normal(*shape)

    def denoise(self, x: Tensor, alpha_bar: float) -> Tensor:
        """E[x_0 | x]."""
        a = math.sqrt(alpha_bar)
        variance = alpha_bar * self.spread**2 + 1 - alpha_bar
        prior = math.log(self.share / (1 - self.share))
        plus = torch.sigmoid(prior + 2 * a * self.mode * x / variance)
        mean = self.mode * (2 * plus - 1)
        return mean + a * self.spread**2 / variance * (x - a * mean)


class FlatColors:
    """Equally likely flat pictures, each of one colour, plus a texture of independent noise
    (GPIC Eq. 13's toy)."""

    def __init__(self, colors: Tensor | None = None, texture: float = 0.03) -> None:
        grid = torch.tensor(list(itertools.product([-0.8, 0.0, 0.8], repeat=3)))
        self.colors = grid if colors is None else colors  # (K, 3) in [-1, 1]
        self.texture = texture

    def denoise(self, x: Tensor, alpha_bar: float) -> Tensor:
        """E[x_0 | x]; a row never depends on the others, not even in its last bit."""
        return torch.stack([self._one(row, alpha_bar) for row in x])

    def _one(self, x: Tensor, alpha_bar: float) -> Tensor:
        a, pixels = math.sqrt(alpha_bar), x[0].numel()
        variance = alpha_bar * self.texture**2 + 1 - alpha_bar
        fit = a * self.colors.double() @ x.sum((1, 2), dtype=torch.float64)
        fit = fit - alpha_bar * pixels / 2 * self.colors.double().square().sum(1)
        weights = torch.softmax(fit / variance, dim=0).float()
        mean = (weights @ self.colors)[:, None, None]
        return mean + a * self.texture**2 / variance * (x - a * mean)

    def nearest(self, x: Tensor) -> Tensor:
        """(N,) which colour each picture has."""
        return torch.cdist(x.mean((2, 3)), self.colors).argmin(1)


def noisy_start(
    sampler: Sampler, V: Tensor, draws: Draws, switch_at: float | None = None
) -> Tensor:
    """GPIC Eq. 13: x_T = sqrt(alpha_bar_T) V + sqrt(1 - alpha_bar_T) eps."""
    alpha_bar = sampler.levels(switch_at)[0]
    return math.sqrt(alpha_bar) * V + math.sqrt(1 - alpha_bar) * draws.normal(*V.shape[1:])


def counting(denoise: Denoiser) -> tuple[Denoiser, list[float]]:
    """The denoiser, and the list of levels at which it is called."""
    calls: list[float] = []

    def counted(x: Tensor, alpha_bar: float) -> Tensor:
        calls.append(alpha_bar)
        return denoise(x, alpha_bar)

    return counted, calls
