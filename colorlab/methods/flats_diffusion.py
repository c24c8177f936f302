"""Flats by diffusion: the colours of a drawing's areas as a picture of R pixels, denoised as GPIC denoises pictures.

Furusawa et al. (2021), GPIC: its schedule, its samplers and its guides, over areas instead of pixels. What is known is
inpainted (Eq. 15)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab import diffusion
from colorlab.color import RGB
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.areas import KNOWN, AreaMethod, Asked, Shown
from colorlab.methods.base import OptimizerFactory, ScheduleFactory
from colorlab.nets.area_encoder import Drawn
from colorlab.nets.color_denoiser import ColorDenoiser
from colorlab.samplers.ancestral import Sampler
from colorlab.samplers.area_guides import AreaGuide, Like
from colorlab.samplers.candidates import in_groups
from colorlab.samplers.guides import Guide, Inpaint
from colorlab.types import Condition, Denoiser, Hints

SPACE = RGB()
HUBER_DELTA = 0.3  # colours in [-1, 1]: errors below it count by their square, above it by their size
SNR = (0.05, 5.0)  # the signal-to-noise ratio that weighs errors is held to this range, then its root is taken
MIN_XI = 0.02  # smallest noise level xi = t/T trained on
NEAR_WHITE = 0.94  # a colour whose darkest channel is lighter is the paper's white


class FlatsDiffusion(AreaMethod):
    """The method.

    sampler: walks down the levels. color_layers: of the transformer over colours. micro_batch: candidates sampled
    together; the last group is padded to it. The rest: see ``AreaMethod``."""

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, sampler: Sampler, side: int,
        width: int, layers: int, color_layers: int, heads: int, styles: Sequence[str], style: str | None,
        style_dropout: float, turns: int, text_encoder: str | None, trunk: str, micro_batch: int,
    ) -> None:  # fmt: skip
        super().__init__(
            seed,
            optimizer,
            schedule,
            side,
            width,
            layers,
            heads,
            styles,
            style,
            style_dropout,
            turns,
            text_encoder,
            trunk,
        )
        self.sampler, self.micro_batch = sampler, micro_batch
        self.denoiser = ColorDenoiser(width, color_layers, heads)

    def randomness(self, shown: Shown, draws: Draws) -> list[Tensor]:
        """Noise (B, turns, R, 3); levels and what is known, (B, turns, R), uniform."""
        R = shown.colors.shape[1]
        noise = draws.to("noise").normal(self.turns, R, 3)
        level = (draws.to("level").uniform(self.turns, 1) + torch.arange(self.turns)[:, None]) / self.turns
        known = draws.to("known").uniform(self.turns, 1)
        pictures, areas = KNOWN
        given = draws.to("given").uniform(self.turns, R) < (known - 1 + pictures).clamp(min=0) * areas / pictures
        return [noise, level.expand(-1, -1, R), given]

    def losses(self, drawn: Drawn, shown: Shown, random: list[Tensor]) -> Tensor:
        """GPIC Alg. 1 with x_0 for a target: Huber's distance by the root of the signal-to-noise ratio."""
        noise, level, given = random
        x_0 = SPACE.encode(shown.colors)
        alpha_bar = diffusion.alpha_bar_at(MIN_XI + (1 - MIN_XI) * level[:, 0].double()).float()
        x = torch.where(given[..., None] > 0, x_0, diffusion.noised(x_0, noise, alpha_bar))
        estimate = self.denoiser(drawn, x, alpha_bar)
        ratio = (alpha_bar / (1 - alpha_bar)).clamp(*SNR).sqrt()
        return F.huber_loss(estimate, x_0, delta=HUBER_DELTA, reduction="none").sum(-1) * ratio[:, None]

    def candidates(self, asked: Asked, n: int, draws: Draws, guides: Sequence[Guide]) -> Tensor:
        """In groups of ``micro_batch``; the state is a picture of R x 1 pixels."""
        if wrong := [guide for guide in guides if isinstance(guide, AreaGuide) and not isinstance(guide, Like)]:
            raise ConfigError(f"guide {type(wrong[0]).__name__} chooses from a palette (use method=flats)")
        colors, given = asked.given
        guides = [guide for guide in guides if not isinstance(guide, Inpaint | Like)]
        if given.any():
            guides.append(Inpaint("clean", 1, 0.1))

        def group(rows: Draws) -> Tensor:
            own = given[torch.tensor(rows.candidate).clamp(max=n - 1)]
            known = Hints(colors.T[None, :, :, None].expand(len(rows), -1, -1, -1), own[:, None, :, None].float())
            return self._group(asked.drawn[0], known, rows, guides)

        return in_groups(group, draws, n, self.micro_batch)

    def _group(self, drawn: Drawn, known: Hints, rows: Draws, guides: Sequence[Guide]) -> Tensor:
        """Candidates sampled together, (m, R, 3) in [0, 1]."""
        m, R = len(rows), drawn.areas.shape[1]
        one = Drawn(*(part.expand(m, *part.shape[1:]) for part in drawn))

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            levels = torch.full((m,), alpha_bar, device=x.device)
            return self.denoiser(one, x[..., 0].transpose(1, 2), levels).transpose(1, 2)[..., None]

        condition = Condition(drawn.areas.new_ones(m, 1, R, 1), known)
        edited: Denoiser = denoise
        for guide in guides:
            edited = guide.edit(edited, condition, rows)
        start = drawn.areas.new_zeros(m, 3, R, 1)
        for guide in guides:
            start = guide.start(start, rows)
        alpha_bar = self.sampler.levels(None)[0]
        x = self.sampler(edited, diffusion.noised(start, rows.normal(3, R, 1), alpha_bar), rows)
        colors = SPACE.decode(x, condition.image)[..., 0].transpose(1, 2)
        return torch.where(colors.amin(-1, keepdim=True) > NEAR_WHITE, 1.0, colors)
