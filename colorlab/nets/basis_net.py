"""A sampling layer: convolutions whose filters are drawn anew for each candidate turn marginals into one colouring.

Wang, Cheng, Sapiro and Qiu, "Stochastic Conditional Generative Networks with Basis Decomposition" (BasisGAN, 2020): a
filter is a fixed mixture of a few basis elements, W[o, i] = sum_k a[o, i, k] psi_k (Qiu et al., "DCFNet", 2018), and
the basis psi(z) is what is random: a small generator makes it from noise z. Here the layers tilt the marginals,
log p + t_z, and the colouring is the mean of the tilted distributions, so that it stays among the colours that the
marginals allow."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 3  # of the filters
HIDDEN = 16  # units of a basis generator
UNLIKELY = -14.0  # no log p is taken for lower: what the marginals are too sure of can still be tilted


class Shown(NamedTuple):
    """What is the same for all candidates of N pictures."""

    features: Tensor  # (N, C, h, w)
    log_p: Tensor  # (N, Q, h, w)


class StochasticConv(nn.Module):
    """(N, C, h, w) and z (N, Z) -> (N, C', h, w): each row with filters of its own.

    bases: K, the number of basis elements."""

    def __init__(self, c_in: int, c_out: int, bases: int, noise: int) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(noise, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, bases * SIDE**2))
        self.coefficients = nn.Parameter(torch.empty(c_out, c_in, bases))
        self.bias = nn.Parameter(torch.zeros(c_out))
        nn.init.normal_(self.coefficients, std=(c_in * bases) ** -0.5)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        basis = self.generator(z).unflatten(1, (-1, SIDE, SIDE))  # (N, K, 3, 3)
        filters = torch.einsum("oik,nkyx->noiyx", self.coefficients, basis).flatten(0, 1)
        y = F.conv2d(x.flatten(0, 1)[None], filters, padding=SIDE // 2, groups=len(x))
        return y[0].unflatten(0, (len(x), -1)) + self.bias[:, None, None]


class BasisNet(nn.Module):
    """bins: Q. channels: of the hidden layers. layers: stochastic ones. bases: K. noise: length of z."""

    def __init__(self, bins: int, channels: int, layers: int, bases: int, noise: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(bins + 1, channels, 1)
        self.layers = nn.ModuleList(StochasticConv(channels, channels, bases, noise) for _ in range(layers))
        self.leave = nn.Conv2d(channels, bins, 1)

    def show(self, log_p: Tensor, gray: Tensor) -> Shown:
        """Marginals log_p (N, Q, h, w) and gray (N, 1, h, w) in [0, 1]."""
        return Shown(self.enter(torch.cat([log_p.exp(), gray], 1)), log_p.clamp_min(UNLIKELY))

    def forward(self, shown: Shown, z: Tensor) -> Tensor:
        """z (N, noise) -> tilted p (N, Q, h, w), float32."""
        x = shown.features
        for layer in self.layers:
            x = x + layer(F.relu(x), z)
        return (shown.log_p + self.leave(F.relu(x))).float().softmax(1)
