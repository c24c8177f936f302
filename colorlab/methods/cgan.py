"""cGAN: the conditional GAN that DivColor is compared with (Deshpande et al., CVPR 2017, Sec. 5):
pix2pix, in chroma.

A U-Net paints the chroma, a PatchGAN judges it beside the gray picture (Isola et al., 2017). All
noise is dropout, which stays on at test time. Of 256 colourings, the centres of 5 clusters are
shown."""

from __future__ import annotations

from dataclasses import dataclass

import torch
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
from colorlab.samplers.candidates import joined
from colorlab.samplers.clusters import ClusterOptions, clustered
from colorlab.types import Batch


@dataclass(frozen=True)
class NetOptions:
    """The U-Net, see ``UNet``."""

    depth: int
    dropout: float  # its rate, at test time too


class CGAN(Adversarial):
    """width, net: of the U-Net. critic: the discriminator. l1_weight: lambda of Isola et
    al. cluster: which of many draws are shown."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        net: NetOptions,
        critic: CriticOptions,
        l1_weight: float,
        cluster: ClusterOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule, micro_batch, "ab")
        self.l1_weight, self.dropout, self.cluster = l1_weight, net.dropout, cluster
        self.net: UNet = in_channels_last(UNet(width, net.depth, 0, self.space.channels))  # type: ignore[assignment]
        self.discriminator = critic.net(self.space.channels, norm=True)

    def made(self, batch: Batch, draws: Draws) -> Made:
        return {"painted": self.net(batch.image, keep=self.masks(batch.image, draws))}

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """Half of Isola et al.'s Eq. 1, as they have it (Sec. 3.3)."""
        real = cross_entropy(self.discriminator(batch.image, self.space.encode(batch.rgb)), 1.0)
        fake = cross_entropy(self.discriminator(batch.image, made["painted"]), 0.0)
        return {"loss": (real + fake) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Their Eq. 4."""
        gan = cross_entropy(self.discriminator(batch.image, made["painted"]), 1.0)
        l1 = F.l1_loss(made["painted"], self.space.encode(batch.rgb))
        return {"loss": gan + self.l1_weight * l1, "gan": gan.detach(), "l1": l1.detach()}

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        images = image.expand(len(rows), -1, -1, -1)
        return self.net(images, keep=self.masks(images, rows))

    def candidates(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        def draw(rows: Draws) -> Tensor:
            return self.paint(image, rows)

        fields = clustered(draw, draws, n, self.cluster, self.micro_batch)
        return torch.cat([joined(field, image) for field in fields.split(1)])

    def masks(self, image: Tensor, rows: Draws) -> list[Tensor]:
        """See ``dropout_masks``."""
        return dropout_masks(rows, self.net.mask_shapes(image), self.dropout, image.device)
