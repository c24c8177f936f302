"""Flats: one colour for each closed area of a line drawing, drawn area by area from a palette, at
any size.

A small net reads the drawing and sums it up area by area; a transformer over the areas gives each a
distribution over a palette, given the colours already chosen, in any order (after Pannier et al.,
2024, "sigma-GPTs")."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.area_shapes import likeness
from colorlab.conditions.palette import colors_of_lab, fitted_palette, lab_of_colors
from colorlab.draws import Draws
from colorlab.methods.area_inputs import PreparedDrawing, Shown
from colorlab.methods.area_options import DecoderOptions, HandOptions, ReadingOptions
from colorlab.methods.areas import AreaMethod, given_areas
from colorlab.methods.base import OptimizerFactory, ScheduleFactory
from colorlab.nets.area_encoder import Drawn
from colorlab.nets.color_decoder import ColorDecoder
from colorlab.samplers.area_colors import Known, Palette, PaletteSampler, Sites, Step
from colorlab.samplers.area_guides import OnlyColors
from colorlab.samplers.candidates import in_groups
from colorlab.samplers.guidance import GuidanceOptions
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Likelihood

FITTED_PICTURES = 4096  # of the training set, so many give the palette
SEARCHED_PICTURES = 1024  # the same, where their areas have to be found first
# Lab in hundreds: colours are told so inexactly in training, because a user's are not the palette's
JITTER = 0.015
# share of the training pictures whose areas come in any order, not from large to small
SHUFFLED = 0.3
LOOSE = 3.0  # places by which that order is not strict

Begin = Callable[[Tensor], Step]  # an order of areas (n, R) -> the first step


@dataclass(frozen=True)
class PaletteOptions(DecoderOptions):
    """What gives colours of a palette. colors: of the palette. softness: Lab units by which the
    true colour's neighbours in the palette are right too."""

    colors: int
    softness: float


class Flats(AreaMethod):
    """The method.

    choice: of colours, given their distributions. micro_batch: candidates sampled together; the
    last group is padded to it, so that candidate k is the same bits whatever n is. guidance: a
    scale of 0 is off. The rest: see ``AreaMethod``."""

    palette: Tensor  # (colors, 3) Lab in hundreds

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        choice: PaletteSampler,
        reading: ReadingOptions,
        decoder: PaletteOptions,
        hand: HandOptions,
        guidance: GuidanceOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule, reading, hand, decoder.turns, guidance)
        self.choice, self.softness, self.micro_batch = choice, decoder.softness / 100, micro_batch
        self.decoder = ColorDecoder(reading.width, decoder.layers, reading.heads, decoder.colors)
        self.register_buffer("palette", torch.zeros(decoder.colors, 3))

    def prepare(self, pictures: Any) -> None:
        """The palette, and a decoder that starts from how common its colours are."""
        super().prepare(pictures)
        searched = pictures[pictures.splits["train"][:1]].areas is None  # at some 20 ms a picture
        colors, weight = self.colors_in(
            pictures, SEARCHED_PICTURES if searched else FITTED_PICTURES
        )
        lab = lab_of_colors(colors)
        self.palette = fitted_palette(lab, weight, len(self.palette))
        parts = zip(lab.split(4096), weight.split(4096), strict=True)
        share = torch.stack([own @ self.soft(part) for part, own in parts]).sum(0) / weight.sum()
        with torch.no_grad():
            self.decoder.head.bias.copy_((share + 1e-5).log())

    def soft(self, lab: Tensor) -> Tensor:
        """(..., 3) -> (..., K): how right each colour of the palette is, summing to 1."""
        return torch.softmax(-torch.cdist(lab, self.palette).square() / (2 * self.softness**2), -1)

    def randomness(self, shown: Shown, draws: Draws) -> list[Tensor]:
        """Scores (B, turns, R), areas are told from the lowest on; and jitter (B, turns, R, 3)."""
        R = shown.colors.shape[1]
        return [self.scores(R, draws), JITTER * draws.to("jitter").normal(self.turns, R, 3)]

    def scores(self, R: int, draws: Draws) -> Tensor:
        """Of an order that begins with a random share of the areas, as if known, and goes on from
        large to small, not strictly, in some pictures not at all."""
        known, shuffled = draws.to("known").uniform(2, self.turns, 1).unbind(1)
        first = given_areas(known, draws.to("first").uniform(self.turns, R))
        noise = draws.to("order").uniform(self.turns, R)
        rank = torch.where(shuffled < SHUFFLED, R * noise, torch.arange(R) + LOOSE * noise)
        return torch.where(first, noise - 1, rank)

    def losses(self, drawn: Drawn, shown: Shown, random: list[Tensor]) -> Tensor:
        """Cross-entropy of each area's colour, given those before it, in nats."""
        scores, jitter = random
        order = scores.masked_fill(~drawn.valid, 1e6).argsort(dim=1, stable=True)
        lab = lab_of_colors(shown.colors)
        logits = self.decoder(drawn, lab + jitter, order).float()
        right = self.soft(lab.gather(1, order[..., None].expand(-1, -1, 3)))
        entropy = -(right * torch.log_softmax(logits, -1)).sum(-1)
        return torch.zeros_like(entropy).scatter(1, order, entropy)

    @torch.inference_mode()
    def likelihood(self, batch: Batch, draws: Draws) -> Likelihood:
        """Of the colours of the palette nearest to the areas' true ones, from the largest area on;
        bits per area."""
        shown = self.shown(batch)
        found = [self._bits(Shown(*(x[b : b + 1] for x in shown))) for b in range(len(shown.count))]
        joint, alone = torch.tensor(found, device=self.device).unbind(1)
        return Likelihood(joint, alone, f"areas_palette_{len(self.palette)}")

    def _bits(self, shown: Shown) -> tuple[float, float]:
        """An area's, of one picture: by the joint, and as if each area were the first to be
        told."""
        R = int(shown.count)
        hand = torch.full_like(shown.style, self.hand.number)
        drawn = self.encoder(
            shown.image, shown.labels, shown.count, hand, self.states([""], cut=True)
        )
        nearest = torch.cdist(lab_of_colors(shown.colors[:, :R]), self.palette).argmin(-1)[0]
        order = torch.arange(R, device=self.device)
        logits = self.decoder(drawn, self.palette[nearest][None], order[None])[0]
        alone = self.decoder.steps(drawn, order[:, None])(None)
        entropies = (F.cross_entropy(each.float(), nearest) for each in (logits, alone))
        joint_bits, alone_bits = (float(nats) / math.log(2) for nats in entropies)
        return joint_bits, alone_bits

    def candidates(
        self, asked: PreparedDrawing, n: int, draws: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        m, (begin, palette) = self.micro_batch, self._begin(asked, guides)
        sites = Sites(asked.places, asked.open, likeness(asked.shapes), asked.joined)
        colors, given = asked.given
        lab = lab_of_colors(colors).expand(m, -1, -1)

        def group(rows: Draws) -> Tensor:
            known = Known(lab, given[torch.tensor(rows.candidate).clamp(max=n - 1)])
            return colors_of_lab(self.choice(begin, palette, known, sites, rows, guides))

        return in_groups(group, draws, n, m)

    def is_weaker(self, other: Any) -> bool:
        return super().is_weaker(other) and torch.equal(other.palette, self.palette)

    def _begin(self, asked: PreparedDrawing, guides: Sequence[Guide]) -> tuple[Begin, Palette]:
        """The decoder of one drawing, and the colours that it chooses from."""
        lab, own = self.palette, [partial(self.decoder.steps, each) for each in asked.drawn]
        begin: Begin = partial(guided, own, self.guidance.scale)
        for guide, drawn in asked.weaker:
            begin = partial(
                guided, [begin, partial(guide.weaker.decoder.steps, drawn)], guide.strength
            )
        for only in guides:
            if isinstance(only, OnlyColors):
                lab, shares = only.offered(lab)
                begin = partial(offering, begin, shares)
        return begin, Palette(lab, colors_of_lab(lab))


def guided(begins: Sequence[Begin], guidance: float, order: Tensor) -> Step:
    """Steps of the first, or farther from the second than it is (Ho and Salimans, 2022,
    classifier-free guidance): log p + guidance (log p - log p')."""
    steps = [begin(order) for begin in begins]

    def step(last: Tensor | None) -> Tensor:
        log_p, *others = (torch.log_softmax(each(last), -1) for each in steps)
        return log_p + sum(guidance * (log_p - other) for other in others)

    return step


def offering(begin: Begin, shares: Tensor, order: Tensor) -> Step:
    """Steps whose probabilities go to other colours, by shares (K, P)."""
    step = begin(order)
    return lambda last: (torch.softmax(step(last), -1) @ shares).clamp(min=1e-30).log()
