"""Flats by diffusion: the colours of a drawing's areas as a picture of R pixels, denoised as
GPIC denoises pictures.

Furusawa et al. (2021), GPIC: its schedule, its samplers and its guides, over areas instead of
pixels. What is known is inpainted (Eq. 15)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab import diffusion
from colorlab.color import RGB
from colorlab.draws import Draws
from colorlab.methods.area_inputs import PreparedDrawing, Shown
from colorlab.methods.area_options import DecoderOptions, HandOptions, ReadingOptions
from colorlab.methods.areas import AreaMethod, given_areas
from colorlab.methods.base import OptimizerFactory, ScheduleFactory
from colorlab.nets.area_encoder import Drawn
from colorlab.nets.color_denoiser import ColorDenoiser
from colorlab.samplers.ancestral import Sampler
from colorlab.samplers.area_guides import NEAR_WHITE, AreaGuide, Like, OnlyColors
from colorlab.samplers.candidates import in_groups
from colorlab.samplers.guidance import GuidanceOptions
from colorlab.samplers.guides import Guide, Inpaint, Place
from colorlab.types import Condition, Denoiser, Hints

SPACE = RGB()
# colours in [-1, 1]: errors below it count by their square, above it by their size
HUBER_DELTA = 0.3
# the signal-to-noise ratio that weighs errors is held to this range, then its root is taken
SNR = (0.05, 5.0)
PAPER = 0.6  # share of the training pictures whose paper around the drawing is given
MIN_XI = 0.02  # smallest noise level xi = t/T trained on


class FlatsDiffusion(AreaMethod):
    """The method.

    sampler: walks down the levels. guidance: a scale of 0 is off. micro_batch: candidates sampled
    together; the last group is padded to it. The rest: see ``AreaMethod``."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: Sampler,
        reading: ReadingOptions,
        decoder: DecoderOptions,
        hand: HandOptions,
        guidance: GuidanceOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule, reading, hand, decoder.turns, guidance)
        self.sampler, self.micro_batch = sampler, micro_batch
        self.denoiser = ColorDenoiser(reading.width, decoder.layers, reading.heads)

    def randomness(self, shown: Shown, draws: Draws) -> list[Tensor]:
        """Noise (B, turns, R, 3); levels and what is known, (B, turns, R), uniform."""
        R = shown.colors.shape[1]
        noise = draws.to("noise").normal(self.turns, R, 3)
        level = (
            draws.to("level").uniform(self.turns, 1) + torch.arange(self.turns)[:, None]
        ) / self.turns
        known = draws.to("known").uniform(self.turns, 1)
        given = given_areas(known, draws.to("given").uniform(self.turns, R))
        paper = (draws.to("paper").uniform(self.turns, 1) < PAPER).expand(-1, -1, R)
        return [
            noise,
            level.expand(-1, -1, R),
            given | (paper & is_background(shown.labels, R).cpu()[:, None]),
        ]

    def losses(self, drawn: Drawn, shown: Shown, random: list[Tensor]) -> Tensor:
        """GPIC Alg. 1 with x_0 for a target: Huber's distance by the root of the signal-to-noise
        ratio."""
        noise, level, given = random
        x_0 = SPACE.encode(shown.colors)
        alpha_bar = diffusion.alpha_bar_at(MIN_XI + (1 - MIN_XI) * level[:, 0].double()).float()
        x = torch.where(given[..., None] > 0, x_0, diffusion.noised(x_0, noise, alpha_bar))
        estimate = self.denoiser(drawn, x, alpha_bar)
        ratio = (alpha_bar / (1 - alpha_bar)).clamp(*SNR).sqrt()
        return (
            F.huber_loss(estimate, x_0, delta=HUBER_DELTA, reduction="none").sum(-1)
            * ratio[:, None]
        )

    def candidates(
        self, asked: PreparedDrawing, n: int, draws: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """In groups of ``micro_batch``; the state is a picture of R x 1 pixels."""
        colors, given = asked.given
        guides = [guide for guide in guides if not isinstance(guide, Inpaint | Like)]
        if given.any():
            guides.append(Inpaint("clean", 1, 0.1))

        def group(rows: Draws) -> Tensor:
            own = given[torch.tensor(rows.candidate).clamp(max=n - 1)]
            known = Hints(
                colors.T[None, :, :, None].expand(len(rows), -1, -1, -1),
                own[:, None, :, None].float(),
            )
            return self._group(asked, known, rows, guides)

        return in_groups(group, draws, n, self.micro_batch)

    def _group(
        self, asked: PreparedDrawing, known: Hints, rows: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """Candidates sampled together, (m, R, 3) in [0, 1]."""
        only = [guide for guide in guides if isinstance(guide, OnlyColors)]
        image, R = known.mask.new_ones(len(rows), 1, known.mask.shape[2], 1), known.mask.shape[2]
        denoise = self._denoiser(asked, len(rows))
        for palette in only:
            denoise = palette.drawn_to(denoise)
        others = [guide for guide in guides if not isinstance(guide, AreaGuide)]
        for guide in others:
            denoise = guide.edit(denoise, Condition(image, known), rows)
        alpha_bar, start = self.sampler.levels(None)[0], biased_start(asked.places, others, rows)
        x = self.sampler(denoise, diffusion.noised(start, rows.normal(3, R, 1), alpha_bar), rows)
        colors = SPACE.decode(x, image)[..., 0].transpose(1, 2)
        for palette in only:
            colors = palette.nearest(colors)
        return torch.where(colors.amin(-1, keepdim=True) > NEAR_WHITE, 1.0, colors)

    def _denoiser(self, asked: PreparedDrawing, m: int) -> Denoiser:
        """Of m candidates' areas as a picture (m, 3, R, 1); estimates are contrasted with others as
        the guidance and the guides say: D + w (D - D') (Ho and Salimans, 2022)."""
        first, *others = [denoiser_of(self.denoiser, drawn, m) for drawn in asked.drawn]
        weaker = [
            (guide.strength, denoiser_of(guide.weaker.denoiser, drawn, m))
            for guide, drawn in asked.weaker
        ]

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            x_0 = first(x, alpha_bar)
            for weight, other in [*((self.guidance.scale, each) for each in others), *weaker]:
                x_0 = x_0 + weight * (x_0 - other(x, alpha_bar))
            return x_0

        return denoise


def denoiser_of(net: ColorDenoiser, drawn: Drawn, m: int) -> Denoiser:
    """A net's denoiser of m candidates of one drawing."""
    one = Drawn(*(part.expand(m, *part.shape[1:]) for part in drawn))

    def denoise(x: Tensor, alpha_bar: float) -> Tensor:
        levels = torch.full((m,), alpha_bar, device=x.device)
        x_0: Tensor = net(one, x[..., 0].transpose(1, 2), levels)
        return x_0.transpose(1, 2)[..., None]

    return denoise


def biased_start(places: Sequence[Place], guides: Sequence[Guide], rows: Draws) -> Tensor:
    """What the first state is biased towards (GPIC Eq. 13), the means over R areas of a picture:
    (m, 3, R, 1)."""
    shares = torch.stack([place.share for place in places])
    picture = shares.new_zeros(len(rows), 3, *shares.shape[1:])
    for guide in guides:
        picture = guide.start(picture, rows)
    total = shares.sum((1, 2)).clamp(min=1e-6)
    return (torch.einsum("mchw,rhw->mcr", picture, shares) / total)[..., None]


def is_background(labels: Tensor, R: int) -> Tensor:
    """labels (B, S, S) -> (B, R): whether an area has most of the picture's border, as paper around
    has."""
    border = torch.cat([labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]], 1)
    return F.one_hot(border.mode(1).values.clamp(0, R), R + 1)[:, :R].bool()
