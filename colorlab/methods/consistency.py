"""Pictures in one, two or four calls of the net: a consistency model, tuned from a trained GPIC.

Geng et al. (2024), "Consistency Models Made Easy" (arXiv 2406.14548): training starts from a
diffusion model, which is the consistency model of levels infinitely far apart, and draws the two
levels ever nearer to each other. Song et al. (2023), "Consistency Models" (arXiv 2303.01469): what
such a function is, and how it is sampled. Song and Dhariwal (2024), "Improved Techniques for
Training Consistency Models": the pseudo-Huber distance.

A consistency function f takes a noisy picture to the clean end of the path that it lies on, the
same from every point of it; f of a clean picture is that picture. A denoiser says the mean of all
ends instead. Levels are sigma = sqrt(1 / alpha_bar - 1), the noise of x / sqrt(alpha_bar)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from colorlab import diffusion
from colorlab.draws import Draws
from colorlab.methods.base import Losses
from colorlab.methods.gpic import GPIC, LearningOptions
from colorlab.methods.pixel_diffusion import SPACE
from colorlab.nets.gpic_net import Encoding
from colorlab.types import Batch, Denoiser

CLEAN = 0.03  # the sigma at which half of f is its argument, and the net is the other half
# Geng et al.'s k: at low noise, where a step is small already, levels lie farther apart
STEEPNESS = 8.0


@dataclass(frozen=True)
class TuningOptions(LearningOptions):
    """How f is learnt."""

    distance: str = field(init=False, default="pseudo-Huber")
    steps: int  # of the training
    stages: int  # of it; in each, levels are half as far apart as in the one before
    huber: float  # pseudo-Huber's c: errors below it count by their square, above it by their size


class Consistency(GPIC):
    """GPIC whose net learns a consistency function.

    learning: see ``TuningOptions``; ``predict`` must be that of the run begun with. sampler:
    ``Multistep``."""

    learning: TuningOptions

    def denoiser(self, image: Tensor) -> Denoiser:
        """f itself, not a mean."""
        estimate = super().denoiser(image)
        return lambda x, alpha_bar: bounded(estimate(x, alpha_bar), x, alpha_bar)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """How far apart f is at two levels of one picture with one noise, by the share of the
        schedule between them. The cleaner one teaches; nearest to the clean end that is the true
        picture."""
        x_0 = SPACE.encode(batch.rgb)
        xi = self.xi(draws, x_0.device)
        noisier = diffusion.alpha_bar_at(xi)
        cleaner = self.cleaner(noisier)
        noise = draws.normal(*x_0.shape[1:], device=x_0.device)
        encoding = self.net.encode(batch.image)
        told = self.f(diffusion.noised(x_0, noise, noisier), noisier, encoding)
        with torch.no_grad():
            taught = self.f(diffusion.noised(x_0, noise, cleaner), cleaner, encoding)
            # else it may run away
            taught = torch.where(diffusion.per_row(cleaner, x_0) < 1, taught.clamp(-1, 1), x_0)
        apart = pseudo_huber(told, taught, self.learning.huber)
        return {
            "loss": (apart / (xi - xi_at(cleaner)).to(apart.dtype)).mean(),
            "apart": apart.mean(),
        }

    def f(self, x: Tensor, alpha_bar: Tensor, encoding: Encoding) -> Tensor:
        """x (B, 3, H, W) at levels (B,) of drawings already encoded."""
        level = self.net.level(alpha_bar.to(x.dtype))
        output = self.net.decode(
            x.contiguous(memory_format=torch.channels_last), level, encoding
        ).float()
        return bounded(diffusion.x_0_of(output, x, alpha_bar, self.learning.predict), x, alpha_bar)

    def cleaner(self, alpha_bar: Tensor) -> Tensor:
        """The levels (B,) that teach these, nearer in each stage: Geng et al., Sec. 3.3; 1 is the
        clean picture."""
        sigma = sigma_of(alpha_bar)
        stage = min(
            int(self.batches_seen) * self.learning.stages // self.learning.steps,
            self.learning.stages - 1,
        )
        share = (1 + STEEPNESS * torch.sigmoid(-sigma)) / 2 ** (stage + 1)
        return 1 / (1 + (sigma * (1 - share).clamp(min=0)) ** 2)


def bounded(estimate: Tensor, x: Tensor, alpha_bar: Tensor | float) -> Tensor:
    """The estimate of a net, made a function whose value at the clean end is x itself: there it has
    all the weight, and at sigmas far beyond ``CLEAN`` none, so that what a trained denoiser says
    stays as it is."""
    a = diffusion.per_row(alpha_bar, x)
    own = 1 / (1 + (1 / a - 1) / CLEAN**2)
    return own * x / a.sqrt() + (1 - own) * estimate


def sigma_of(alpha_bar: Tensor) -> Tensor:
    """alpha_bar in (0, 1] -> the noise beside a picture of size 1."""
    return (1 / alpha_bar - 1).sqrt()


def xi_at(alpha_bar: Tensor) -> Tensor:
    """xi = t/T of levels in (0, 1], GPIC Eq. 11 inverted."""
    return (-alpha_bar.log()).clamp(min=0).sqrt() / diffusion.LAMBDA


def pseudo_huber(told: Tensor, taught: Tensor, c: float) -> Tensor:
    """(B, C, H, W) twice -> (B,): sqrt(d^2 + c^2) - c of the root mean square d of a picture's
    differences."""
    return ((told - taught).square().mean((1, 2, 3)) + c**2).sqrt() - c
