"""Guides of methods that colour areas: only these colours; like this candidate, but for some areas."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from colorlab.conditions.area_colors import sized, true_colors
from colorlab.conditions.palette import commonest, lab_of_colors
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.samplers.guides import Guide, chosen_colors
from colorlab.types import Condition, Denoiser

NEAR = 0.12  # Lab in hundreds: a colour's probability goes to those offered, the nearest first, at this softness
MOST = 24  # colours that are taken from a picture
PAPER = 0.03  # Lab in hundreds; nearer to white is paper, which no palette takes away


class AreaGuide(Guide):
    """A guide that a method over pixels cannot obey."""

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        raise ConfigError(f"guide {type(self).__name__} is for method=flats, whose areas have one colour each")


class OnlyColors(AreaGuide):
    """Areas are painted in these colours, and in the white of the paper.

    colors: '#rrggbb' or [r, g, b] in [0, 1] each; or a picture (3, h, w) in [0, 1], whose commonest colours are
    taken."""

    def __init__(self, colors: Sequence[str | Sequence[float]] | Tensor) -> None:
        if isinstance(colors, Tensor):
            lab = lab_of_colors(colors.flatten(1).T)
            self.lab = commonest(lab, torch.ones(len(lab)), MOST)
        elif not len(colors):
            raise ValueError("colors is empty (give one at least)")
        else:
            self.lab = lab_of_colors(torch.cat([chosen_colors(color)[:1, :, 0, 0] for color in colors]))

    def offered(self, palette: Tensor) -> tuple[Tensor, Tensor]:
        """Of a palette (K, 3), Lab in hundreds -> the colours offered instead (P, 3), white last; and how the
        probability of each of the palette's is shared among them, (K, P)."""
        white = palette.new_tensor([[1.0, 0.0, 0.0]])
        lab = torch.cat([self.lab.to(palette), white])
        nearness = -torch.cdist(palette, lab).square() / (2 * NEAR**2)
        paper = (torch.cdist(palette, white) < PAPER)[:, 0]
        nearness[~paper, -1] = -torch.inf
        shares = torch.softmax(nearness, 1)
        shares[paper] = torch.eye(len(lab))[-1].to(shares)
        return lab, shares


class Like(AreaGuide):
    """Most areas keep the colours of a picture, in each candidate others are coloured anew.

    picture: (3, h, w) in [0, 1], of the drawing's shape. vary: share of the areas that are coloured anew. lock: places
    [x, y] in [0, 1], left to right and top to bottom, whose areas keep theirs in any case."""

    def __init__(self, picture: Tensor, vary: float, lock: Sequence[Sequence[float]]) -> None:
        if not 0 <= vary <= 1:
            raise ValueError(f"vary is a share of the areas, in [0, 1], not {vary}")
        if any(len(place) != 2 or not all(0 <= at <= 1 for at in place) for place in lock):
            raise ValueError(f"lock is a list of places [x, y] in [0, 1], not {lock}")
        self.picture, self.vary, self.lock = picture, vary, [tuple(place) for place in lock]

    def known(self, labels: Tensor, image: Tensor, rows: Draws) -> tuple[Tensor, Tensor]:
        """Of areas (h, w) in 0..R-1 of a drawing (1, H, W): their colours (R, 3) in [0, 1], and which each candidate
        keeps, (n, R). Paper at the picture's border is kept."""
        R = int(labels.max()) + 1
        rgb, paper = (sized(each, labels.shape)[None] for each in (self.picture, image))
        colors, _ = true_colors(rgb, paper, labels[None], R)
        border = torch.cat([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).mode().values
        locked = [border, *(labels[int(y * (len(labels) - 1)), int(x * (labels.shape[1] - 1))] for x, y in self.lock)]
        turn = rows.to("vary").uniform(R)
        turn[:, torch.stack(locked)] = 2.0
        anew = round(self.vary * R)
        rank = turn.argsort(dim=1).argsort(dim=1)
        return colors[0], (rank >= anew) | (turn > 1)
