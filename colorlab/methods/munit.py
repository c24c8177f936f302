"""MUNIT: Multimodal Unsupervised Image-to-Image Translation (Huang et al., 2018, arXiv 1804.04732),
in its paired form.

A picture is content, which the drawing has too, and a style code. Drawing and true picture come in
pairs here, so the content encoder reads the drawing alone, one generator is left of two, and in
place of the content reconstruction (Eq. 2) the discriminator sees the drawing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.draws import Draws
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made, least_squares
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.munit_net import MUNITNet
from colorlab.types import Batch


@dataclass(frozen=True)
class NetOptions:
    """The encoders and the decoder, see ``MUNITNet``."""

    downs: int
    blocks: int
    latent: int  # length of the style code


@dataclass(frozen=True)
class LossOptions:
    """The weights of the loss's parts beside the discriminator's (Eq. 5)."""

    picture: float  # lambda_x
    style: float  # lambda_s


class MUNIT(Adversarial):
    """width, net: of the encoders and the decoder. critic: the discriminator."""

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
        channels = self.space.channels
        made = MUNITNet(width, net.downs, net.blocks, net.latent, channels)
        self.net: MUNITNet = in_channels_last(made)  # type: ignore[assignment]
        self.discriminator = critic.net(channels, norm=True)

    def made(self, batch: Batch, draws: Draws) -> Made:
        """The picture again, from its own style, and one in a style drawn at random; one pass of
        the decoder."""
        style = draws.normal(self.latent, device=batch.image.device)
        truth = self.space.encode(batch.rgb)
        styles = torch.cat([self.net.style(truth), style])
        content = self.net.content(batch.image).repeat(2, 1, 1, 1)
        again, drawn = self.net.decode(content, styles, batch.image.shape[-2:]).chunk(2)
        return {"again": again, "drawn": drawn, "truth": truth, "style": style}

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """Half of the least-squares loss, on the picture of random style (Eq. 4)."""
        real = least_squares(self.discriminator(batch.image, made["truth"]), 1.0)
        return {
            "loss": (real + least_squares(self.discriminator(batch.image, made["drawn"]), 0.0)) / 2
        }

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Eq. 5 with Eq. 1 (picture), Eq. 3 (style) and Eq. 4 (gan)."""
        gan = least_squares(self.discriminator(batch.image, made["drawn"]), 1.0)
        picture = F.l1_loss(made["again"], made["truth"])
        style = F.l1_loss(self.net.style(made["drawn"]), made["style"])
        total = gan + self.losses.picture * picture + self.losses.style * style
        return {"loss": total, "gan": gan, "picture": picture, "style": style}

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        """Style ~ N(0, I), one per candidate; the content is read once."""
        content = self.net.content(image).expand(len(rows), -1, -1, -1)
        return self.net.decode(
            content, rows.normal(self.latent, device=image.device), image.shape[-2:]
        )
