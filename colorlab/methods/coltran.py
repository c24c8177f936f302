"""ColTran: "Colorization Transformer" (Kumar, Weissenborn and Kalchbrenner, 2021, arXiv
2102.04432).

An axial transformer draws the coarse colours of a small grid in reading order, a joint distribution
with an exact likelihood; two more, which take all places at once, bring the grid to fine levels and
to the picture's size. A parallel head says each place's colour from the picture alone: that is what
the joint is compared with.

    L = (1 - lambda) L_joint + lambda L_parallel                                       (Sec. 4.3)"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import space_named
from colorlab.draws import Draws
from colorlab.methods.autoregressive import refuse
from colorlab.methods.base import Losses, Method, OptimizerFactory, ScheduleFactory
from colorlab.nets.color_heads import inverse_cdf
from colorlab.nets.coltran_net import Colorizer, Encoding, Upsampler
from colorlab.progress import finer
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition, Likelihood

NUMBERS = 3  # of a colour: red, green and blue
BITS = math.log(2)


@dataclass(frozen=True)
class TransformerOptions:
    """The networks, and how they draw."""

    heads: int
    blocks: int  # of each part
    stride: int  # of the grid of coarse colours on the picture
    coarse: int  # levels of red, green and blue in the coarse colours; 8 make 512 of them
    levels: int  # of the upsamplers
    parallel: float  # lambda, the parallel head's weight
    temperature: float  # of drawing; 1 = as learnt


class ColTran(Method):
    """space: rgb, as painted, which also colours line drawings, or ab, at the gray picture's own
    lightness. width: of all three networks. micro_batch: candidates drawn together; the last group
    is padded to it."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        space: str,
        width: int,
        net: TransformerOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        if not net.temperature > 0:
            raise ValueError(f"temperature is > 0, not {net.temperature}")
        self.space, self.form, self.micro_batch = space_named(space), net, micro_batch
        self.conditions = self.space.conditions
        self.net = Colorizer(width, net.heads, net.blocks, net.stride, net.coarse**NUMBERS)
        self.finer_levels = Upsampler(width, net.heads, net.blocks, net.stride, net.levels)
        self.finer_grid = Upsampler(width, net.heads, net.blocks, 1, net.levels)

    def cells(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> the mean of each cell, (B, 3, h, w)."""
        return F.avg_pool2d(rgb, self.form.stride, ceil_mode=True, count_include_pad=False)

    def symbols(self, cells: Tensor) -> Tensor:
        """Colours (B, 3, h, w) in [0, 1] -> (B, h, w) int64, which of the coarse colours each
        is."""
        r, g, b = (cells * self.form.coarse).long().clamp(0, self.form.coarse - 1).unbind(1)
        return (r * self.form.coarse + g) * self.form.coarse + b

    def coarse(self, symbols: Tensor) -> Tensor:
        """The middles of coarse colours, (N, 3, h, w) in [0, 1]."""
        k = self.form.coarse
        return (torch.stack([symbols // k**2, symbols // k % k, symbols % k], 1) + 0.5) / k

    def enlarged(self, cells: Tensor, image: Tensor) -> Tensor:
        """Each pixel gets its cell: (N, 3, h, w) -> (N, 3, H, W)."""
        height, width = image.shape[-2:]
        return F.interpolate(cells, scale_factor=self.form.stride)[..., :height, :width]

    def log_p(self, symbols: Tensor, encoding: Encoding) -> Tensor:
        """(B, h, w) nats of each coarse colour given those before it; their sum is the joint
        log-likelihood."""
        return chosen(self.net(symbols, encoding), symbols)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Nats per place, of the coarse grid, and a number, of both upsamplers, which are shown
        true coarse colours.
        bits, alone_bits: of each of the grid's numbers, by the joint and by the parallel head."""
        cells = self.cells(batch.rgb)
        symbols = self.symbols(cells)
        joint, alone = (nats.mean() for nats in self.nats(batch.image, symbols))
        levels = self.upsampled_nats(self.finer_levels, self.coarse(symbols), batch.image, cells)
        grid = self.upsampled_nats(
            self.finer_grid, self.enlarged(cells, batch.image), batch.image, batch.rgb
        )
        total = (1 - self.form.parallel) * joint + self.form.parallel * alone + levels + grid
        bits = {
            "bits": joint.detach() / (NUMBERS * BITS),
            "alone_bits": alone.detach() / (NUMBERS * BITS),
        }
        return {"loss": total, **bits, "finer_levels": levels.detach(), "finer_grid": grid.detach()}

    def nats(self, image: Tensor, symbols: Tensor) -> tuple[Tensor, Tensor]:
        """(B, h, w) of each coarse colour, by the joint and by the parallel head."""
        encoding = self.net.encode(image)
        return -self.log_p(symbols, encoding), -chosen(encoding.alone, symbols)

    @torch.inference_mode()
    def likelihood(self, batch: Batch, draws: Draws) -> Likelihood:
        """Of the coarse grid."""
        symbols = self.symbols(self.cells(batch.rgb))
        joint, alone = (
            nats.mean((1, 2)) / (NUMBERS * BITS) for nats in self.nats(batch.image, symbols)
        )
        return Likelihood(joint, alone, f"rgb_mean_{self.form.stride}_levels_{self.form.coarse}")

    def upsampled_nats(
        self, net: Upsampler, coarse: Tensor, image: Tensor, truth: Tensor
    ) -> Tensor:
        """Cross-entropy of an upsampler's levels, nats per number."""
        target = (truth * (self.form.levels - 1)).round().long().clamp(0, self.form.levels - 1)
        return F.cross_entropy(net(coarse, image).transpose(1, 2).float(), target)

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """ConfigError: guides and hints."""
        refuse("coltran", condition, guides)
        return torch.stack(
            [self.candidates(one.image, n, rows) for one, rows in each_alone(condition, draws)]
        )

    def candidates(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture (1, 1, H, W), (n, 3, H, W) in [0, 1]."""
        encoding = self.net.encode(image)
        return in_groups(
            lambda rows: self.colored(self.drawn(encoding, rows), image), draws, n, self.micro_batch
        )

    def colored(self, symbols: Tensor, image: Tensor) -> Tensor:
        """Coarse grids (m, h, w) -> pictures (m, 3, H, W) in [0, 1], by both upsamplers' likeliest
        levels."""
        cells = self.finer_levels.colors(self.coarse(symbols), image)
        rgb = self.finer_grid.colors(self.enlarged(cells, image), image)
        return self.space.decode(self.space.encode(rgb), image)

    @torch.inference_mode()
    def oracle(self, image: Tensor, rgb: Tensor) -> Tensor:
        """What the upsamplers paint of true coarse colours: pictures (B, 1, H, W) and their true
        colours (B, 3, H, W)
        -> (B, 3, H, W), all in [0, 1]."""
        grids = self.symbols(self.cells(rgb))
        return torch.cat(
            [self.colored(*pair) for pair in zip(grids.split(1), image.split(1), strict=True)]
        )

    def drawn(self, encoding: Encoding, rows: Draws) -> Tensor:
        """A coarse grid for each row of draws, (m, h, w), drawn place by place; keys and values are
        kept."""
        height, width = encoding.alone.shape[1:3]
        u = rows.to("order").uniform(height, width, device=self.device)
        kept: list[Any] = [None] * len(self.net.outer)
        above, grid = u.new_zeros(len(rows), 1, width, self.net.width), []
        for y in finer(range(height)):
            grid.append(self.drawn_row(above, encoding, y, height, u[:, y]))
            above = self.net.row(grid[-1], encoding, y, height, kept)
        return torch.cat(grid, 1)

    def drawn_row(
        self, above: Tensor, encoding: Encoding, y: int, height: int, u: Tensor
    ) -> Tensor:
        """Row y (m, 1, w), from what the outer decoder says of those above it, (m, 1, w, C)."""
        told = above + self.net.place_of(y, height, above)
        kept: list[Any] = [None] * len(self.net.inner)
        left, line = torch.zeros_like(told[:, :, :1]), []
        for x in range(u.shape[1]):
            logits = self.net.place(told[:, :, x : x + 1] + left, encoding, y, x, kept)
            logits = logits[:, :, None, None].float() / self.form.temperature
            line.append(inverse_cdf(logits, u[:, x, None, None]))
            left = self.net.symbol(line[-1])
        return torch.cat(line, 2)


def chosen(logits: Tensor, symbols: Tensor) -> Tensor:
    """Log-probabilities (B, h, w) of symbols (B, h, w) by logits (B, h, w, symbols)."""
    return torch.log_softmax(logits.float(), -1).gather(-1, symbols[..., None])[..., 0]
