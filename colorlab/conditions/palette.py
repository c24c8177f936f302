"""Palettes: the colours that areas choose from, fitted to true colourings, in Lab in hundreds."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from colorlab.color import lab_of, rgb_of

# share of a palette that is the commonest colours themselves; the rest are clusters of the others
EXACT = 0.5
APART = 0.03  # Lab in hundreds; nearer colours are one
DRAWN = 10_000  # so many colours, drawn by weight, give the clusters
ROUNDED = 400  # steps a hundred Lab units in which equal colours are counted
GRID = 12  # shades a channel of the grid that fills a palette up


def lab_of_colors(colors: Tensor) -> Tensor:
    """RGB (..., 3) in [0, 1] -> Lab in hundreds."""
    return lab_of(colors.flatten(0, -2).T[:, :, None])[..., 0].T.reshape(colors.shape) / 100


def colors_of_lab(lab: Tensor) -> Tensor:
    """Lab in hundreds (..., 3) -> RGB in [0, 1]."""
    return rgb_of(100 * lab.flatten(0, -2).T[:, :, None])[..., 0].T.reshape(lab.shape).clamp(0, 1)


def fitted_palette(lab: Tensor, weight: Tensor, colors: int) -> Tensor:
    """(colors, 3): the commonest of (N, 3) themselves, clusters of the others by weight (N,), and a
    grid where these are too few."""
    exact = commonest(lab, weight, round(EXACT * colors))
    grid = torch.linspace(0, 1, GRID)
    rest = [
        _clusters(lab, weight, exact, colors),
        lab_of_colors(torch.cartesian_prod(grid, grid, grid)),
    ]
    return apart(torch.cat([exact, *rest]), colors)


def commonest(lab: Tensor, weight: Tensor, most: int) -> Tensor:
    """Up to so many of (N, 3), the heaviest first, no two nearer than APART."""
    rounded, which = (lab * ROUNDED).round().unique(dim=0, return_inverse=True)
    heavy = torch.zeros(len(rounded)).index_add_(0, which, weight)
    return apart(rounded[heavy.argsort(descending=True)] / ROUNDED, most)


def _clusters(lab: Tensor, weight: Tensor, exact: Tensor, count: int) -> Tensor:
    """Centres of what is not in ``exact``; a little noise keeps them from meeting in one colour."""
    from scipy.cluster.vq import kmeans2

    random = np.random.default_rng(0)
    far = torch.cdist(lab, exact).amin(1) > APART
    p = weight.double().numpy() * far.numpy() + 1e-9
    drawn = lab.double().numpy()[random.choice(len(lab), DRAWN, p=p / p.sum())]
    centers, _ = kmeans2(
        drawn + random.normal(0, APART / 2, drawn.shape), count, minit="++", seed=random
    )
    return torch.from_numpy(centers).float()


def apart(lab: Tensor, most: int) -> Tensor:
    """The first of (N, 3), up to so many, no two nearer than APART."""
    chosen = lab[:1]
    for color in lab[1:]:
        if len(chosen) == most:
            break
        if torch.cdist(color[None], chosen).min() > APART:
            chosen = torch.cat([chosen, color[None]])
    return chosen
