"""The conditional invertible network of Ardizzone et al. (2019, arXiv 1907.02392): colours x <->
noise z, shown a picture.

Levels, fine to coarse: a Haar transform halves the side, then coupling blocks; from the second
level on, half of the channels leave as noise (Dinh et al., 2017, arXiv 1605.08803, Sec. 3.6). Where
the paper ends in fully connected blocks, which tie it to one size, the coarsest level here is
convolutional: 3 x 3 on the 4 x 4 places of a 64 px picture.

All that is inverted is float32, also under autocast; the subnets, which need no inverse, may run in
16 bits. Their hidden features are bounded (ReLU6), so that no sample, however far out, is thrown
further and further by the next."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.draws import Draws

WIDEST = 4  # a coarse level has at most so many times the channels of the finest
# rows: mean, details across, down, diagonal
HAAR = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))

# a level: what the picture tells each subnet, (B, hidden, h, w)
Encoding = list[tuple[Tensor, ...]]


class FlowNet(nn.Module):
    """channels of x: 2 or 3. width: channels of the finest level's subnets. blocks: how many each
    level has. clamp: of the log-scales. shrink: x has 1 / shrink of the picture's side; a power of
    two."""

    def __init__(
        self, channels: int, width: int, blocks: Sequence[int], clamp: float, shrink: int
    ) -> None:
        super().__init__()
        self.channels = channels
        hidden = [width * min(2**k, WIDEST) for k in range(len(blocks))]
        self.condition = ConditionNet(hidden, [2 * count for count in blocks], shrink)
        self.splits = [0 < k < len(blocks) - 1 for k in range(len(blocks))]
        levels: list[Level] = []
        for k, count in enumerate(blocks):
            channels *= 4
            levels.append(Level(k, channels, hidden[k], count, clamp))
            channels //= 2 if self.splits[k] else 1
        self.levels: Sequence[Level] = nn.ModuleList(levels)  # type: ignore[assignment]

    def encode(self, image: Tensor) -> Encoding:
        """All that the picture (B, 1, H, W) in [0, 1] contributes; a batch of 1 broadcasts over
        candidates."""
        return self.condition(image)

    def forward(self, x: Tensor, encoding: Encoding) -> tuple[list[Tensor], Tensor]:
        """x (B, C, h, w) -> z as a list of tensors, finest first, with as many numbers; log |det
        dz/dx| (B,)."""
        parts, log_det = [], x.new_zeros(len(x))
        for level, told, split in zip(self.levels, encoding, self.splits, strict=True):
            x, gained = level(x, told)
            log_det = log_det + gained
            if split:
                x, part = x.chunk(2, 1)
                parts.append(part)
        return [*parts, x], log_det

    def inverse(self, z: Iterable[Tensor], encoding: Encoding) -> Tensor:
        """What ``forward`` made z of, (B, C, h, w)."""
        *parts, x = z
        for level, told, split in reversed(
            list(zip(self.levels, encoding, self.splits, strict=True))
        ):
            if split:
                x = torch.cat([x, parts.pop()], 1)
            x = level.inverse(x, told)
        return x

    def noise(self, draws: Draws, height: int, width: int, device: torch.device) -> list[Tensor]:
        """Standard normal z for x of this size, one row per row of draws."""
        shapes, channels = [], self.channels
        for split in self.splits:
            channels, height, width = 4 * channels, height // 2, width // 2
            if split:
                channels //= 2
                shapes.append((channels, height, width))
        return [
            draws.normal(*shape, device=device) for shape in [*shapes, (channels, height, width)]
        ]

    @torch.no_grad()
    def settle(self, x: Tensor, image: Tensor) -> None:
        """Set every norm so that its output on these pictures has mean 0 and deviation 1
        (Glow's start)."""
        with ExitStack() as hooks:
            for module in self.modules():
                if isinstance(module, ActNorm):
                    handle = module.register_forward_pre_hook(_settle)
                    hooks.callback(handle.remove)
            self(x, self.encode(image))


def _settle(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
    assert isinstance(norm, ActNorm)
    std, mean = torch.std_mean(inputs[0], (0, 2, 3))
    norm.shift.copy_(-mean)
    norm.log_scale.copy_(-std.clamp_min(1e-6).log())


class Level(nn.Module):
    """A Haar transform and its coupling blocks."""

    def __init__(self, number: int, channels: int, hidden: int, count: int, clamp: float) -> None:
        super().__init__()
        mixings = Draws(number, range(count), purpose="mixing").normal(channels, channels)
        blocks = [Block(torch.linalg.qr(mixing).Q, hidden, clamp) for mixing in mixings]
        self.blocks: Sequence[Block] = nn.ModuleList(blocks)  # type: ignore[assignment]

    def forward(self, x: Tensor, told: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) -> (B, 4 C, h / 2, w / 2), log-determinant (B,)."""
        x, log_det = haar(x), x.new_zeros(len(x))
        for k, block in enumerate(self.blocks):
            x, gained = block(x, *told[2 * k : 2 * k + 2])
            log_det = log_det + gained
        return x, log_det

    def inverse(self, x: Tensor, told: Sequence[Tensor]) -> Tensor:
        """(B, 4 C, h / 2, w / 2) -> (B, C, h, w)."""
        for k, block in reversed(list(enumerate(self.blocks))):
            x = block.inverse(x, *told[2 * k : 2 * k + 2])
        return haar_inverse(x)


class Block(nn.Module):
    """Norm, fixed orthogonal mixing of the channels, then each half scaled and shifted as the other
    one says:

        y_2 = x_2 exp(s(x_1)) + t(x_1),  y_1 = x_1 exp(s(y_2)) + t(y_2)

    s and t also see the picture. Log-scales are softly clamped, s = 2 c / pi atan(s' / c), so that
    none runs away."""

    mixing: Tensor

    def __init__(self, mixing: Tensor, hidden: int, clamp: float) -> None:
        super().__init__()
        self.register_buffer("mixing", mixing[:, :, None, None].contiguous())
        self.norm, self.clamp = ActNorm(len(mixing)), clamp
        self.subnets = nn.ModuleList(Subnet(len(mixing) // 2, hidden) for _ in range(2))

    def forward(self, x: Tensor, told_1: Tensor, told_2: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) -> the same, log-determinant (B,)."""
        x_1, x_2 = mixed(self.norm(x), self.mixing).chunk(2, 1)
        s_1, t_1 = self._affine(0, x_1, told_1)
        y_2 = x_2 * s_1.exp() + t_1
        s_2, t_2 = self._affine(1, y_2, told_2)
        y_1 = x_1 * s_2.exp() + t_2
        log_det = self.norm.log_scale.sum() * x[0, 0].numel()
        return torch.cat([y_1, y_2], 1), log_det + s_1.sum((1, 2, 3)) + s_2.sum((1, 2, 3))

    def inverse(self, y: Tensor, told_1: Tensor, told_2: Tensor) -> Tensor:
        """(B, C, h, w) -> the same."""
        y_1, y_2 = y.chunk(2, 1)
        s_2, t_2 = self._affine(1, y_2, told_2)
        x_1 = (y_1 - t_2) * (-s_2).exp()
        s_1, t_1 = self._affine(0, x_1, told_1)
        x_2 = (y_2 - t_1) * (-s_1).exp()
        return self.norm.inverse(mixed(torch.cat([x_1, x_2], 1), self.mixing.transpose(0, 1)))

    def _affine(self, half: int, x: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        s, t = self.subnets[half](x, told).float().chunk(2, 1)
        return 2 * self.clamp / math.pi * torch.atan(s / self.clamp), t


class Subnet(nn.Module):
    """(B, C, h, w) and what the picture tells (B or 1, hidden, h, w) -> (B, 2 C, h, w); starts at
    0."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, hidden, 3, padding=1)
        self.last = nn.Conv2d(hidden, 2 * channels, 3, padding=1)
        for parameter in self.last.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        return self.last(F.relu6(self.first(x) + told))


class ActNorm(nn.Module):
    """A scale and a shift a channel (Kingma and Dhariwal, Glow, 2018, arXiv 1807.03039)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.shift[:, None, None]) * self.log_scale.exp()[:, None, None]

    def inverse(self, y: Tensor) -> Tensor:
        return y * (-self.log_scale).exp()[:, None, None] - self.shift[:, None, None]


class ConditionNet(nn.Module):
    """The picture on a way down to the coarsest level and up again; at each level, what every
    subnet is told."""

    def __init__(self, hidden: Sequence[int], subnets: Sequence[int], shrink: int) -> None:
        super().__init__()
        into = [1, *[hidden[0]] * int(math.log2(shrink))]
        self.stem = nn.ModuleList(
            conv(c, hidden[0], 1 if k == 0 else 2) for k, c in enumerate(into)
        )
        finer = [hidden[0], *hidden[:-1]]
        self.down = nn.ModuleList(conv(a, b, 2) for a, b in zip(finer, hidden, strict=True))
        self.whole = conv(hidden[-1], hidden[-1], 1, kernel=1)
        self.up = nn.ModuleList(
            conv(a, b, 1, kernel=1) for a, b in zip(hidden[1:], hidden, strict=False)
        )
        self.here = nn.ModuleList(conv(c, c, 1) for c in hidden)
        told = zip(hidden, subnets, strict=True)
        self.tell = nn.ModuleList(conv(c, c * count, 1, kernel=1) for c, count in told)
        self.subnets = list(subnets)

    def forward(self, image: Tensor) -> Encoding:
        """(B, 1, H, W) -> per level, finest first, one (B, hidden, h, w) a subnet."""
        x = 2 * image - 1
        for layer in self.stem:
            x = F.relu(layer(x))
        levels: list[Tensor] = []
        for layer in self.down:
            x = F.relu(layer(x))
            levels.append(x)
        x = levels[-1] + self.whole(levels[-1].mean((2, 3), keepdim=True))
        told = []
        for k in reversed(range(len(levels))):
            if k < len(levels) - 1:
                x = levels[k] + F.interpolate(self.up[k](x), scale_factor=2.0)
            x = F.relu(self.here[k](x))
            told.append(self.tell[k](x).chunk(self.subnets[k], 1))
        return told[::-1]


def conv(channels_in: int, channels_out: int, stride: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2)


def mixed(x: Tensor, mixing: Tensor) -> Tensor:
    """(B, C, h, w) times an orthogonal (C, C, 1, 1), in float32."""
    with torch.autocast(x.device.type, enabled=False):
        return F.conv2d(x, mixing)


def haar(x: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, 4 C, h / 2, w / 2): the means of 2 x 2 pixels times 2, then three kinds
    of details; an orthogonal map."""
    corners = [x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return torch.cat([_signed_sum(corners, signs) for signs in HAAR], 1)


def haar_inverse(x: Tensor) -> Tensor:
    """(B, 4 C, h / 2, w / 2) -> (B, C, h, w)."""
    corners = [_signed_sum(x.chunk(4, 1), signs) for signs in zip(*HAAR, strict=True)]
    rows = [torch.stack(corners[k : k + 2], -1).flatten(-2) for k in (0, 2)]
    return torch.stack(rows, -2).flatten(-3, -2)


def _signed_sum(parts: Sequence[Tensor], signs: Iterable[int]) -> Tensor:
    a, b, c, d = (part if sign > 0 else -part for part, sign in zip(parts, signs, strict=True))
    return (a + b + c + d) / 2
