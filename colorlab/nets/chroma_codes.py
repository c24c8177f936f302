"""Chroma as a grid of codes, the gray picture left out of them: UniColor's Chroma-VQGAN (Huang,
Zhao and Liao, 2022, Sec. 3.1), without its discriminator.

An encoder sees colour and gray, each cell of its grid becomes the nearest of few codes
(van den Oord et al., 2017), and a decoder that sees the sharp gray picture paints ab of every
pixel. Codes and what is encoded are of unit length, so that nearly all are used
(Yu et al., 2022)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.refiner_net import RefinerNet

STRIDE = 8  # px per side of a cell


class ChromaCodes(nn.Module):
    """width: of the encoder's first layer. refiner_width: see ``RefinerNet``. count: codes;
    channels: their length."""

    def __init__(self, width: int, refiner_width: int, count: int, channels: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1), nn.SiLU(), nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.SiLU(), nn.Conv2d(2 * width, 2 * width, 4, 2, 1), nn.SiLU(),
            nn.Conv2d(2 * width, channels, 1),
        )  # fmt: skip
        self.codebook = nn.Parameter(torch.empty(count, channels))
        self.decoder = RefinerNet(refiner_width, channels)
        nn.init.normal_(self.codebook)

    def encoded(self, image: Tensor, ab: Tensor) -> Tensor:
        """Gray (B, 1, H, W) in [0, 1] and ab (B, 2, H, W), about [-1, 1], H and W multiples of
        STRIDE -> (B, channels, H / STRIDE, W / STRIDE) of unit length."""
        return F.normalize(self.encoder(torch.cat([2 * image - 1, ab], 1)).float(), dim=1)

    def nearest(self, z: Tensor) -> Tensor:
        """(B, channels, h, w) of unit length -> (B, h, w) int64: which code is nearest to each."""
        return (z.movedim(1, -1) @ F.normalize(self.codebook, dim=1).T).argmax(-1)

    def of(self, codes: Tensor) -> Tensor:
        """Codes (B, h, w) -> (B, channels, h, w) of unit length."""
        return F.normalize(self.codebook, dim=1)[codes].movedim(-1, 1)

    def losses(self, image: Tensor, ab: Tensor, commitment: float) -> tuple[Tensor, Tensor, Tensor]:
        """The codes (B, h, w) of pictures; what brings codes to what is encoded, and it to them; L1
        of the ab painted of them, whose gradient passes the choice of a code as if there were
        none."""
        z = self.encoded(image, ab)
        codes = self.nearest(z.detach())
        chosen = self.of(codes)
        apart = (chosen - z.detach()).square().sum(1).mean() + commitment * (
            z - chosen.detach()
        ).square().sum(1).mean()
        painted = self.decoder(image, z + (chosen - z).detach())
        return codes, apart, F.l1_loss(painted, ab)
