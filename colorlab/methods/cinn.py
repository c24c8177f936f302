"""cINN: guided image generation with conditional invertible neural networks
(Ardizzone et al., 2019, arXiv 1907.02392).

Training is maximum likelihood: the net turns the true colours, shown the picture, into standard
normal noise, and the change of volume is known exactly. Sampling runs it backwards from fresh
noise.

    log p(x | picture) = log N(z; 0, 1) + log |det dz/dx|,   z = f(x; picture)               (Eq. 2)

Colours that were rounded to 8 bits lie on a grid, and flat areas on a single point: a density over
them has no upper bound. ``dequantise`` and ``noise`` give every colour a volume again
(experiments/flow_flat_regions)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import AB_SCALE, space_named
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    evenly_spread,
    in_channels_last,
)
from colorlab.nets.cinn_net import Encoding, FlowNet
from colorlab.nets.unet import padded
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition, Likelihood

EIGHT_BITS = 1 / 255
MEASURED = 256  # training pictures whose colours give mean and deviation
SETTLED = 32  # of which so many set the norms


@dataclass(frozen=True)
class NetOptions:
    """The flow, see ``FlowNet``."""

    blocks: list[int]
    clamp: float
    shrink: int


@dataclass(frozen=True)
class LearningOptions:
    """What is added to the colours that are learned from."""

    dequantise: bool  # uniform noise of one 8-bit step, to RGB
    noise: float  # deviation of normal noise, to the normalised colours


class CINN(Method):
    """space: ab, chroma for a gray picture (the paper), or rgb, which also colours line drawings.
    width, net: of the flow. temperature: of the noise that candidates start from. micro_batch:
    candidates sampled together."""

    mean: Tensor  # (C, 1, 1)
    std: Tensor

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        space: str,
        width: int,
        net: NetOptions,
        learning: LearningOptions,
        temperature: float,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        if space == "rgb" and net.shrink > 1:
            raise ValueError(
                f"shrink={net.shrink} blurs a picture in space=rgb (set method.net.shrink=1)"
            )
        self.space = space_named(space)
        self.conditions = self.space.conditions
        self.shrink, self.dequantise, self.noise = net.shrink, learning.dequantise, learning.noise
        self.temperature, self.micro_batch = temperature, micro_batch
        self.stride = net.shrink * 2 ** len(net.blocks)
        flow = FlowNet(self.space.channels, width, net.blocks, net.clamp, net.shrink)
        self.net: FlowNet = in_channels_last(flow)  # type: ignore[assignment]
        self.register_buffer("mean", torch.zeros(self.space.channels, 1, 1))
        self.register_buffer("std", torch.ones(self.space.channels, 1, 1))

    def prepare(self, pictures: Any) -> None:
        """Mean and deviation of the training colours, and norms set by the data
        (the net's start)."""
        train = pictures.splits["train"]
        batch = pictures[sorted({*evenly_spread(train, min(len(train), MEASURED))})]
        std, mean = torch.std_mean(self.space.encode(batch.rgb), (0, 2, 3))
        (
            self.mean.copy_(mean[:, None, None]),
            self.std.copy_(std[:, None, None].clamp_min(EIGHT_BITS)),
        )
        few = pictures[batch.index[:: max(1, len(batch.index) // SETTLED)].tolist()]
        rgb, image = padded(few.rgb, self.stride), padded(few.image, self.stride)
        self.net.settle(
            self.target(rgb, Draws(self.seed, few.index.tolist(), purpose="prepare")), image
        )

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """-log p(x | picture) in nats per dimension of the normalised colours, and its two
        parts."""
        normal, volume = (part.mean() for part in self.nats(batch, draws))
        return {"loss": normal - volume, "normal": normal.detach(), "volume": volume.detach()}

    def nats(self, batch: Batch, draws: Draws) -> tuple[Tensor, Tensor]:
        """(B,): -log N(z) and log |det dz/dx|, per dimension."""
        x = self.target(padded(batch.rgb, self.stride), draws)
        z, log_det = self.net(x, self.net.encode(padded(batch.image, self.stride)))
        dimensions = x[0].numel()
        squares = torch.stack([part.square().sum((1, 2, 3)) for part in z]).sum(0)
        return (squares / dimensions + math.log(2 * math.pi)) / 2, log_det / dimensions

    @torch.inference_mode()
    def likelihood(self, batch: Batch, draws: Draws) -> Likelihood:
        """A density at the colours as they are learned from, with the noise of ``draws``, per Lab
        unit or 8-bit step; no distribution of a place alone is known, so that alone is NaN. What
        pads a picture is counted as well."""
        normal, volume = self.nats(batch, draws)
        # of what ``encode`` gives
        unit = AB_SCALE if self.space.channels == 2 else 0.5 / EIGHT_BITS
        bits = (normal - volume + (self.std * unit).log().mean()) / math.log(2)
        name = "ab" if self.space.channels == 2 else "rgb"
        return Likelihood(
            bits, torch.full_like(bits, math.nan), f"{name}_mean_{self.shrink}_density"
        )

    def target(self, rgb: Tensor, draws: Draws) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> normalised colours (B, C, H / shrink, W / shrink), with noise
        of their own."""
        rgb = F.avg_pool2d(rgb, self.shrink) if self.shrink > 1 else rgb
        if self.dequantise:
            rgb = (
                rgb
                + (draws.to("dequantise").uniform(*rgb.shape[1:], device=rgb.device) - 0.5)
                * EIGHT_BITS
            )
        x = (self.space.encode(rgb) - self.mean) / self.std
        if self.noise:
            x = x + self.noise * draws.to("noise").normal(*x.shape[1:], device=x.device)
        return x.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """ConfigError: any guide."""
        if guides:
            raise ConfigError("cinn takes no guides (leave guide, bias, hints and reference out)")
        return torch.stack(
            [self.candidates(one.image, n, rows) for one, rows in each_alone(condition, draws)]
        )

    def candidates(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture (1, 1, H, W), (n, 3, H, W) in [0, 1]."""
        height, width = image.shape[-2:]
        fitted = padded(image, self.stride)
        encoding = self.net.encode(fitted)
        drawn = in_groups(
            lambda rows: self.group(encoding, fitted, rows), draws, n, self.micro_batch
        )
        return drawn[..., :height, :width]

    def group(self, encoding: Encoding, image: Tensor, rows: Draws) -> Tensor:
        """The candidates of one picture (1, 1, H, W) that are sampled together, (m, 3, H, W) in
        [0, 1]."""
        height, width = image.shape[-2:]
        z = self.net.noise(rows, height // self.shrink, width // self.shrink, image.device)
        x = (
            self.net.inverse([self.temperature * part for part in z], encoding) * self.std
            + self.mean
        )
        if self.shrink > 1:
            x = F.interpolate(x, (height, width), mode="bilinear", antialias=False)
        return self.space.decode(x.clamp(-1, 1), image)  # a flow may throw rare noise anywhere
