"""GPIC's network (Furusawa et al., 2021, Fig. 3 and 4): a U-Net over the line drawing, steered by
the noisy state.

Three parts, of which only the last two see the noisy state x or its level alpha_bar:
    LineEncoder    drawing -> features at 5 scales; once per drawing, whatever the number of steps
                   and candidates
    StateBranch    x -> features at 4 scales; alpha_bar -> Fourier features -> 5-layer Mish MLP ->
                   embedding
    decoder        per scale: ConvTranspose, FiLM by state and embedding, skip from the drawing, two
                   convolutions
``forward`` is the whole thing, for training. ``encode`` and ``decode`` are its two halves, for
sampling: everything that does not see x (the encoder, the first ConvTranspose, the drawing's half
of each decoder convolution) is in ``encode``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.diffusion import LAMBDA

STRIDE = 16  # height and width of the drawing must be multiples of it
SCALES = (1, 2, 4, 8, 16)  # channels of scale k, in units of width


class Encoding(NamedTuple):
    """All that a drawing contributes to the decoder; batch 1 broadcasts over the candidates."""

    first: Tensor  # (B, 8 C, H/8, W/8) the first ConvTranspose's output
    skips: list[Tensor]  # the drawing's half of each scale's first convolution, coarse to fine


class LevelEmbedding(nn.Module):
    """alpha_bar -> (N, D): random Fourier features (GPIC Eq. 10) and a 5-layer perceptron with Mish
    (Fig. 4)."""

    b: Tensor

    def __init__(self, width: int, features: int, scale: float, embed_of: str) -> None:
        super().__init__()
        self.embed_of = embed_of
        b = torch.randn(features, generator=torch.Generator().manual_seed(0)) * scale
        self.register_buffer("b", b)
        layers: list[nn.Module] = []
        for fan_in in [2 * features] + [width] * 4:
            layers += [nn.Linear(fan_in, width), nn.Mish()]
        self.mlp = nn.Sequential(*layers)

    def forward(self, alpha_bar: Tensor) -> Tensor:
        angle = 2 * math.pi * self.embedded(alpha_bar)[:, None] * self.b
        return self.mlp(torch.cat([angle.cos(), angle.sin()], dim=1))

    def embedded(self, alpha_bar: Tensor) -> Tensor:
        """The quantity whose Fourier features are taken, about [0, 1]."""
        match self.embed_of:
            case "alpha_bar":
                return alpha_bar
            case "sqrt_alpha_bar":
                return alpha_bar.sqrt()
            case "log_snr":  # 12.2 .. -5.06 over GPIC's levels
                return torch.log(alpha_bar / (1 - alpha_bar)) / 16
            case "xi":  # GPIC Eq. 11 inverted
                return torch.sqrt(-torch.log(alpha_bar)) / LAMBDA
        raise ValueError(
            f"embed_of is alpha_bar, sqrt_alpha_bar, log_snr or xi, not {self.embed_of!r}"
        )


class SiLU(nn.Module):
    """x sigmoid(x); in place where nothing learns, which spares a pass through memory and leaves
    the bits alone. To be given what nothing else holds."""

    def forward(self, x: Tensor) -> Tensor:
        return silu(x)


def silu(x: Tensor) -> Tensor:
    """The same, as a function."""
    return F.silu(x, inplace=not torch.is_grad_enabled())


def plus(x: Tensor, y: Tensor) -> Tensor:
    """x + y, in place as ``silu`` is."""
    return x + y if torch.is_grad_enabled() else x.add_(y)


def double_conv(c_in: int, c_out: int) -> nn.Sequential:
    """Two 3x3 convolutions, each followed by SiLU."""
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1), SiLU(), nn.Conv2d(c_out, c_out, 3, padding=1), SiLU()
    )


def start_from_zero(conv: nn.Conv2d) -> None:
    """Let a layer's first output be 0."""
    for parameter in conv.parameters():
        nn.init.zeros_(parameter)


class LineEncoder(nn.Module):
    """The U-Net's contracting path over the drawing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = [1] + [width * s for s in SCALES]
        self.levels = nn.ModuleList(double_conv(a, b) for a, b in itertools.pairwise(channels))

    def forward(self, image: Tensor) -> list[Tensor]:
        x, pyramid = 2 * image - 1, []
        for k, level in enumerate(self.levels):
            x = level(F.max_pool2d(x, 2) if k else x)  # (B, 2^k C, H/2^k, W/2^k)
            pyramid.append(x)
        return pyramid


class StateBranch(nn.Module):
    """The noisy state's own pyramid, a block of convolutions (Fig. 4)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = [3] + [width * s for s in SCALES[:4]]
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 3, padding=1, stride=2 if k else 1),
                SiLU(),
                nn.Conv2d(b, b, 3, padding=1),
                SiLU(),
            )
            for k, (a, b) in enumerate(itertools.pairwise(channels))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        pyramid = []
        for level in self.levels:
            x = level(x)  # (N, 2^k C, H/2^k, W/2^k)
            pyramid.append(x)
        return pyramid


class FiLM(nn.Module):
    """Spatial scale and bias from state and level (Chen et al., 2021), applied to a ConvTranspose's
    output."""

    def __init__(self, channels: int, embedding: int, literal: bool) -> None:
        super().__init__()
        self.literal = literal
        self.state = nn.Conv2d(channels, channels, 3, padding=1)
        # = concatenating the broadcast embedding before the convolution
        self.level = nn.Linear(embedding, channels)
        self.head = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        if not literal:
            start_from_zero(self.head)

    def forward(self, y: Tensor, state: Tensor, embedding: Tensor) -> Tensor:
        h = silu(plus(self.state(state), self.level(embedding)[:, :, None, None]))
        scale, bias = self.head(h).chunk(2, dim=1)
        return torch.addcmul(bias, scale if self.literal else scale + 1, y)


class DecoderLevel(nn.Module):
    """ConvTranspose -> FiLM -> SiLU -> with the drawing's features -> two convolutions."""

    def __init__(self, c_in: int, c_out: int, embedding: int, literal: bool) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1)
        self.film = FiLM(c_out, embedding, literal)
        # with conv_skip: one convolution of the concatenation
        self.conv_up = nn.Conv2d(c_out, c_out, 3, padding=1)
        self.conv_skip = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.conv = nn.Conv2d(c_out, c_out, 3, padding=1)

    def forward(self, y: Tensor, skip: Tensor, state: Tensor, embedding: Tensor) -> Tensor:
        """y: this level's ConvTranspose output; skip: conv_skip of the drawing's features."""
        y = silu(self.film(y, state, embedding))
        y = silu(plus(self.conv_up(y), skip))
        return silu(self.conv(y))


class GPICNet(nn.Module):
    """(x (N, 3, H, W), alpha_bar (N,), image (B, 1, H, W)) -> (N, 3, H, W); N = B, or B = 1 with
    any N.

    width: GPIC's C (8, 16 or 32 in the paper). literal_film: scale * y + bias without the zero
    initialisation and the 1 that make the modulation start as the identity. Source: GPIC Sec. 3.2,
    Fig. 3 and 4."""

    def __init__(
        self,
        width: int,
        fourier_features: int,
        fourier_scale: float,
        embed_of: str,
        literal_film: bool,
    ) -> None:
        super().__init__()
        embedding = 16 * width
        self.encoder = LineEncoder(width)
        self.state = StateBranch(width)
        self.level = LevelEmbedding(embedding, fourier_features, fourier_scale, embed_of)
        levels = [
            DecoderLevel(2 * width * s, width * s, embedding, literal_film)
            for s in reversed(SCALES[:4])
        ]
        self.levels: Sequence[DecoderLevel] = nn.ModuleList(levels)  # type: ignore[assignment]
        self.head = nn.Conv2d(width, 3, 3, padding=1)
        start_from_zero(self.head)

    def encode(self, image: Tensor) -> Encoding:
        """image (B, 1, H, W) in [0, 1], H and W multiples of 16: all of the network that does not
        see the state."""
        *pyramid, bottom = self.encoder(image)
        skips = [
            level.conv_skip(features)
            for level, features in zip(self.levels, reversed(pyramid), strict=True)
        ]
        return Encoding(self.levels[0].up(bottom), skips)

    def decode(self, x: Tensor, embedding: Tensor, encoding: Encoding) -> Tensor:
        """x (N, 3, H, W), embedding (N, D) or (1, D) from ``level(alpha_bar)`` -> (N, 3, H, W)."""
        states = reversed(self.state(x))
        y = encoding.first
        for k, (level, skip, state) in enumerate(
            zip(self.levels, encoding.skips, states, strict=True)
        ):
            # (N, 2^(3-k) C, H/2^(3-k), W/2^(3-k))
            y = level(level.up(y) if k else y, skip, state, embedding)
        return self.head(y)

    def forward(self, x: Tensor, alpha_bar: Tensor, image: Tensor) -> Tensor:
        return self.decode(x, self.level(alpha_bar), self.encode(image))
