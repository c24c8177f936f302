"""UniColor: "A Unified Framework for Multi-Modal Colorization with Transformer"
(Huang, Zhao and Liao, 2022, arXiv 2209.11223).

Whatever a user says becomes hint points on a grid. A transformer that sees the gray picture, the
hints and some of the grid's codes of chroma says the others; it learns with codes left out at
random (Sec. 3.2), so that any of them may be drawn first. A candidate is drawn in a few rounds,
each of more codes than the one before (Chang et al., 2022, MaskGIT), in an order of its own; with
as many rounds as cells, one after another. The paper's words and exemplars become hints by other
nets; here ``reference=`` does the latter for every method, before it sees them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.color import AB
from colorlab.conditions.hint_maps import chroma_shown
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
from colorlab.nets.chroma_codes import STRIDE, ChromaCodes
from colorlab.nets.color_heads import inverse_cdf
from colorlab.nets.token_net import TokenNet, region_means
from colorlab.nets.unet import padded
from colorlab.progress import finer
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide, Inpaint
from colorlab.types import Batch, Condition

SPACE = AB()
# weight of the L1 of what is painted of codes; it shares no weight with the transformer
PAINTED = 10.0
FIRST_PICTURES = 256  # at most so many training pictures give the first codes


@dataclass(frozen=True)
class CodeOptions:
    """The codes, see ``ChromaCodes``."""

    count: int
    channels: int
    commitment: float  # weight of what draws the encoder to the codes
    refiner_width: int


@dataclass(frozen=True)
class TransformerOptions:
    """The transformer, see ``TokenNet``."""

    channels: int
    heads: int
    layers: int
    hinted: float  # in training, the largest share of a picture's cells that have hints


@dataclass(frozen=True)
class DrawingOptions:
    """How codes are drawn."""

    rounds: int
    temperature: float  # 1 = as learnt, towards 0 the likeliest


class UniColor(Method):
    """width: of trunk and encoder. micro_batch: candidates drawn together."""

    conditions = SPACE.conditions

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        codes: CodeOptions,
        net: TransformerOptions,
        drawing: DrawingOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        self.commitment, self.hinted_share, self.count = codes.commitment, net.hinted, codes.count
        self.drawing, self.micro_batch = drawing, micro_batch
        painter = ChromaCodes(width, codes.refiner_width, codes.count, codes.channels)
        self.codes: ChromaCodes = in_channels_last(painter)  # type: ignore[assignment]
        self.net = TokenNet(width, net.channels, net.heads, net.layers, codes.count)
        self.net.trunk = in_channels_last(self.net.trunk)  # type: ignore[assignment]
        self.hint = nn.Linear(3, net.channels)

    def prepare(self, pictures: Any) -> None:
        """Codes that begin as what the fresh encoder says of cells of training pictures: each is
        one's nearest."""
        train = pictures.splits["train"]
        batch = pictures[evenly_spread(train, min(FIRST_PICTURES, len(train)))]
        image, ab = padded(batch.image, STRIDE), SPACE.encode(padded(batch.rgb, STRIDE))
        with torch.no_grad():
            z = (
                self.codes.encoded(image.to(self.device), ab.to(self.device))
                .movedim(1, -1)
                .flatten(0, 2)
            )
            self.codes.codebook.copy_(z[torch.linspace(0, len(z) - 1, self.count).long()])

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """codes: nats of a code that is left out, given the others; painted: L1 of ab painted of
        true codes, in units of 110 of Lab; used: share of the codes that are in the batch."""
        image, ab = padded(batch.image, STRIDE), SPACE.encode(padded(batch.rgb, STRIDE))
        grid, apart, painted = self.codes.losses(image, ab, self.commitment)
        truth = grid.flatten(1)
        seen, cells = self.tokens(image)
        hints = self.points(ab, cells, truth.shape[1], draws)
        known = self.left_in(truth, draws)
        logits = self.net(
            seen + self.hint(hints), torch.ones_like(truth, dtype=torch.bool), known
        ).float()
        asked = known == self.count
        nats = (
            F.cross_entropy(logits.transpose(1, 2), truth, reduction="none") * asked
        ).sum() / asked.sum()
        used = len(truth.unique()) / self.count
        parts = {"codes": nats.detach(), "painted": painted.detach(), "used": torch.tensor(used)}
        return {"loss": nats + apart + PAINTED * painted, **parts}

    def tokens(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Gray pictures (B, 1, H, W) -> tokens of the cells (B, R, channels), and the cell of each
        pixel (B, H, W)."""
        rows, columns = (
            torch.arange(side, device=image.device) // STRIDE for side in image.shape[-2:]
        )
        across = int(columns[-1]) + 1
        cells = (rows[:, None] * across + columns).expand(len(image), -1, -1)
        return self.net.tokens(image, cells, (int(rows[-1]) + 1) * across)[0], cells

    def points(self, ab: Tensor, cells: Tensor, count: int, draws: Draws) -> Tensor:
        """Hints of a training batch, (B, R, 3): mean ab of the cells that have one, and 1; 0
        elsewhere."""
        own = draws.to("points")
        share = self.hinted_share * own.uniform(1, device=ab.device)
        there = own.uniform(count, device=ab.device) < share.square()  # mostly few
        return (
            torch.cat([region_means(ab, cells, count)[0], torch.ones_like(there[..., None])], 2)
            * there[..., None]
        )

    def left_in(self, truth: Tensor, draws: Draws) -> Tensor:
        """Codes (B, R) with some, the cosine of a uniform angle as a share, one at least, replaced
        by ``count``: not known."""
        own, cells = draws.to("left"), truth.shape[1]
        out = (
            (cells * torch.cos(math.pi / 2 * own.uniform(1, device=truth.device)))
            .long()
            .clamp_min(1)
        )
        order = own.uniform(cells, device=truth.device).argsort(1).argsort(1)
        return torch.where(order < out, self.count, truth)

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """Hints come back exactly. ConfigError: guides."""
        if any(not isinstance(guide, Inpaint) for guide in guides):
            raise ConfigError(
                "unicolor takes hints, but no guide or bias (leave guide= and bias= out)"
            )
        alone = each_alone(condition, draws)
        return torch.stack([self.candidates(one, n, rows) for one, rows in alone])

    def candidates(self, condition: Condition, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture, (n, 3, H, W) in [0, 1]."""
        image = padded(condition.image, STRIDE)
        shown = chroma_shown(condition, image.shape[-2:])
        tokens, cells = self.tokens(image)
        tokens = tokens + self.hint(hints_of_cells(shown, cells, tokens.shape[1]))
        (height, width), grid = (
            condition.image.shape[-2:],
            [side // STRIDE for side in image.shape[-2:]],
        )
        own = shown[..., :height, :width]

        def paint(rows: Draws) -> Tensor:
            codes = self.drawn(tokens, rows).unflatten(1, grid)
            ab = self.codes.decoder(image, self.codes.of(codes))[..., :height, :width]
            return SPACE.decode(torch.where(own[:, 2:] > 0, own[:, :2], ab), condition.image)

        return in_groups(paint, draws, n, self.micro_batch)

    def drawn(self, tokens: Tensor, rows: Draws) -> Tensor:
        """Codes (m, R) of one picture's cells, tokens (1, R, channels), a row of draws each."""
        m, R = len(rows), tokens.shape[1]
        tokens, there = (
            tokens.expand(m, -1, -1),
            torch.ones(m, R, dtype=torch.bool, device=tokens.device),
        )
        turn = rows.to("order").uniform(R, device=tokens.device).argsort(1).argsort(1)
        u = rows.to("codes").uniform(R, device=tokens.device)
        known = torch.full((m, R), self.count, device=tokens.device)
        for begin, end in finer(rounds_of(R, self.drawing.rounds)):
            logits = self.net(tokens, there, known).float() / self.drawing.temperature
            drawn = inverse_cdf(logits.transpose(1, 2)[..., None], u[..., None])[..., 0]
            known = torch.where((turn >= begin) & (turn < end), drawn, known)
        return known


def hints_of_cells(shown: Tensor, cells: Tensor, count: int) -> Tensor:
    """Hints (1, 3, H, W), ab and mask -> (1, count, 3): the mean ab of what is shown in each cell,
    and 1; or 0."""
    means = region_means(shown, cells, count)[0]
    there = means[..., 2:] > 0
    return torch.where(
        there, torch.cat([means[..., :2] / means[..., 2:].clamp_min(1e-6), there.float()], 2), 0.0
    )


def rounds_of(cells: int, rounds: int) -> list[tuple[int, int]]:
    """Which places of the order are drawn together: few at first, by the cosine; no round is empty,
    and none more than there are cells."""
    ends = [
        cells - math.floor(cells * math.cos(math.pi / 2 * (t + 1) / rounds))
        for t in range(rounds - 1)
    ]
    if rounds >= cells:
        ends = list(range(1, cells))
    bounds = sorted({0, *ends, cells})
    return list(itertools.pairwise(bounds))
