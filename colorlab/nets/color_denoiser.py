"""Noise taken off the colours of areas, all at once: a transformer over areas, each with its noisy
colour."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from colorlab.nets.area_encoder import Drawn, Layer

# waves of the logarithm of the signal-to-noise ratio, up to exp(FASTEST) / 8
FREQUENCIES, FASTEST = 32, 5.0


class ColorDenoiser(nn.Module):
    """Noisy colours of areas -> clean ones.

    d, layers, heads: of the transformer."""

    def __init__(self, d: int, layers: int, heads: int) -> None:
        super().__init__()
        self.area = nn.Linear(d, d)
        self.color = nn.Sequential(nn.Linear(3, d), nn.SiLU(), nn.Linear(d, d))
        self.level = nn.Sequential(nn.Linear(2 * FREQUENCIES, d), nn.SiLU(), nn.Linear(d, d))
        self.layers = nn.ModuleList(Layer(d, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 3)
        nn.init.zeros_(self.head.weight)

    def forward(self, drawn: Drawn, x: Tensor, alpha_bar: Tensor) -> Tensor:
        """x (B, R, 3) in [-1, 1] plus noise, alpha_bar (B,) in (0, 1) -> x_0 (B, R, 3)."""
        tokens = (
            self.area(drawn.areas) + self.color(x) + self.level(level_waves(alpha_bar))[:, None]
        )
        bias = drawn.relations.movedim(-1, 1).masked_fill(~drawn.valid[:, None, None], -1e4)
        for layer in self.layers:
            tokens = layer(tokens, bias)
        x_0: Tensor = self.head(self.norm(tokens))
        return x_0


def level_waves(alpha_bar: Tensor) -> Tensor:
    """(B,) -> (B, 64): sines and cosines of log(alpha_bar / (1 - alpha_bar)) at rising
    frequencies."""
    frequencies = torch.exp(torch.linspace(0, FASTEST, FREQUENCIES, device=alpha_bar.device)) / 8
    phase = torch.logit(alpha_bar.clamp(1e-5, 1 - 1e-5))[:, None] * frequencies / math.pi
    return torch.cat([phase.sin(), phase.cos()], 1)
