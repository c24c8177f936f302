"""Hints that reach beyond their pixels on gray pictures: what Levin et al. (2004) make of them
leads the first steps."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.conditions.scribbles import spread
from colorlab.draws import Draws
from colorlab.samplers.guides import Pull
from colorlab.types import Condition, Denoiser


class Scribbles(Pull):
    """x_0 is drawn towards the hints spread over the gray picture while the noise is strong:

        x_0 <- x_0 + strength (1 - alpha_bar) (spread - x_0)
    As the noise fades so does the pull; the net has the last word where nothing is known. strength:
    0 = off, 1 = the start is the spread hints. Without hints, and on line drawings, whose lightness
    says nothing of areas, use other guides. ValueError: a condition without hints."""

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        if self.strength == 0:
            return denoise
        if condition.hints is None:
            raise ValueError(
                "scribbles need hints, and the condition has none (give hints=..., see --help)"
            )
        target = 2 * spread(condition.hints, condition.image) - 1

        def led(x: Tensor, alpha_bar: float) -> Tensor:
            return torch.lerp(denoise(x, alpha_bar), target, self.strength * (1 - alpha_bar))

        return led
