"""Adversarial training: one step per batch for the discriminator, then one for all else
(Goodfellow et al., 2014).

A batch is coloured once; the discriminator learns from the colouring cut off from its graph, and
the generator then from the same colouring as the changed discriminator sees it. Every such method
also samples alike: one picture at a time, in groups of equal size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.color import space_named
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    Optimized,
    OptimizerFactory,
    ScheduleFactory,
    in_channels_last,
)
from colorlab.nets.discriminator import Discriminator
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition

Made = dict[str, Tensor]  # what one pass of the generator makes of a batch, by name


@dataclass(frozen=True)
class CriticOptions:
    """The discriminator, see ``Discriminator``."""

    width: int
    layers: int
    scales: int = 1
    sees_gray: bool = True

    def net(self, channels: int, norm: bool) -> nn.Module:
        """It, for pictures of so many channels beside the gray one."""
        found = Discriminator(channels, self.width, self.layers, self.scales, norm, self.sees_gray)
        return in_channels_last(found)


class Adversarial(Method):
    """A method with a discriminator. A subclass sets ``discriminator`` and gives ``made``, both
    losses and ``paint``.

    micro_batch: candidates painted together; the last group is padded to it, so that candidate k is
    the same bits whatever n is. space: rgb or ab, what is painted."""

    optimizer_steps = 2
    discriminator: nn.Module

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        micro_batch: int,
        space: str,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        self.micro_batch = micro_batch
        self.space = space_named(space)
        self.conditions = self.space.conditions

    def made(self, batch: Batch, draws: Draws) -> Made:
        """The generator's work on a batch, with its graph."""
        raise NotImplementedError

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """What the discriminator minimises; no gradient leads from ``made`` to the generator."""
        raise NotImplementedError

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """What all else minimises; the discriminator's weights are constants."""
        raise NotImplementedError

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        """One candidate per row of the same picture (1, 1, H, W) in [0, 1]: (rows, C, H, W) in the
        method's space."""
        raise NotImplementedError

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """The generator's."""
        return self.generator_loss(batch, self.made(batch, draws))

    def optimizers(self) -> list[Optimized]:
        """All but the discriminator first, then the discriminator; each has its own schedule."""
        judges = set(self.discriminator.parameters())
        rest = [p for p in self.parameters() if p not in judges]
        return [self.optimized(rest), self.optimized(self.discriminator.parameters())]

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """One forward pass per candidate. ConfigError: any guide, for there is no denoiser to
        edit."""
        if guides:
            raise ConfigError(
                f"{type(self).__name__.lower()} takes no guide, bias or hints (leave them out)"
            )
        return torch.stack(
            [self.candidates(one.image, n, rows) for one, rows in each_alone(condition, draws)]
        )

    def candidates(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture (1, 1, H, W), (n, 3, H, W) in [0, 1]."""
        painted = in_groups(lambda rows: self.paint(image, rows), draws, n, self.micro_batch)
        return self.space.decode(painted.float(), image)


def least_squares(scores: Sequence[Tensor], truth: float) -> Tensor:
    """LSGAN (Mao et al., 2017), Eq. 2: squared distance of patch scores to 1 = real, 0 = made; mean
    over scales."""
    return torch.stack([(score.float() - truth).square().mean() for score in scores]).mean()


def cross_entropy(scores: Sequence[Tensor], truth: float) -> Tensor:
    """The original loss, in its non-saturating form, of patch logits; mean over scales."""
    logits = [score.float() for score in scores]
    targets = [torch.full_like(logit, truth) for logit in logits]
    pairs = zip(logits, targets, strict=True)
    return torch.stack(
        [F.binary_cross_entropy_with_logits(logit, target) for logit, target in pairs]
    ).mean()


def dropout_masks(
    rows: Draws, shapes: Sequence[tuple[int, ...]], rate: float, device: torch.device
) -> list[Tensor]:
    """Noise of a network that drops out, of value 0 or 1 / (1 - rate): each (rows, *shape)."""
    sizes = [math.prod(shape) for shape in shapes]
    kept = (rows.uniform(sum(sizes), device=device) >= rate).float() / (1 - rate)
    return [
        part.unflatten(1, shape) for part, shape in zip(kept.split(sizes, 1), shapes, strict=True)
    ]


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor
) -> Tensor:
    """WGAN-GP (Gulrajani et al., 2017), Eq. 3 without its weight: mean of (|d critic / d x| - 1)^2
    over pictures.

    critic: (B, C, H, W) -> scores, any shape, each of which depends on its own picture only. x lies
    between real and fake, share (B,) in [0, 1] of the way, from the method's draws."""
    x = torch.lerp(
        real.detach().float(), fake.detach().float(), share[:, None, None, None]
    ).requires_grad_()
    with torch.autocast(x.device.type, enabled=False):
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()
