"""Coherent colourings with exact marginals whose dependence is learnt from true colourings: a
low-rank Gaussian copula.

Every pixel i has a factor f_i in R^R, read off the net's features, and
    z_i = (f_i . eta + eps_i) / sqrt(1 + |f_i|^2),  eta ~ N(0, 1_R) of the picture, eps_i ~ N(0, 1)
is standard normal whatever the factors are, so the marginals stay exact. Pixels with like factors
agree. The factors are fitted by maximum likelihood to the bins of true colourings. A bin is a whole
interval of z, so z itself is not known: it is drawn from what it may be given the bins
(Albert and Chib, "Bayesian Analysis of Binary and Polychotomous Response Data", 1993), and by
Fisher's identity the mean gradient of log p(z) is then that of log P(bins). A z that is made up
otherwise, such as one place within their bins for all pixels, brings a dependence of its own
along."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.samplers.fields import bilateral
from colorlab.samplers.marginals import ALMOST, Marginals, one_by_one
from colorlab.samplers.quantile_field import Copula, Quantiles

SWEEPS = 4  # of the Gibbs sampler


class LearnedCopula(Copula):
    """reach: 0 = eps is white, as it was fitted, and speckles where little is shared; else eps is a
    field of this reach (a share of the shorter side) that stops at edges of ``contrast``."""

    def __init__(self, reach: float, contrast: float, temperature: float, radius: float) -> None:
        super().__init__(temperature, radius)
        self.reach, self.contrast = reach, contrast

    def fields(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        factors, image = marginals.factors, marginals.image  # (B, 2, R, h, w)
        rows = draws.candidates(n).to("learned")
        size, batch = image.shape[-2:], len(image)
        eta = (
            rows.to("eta")
            .normal(2, factors.shape[2], 1, 1, device=image.device)
            .unflatten(0, (batch, n))
        )
        z = rows.to("eps").normal(2, *size, device=image.device).unflatten(0, (batch, n))
        if self.reach:
            z = bilateral(z, image, self.reach * min(size), self.contrast)
        for r in range(factors.shape[2]):  # a sum of fixed order: the same bits for any n
            z = z + factors[:, None, :, r] * eta[:, :, :, r]
        return z / (1 + factors.square().sum(2)[:, None]).sqrt()


class Spans(NamedTuple):
    """Where z may lie, given the bins of colourings: from low to high, each (B, 2, h, w)
    float64."""

    low: Tensor
    high: Tensor


def spans_of(marginals: Marginals, bins: Tensor) -> Spans:
    """bins (B, h, w); see ``Quantiles.uniforms`` for the quantiles that a bin takes up."""
    maps = [Quantiles(one) for one in one_by_one(marginals)]
    ends = []
    for v in (0.0, 1.0):
        place = bins.new_full((1, 2, *bins.shape[-2:]), v, dtype=torch.float32)
        found = torch.cat(
            [one.uniforms(own[None], place) for one, own in zip(maps, bins, strict=True)]
        )
        ends.append(torch.special.ndtri(found.double().clamp(ALMOST, 1 - ALMOST)))
    return Spans(ends[0], torch.maximum(*ends))


def true_fields(spans: Spans, draws: Draws) -> Tensor:
    """Fields z (B, 2, h, w): independent standard normal numbers if the bins were drawn from the
    marginals, pixel by pixel. Where a pixel's z stands within its span is its own choice."""
    u = draws.to("quantile").uniform(*spans.low.shape[1:], device=spans.low.device).double()
    return truncated(torch.zeros_like(u), *spans, u)


def posterior_fields(spans: Spans, factors: Tensor, draws: Draws) -> Tensor:
    """Fields z (B, 2, h, w) as the copula with these factors (B, 2, R, h, w) takes them to be: by
    turns eta given z, a normal vector, and z given eta and the bins, truncated normal numbers pixel
    by pixel."""
    f = factors.double().flatten(3).mT  # (B, 2, P, R)
    scale, root = (1 + f.square().sum(3)).sqrt(), precision_root(f)
    low, high = (end.flatten(2) * scale for end in spans)
    y = true_fields(spans, draws).flatten(2) * scale
    for sweep in range(SWEEPS):
        rows = draws.to(f"sweep {sweep}")
        noise = rows.normal(2, f.shape[3], 1, device=f.device).double()
        half = torch.linalg.solve_triangular(root, f.mT @ y[..., None], upper=False)
        # of mean M^-1 F'y, covariance M^-1
        eta = torch.linalg.solve_triangular(root.mT, half + noise, upper=True)
        u = rows.to("z").uniform(*y.shape[1:], device=f.device).double()
        y = truncated((f @ eta)[..., 0], low, high, u)
    return (y / scale).unflatten(2, spans.low.shape[-2:])


def truncated(mean: Tensor, low: Tensor, high: Tensor, u: Tensor) -> Tensor:
    """N(mean, 1) held to [low, high], at its quantile u or 1 - u; taken from the lower tail, where
    it is exact."""
    flip = torch.where(low + high > 2 * mean, -1.0, 1.0).to(mean)
    ends = torch.stack([flip * (low - mean), flip * (high - mean)]).sort(dim=0).values
    below, above = torch.special.erfc(-ends / math.sqrt(2)) / 2
    found = torch.special.ndtri(torch.lerp(below, above, u))
    return mean + flip * torch.minimum(torch.maximum(found.nan_to_num(), ends[0]), ends[1])


def precision_root(f: Tensor) -> Tensor:
    """(B, 2, P, R) -> the lower Cholesky factor of M = 1 + F' F, (B, 2, R, R)."""
    return torch.linalg.cholesky(f.mT @ f + torch.eye(f.shape[3]).to(f))


def log_ratio(z: Tensor, factors: Tensor) -> Tensor:
    """(B,) log N(z; 0, C) - log N(z; 0, 1), nats per pixel, both fields together.

    z (B, 2, h, w), factors (B, 2, R, h, w). C = (F F' + 1) scaled to unit variances; with y = z
    sqrt(1 + |f|^2) and M = 1 + F' F (R x R), log det C = log det M - sum log(1 + |f|^2) and z' C^-1
    z = y' y - (F' y)' M^-1 (F' y). In float64, since large factors make M ill-conditioned. Of z
    from ``posterior_fields`` its gradient teaches the factors; its value is no likelihood of
    colourings, for z was not observed."""
    f = factors.double().flatten(3).transpose(2, 3)  # (B, 2, P, R)
    scale = 1 + f.square().sum(3)
    y = z.double().flatten(2) * scale.sqrt()
    root = precision_root(f)
    half = torch.linalg.solve_triangular(root, f.mT @ y[..., None], upper=False)[..., 0]
    log_det = 2 * root.diagonal(dim1=2, dim2=3).log().sum(2) - scale.log().sum(2)
    square = y.square().sum(2) - half.square().sum(2)
    both = (z.double().flatten(2).square().sum(2) - square - log_det).sum(1) / 2
    return (both / f.shape[2]).float()
