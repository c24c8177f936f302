"""The autoencoder of a latent diffusion model: pictures as a few numbers for each block of pixels,
and back.

Rombach et al. (2022), "High-Resolution Image Synthesis with Latent Diffusion Models", Sec. 3.1,
without their discriminator: L = L1 + perceptual + a touch of KL divergence. A finished run holds it
in ``vae/`` as diffusers does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    in_channels_last,
)
from colorlab.nets.imagenet.perceptual import load_perceptual
from colorlab.nets.latent.prior import save_vae
from colorlab.nets.unet import padded
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition

# weight of a batch in the running moments of the latents, once there have been a hundred
MEMORY = 0.01


@dataclass(frozen=True)
class LossOptions:
    """The weights of the loss's parts, 0 = off."""

    perceptual: float
    perceptual_net: str  # alex or vgg
    kl: float


class LatentVAE(Method):
    """width: channels of the finest level; the others have twice as many. levels: f =
    2^(levels - 1) pixels per latent.
    layers: residual blocks per level (the decoder has one more). latents: numbers for each block.

    As a colorizer it is a baseline that colours nothing: ``sample`` encodes the condition picture
    itself, gray, and decodes it. What it does to lightness can be seen there."""

    candidates_differ = False
    vae: Any  # AutoencoderKL
    moments: Tensor  # (2,) running means of z and z^2

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        levels: int,
        layers: int,
        latents: int,
        losses: LossOptions,
    ) -> None:
        from diffusers import AutoencoderKL

        super().__init__(seed, optimizer, schedule)
        self.losses, self.factor = losses, 2 ** (levels - 1)
        vae: Any = AutoencoderKL(
            down_block_types=["DownEncoderBlock2D"] * levels,
            up_block_types=["UpDecoderBlock2D"] * levels,
            block_out_channels=[width] + [2 * width] * (levels - 1), layers_per_block=layers,
            latent_channels=latents, norm_num_groups=1,
        )  # fmt: skip
        self.vae = in_channels_last(vae)
        self.register_buffer("moments", torch.tensor([0.0, 1.0]))

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Weights as in the release: errors of colours in [-1, 1] and nats, both for each value of
        a picture."""
        posterior = self.vae.encode(2 * batch.rgb - 1).latent_dist
        noise = draws.normal(*posterior.mean.shape[1:], device=self.device)
        drawn = self.vae.decode(posterior.mean + posterior.std * noise).sample
        if self.training:
            self._remember(posterior.mean.detach())
        l1 = F.l1_loss(drawn, 2 * batch.rgb - 1)
        kl = posterior.kl().mean() / batch.rgb[0].numel()
        losses = {
            "loss": l1 + self.losses.kl * kl,
            "l1": l1,
            "kl": kl,
            "psnr": psnr(drawn, 2 * batch.rgb - 1),
        }
        if weight := self.losses.perceptual:
            seen = load_perceptual(self.losses.perceptual_net, self.device)(
                (drawn + 1) / 2, batch.rgb
            )
            losses |= {"loss": losses["loss"] + weight * seen, "perceptual": seen}
        return losses

    def _remember(self, z: Tensor) -> None:
        share = max(MEMORY, 1 / (int(self.batches_seen) + 1))
        self.moments.lerp_(torch.stack([z.mean(), z.square().mean()]).float(), share)

    @property
    def scaling_factor(self) -> float:
        """1 / the standard deviation of all latents, as the training batches had them."""
        mean, square = self.moments.tolist()
        return float(max(square - mean**2, 1e-12) ** -0.5)

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """The gray picture, encoded and decoded, n times. ConfigError: any guide."""
        if guides:
            raise ConfigError("latent_vae takes no guide, bias or hints (leave them out)")
        pictures = [
            self.reconstruct(image.expand(-1, 3, -1, -1)) for image in condition.image.split(1)
        ]
        return torch.stack([picture.expand(n, -1, -1, -1) for picture in pictures]).clone()

    def reconstruct(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] -> the same."""
        z = self.vae.encode(2 * padded(rgb, self.factor) - 1).latent_dist.mean
        drawn = (self.vae.decode(z).sample + 1) / 2
        return drawn[..., : rgb.shape[2], : rgb.shape[3]].float().clamp(0, 1)

    def export(self, folder: Path) -> None:
        """``vae/`` in the run's folder: what the other stages take."""
        self.vae.register_to_config(scaling_factor=self.scaling_factor)
        save_vae(self.vae, folder / "vae")


def psnr(drawn: Tensor, truth: Tensor) -> Tensor:
    """dB, of colours in [-1, 1], as if they were clipped; mean over pictures."""
    error = (drawn.detach().clamp(-1, 1) - truth).square().mean((1, 2, 3)) / 4
    return -10 * error.clamp_min(1e-10).log10().mean()
