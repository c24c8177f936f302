"""Which colours a picture shows, in the words of people: the survey of xkcd
(Munroe, 2010; public domain), whose 949 names matplotlib has. Its vocabulary and examples are not
those by which captions are given words of colour, so that it can judge whether a prompt was
followed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from matplotlib.colors import XKCD_COLORS
from torch import Tensor

from colorlab.color import lab_of

# of the darkest channel, above which a pixel is paper; lightness below which it is ink
PAPER, INK = 0.95, 25.0


@cache
def _survey() -> tuple[Tensor, tuple[str, ...]]:
    """Lab (949, 3), and the last word of each name: 'burnt orange' -> 'orange', 'teal' ->
    'teal'."""
    codes = (
        torch.tensor([list(bytes.fromhex(str(code)[1:])) for code in XKCD_COLORS.values()]) / 255
    )
    names = tuple(name.removeprefix("xkcd:").split()[-1] for name in XKCD_COLORS)
    return lab_of(codes[:, :, None, None])[:, :, 0, 0], names


def named_shares(rgb: Tensor, words: Sequence[str]) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> (B, words): the share of what is neither paper nor ink whose
    nearest name in the survey (in Lab) ends on the word. Zero for a picture without colours."""
    known, names = _survey()
    lab = lab_of(rgb).movedim(1, -1)
    nearest = torch.cdist(lab.flatten(0, 2), known.to(rgb.device)).argmin(1).reshape(lab.shape[:-1])
    colored = (rgb.amin(1) < PAPER) & (lab[..., 0] > INK)
    of_word = torch.tensor([[name == word for name in names] for word in words], device=rgb.device)
    counts = (of_word[:, nearest] & colored).sum((2, 3)).T
    return counts / colored.sum((1, 2)).clamp_min(1)[:, None]
