"""DeOldify (Antic, 2018 to 2019): colouring by a GAN that is trained as one for a short while only,
"NoGAN".

Generator and discriminator first learn apart: the generator to paint what is near the truth, by
colours and by a frozen net's features, then the discriminator to tell its pictures from true ones,
and only then both against each other.

    batches 0 .. G - 1         the generator, by its nearness alone
    batches G .. G + C - 1     the discriminator, on what the generator paints
    from then on               both, L = nearness + w L_GAN
It has no noise: one picture, however many are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.draws import Draws
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made, cross_entropy
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.deoldify_net import DeOldifyNet
from colorlab.nets.imagenet.perceptual import load_perceptual
from colorlab.types import Batch


@dataclass(frozen=True)
class StageOptions:
    """How many batches each learns alone."""

    generator: int
    critic: int


@dataclass(frozen=True)
class LossOptions:
    """The weights of the loss's parts, 0 = off."""

    gan: float
    perceptual: float
    perceptual_net: str  # alex or vgg


class DeOldify(Adversarial):
    """width, depth: of the U-Net. critic: the discriminator."""

    candidates_differ = False
    trains_in_turn = True

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        space: str,
        width: int,
        depth: int,
        critic: CriticOptions,
        stages: StageOptions,
        losses: LossOptions,
    ) -> None:
        super().__init__(seed, optimizer, schedule, 1, space)
        self.stages, self.losses = stages, losses
        net = DeOldifyNet(width, depth, self.space.channels)
        self.net: DeOldifyNet = in_channels_last(net)  # type: ignore[assignment]
        self.discriminator = critic.net(self.space.channels, norm=True)

    def learning(self) -> tuple[bool, bool]:
        """Whether the generator and the discriminator learn from the next batch."""
        seen = int(self.batches_seen)
        alone = seen < self.stages.generator
        return alone or seen >= self.stages.generator + self.stages.critic, not alone

    def made(self, batch: Batch, draws: Draws) -> Made:
        return {"painted": self.net(batch.image), "truth": self.space.encode(batch.rgb)}

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        if not self.learning()[1]:
            return {"loss": zero_loss(batch.image)}
        real = cross_entropy(self.discriminator(batch.image, made["truth"]), 1.0)
        fake = cross_entropy(self.discriminator(batch.image, made["painted"]), 0.0)
        return {"loss": (real + fake) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """near: the L1 distance and, weighted, that of features."""
        if self.training and not self.learning()[0]:
            return {"loss": zero_loss(batch.image)}
        near = F.l1_loss(made["painted"], made["truth"])
        if weight := self.losses.perceptual:
            seen = load_perceptual(self.losses.perceptual_net, self.device)
            near = near + weight * seen(
                self.space.decode(made["painted"].float(), batch.image), batch.rgb
            )
        if int(self.batches_seen) < self.stages.generator:
            return {"loss": near, "near": near.detach()}
        gan = cross_entropy(self.discriminator(batch.image, made["painted"]), 1.0)
        return {"loss": near + self.losses.gan * gan, "near": near.detach(), "gan": gan.detach()}

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        return self.net(image.expand(len(rows), -1, -1, -1))


def zero_loss(like: Tensor) -> Tensor:
    """A loss that no weight has a part in: weights without a gradient stay, whatever their
    optimizer remembers."""
    return torch.zeros((), device=like.device, requires_grad=True)
