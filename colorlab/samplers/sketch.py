"""A picture to start from: what is noisier than a level is the picture's, what is cleaner the
model's.

Meng et al. (2022), "SDEdit". Flat colours of areas as the picture give a model over pixels a
coherent plan, to which it adds shading and texture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.diffusion import switch
from colorlab.draws import Draws
from colorlab.samplers.guides import Guide
from colorlab.types import Condition, Denoiser


class Sketch(Guide):
    """Every estimate of x_0 in more noise than ``at`` is the picture.

    pictures: (n, 3, H, W) in [0, 1], of which candidate k takes the k-th, modulo n. at: alpha_bar
    in [0, 1]; 0 = off, 1 = the pictures themselves."""

    def __init__(self, pictures: Tensor, at: float) -> None:
        if not 0 <= at <= 1:
            raise ValueError(f"at is a level alpha_bar in [0, 1], not {at}")
        self.pictures, self.at = pictures, at

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        """A denoiser that knows the picture while the noise is strong."""
        H, W = condition.image.shape[-2:]
        h, w = self.pictures.shape[-2:]
        chosen = self.pictures[torch.tensor(draws.candidate) % len(self.pictures)].to(
            condition.image
        )
        x_0 = 2 * F.pad(chosen, (0, W - w, 0, H - h), mode="replicate") - 1
        return switch(lambda x, alpha_bar: x_0, denoise, self.at if self.at < 1 else 2.0)
