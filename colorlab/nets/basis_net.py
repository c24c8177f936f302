"""A sampling layer: convolutions whose filters are drawn anew for each candidate turn marginals
into one colouring.

Wang, Cheng, Sapiro and Qiu, "Stochastic Conditional Generative Networks with Basis Decomposition"
(BasisGAN, 2020): a filter is a fixed mixture of a few basis elements, W[o, i] = sum_k a[o, i, k]
psi_k (Qiu et al., "DCFNet", 2018), and the basis psi(z) is what is random: a small generator makes
it from noise z. Here the layers tilt the marginals, log p + t_z, and the colouring is the mean of
the tilted distributions, so that it stays among the colours that the marginals allow. The other way
round, DCFNet's bases are fixed, and what noise makes are the coefficients."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.fourier_bessel import fourier_bessel_bases

SIDE = 3  # of the filters
HIDDEN = 16  # units of a basis generator
# no log p is taken for lower: what the marginals are too sure of can still be tilted
UNLIKELY = -14.0


class Shown(NamedTuple):
    """What is the same for all candidates of N pictures."""

    features: Tensor  # (N, C, h, w)
    log_p: Tensor  # (N, Q, h, w)


class StochasticConv(nn.Module):
    """(N, C, h, w) and z (N, Z) -> (N, C', h, w): each row with filters of its own.

    bases: K, the number of basis elements."""

    def __init__(self, c_in: int, c_out: int, bases: int, noise: int) -> None:
        super().__init__()
        self.generator = nn.Sequential(
            nn.Linear(noise, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, bases * SIDE**2)
        )
        self.coefficients = nn.Parameter(torch.empty(c_out, c_in, bases))
        self.bias = nn.Parameter(torch.zeros(c_out))
        nn.init.normal_(self.coefficients, std=(c_in * bases) ** -0.5)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        basis = self.generator(z).unflatten(1, (-1, SIDE, SIDE))  # (N, K, 3, 3)
        return filtered(x, torch.einsum("oik,nkyx->noiyx", self.coefficients, basis), self.bias)


class FixedBasesConv(nn.Module):
    """The same: random coefficients of Fourier-Bessel bases, W[o, i] = sum_k
    (a_0 + sum_j z_j a_j)[o, i, k] psi_k."""

    psi: Tensor

    def __init__(self, c_in: int, c_out: int, bases: int, noise: int) -> None:
        super().__init__()
        self.register_buffer("psi", fourier_bessel_bases(bases, SIDE), persistent=False)
        self.coefficients = nn.Parameter(torch.empty(c_out, c_in, bases))
        self.turns = nn.Parameter(torch.empty(noise, c_out, c_in, bases))
        self.bias = nn.Parameter(torch.zeros(c_out))
        nn.init.normal_(self.coefficients, std=(c_in * bases) ** -0.5)
        nn.init.normal_(self.turns, std=(c_in * bases * noise) ** -0.5)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        coefficients = self.coefficients + torch.einsum("nj,joik->noik", z, self.turns)
        return filtered(x, torch.einsum("noik,kyx->noiyx", coefficients, self.psi), self.bias)


def filtered(x: Tensor, filters: Tensor, bias: Tensor) -> Tensor:
    """x (N, C, h, w), each row by filters of its own (N, C', C, s, s) -> (N, C', h, w)."""
    y = F.conv2d(
        x.flatten(0, 1)[None], filters.flatten(0, 1), padding=filters.shape[-1] // 2, groups=len(x)
    )
    return y[0].unflatten(0, (len(x), -1)) + bias[:, None, None]


#: What of a filter is random.
RANDOM: dict[str, type[StochasticConv] | type[FixedBasesConv]] = {
    "learned": StochasticConv, "fourier_bessel": FixedBasesConv,
}  # fmt: skip


class BasisNet(nn.Module):
    """bins: Q. channels: of the hidden layers. layers: stochastic ones. bases: K. noise: of z.
    kind: RANDOM's."""

    def __init__(
        self,
        bins: int,
        channels: int,
        layers: int,
        bases: int,
        noise: int,
        kind: str = "learned",
    ) -> None:
        super().__init__()
        if kind not in RANDOM:
            raise ValueError(f"basis is {' or '.join(RANDOM)}, not {kind!r}")
        self.enter = nn.Conv2d(bins + 1, channels, 1)
        self.layers = nn.ModuleList(
            RANDOM[kind](channels, channels, bases, noise) for _ in range(layers)
        )
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
