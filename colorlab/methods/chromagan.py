"""ChromaGAN: adversarial picture colorization with semantic class distribution
(Vitoria, Raad and Ballester, 2020, arXiv 1907.09837).

Chroma and a class distribution from one net; the critic is WGAN-GP's, on patches. With p the
classes that a pretrained classifier finds in the gray picture, and ab in units of 8-bit Lab,
[0, 1]:

    L = |ab - G_ab|^2 + 0.1 L_WGAN + 0.003 KL(p || G_classes)                           (Eq. 1 to 6)

G has no noise, so that every candidate is the same. With ``latent`` numbers of noise it paints
``tries`` candidates of each training picture, and |ab - G_ab|^2 counts for the nearest alone: the
others are free to be other colourings, as long as the critic takes them for real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import AB_SCALE
from colorlab.draws import Draws
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made, gradient_penalty
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.chromagan_net import STRIDE, ChromaGANNet
from colorlab.nets.imagenet.efficientnet_lite import load_lite0
from colorlab.nets.unet import padded
from colorlab.samplers.candidates import in_groups
from colorlab.types import Batch
from colorlab.weights.store import backbone

UNIT = AB_SCALE / 255  # the paper's weights are for ab in 8 bits, as shares of 255
CLASSES = 1000  # of ImageNet


@dataclass(frozen=True)
class TrunkOptions:
    """VGG16, see ``ChromaGANNet``."""

    skips: bool
    tuned: bool  # it learns too
    pretrained: bool  # it begins with ImageNet's weights


@dataclass(frozen=True)
class LossOptions:
    """The weights of the loss's parts."""

    l2: float
    classes: float  # 0 = neither class branch nor classifier
    gan: float
    penalty: float
    classified_at: int  # side, in pixels, to which pictures are resized for the classifier
    tries: int  # candidates a training picture if there is noise


class ChromaGAN(Adversarial):
    """width, latent: see ``ChromaGANNet``. critic: the discriminator.

    Weights that draw are in the checkpoint, the trunk too, frozen or not: a run colours pictures
    without the cache it was trained with. The classifier only teaches; it is in none."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        micro_batch: int,
        width: int,
        latent: int,
        trunk: TrunkOptions,
        critic: CriticOptions,
        losses: LossOptions,
    ) -> None:
        super().__init__(seed, optimizer, schedule, micro_batch, "ab")
        self.latent, self.tries = latent, losses.tries if latent else 1
        self.pretrained, self.losses = trunk.pretrained, losses
        self.candidates_differ = latent > 0
        net = ChromaGANNet(
            width, latent, CLASSES if losses.classes else 0, trunk.skips, trunk.tuned
        )
        self.net: ChromaGANNet = in_channels_last(net)  # type: ignore[assignment]
        self.discriminator = critic.net(2, norm=False)

    def prepare(self, pictures: Any) -> None:
        """The trunk's weights; DataError if they, or the classifier's, are nowhere."""
        if self.pretrained:
            self.net.trunk.load(backbone("vgg"))
        if self.losses.classes:
            load_lite0(self.device)

    def made(self, batch: Batch, draws: Draws) -> Made:
        shown = self.net.show(padded(batch.image, STRIDE))
        z = draws.to("latent").normal(self.tries, self.latent, device=batch.image.device)
        height, width = batch.image.shape[-2:]
        return {"painted": self.net.paint(shown, z)[..., :height, :width], "logits": shown.logits}

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """WGAN-GP; only the first candidate is judged, drawn like any other."""
        real, fake = eight_bit(self.space.encode(batch.rgb)), eight_bit(made["painted"][:, 0])
        judge = self.judge(batch.image)
        distance = judge(fake).mean() - judge(real).mean()
        share = draws.to("between").uniform(device=real.device)
        penalty = gradient_penalty(judge, real, fake, share)
        return {"loss": distance + self.losses.penalty * penalty}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Eq. 1, and its parts."""
        real = eight_bit(self.space.encode(batch.rgb))
        painted = eight_bit(made["painted"])
        l2 = (painted - real[:, None]).square().mean((2, 3, 4)).amin(1).mean()
        gan = -self.judge(batch.image)(painted[:, 0]).mean()
        weight = self.losses
        losses = {"loss": weight.l2 * l2 + weight.gan * gan, "l2": l2, "gan": gan}
        if weight.classes:
            classes = divergence(
                class_distribution(batch.image, weight.classified_at), made["logits"]
            )
            losses |= {"loss": losses["loss"] + weight.classes * classes, "classes": classes}
        return losses

    def judge(self, image: Tensor) -> Callable[[Tensor], Tensor]:
        """Chroma (B, 2, H, W) in units of 8-bit Lab -> a score for each patch of it beside the gray
        picture."""
        return lambda chroma: self.discriminator(image, chroma)[0].float()

    def candidates(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture, (n, 3, H, W) in [0, 1]; the picture is seen once."""
        height, width = image.shape[-2:]
        shown = self.net.show(padded(image, STRIDE))

        def paint(rows: Draws) -> Tensor:
            z = rows.to("latent").normal(self.latent, device=image.device)
            return self.net.paint(shown, z[None])[0]

        painted = in_groups(paint, draws, n, self.micro_batch)
        return self.space.decode(painted[..., :height, :width], image)


def eight_bit(x: Tensor) -> Tensor:
    """Chroma as the suite has it, ab / AB_SCALE -> as 8-bit Lab has it, (ab + 128) / 255."""
    return UNIT * x + 128 / 255


def divergence(p: Tensor, logits: Tensor) -> Tensor:
    """Mean over pictures of KL(p || softmax(logits)), (B, classes) each."""
    return F.kl_div(logits.float().log_softmax(1), p, reduction="batchmean")


@torch.no_grad()
def class_distribution(image: Tensor, side: int) -> Tensor:
    """Gray pictures (B, 1, H, W) in [0, 1] -> (B, 1000) probabilities of ImageNet's classes, seen
    at side x side px."""
    seen = F.interpolate(image, (side, side), mode="bilinear", antialias=True)
    return load_lite0(image.device)(seen.expand(-1, 3, -1, -1)).float().softmax(1)
