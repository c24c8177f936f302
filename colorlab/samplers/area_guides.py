"""Guides of methods that colour areas: only these colours; like this candidate, but for some
areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from colorlab.conditions.area_colors import sized, true_colors
from colorlab.conditions.palette import colors_of_lab, commonest, lab_of_colors
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.samplers.guides import Guide, chosen_colors
from colorlab.types import Condition, Denoiser

# Lab in hundreds: a colour's probability goes to those offered, the nearest first, at this softness
NEAR = 0.12
MOST = 24  # colours that are taken from a picture
NEAR_WHITE = 0.94  # a colour whose darkest channel is lighter is the paper's white
LEAST = 3  # votes that lock an area, unless it is smaller itself: a slip over the line does not
PAPER = 0.03  # Lab in hundreds; nearer to white is paper, which no palette takes away


class AreaGuide(Guide):
    """A guide that a method over pixels cannot obey. called: what a user calls it."""

    called: str

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        raise ConfigError(
            f"{self.called} is for methods that colour areas (run=pretrained/flats, or leave it "
            "out)"
        )


class OnlyColors(AreaGuide):
    """Areas are painted in these colours, and in the white of the paper.

    colors: '#rrggbb' or [r, g, b] in [0, 1] each; or a picture (3, h, w) in [0, 1], whose commonest
    colours are taken."""

    called = "palette="

    def __init__(self, colors: Sequence[str | Sequence[float]] | Tensor) -> None:
        if isinstance(colors, Tensor):
            lab = lab_of_colors(colors.flatten(1).T)
            self.lab = commonest(lab, torch.ones(len(lab)), MOST)
        elif not len(colors):
            raise ValueError("colors is empty (give one at least)")
        else:
            self.lab = lab_of_colors(
                torch.cat([chosen_colors(color)[:1, :, 0, 0] for color in colors])
            )

    def offered(self, palette: Tensor) -> tuple[Tensor, Tensor]:
        """Of a palette (K, 3), Lab in hundreds -> the colours offered instead (P, 3), white last;
        and how the probability of each of the palette's is shared among them, (K, P)."""
        white = palette.new_tensor([[1.0, 0.0, 0.0]])
        lab = torch.cat([self.lab.to(palette), white])
        nearness = -torch.cdist(palette, lab).square() / (2 * NEAR**2)
        paper = (torch.cdist(palette, white) < PAPER)[:, 0]
        nearness[~paper, -1] = -torch.inf
        shares = torch.softmax(nearness, 1)
        shares[paper] = torch.eye(len(lab))[-1].to(shares)
        return lab, shares

    def nearest(self, rgb: Tensor) -> Tensor:
        """(..., 3) in [0, 1] -> the nearest of the colours; white where they are nearly white."""
        lab = lab_of_colors(rgb)
        colors = colors_of_lab(self.lab).to(rgb)[
            torch.cdist(lab.flatten(0, -2), self.lab.to(rgb)).argmin(1)
        ]
        return torch.where(rgb.amin(-1, keepdim=True) > NEAR_WHITE, 1.0, colors.view_as(rgb))

    def drawn_to(self, denoise: Denoiser) -> Denoiser:
        """A denoiser of areas' colours in [-1, 1], (N, 3, R, 1), whose estimates come to these
        colours as the noise fades: x_0 <- x_0 + alpha_bar (the nearest colour - x_0)."""

        def edited(x: Tensor, alpha_bar: float) -> Tensor:
            x_0 = denoise(x, alpha_bar).clamp(-1, 1)
            near = 2 * self.nearest((x_0.movedim(1, -1) + 1) / 2).movedim(-1, 1) - 1
            return torch.lerp(x_0, near, alpha_bar)

        return edited


class Autoguidance(AreaGuide):
    """Away from a weaker version of a method: what both get wrong, it gets wrong more
    (Karras et al., 2024, "Guiding a Diffusion Model with a Bad Version of Itself").

    run: the weaker method. strength: w in D + w (D - D'), of clean colours or logarithms of
    probabilities."""

    called = "guide=autoguidance"

    def __init__(self, run: Any, strength: float) -> None:
        self.weaker, self.strength = run, strength


class Like(AreaGuide):
    """Most areas keep the colours of a picture, in each candidate others are coloured anew.

    picture: (3, H, W) in [0, 1], of the drawing's shape. vary: share of what is not locked, by
    size, that is coloured anew in a candidate; never nothing, unless it is 0. lock: (H, W), votes
    for areas that keep their colours in any case: a painted pixel has one, a picked one LEAST."""

    called = "like="

    def __init__(self, picture: Tensor, vary: float, lock: Tensor | None = None) -> None:
        if not 0 <= vary <= 1:
            raise ValueError(f"vary is a share of the areas, in [0, 1], not {vary}")
        self.picture, self.vary, self.lock = picture, vary, lock

    def known(self, labels: Tensor, image: Tensor, rows: Draws) -> tuple[Tensor, Tensor]:
        """Of areas (h, w) in 0..R-1 of a drawing (1, H, W): their colours (R, 3) in [0, 1], and
        which each candidate keeps, (n, R). Paper at the picture's border is kept."""
        R = int(labels.max()) + 1
        rgb, paper = (sized(each, labels.shape)[None] for each in (self.picture.to(image), image))
        colors, _ = true_colors(rgb, paper, labels[None], R)
        kept = self.locked(labels, R)
        size = labels.flatten().bincount(minlength=R).masked_fill(kept, 0).double()
        turn = rows.to("vary").uniform(R).to(labels.device).masked_fill(kept, 2.0)
        return colors[0], ~chosen(
            turn.argsort(dim=1, stable=True), size / size.sum().clamp(min=1), self.vary
        )

    def locked(self, labels: Tensor, R: int) -> Tensor:
        """(R,): whether an area keeps its colour in any case."""
        border = torch.cat([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).mode().values
        votes = torch.zeros(R, device=labels.device)
        if self.lock is not None:
            votes.index_add_(
                0, labels.flatten(), sized(self.lock[None], labels.shape).flatten().to(votes)
            )
        size = labels.flatten().bincount(minlength=R)
        return (votes >= size.clamp(1, LEAST)).index_fill(0, border, True)


def chosen(order: Tensor, share: Tensor, wanted: float) -> Tensor:
    """order (n, R): permutations of areas; share (R,) of each, those with none are never chosen ->
    (n, R): which make up a share near to ``wanted``: one after the other, but for those that would
    overshoot by more than the half of themselves; the first of all, where each would. None at 0."""
    n, R = order.shape
    taken, total = torch.zeros(n, R, dtype=torch.bool, device=order.device), share.new_zeros(n)
    if wanted == 0:
        return taken
    every = torch.arange(n, device=order.device)
    for area in order.unbind(1):
        fits = (share[area] > 0) & (total + share[area] / 2 <= wanted)
        taken[every, area] = fits
        total = total + share[area] * fits
    none = ~taken.any(1) & (share[order[:, 0]] > 0)
    taken[every, order[:, 0]] |= none
    return taken
