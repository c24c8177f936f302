"""True colourings, broken on purpose in known ways: what a gate of validity must let through, and
what it must stop.

A line drawing's ink is laid over what is broken below it (multiplied), so that no damage is told by
its lines alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from colorlab.color import in_gamut, lab_of, luma, rgb_of
from colorlab.draws import Draws

BLEED, MUSH = 0.06, 0.03  # radius of the mean, of the shorter side
SALT = 0.02  # of the pixels
STAIN = 0.25  # side of a stain, of the picture's


def recolored(rgb: Tensor, image: Tensor, draws: Draws) -> Tensor:
    """All hues turned by one angle, lightness kept: another colouring, as good as the true one."""
    angle = draws.to("recoloured").uniform(1)[:, 0] * 4 + 1  # radians, never small
    lab = lab_of(rgb)
    cos, sin = (f(angle)[:, None, None] for f in (torch.cos, torch.sin))
    a, b = lab[:, 1], lab[:, 2]
    return rgb_of(
        in_gamut(torch.stack([lab[:, 0], cos * a - sin * b, sin * a + cos * b], 1))
    ).clamp(0, 1)


def bleeding(rgb: Tensor, image: Tensor, draws: Draws) -> Tensor:
    """Colours run across the lines: a wide mean below the ink."""
    return _mean(rgb, BLEED) * image


def mush(rgb: Tensor, image: Tensor, draws: Draws) -> Tensor:
    """Everything blurred, lines too."""
    return _mean(rgb, MUSH)


def stained(rgb: Tensor, image: Tensor, draws: Draws) -> Tensor:
    """A square of another colour in the corner, on the paper: the wrong area is painted."""
    side = round(STAIN * min(rgb.shape[-2:]))
    out = rgb.clone()
    out[..., :side, :side] = draws.to("stain").uniform(3)[:, :, None, None] * 0.6
    return out * image


def gray(rgb: Tensor, image: Tensor, draws: Draws) -> Tensor:
    """Without its colours."""
    return luma(rgb).expand(-1, 3, -1, -1)


def salt(rgb: Tensor, image: Tensor, draws: Draws) -> Tensor:
    """White and black pixels."""
    chance = draws.to("salt").uniform(*rgb.shape[-2:])[:, None]
    return torch.where(chance < SALT / 2, 1.0, torch.where(chance < SALT, 0.0, rgb))


def _mean(rgb: Tensor, share: float) -> Tensor:
    radius = max(1, round(share * min(rgb.shape[-2:])))
    return F.avg_pool2d(F.pad(rgb, (radius,) * 4, mode="replicate"), 2 * radius + 1, 1)


Corruption = Callable[[Tensor, Tensor, Draws], Tensor]
#: rgb (B, 3, H, W), image (B, 1, H, W), one row of draws per picture -> (B, 3, H, W), all in
#: [0, 1].
CORRUPTIONS: dict[str, Corruption] = {
    "recoloured": recolored, "bleeding": bleeding, "mush": mush, "stained": stained, "gray": gray,
    "salt": salt
}  # fmt: skip
