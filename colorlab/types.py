"""What travels between the rooms of the suite: plain named tuples of tensors, with shapes, units and ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Hints(NamedTuple):
    """Known colours: ten clicks and a half-painted region are the same thing."""

    rgb: Tensor  # (B, 3, H, W) in [0, 1]
    mask: Tensor  # (B, 1, H, W) in [0, 1]; 1 = known, soft edges allowed


class Condition(NamedTuple):
    """Everything a colorizer is shown."""

    image: Tensor  # (B, 1, H, W) in [0, 1]: ink dark on white paper, or grayscale luma
    hints: Hints | None = None
    text: list[str] | None = None
    label: Tensor | None = None  # (B,) class index


class Batch(NamedTuple):
    """What a loader yields."""

    rgb: Tensor  # (B, 3, H, W) in [0, 1]: the true colouring
    image: Tensor  # (B, 1, H, W) in [0, 1]: the condition picture
    index: Tensor  # type: ignore[assignment]  # (B,) names the picture within its data set, and seeds its draws
    text: list[str]  # caption, "" if there is none
    label: Tensor  # (B,) class index, -1 if there is none
    areas: Tensor | None = None  # (B, H, W) int: which closed area of the drawing each pixel is in, where it is known


#: (x (N, C, H, W) noisy state, alpha_bar in (0, 1]) -> estimate of x_0, same shape as x. A guide that resamples may
#: also move x in place, within its noise level; a sampler therefore reads x after the call, not before.
Denoiser = Callable[[Tensor, float], Tensor]
