"""BicycleGAN: Toward Multimodal Image-to-Image Translation (Zhu et al., 2017, arXiv 1711.11586).

Two cycles share one generator G(A, z). cVAE-GAN: picture -> code -> picture; an encoder E reads z off the true picture
B, and G must make B of it again. cLR-GAN: code -> picture -> code; z is drawn, and E must read it off what G makes of
it, so that G cannot ignore it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from colorlab.draws import Draws
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made, least_squares
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.unet import CodeEncoder, UNet
from colorlab.types import Batch


class BicycleGAN(Adversarial):
    """width, depth: of the U-Net. latent: length of z. critic: each of the two discriminators.

    l1_weight, kl_weight, latent_weight: the paper's lambda, lambda_KL and lambda_latent (Eq. 9)."""

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory,
        micro_batch: int, space: str, width: int, depth: int, latent: int, encoder_width: int,
        critic: CriticOptions, l1_weight: float, kl_weight: float, latent_weight: float,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule, micro_batch, space)
        self.latent = latent
        self.l1_weight, self.kl_weight, self.latent_weight = l1_weight, kl_weight, latent_weight
        channels = self.space.channels
        self.net = in_channels_last(UNet(width, depth, latent, channels))
        self.encoder = in_channels_last(CodeEncoder(channels, encoder_width, depth, 2 * latent))
        critics = {branch: critic.net(channels, norm=True) for branch in ("encoded", "drawn")}
        self.discriminator = nn.ModuleDict(critics)

    def made(self, batch: Batch, draws: Draws) -> Made:
        """Both branches in one pass of G; "z" is the drawn code, "mean" and "log_var" are E's of the true picture."""
        device = batch.image.device
        truth = self.space.encode(batch.rgb)
        mean, log_var = self.encoder(truth).chunk(2, 1)
        noise = draws.to("encoded").normal(self.latent, device=device)
        z = draws.normal(self.latent, device=device)
        codes = torch.cat([mean + (log_var / 2).exp() * noise, z])
        encoded, drawn = self.net(batch.image.repeat(2, 1, 1, 1), codes).chunk(2)
        return {"encoded": encoded, "drawn": drawn, "truth": truth, "z": z, "mean": mean, "log_var": log_var}

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """Half of L_GAN^VAE and L_GAN."""
        real = self.judged(batch.image, {"encoded": made["truth"], "drawn": made["truth"]}, 1.0)
        return {"loss": (real + self.judged(batch.image, made, 0.0)) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Eq. 9. The latent term moves G alone: E, asked to help, would hide the code in G's picture."""
        gan = self.judged(batch.image, made, 1.0)
        l1 = F.l1_loss(made["encoded"], made["truth"])
        kl = kl_to_normal(made["mean"], made["log_var"])
        read = functional_call(self.encoder, {k: v.detach() for k, v in self.encoder.named_parameters()}, made["drawn"])
        latent = F.l1_loss(read[:, : self.latent], made["z"])
        total = gan + self.l1_weight * l1 + self.kl_weight * kl + self.latent_weight * latent
        return {"loss": total, "gan": gan, "l1": l1, "kl": kl, "latent": latent}

    def judged(self, image: Tensor, pictures: Made, truth: float) -> Tensor:
        """The least-squares losses of both branches, each with a discriminator of its own."""
        critics = self.discriminator.items()  # type: ignore[operator]
        return torch.stack([least_squares(critic(image, pictures[branch]), truth) for branch, critic in critics]).sum()

    def paint(self, image: Tensor, rows: Draws) -> Tensor:
        """z ~ N(0, I), a code a candidate."""
        return self.net(image.expand(len(rows), -1, -1, -1), rows.normal(self.latent, device=image.device))


def kl_to_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, I)) in nats, (B, D) -> mean over the batch."""
    return (mean.square() + log_var.exp() - log_var - 1).sum(1).mean() / 2
