"""The lightness-aware autoencoder of Piggyback (Liu et al., 2023, "Improved Diffusion-based Image
Colorization via Piggybacked Models", Sec. 3.3): latents of colour and the gray picture make a
picture whose details are the gray one's.

    L = L_1 + lambda_p L_p + lambda_d L_d                                                    (Eq. 5)

The autoencoder is frozen; a copy of its encoder learns to show the decoder the gray picture, see
``nets.lightness_decoder``. L_d is a patch discriminator's, weighted as in VQGAN (Esser et al.,
2021, Eq. 7). A finished run holds both in ``lightness/``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import locked
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.frozen import OTHER_VAE, Aside, bind
from colorlab.nets.imagenet.perceptual import load_perceptual
from colorlab.nets.latent.lightness_decoder import (
    DECODERS,
    OF_A_RUN,
    LightnessDecoder,
    save_lightness_vae,
)
from colorlab.nets.latent.prior import decoded, encoded, load_vae
from colorlab.nets.unet import padded
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition

MOST = 1e4  # of the adaptive weight, as in VQGAN's release
EPS = 1e-4


@dataclass(frozen=True)
class LossOptions:
    """The weights of the loss's parts."""

    perceptual: float  # lambda_p, 0 = off
    perceptual_net: str  # alex or vgg
    gan: float  # a factor on the adaptive lambda_d, 0 = no discriminator ever
    gan_start: int  # batches until it sets in


class LightnessVAE(Adversarial):
    """vae: a run of method=latent_vae or method=latent_prior, or a folder that holds an
    AutoencoderKL. critic: the discriminator.

    decoder, when sampling: "plain" the autoencoder's own; "swap" that with the gray picture's
    lightness; "lightness" the one trained here; "locked" that with the gray picture's lightness.
    The second and fourth need a gray picture.

    The autoencoder stays where it is: the weights hold its digest."""

    candidates_differ = False
    vae_digest: Tensor  # (4,)

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        vae: str,
        losses: LossOptions,
        critic: CriticOptions,
        decoder: str,
    ) -> None:
        super().__init__(seed, optimizer, schedule, 1, "rgb")
        if decoder not in DECODERS:
            raise ValueError(f"decoder is {', '.join(DECODERS)}, not {decoder!r}")
        self.decoder, self.losses = decoder, losses
        if decoder in ("swap", "locked"):
            self.conditions = ("gray",)
        frozen = load_vae(vae)
        self.frozen = Aside(frozen)
        self.factor = 2 ** (len(frozen.config.block_out_channels) - 1)
        bind(self, "vae_digest", frozen, OTHER_VAE)
        self.net: LightnessDecoder = in_channels_last(LightnessDecoder(frozen))  # type: ignore[assignment]
        self.discriminator = critic.net(3, norm=True)

    @property
    def vae(self) -> Any:
        """The frozen AutoencoderKL."""
        return self.frozen.on(self.device)

    @property
    def judged(self) -> bool:
        """Whether the discriminator has set in."""
        return self.losses.gan > 0 and int(self.batches_seen) >= self.losses.gan_start

    def decode(self, latents: Tensor, gray: Tensor) -> Tensor:
        """See ``LightnessDecoder``."""
        return self.net(self.vae, latents, gray)

    def made(self, batch: Batch, draws: Draws) -> Made:
        rgb, image = padded(batch.rgb, self.factor), padded(batch.image, self.factor)
        with torch.no_grad():
            latents = encoded(self.vae, rgb)
        drawn = self.decode(latents, image)
        return {"drawn": drawn[..., : batch.rgb.shape[2], : batch.rgb.shape[3]]}

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        """Hinge loss; nothing to learn before it sets in."""
        if not self.judged:
            return {
                "loss": torch.stack([p.sum() for p in self.discriminator.parameters()]).sum() * 0
            }
        real, fake = self.scores(batch, batch.rgb), self.scores(batch, made["drawn"])
        return {"loss": (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """Eq. 5, colours in [-1, 1]."""
        l1 = 2 * F.l1_loss(made["drawn"], batch.rgb)
        losses, rec = {"l1": l1}, l1
        if weight := self.losses.perceptual:
            net = load_perceptual(self.losses.perceptual_net, self.device)
            losses["perceptual"] = net(made["drawn"], batch.rgb)
            rec = rec + weight * losses["perceptual"]
        if not self.judged:
            return {"loss": rec, **losses}
        gan = -self.scores(batch, made["drawn"]).mean()
        balance = adaptive_weight(rec, gan, self.net.anchor)
        return {
            "loss": rec + self.losses.gan * balance * gan,
            "gan": gan,
            "gan_weight": balance,
            **losses,
        }

    def scores(self, batch: Batch, rgb: Tensor) -> Tensor:
        """Of patches of (B, 3, H, W) in [0, 1], beside the gray picture if the critic sees it."""
        return self.discriminator(batch.image, 2 * rgb - 1)[0].float()

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """A baseline that colours nothing: the gray picture's own latents, decoded, n times.
        ConfigError: any guide."""
        if guides:
            raise ConfigError("lightness_vae takes no guide, bias or hints (leave them out)")
        images = condition.image.split(1)
        pictures = [
            self.reconstruct(image.expand(-1, 3, -1, -1), image, self.decoder) for image in images
        ]
        return torch.stack([picture.expand(n, -1, -1, -1) for picture in pictures]).clone()

    @torch.inference_mode()
    def reconstruct(self, rgb: Tensor, gray: Tensor, decoder: str) -> Tensor:
        """(N, 3, H, W) and its gray picture (N, 1, H, W), in [0, 1] -> (N, 3, H, W) in [0, 1], by
        one of DECODERS."""
        latents = encoded(self.vae, padded(rgb, self.factor))
        if decoder in ("plain", "swap"):
            drawn = decoded(self.vae, latents)
        else:
            drawn = self.decode(latents, padded(gray, self.factor))
        drawn = drawn[..., : rgb.shape[2], : rgb.shape[3]].float().clamp(0, 1)
        return locked(drawn, gray) if decoder in ("swap", "locked") else drawn

    def export(self, folder: Path) -> None:
        """``lightness/`` in the run's folder: what `load_lightness_vae` opens."""
        save_lightness_vae(self.vae, self.net, folder / OF_A_RUN)


def adaptive_weight(rec: Tensor, gan: Tensor, anchor: Tensor) -> Tensor:
    """lambda = |d rec / d anchor| / (|d gan / d anchor| + 1e-4), at most 1e4: the two pull equally
    hard (VQGAN, Eq. 7). 0 where no gradient is wanted, as in validation."""
    if not (torch.is_grad_enabled() and anchor.requires_grad):
        return rec.new_zeros(())
    pulls = [torch.autograd.grad(loss, anchor, retain_graph=True)[0].norm() for loss in (rec, gan)]
    return (pulls[0] / (pulls[1] + EPS)).clamp(0, MOST).detach()
