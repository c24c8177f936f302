"""DisCo: "Disentangled Image Colorization via Global Anchors" (Xia, Hu, Wong and Wang, 2022).

A few superpixels, the anchors, are coloured first, each by a draw from the classes that it may
have; a transformer then says the colours of all others given them, and a convolutional net brings
superpixels to pixels. Candidates differ by their anchors alone. Here one transformer does both:
anchors are drawn one after another, each given those before, and a user's hints are anchors that
need no draw. Superpixels are SLIC's, not learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.ab_bins import Bins
from colorlab.color import AB, AB_SCALE
from colorlab.conditions.hint_maps import KEPT_BYTES, chroma_shown, superpixels
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    in_channels_last,
)
from colorlab.nets.color_heads import inverse_cdf
from colorlab.nets.refiner_net import RefinerNet
from colorlab.nets.token_net import TokenNet, region_means
from colorlab.nets.unet import padded
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.clusters import farthest
from colorlab.samplers.guides import Guide, Inpaint
from colorlab.storage.memo import Answers, keys_of
from colorlab.types import Batch, Condition

SPACE = AB()
STRIDE = 8  # sides of what is divided into superpixels are multiples of it
REFINED = 10.0  # weight of the refiner's L1; it shares no weight with the rest


@dataclass(frozen=True)
class AnchorOptions:
    """Superpixels and anchors."""

    superpixels: int  # asked for in a picture
    count: int  # of anchors
    temperature: float  # of their colours
    rest: float  # temperature of the annealed mean that the others take


@dataclass(frozen=True)
class TransformerOptions:
    """The transformer, see ``TokenNet``."""

    channels: int
    heads: int
    layers: int


class DisCo(Method):
    """width: of the trunk. bins: classes of colour, see ``table_of``. refiner_width: see
    ``RefinerNet``. micro_batch: candidates coloured together."""

    conditions = SPACE.conditions

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        bins: str,
        net: TransformerOptions,
        anchors: AnchorOptions,
        refiner_width: int,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        self.anchors, self.micro_batch, self.bins = anchors, micro_batch, Bins(bins)
        self.net = TokenNet(width, net.channels, net.heads, net.layers, len(self.bins))
        self.net.trunk = in_channels_last(self.net.trunk)  # type: ignore[assignment]
        self.refiner: RefinerNet = in_channels_last(RefinerNet(refiner_width))  # type: ignore[assignment]
        self.divided = Answers(KEPT_BYTES, 1)

    def labels(self, image: Tensor) -> Tensor:
        """The superpixels of gray pictures (B, 1, H, W): (B, H, W) int64, kept, for a picture comes
        again."""

        def divide(places: list[int]) -> Tensor:
            return torch.stack(
                [superpixels(image[i].cpu(), self.anchors.superpixels) for i in places]
            )

        return self.divided.of(keys_of(image), divide).to(image.device)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """classes: cross-entropy of the superpixels whose colour is not shown, 0 to ``count`` of
        them are; refined: L1 of the ab painted of true superpixels, in units of 110 of Lab."""
        image, rgb = padded(batch.image, STRIDE), padded(batch.rgb, STRIDE)
        label, ab = self.labels(image), SPACE.encode(rgb)
        count = int(label.max()) + 1
        means, there = region_means(ab, label, count)
        truth = self.bins.nearest(AB_SCALE * means)
        known = self.shown(there, draws)
        tokens, _ = self.net.tokens(image, label, count)
        logits = self.net(tokens, there, torch.where(known, truth, len(self.bins)))
        asked = there & ~known
        nats = F.cross_entropy(logits.float().transpose(1, 2), truth, reduction="none")
        classes = (nats * asked).sum() / asked.sum().clamp_min(1)
        refined = F.l1_loss(self.refiner(image, self.spread(means, label)), ab)
        return {
            "loss": classes + REFINED * refined,
            "classes": classes.detach(),
            "refined": refined.detach(),
        }

    def shown(self, there: Tensor, draws: Draws) -> Tensor:
        """Which superpixels (B, R) of a training picture have their true colour: up to ``count``,
        at random."""
        own = draws.to("anchors")
        count = own.choice(self.anchors.count + 1, 1, device=there.device)
        order = (
            own.uniform(there.shape[1], device=there.device)
            .masked_fill(~there, 2.0)
            .argsort(1)
            .argsort(1)
        )
        return (order < count) & there

    def spread(self, colors: Tensor, label: Tensor) -> Tensor:
        """Colours of superpixels (N, R, 2) -> a map (N, 2, H, W)."""
        flat = label.flatten(1).expand(len(colors), -1)[:, None].expand(-1, 2, -1)
        return colors.transpose(1, 2).gather(2, flat).unflatten(2, label.shape[1:])

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """Hints are anchors, and come back exactly. ConfigError: guides."""
        if any(not isinstance(guide, Inpaint) for guide in guides):
            raise ConfigError(
                "disco takes hints, but no guide or bias (leave guide= and bias= out)"
            )
        alone = each_alone(condition, draws)
        return torch.stack([self.candidates(one, n, rows) for one, rows in alone])

    def candidates(self, condition: Condition, n: int, draws: Draws) -> Tensor:
        """n colourings of one picture, (n, 3, H, W) in [0, 1]."""
        image = padded(condition.image, STRIDE)
        hints = chroma_shown(condition, image.shape[-2:])
        label = self.labels(image)
        tokens, there = self.net.tokens(image, label, int(label.max()) + 1)
        height, width = condition.image.shape[-2:]

        def paint(rows: Draws) -> Tensor:
            colors = self.colored(tokens, there, self.hinted(hints, label, tokens.shape[1]), rows)
            ab = self.refiner(image, self.spread(colors / AB_SCALE, label))[..., :height, :width]
            own = hints[..., :height, :width]
            return SPACE.decode(torch.where(own[:, 2:] > 0, own[:, :2], ab), condition.image)

        return in_groups(paint, draws, n, self.micro_batch)

    def hinted(self, hints: Tensor, label: Tensor, count: int) -> Tensor:
        """The class of each superpixel that a hint touches, the number of classes elsewhere:
        (1, R)."""
        means, _ = region_means(hints, label, count)
        share = means[..., 2:]
        bins = self.bins.nearest(AB_SCALE * means[..., :2] / share.clamp_min(1e-6))
        return torch.where(share[..., 0] > 0, bins, len(self.bins))

    def colored(self, tokens: Tensor, there: Tensor, known: Tensor, rows: Draws) -> Tensor:
        """Lab's ab of all superpixels, (m, R, 2): anchors drawn one after another, then the others'
        annealed mean."""
        m, unknown = len(rows), len(self.bins)
        tokens, there, known = (x.expand(m, *x.shape[1:]) for x in (tokens, there, known.clone()))
        u = rows.to("anchors").uniform(self.anchors.count, device=tokens.device)
        known = known.clone()
        places = anchors_of(tokens[0], self.anchors.count)
        for k, place in enumerate(places.tolist()):
            logits = self.net(tokens, there, known)[:, place].float() / self.anchors.temperature
            drawn = inverse_cdf(logits[:, :, None, None], u[:, k, None, None]).flatten()
            known[:, place] = torch.where(known[:, place] == unknown, drawn, known[:, place])
        p = torch.softmax(self.net(tokens, there, known).float() / self.anchors.rest, -1)
        table: Any = torch.cat([self.bins.table, torch.zeros_like(self.bins.table[:1])])
        return torch.where((known == unknown)[..., None], p @ self.bins.table, table[known])


def anchors_of(tokens: Tensor, count: int) -> Tensor:
    """Which of the tokens (R, channels) are anchors: as far from one another as can be, at most
    ``count``."""
    square = torch.cdist(tokens, tokens, compute_mode="donot_use_mm_for_euclid_dist").square()
    return farthest(square, min(count, len(tokens)))
