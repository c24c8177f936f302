"""MSGAN: Mode Seeking Generative Adversarial Networks for Diverse Image Synthesis
(Mao et al., 2019, arXiv 1903.05628).

A conditional GAN with a latent code, and one more term: of two codes, the two pictures should
differ in proportion. No encoder is needed; the generator is BicycleGAN's."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.draws import Draws
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made, least_squares
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.unet import UNet
from colorlab.types import Batch

EPSILON = 1e-5  # keeps the term finite where two pictures are equal


@dataclass(frozen=True)
class NetOptions:
    """The U-Net, see ``UNet``."""

    depth: int
    latent: int  # length of z


@dataclass(frozen=True)
class LossOptions:
    """The weights of the loss's parts beside the discriminator's."""

    l1: float  # of the first picture's distance to the truth
    seek: float  # the paper's lambda_ms; 0 leaves a conditional GAN that may ignore its code


class MSGAN(Adversarial):
    """width, net: of the U-Net. critic: the discriminator."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        micro_batch: int,
        space: str,
        width: int,
        net: NetOptions,
        critic: CriticOptions,
        losses: LossOptions,
    ) -> None:
        super().__init__(seed, optimizer, schedule, micro_batch, space)
        self.latent, self.losses = net.latent, losses
        self.net = in_channels_last(UNet(width, net.depth, net.latent, self.space.channels))
        self.discriminator = critic.net(self.space.channels, norm=True)

    def made(self, batch: Batch, draws: Draws) -> Made:
        """Two pictures of each condition in one pass, and their codes."""
        codes = [
            draws.to(branch).normal(self.latent, device=batch.image.device)
            for branch in ("first", "second")
        ]
        first, second = self.net(batch.image.repeat(2, 1, 1, 1), torch.cat(codes)).chunk(2)
        truth = self.space.encode(batch.rgb)
        return {
            "first": first,
            "second": second,
            "truth": truth,
            "z_first": codes[0],
            "z_second": codes[1],
        }

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """Half of the least-squares loss, on both pictures."""
        real = least_squares(self.discriminator(batch.image, made["truth"]), 1.0)
        return {"loss": (real + self.judged(batch.image, made, 0.0)) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Eq. 6, with the L1 term of its paired tasks, which only the first picture has to obey."""
        gan = self.judged(batch.image, made, 1.0)
        l1 = F.l1_loss(made["first"], made["truth"])
        seek = mode_seeking(made["first"], made["second"], made["z_first"], made["z_second"])
        total = gan + self.losses.l1 * l1 + self.losses.seek * seek
        return {"loss": total, "gan": gan, "l1": l1, "seek": seek}

    def judged(self, image: Tensor, made: Made, truth: float) -> Tensor:
        """The least-squares loss of both pictures."""
        both = torch.cat([made["first"], made["second"]])
        return least_squares(self.discriminator(image.repeat(2, 1, 1, 1), both), truth)

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        """z ~ N(0, I), a code per candidate."""
        return self.net(
            image.expand(len(rows), -1, -1, -1), rows.normal(self.latent, device=image.device)
        )


def mode_seeking(first: Tensor, second: Tensor, z_first: Tensor, z_second: Tensor) -> Tensor:
    """Eq. 5, inverted to be minimised: the codes' mean distance over the pictures'
    (L1, over the whole batch)."""
    ratio = (first - second).abs().mean() / (z_first - z_second).abs().mean()
    return 1 / (ratio + EPSILON)
