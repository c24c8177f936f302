"""How a guider's features enter the layers of a frozen U-Net: each mixer changes nothing before it
has learned.

Liu et al. (2023), "Improved Diffusion-based Image Colorization via Piggybacked Models", Eq. 2; its
two alternatives are Zhang and Agrawala's (2023, ControlNet) and Perez et al.'s (2018, FiLM). Of two
factors in a row only one may begin at zero: the gradient of each is a multiple of the other, and
two zeros would stay for ever."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MIXES = ("concat", "add", "film")


class Concat(nn.Module):
    """F' = A F + B C G + b, which is Conv1x1(Concat(F, Conv1x1(G))) of Eq. 2; begins with A = C =
    1, B = b = 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(channels, channels, 1)
        self.outer = zeroed(nn.Conv2d(2 * channels, channels, 1))
        zeroed(self.inner)
        for conv in (self.inner, self.outer):
            nn.init.dirac_(conv.weight)

    def forward(self, F: Tensor, G: Tensor) -> Tensor:
        """(N, C, h, w) twice -> (N, C, h, w)."""
        return self.outer(torch.cat([F, self.inner(G).to(F)], 1))


class Add(nn.Module):
    """F' = F + C G + c; begins with C = c = 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, F: Tensor, G: Tensor) -> Tensor:
        """(N, C, h, w) twice -> (N, C, h, w)."""
        return F + self.conv(G)


class Film(nn.Module):
    """F' = (1 + s) F + b with (s, b) = C G + c at each place; begins with C = c = 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = zeroed(nn.Conv2d(channels, 2 * channels, 1))

    def forward(self, F: Tensor, G: Tensor) -> Tensor:
        """(N, C, h, w) twice -> (N, C, h, w)."""
        scale, shift = self.conv(G).chunk(2, 1)
        return (1 + scale) * F + shift


def mixer(mix: str, channels: int) -> nn.Module:
    """The mixer called concat, add or film."""
    match mix:
        case "concat":
            return Concat(channels)
        case "add":
            return Add(channels)
        case "film":
            return Film(channels)
        case _:
            raise ValueError(f"mix is {', '.join(MIXES)}, not {mix!r}")


def zeroed(conv: nn.Conv2d) -> nn.Conv2d:
    """The convolution, weights and bias 0."""
    nn.init.zeros_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
