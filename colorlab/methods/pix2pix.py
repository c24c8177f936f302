"""pix2pix: Image-to-Image Translation with Conditional Adversarial Networks
(Isola et al., 2017, arXiv 1611.07004).

A U-Net paints the picture, a PatchGAN judges it beside what was shown. The only noise is dropout,
and the network learns to ignore it: the suite's reference for collapse, against which every diverse
method is measured."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from colorlab.draws import Draws
from colorlab.methods.adversarial import (
    Adversarial,
    CriticOptions,
    Made,
    cross_entropy,
    dropout_masks,
)
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.unet import UNet
from colorlab.types import Batch


@dataclass(frozen=True)
class NetOptions:
    """The U-Net, see ``UNet``."""

    depth: int
    dropout: float  # its rate
    # the noise stays on when sampling (the paper, Sec. 3.2); without it all candidates are equal
    dropout_at_test: bool


class Pix2Pix(Adversarial):
    """width, net: of the U-Net. critic: the discriminator. l1_weight: the paper's lambda."""

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
        l1_weight: float,
    ) -> None:
        super().__init__(seed, optimizer, schedule, micro_batch, space)
        self.l1_weight = l1_weight
        self.dropout = net.dropout
        self.dropout_at_test = net.dropout_at_test
        self.candidates_differ = net.dropout_at_test and net.dropout > 0
        self.net: UNet = in_channels_last(UNet(width, net.depth, 0, self.space.channels))  # type: ignore[assignment]
        self.discriminator = critic.net(self.space.channels, norm=True)

    def made(self, batch: Batch, draws: Draws) -> Made:
        painted = self.net(batch.image, keep=self.masks(batch.image, draws))
        return {"painted": painted, "truth": self.space.encode(batch.rgb)}

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """Half of Eq. 1's, to slow the discriminator (Sec. 3.3)."""
        real = cross_entropy(self.discriminator(batch.image, made["truth"]), 1.0)
        fake = cross_entropy(self.discriminator(batch.image, made["painted"]), 0.0)
        return {"loss": (real + fake) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Eq. 4."""
        gan = cross_entropy(self.discriminator(batch.image, made["painted"]), 1.0)
        l1 = F.l1_loss(made["painted"], made["truth"])
        return {"loss": gan + self.l1_weight * l1, "gan": gan, "l1": l1}

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        images = image.expand(len(rows), -1, -1, -1)
        return self.net(images, keep=self.masks(images, rows) if self.dropout_at_test else ())

    def masks(self, image: Tensor, rows: Draws) -> list[Tensor]:
        """Which features are dropped, for each row."""
        return dropout_masks(rows, self.net.mask_shapes(image), self.dropout, image.device)
