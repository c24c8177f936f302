"""What travels between the rooms of the suite: plain named tuples of tensors, with shapes, units
and ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Hints(NamedTuple):
    """Known colours: ten clicks and a half-painted region are the same thing."""

    rgb: Tensor  # (B, 3, H, W) in [0, 1]
    mask: Tensor  # (B, 1, H, W) in [0, 1]; 1 = known, soft edges allowed

    def to(self, device: torch.device | str) -> Hints:
        """The same on a device."""
        return Hints(self.rgb.to(device), self.mask.to(device))

    def picture(self, b: int) -> Hints:
        """Those of picture b alone, B = 1."""
        return Hints(self.rgb[b : b + 1], self.mask[b : b + 1])


class Condition(NamedTuple):
    """Everything a colorizer is shown."""

    image: Tensor  # (B, 1, H, W) in [0, 1]: ink dark on white paper, or grayscale luma
    hints: Hints | None = None
    text: list[str] | None = None
    label: Tensor | None = None  # (B,) class index
    # (B, h, w) int64: which closed area each pixel belongs to, from 0 on
    areas: Tensor | None = None

    def to(self, device: torch.device | str) -> Condition:
        """The same on a device."""
        hints = None if self.hints is None else self.hints.to(device)
        label = None if self.label is None else self.label.to(device)
        areas = None if self.areas is None else self.areas.to(device)
        return Condition(self.image.to(device), hints, self.text, label, areas)

    def picture(self, b: int) -> Condition:
        """What is shown of picture b alone, B = 1."""
        hints = None if self.hints is None else self.hints.picture(b)
        text = None if self.text is None else self.text[b : b + 1]
        label = None if self.label is None else self.label[b : b + 1]
        areas = None if self.areas is None else self.areas[b : b + 1]
        return Condition(self.image[b : b + 1], hints, text, label, areas)


class Batch(NamedTuple):
    """What a loader yields."""

    rgb: Tensor  # (B, 3, H, W) in [0, 1]: the true colouring
    image: Tensor  # (B, 1, H, W) in [0, 1]: the condition picture
    index: Tensor  # type: ignore[assignment]  # (B,) names the picture within its data set, and seeds its draws
    text: list[str]  # caption, "" if there is none
    label: Tensor  # (B,) class index, -1 if there is none
    # (B, H, W) int: which closed area of the drawing each pixel is in, where it is known
    areas: Tensor | None = None


class Likelihood(NamedTuple):
    """How likely true colours are, exactly: bits per number, "bits per dimension".

    bits, alone (B,): of each picture, by the joint distribution, and by that of each place without
    the others. of: which numbers, such as ab_every_4_step_10; only likelihoods of the same numbers
    are comparable."""

    bits: Tensor
    alone: Tensor
    of: str


#: (x (N, C, H, W) noisy state, alpha_bar in (0, 1]) -> estimate of x_0, same shape as x. A guide
#: that resamples may also move x in place, within its noise level; a sampler therefore reads x
#: after the call, not before.
Denoiser = Callable[[Tensor, float], Tensor]

#: xi = t/T in (0, 1], a number or many -> alpha_bar
Schedule = Callable[[Tensor | float], Tensor]
