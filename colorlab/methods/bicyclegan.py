"""BicycleGAN: Toward Multimodal Image-to-Image Translation (Zhu et al., 2017, arXiv 1711.11586).

Two cycles share one generator G(A, z). cVAE-GAN: picture -> code -> picture; an encoder E reads z
off the true picture B, and G must make B of it again. cLR-GAN: code -> picture -> code; z is drawn,
and E must read it off what G makes of it, so that G cannot ignore it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from colorlab.draws import Draws
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made, least_squares
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.unet import CodeEncoder, UNet
from colorlab.types import Batch


@dataclass(frozen=True)
class NetOptions:
    """The U-Net and the encoder, see ``UNet`` and ``CodeEncoder``."""

    depth: int
    latent: int  # length of z
    encoder_width: int


@dataclass(frozen=True)
class LossOptions:
    """The weights of the loss's parts beside the discriminators' (Eq. 9)."""

    l1: float  # the paper's lambda
    kl: float  # lambda_KL
    latent: float  # lambda_latent


class BicycleGAN(Adversarial):
    """width: of the U-Net. net: the rest of it, and the encoder. critic: each of the two
    discriminators."""

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
        self.net = in_channels_last(UNet(width, net.depth, net.latent, channels))
        self.encoder = in_channels_last(
            CodeEncoder(channels, net.encoder_width, net.depth, 2 * net.latent)
        )
        critics = {branch: critic.net(channels, norm=True) for branch in ("encoded", "drawn")}
        self.discriminator = nn.ModuleDict(critics)

    def made(self, batch: Batch, draws: Draws) -> Made:
        """Both branches in one pass of G; "z" is the drawn code, "mean" and "log_var" are E's of
        the true picture."""
        device = batch.image.device
        truth = self.space.encode(batch.rgb)
        mean, log_var = self.encoder(truth).chunk(2, 1)
        noise = draws.to("encoded").normal(self.latent, device=device)
        z = draws.normal(self.latent, device=device)
        codes = torch.cat([mean + (log_var / 2).exp() * noise, z])
        encoded, drawn = self.net(batch.image.repeat(2, 1, 1, 1), codes).chunk(2)
        return {
            "encoded": encoded,
            "drawn": drawn,
            "truth": truth,
            "z": z,
            "mean": mean,
            "log_var": log_var,
        }

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """Half of L_GAN^VAE and L_GAN."""
        real = self.judged(batch.image, {"encoded": made["truth"], "drawn": made["truth"]}, 1.0)
        return {"loss": (real + self.judged(batch.image, made, 0.0)) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Eq. 9. The latent term moves G alone: E, asked to help, would hide the code in G's
        picture."""
        gan = self.judged(batch.image, made, 1.0)
        l1 = F.l1_loss(made["encoded"], made["truth"])
        kl = kl_to_normal(made["mean"], made["log_var"])
        read = functional_call(
            self.encoder, {k: v.detach() for k, v in self.encoder.named_parameters()}, made["drawn"]
        )
        latent = F.l1_loss(read[:, : self.latent], made["z"])
        weight = self.losses
        total = gan + weight.l1 * l1 + weight.kl * kl + weight.latent * latent
        return {"loss": total, "gan": gan, "l1": l1, "kl": kl, "latent": latent}

    def judged(self, image: Tensor, pictures: Made, truth: float) -> Tensor:
        """The least-squares losses of both branches, each with a discriminator of its own."""
        critics = self.discriminator.items()  # type: ignore[operator]
        return torch.stack(
            [least_squares(critic(image, pictures[branch]), truth) for branch, critic in critics]
        ).sum()

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        """z ~ N(0, I), a code per candidate."""
        return self.net(
            image.expand(len(rows), -1, -1, -1), rows.normal(self.latent, device=image.device)
        )


def kl_to_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, I)) in nats, (B, D) -> mean over the batch."""
    return (mean.square() + log_var.exp() - log_var - 1).sum(1).mean() / 2
