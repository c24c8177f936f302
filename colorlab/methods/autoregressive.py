"""Methods that draw a small grid of colours place by place, each given all before it, and enlarge
it.

A trunk reads the gray picture; a causal network says what the next colour may be, given the trunk
and the colours before. Unlike marginals, that is a joint distribution with an exact likelihood: a
candidate agrees with itself, and models are compared in bits per number. What the trunk alone says
of each place is learnt beside it, to compare with.

    log p(colours | picture) = sum_i log p(colour_i | colour_1 .. colour_(i-1), picture)"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlab.color import AB
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    in_channels_last,
)
from colorlab.nets.causal_net import CausalNet, Conditioning
from colorlab.nets.cic_net import CICNet
from colorlab.nets.color_heads import ColorHead
from colorlab.progress import finer
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition, Likelihood

SPACE = AB()
BITS = math.log(2)


@dataclass(frozen=True)
class OrderOptions:
    """The networks, and how they draw."""

    stride: int  # the grid has every stride-th row and column of the picture
    shortcuts: bool  # of the trunk, see ``CICNet``
    blocks: int  # of the causal network
    causal_width: int  # its channels
    alone: float  # weight of what the trunk alone says of each place
    temperature: float  # of drawing; 1 = as learnt


class Autoregressive(Method):
    """A subclass gives ``colors_of`` and ``colored``.

    width: of the trunk. head: (its inputs' channels) -> what is said of a place. micro_batch:
    candidates drawn together; the last group is padded to it."""

    conditions = SPACE.conditions

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        order: OrderOptions,
        head: Callable[[int], ColorHead],
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        if not order.temperature > 0:
            raise ValueError(f"temperature is > 0, not {order.temperature}")
        self.order, self.micro_batch = order, micro_batch
        self.trunk: CICNet = in_channels_last(CICNet(width, order.stride, order.shortcuts))  # type: ignore[assignment]
        self.net = CausalNet(3, order.causal_width, self.trunk.channels, order.blocks)
        self.head, self.alone = head(order.causal_width), head(self.trunk.channels)

    def colors_of(self, rgb: Tensor) -> Tensor:
        """True colours (B, 3, H, W) in [0, 1] -> the grid (B, 2, h, w), whole numbers in
        [0, levels)."""
        raise NotImplementedError

    def colored(self, colors: Tensor, image: Tensor) -> Tensor:
        """Grids (m, 2, h, w) of one gray picture (1, 1, H, W) -> (m, 3, H, W) in [0, 1]."""
        raise NotImplementedError

    def seen(self, colors: Tensor) -> Tensor:
        """Colours (N, 2, h, w) as the causal network sees them, (N, 3, h, w): in [-1, 1], and 1
        where there are any."""
        scaled = self.head.scaled(colors.to(self.batches_seen.device).float())
        return torch.cat([scaled, torch.ones_like(scaled[:, :1])], 1)

    def log_p(self, colors: Tensor, embedding: Tensor) -> Tensor:
        """(B, h, w) nats of each colour given those before it; their sum is the joint
        log-likelihood of a grid."""
        return self.head.log_p(self.net(self.seen(colors), self.net.embed(embedding)), colors)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Nats per place. bits: of each of its two numbers, by the joint; alone_bits: by the trunk
        alone."""
        joint, alone = (nats.mean() for nats in self.nats(batch))
        bits = {"bits": joint.detach() / (2 * BITS), "alone_bits": alone.detach() / (2 * BITS)}
        return {"loss": joint + self.order.alone * alone, **bits}

    def nats(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(B, h, w) of each true colour, by the joint and by the trunk alone."""
        embedding, colors = self.trunk(batch.image), self.colors_of(batch.rgb)
        return -self.log_p(colors, embedding), -self.alone.log_p(embedding, colors)

    @torch.inference_mode()
    def likelihood(self, batch: Batch, draws: Draws) -> Likelihood:
        joint, alone = (nats.mean((1, 2)) / (2 * BITS) for nats in self.nats(batch))
        return Likelihood(joint, alone, self.numbers)

    @property
    def numbers(self) -> str:
        """What a grid holds, see ``Likelihood``."""
        raise NotImplementedError

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """ConfigError: guides and hints."""
        refuse(type(self).__name__.lower(), condition, guides)
        return torch.stack(
            [self.candidates(one.image, n, rows) for one, rows in each_alone(condition, draws)]
        )

    def candidates(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture (1, 1, H, W), (n, 3, H, W) in [0, 1]."""
        embedding = self.trunk(image)
        size, told = (embedding.shape[2], embedding.shape[3]), self.net.embed(embedding)
        return in_groups(
            lambda rows: self.colored(self.drawn(told, size, rows), image),
            draws,
            n,
            self.micro_batch,
        )

    @torch.inference_mode()
    def oracle(self, image: Tensor, rgb: Tensor) -> Tensor:
        """What is painted of true grids: pictures (B, 1, H, W) and their true colours (B, 3, H, W)
        -> (B, 3, H, W), all in [0, 1]. No drawing of a grid comes nearer to the truth."""
        grids = self.colors_of(rgb)
        return torch.cat(
            [self.colored(*pair) for pair in zip(grids.split(1), image.split(1), strict=True)]
        )

    def drawn(self, told: Sequence[Conditioning], size: tuple[int, int], rows: Draws) -> Tensor:
        """A grid for each row of draws, (m, 2, h, w), drawn place by place; what was computed
        before is kept."""
        (height, width), m = size, len(rows)
        u = rows.to("order").uniform(self.head.draws, height, width, device=self.device)
        kept, grid = self.net.begin(m, width, u), []
        above = u.new_zeros(m, 3, 1, width)
        for y in finer(range(height)):
            said, left, line = self.net.row(above, told, y, kept), u.new_zeros(m, 3, 1, 1), []
            for x in range(width):
                features = self.net.place(left, said, told, y, x, kept)
                line.append(
                    self.head.drawn(features, u[..., y, None, x, None], self.order.temperature)
                )
                left = self.seen(line[-1])
            grid.append(torch.cat(line, 3))
            above = self.seen(grid[-1])
        return torch.cat(grid, 2)


def refuse(name: str, condition: Condition, guides: Sequence[Guide]) -> None:
    """ConfigError for guides and hints: a hint would reach only the colours after it in reading
    order."""
    if guides or condition.hints is not None:
        raise ConfigError(
            f"{name} draws in reading order and takes no guide, bias or hints (leave them out, or "
            "take method=ugcolor)"
        )
