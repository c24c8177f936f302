"""From what a net says of each pixel to whole colourings: the interface, and the samplers without
dependence.

Annealed mean, mode and mean are those of Zhang et al., "Colorful Image Colorization"
(CIC, ECCV 2016), Sec. 2.3."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from colorlab.draws import Draws

ALMOST = 1e-6  # quantiles stay so far from 0 and 1


class Marginals(NamedTuple):
    """What a net says of the pixels of B pictures, and what samplers use to draw pixels
    together."""

    log_p: Tensor  # (B, Q, h, w): log-probabilities of the bins; over Q, the probabilities sum to 1
    table: Tensor  # (Q, 2): the bins, in Lab units
    image: Tensor  # (B, 1, h, w) in [0, 1]: the gray picture at the same points
    factors: Tensor  # (B, 2, R, h, w): the learned copula's


class MarginalSampler:
    """Marginals in, n chroma pictures per row out: ab (B, n, 2, h, w) in Lab units. All randomness
    is from ``draws``, one row per picture; no candidate depends on the batch or on n.

    rebalanced: the marginals wanted of a net trained with class rebalancing: p w, normalised, as it
    says them; False: p itself, if the method undoes the rebalancing at all."""

    rebalanced = False

    def __call__(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        raise NotImplementedError


class AnnealedMean(MarginalSampler):
    """The mean of p^(1/T), normalised (CIC Eq. 5): one answer, the same for all n.

    temperature: T; 0.38 as published; 1 is the mean, towards 0 the mode. rebalanced: see
    ``MarginalSampler``; true as published, where vivid colours come from the rebalancing."""

    def __init__(self, temperature: float, rebalanced: bool) -> None:
        self.temperature, self.rebalanced = checked_temperature(temperature), rebalanced

    def __call__(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        p = tempered(marginals.log_p, self.temperature).exp()
        return expected(p, marginals.table)[:, None].repeat(1, n, 1, 1, 1)


class Mode(MarginalSampler):
    """Each pixel's likeliest bin: one answer, the same for all n. rebalanced: see
    ``MarginalSampler``."""

    def __init__(self, rebalanced: bool) -> None:
        self.rebalanced = rebalanced

    def __call__(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        bins = marginals.log_p.argmax(1, keepdim=True)
        return colors_of(bins, marginals.table).repeat(1, n, 1, 1, 1)


class BinSampler(MarginalSampler):
    """Samplers that draw a bin for each pixel from exactly its marginal distribution.

    temperature: of the marginals, 1 = as the net says. radius: 0 = pixels get their bins' own
    colours; else the mean colour, under the pixel's marginal, of the bins within this distance
    (Lab units) of the one drawn: smooth."""

    def __init__(self, temperature: float, radius: float) -> None:
        self.temperature, self.radius = checked_temperature(temperature), radius

    def bins(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        """(B, n, h, w) int64, distributed at each pixel as exp(log_p)."""
        raise NotImplementedError

    def __call__(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        marginals = marginals._replace(log_p=tempered(marginals.log_p, self.temperature))
        bins = self.bins(marginals, n, draws)
        if not self.radius:
            return colors_of(bins, marginals.table)
        means = local_means(marginals, self.radius)  # (B, 2, Q, h, w)
        return means.gather(2, bins[:, None].expand(-1, 2, -1, -1, -1)).transpose(1, 2)


class Independent(BinSampler):
    """Every pixel for itself: the speckle that the other samplers are measured against
    (DivColor Fig. 2)."""

    def bins(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        shape = marginals.log_p.shape
        rows = draws.candidates(n).to("independent")
        u = rows.uniform(*shape[-2:], device=marginals.log_p.device).unflatten(0, (shape[0], n))
        cdf = marginals.log_p.flatten(2).transpose(1, 2).exp().cumsum(2)  # (B, h w, Q)
        return drawn(cdf, u.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, shape[-2:])


def drawn(cdf: Tensor, u: Tensor) -> Tensor:
    """Inverse distribution functions: cdf (..., Q), u (..., n) in [0, 1) -> (..., n) int64 in
    [0, Q)."""
    u = u * cdf[..., -1:]  # the last is 1 up to rounding
    return torch.searchsorted(cdf.contiguous(), u.contiguous(), right=True).clamp_(
        max=cdf.shape[-1] - 1
    )


def tempered(log_p: Tensor, temperature: float) -> Tensor:
    """log of p^(1/T), normalised over dimension 1."""
    return log_p if temperature == 1 else torch.log_softmax(log_p / temperature, 1)


def expected(p: Tensor, table: Tensor) -> Tensor:
    """(B, Q, h, w) -> (B, 2, h, w): the mean colour."""
    return (table.T @ p.flatten(2)).unflatten(2, p.shape[-2:])


def colors_of(bins: Tensor, table: Tensor) -> Tensor:
    """(..., h, w) int64 -> (..., 2, h, w)."""
    return table[bins].movedim(-1, -3)


def local_means(marginals: Marginals, radius: float) -> Tensor:
    """(B, 2, Q, h, w): around each bin, the mean colour of the bins within ``radius``, weighted by
    the marginal."""
    table = marginals.table
    near = (torch.cdist(table, table) <= radius).to(table)
    p = marginals.log_p.exp()
    mass = torch.einsum("qr,brhw->bqhw", near, p)
    sums = torch.einsum("cqr,brhw->bcqhw", near * table.T[:, None], p)
    own = table.T[:, :, None, None]  # where no mass is, the bin itself
    return torch.where(mass[:, None] > ALMOST, sums / mass[:, None].clamp_min(ALMOST), own)


def checked_temperature(temperature: float) -> float:
    """ValueError unless it is above 0."""
    if not temperature > 0:
        raise ValueError(f"temperature is > 0, not {temperature}")
    return temperature


def one_by_one(marginals: Marginals) -> list[Marginals]:
    """The pictures' marginals, each as one row."""
    log_p, table, image, factors = marginals
    return [
        Marginals(log_p[b, None], table, image[b, None], factors[b, None])
        for b in range(len(log_p))
    ]
