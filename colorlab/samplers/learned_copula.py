"""Coherent colourings with exact marginals whose dependence is learnt from true colourings: a low-rank Gaussian copula.

Every pixel i has a factor f_i in R^R, read off the net's features, and
    z_i = (f_i . eta + eps_i) / sqrt(1 + |f_i|^2),    eta ~ N(0, 1_R) for the picture, eps_i ~ N(0, 1) for the pixel
is standard normal whatever the factors are, so the marginals stay exact. Pixels with like factors agree. The factors
are fitted by maximum likelihood to the fields z that the true colourings have under the marginals."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.samplers.fields import bilateral
from colorlab.samplers.marginals import ALMOST, Marginals, one_by_one
from colorlab.samplers.quantile_field import Copula, Quantiles

WHITE = 0.01  # share of white noise in the variance of the fields that are learnt from


class LearnedCopula(Copula):
    """reach: 0 = eps is white, as it was fitted, and speckles where little is shared; else eps is a field of this reach
    (a share of the shorter side) that stops at edges of ``contrast``."""

    def __init__(self, reach: float, contrast: float, temperature: float, radius: float) -> None:
        super().__init__(temperature, radius)
        self.reach, self.contrast = reach, contrast

    def fields(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        factors, image = marginals.factors, marginals.image  # (B, 2, R, h, w)
        rows = draws.candidates(n).to("learned")
        size, batch = image.shape[-2:], len(image)
        eta = rows.to("eta").normal(2, factors.shape[2], 1, 1, device=image.device).unflatten(0, (batch, n))
        z = rows.to("eps").normal(2, *size, device=image.device).unflatten(0, (batch, n))
        if self.reach:
            z = bilateral(z, image, self.reach * min(size), self.contrast)
        for r in range(factors.shape[2]):  # a sum of fixed order: the same bits for any n
            z = z + factors[:, None, :, r] * eta[:, :, :, r]
        return z / (1 + factors.square().sum(2)[:, None]).sqrt()


def true_fields(marginals: Marginals, bins: Tensor, draws: Draws) -> Tensor:
    """The fields z (B, 2, h, w) of true colourings, bins (B, h, w): standard normal at each pixel if the marginals are
    right. Which quantile within its bin a pixel has is one random choice for the whole picture, the smoothest there is;
    a little white noise is mixed in, since the likelihood of pixels that agree exactly is infinite."""
    v = draws.to("quantile").uniform(2, 1, 1, device=bins.device).expand(-1, -1, *bins.shape[-2:])
    rows = zip(one_by_one(marginals), bins, v, strict=True)
    u = torch.cat([Quantiles(one).uniforms(each[None], own[None]) for one, each, own in rows])
    white = draws.to("white").normal(*v.shape[1:], device=bins.device)
    return (1 - WHITE) ** 0.5 * torch.special.ndtri(u.clamp(ALMOST, 1 - ALMOST)) + WHITE**0.5 * white


def gain(z: Tensor, factors: Tensor) -> Tensor:
    """(B,) nats a pixel that the copula gives over independence: log N(z; 0, C) - log N(z; 0, 1), both fields together.

    z (B, 2, h, w), factors (B, 2, R, h, w). C = (F F' + 1) scaled to unit variances; with y = z sqrt(1 + |f|^2) and
    M = 1 + F' F (R x R), log det C = log det M - sum log(1 + |f|^2) and z' C^-1 z = y' y - (F' y)' M^-1 (F' y). In
    float64, since large factors make M ill-conditioned."""
    f = factors.double().flatten(3).transpose(2, 3)  # (B, 2, P, R)
    scale = 1 + f.square().sum(3)
    y = z.double().flatten(2) * scale.sqrt()
    root = torch.linalg.cholesky(f.mT @ f + torch.eye(f.shape[3]).to(f))
    half = torch.linalg.solve_triangular(root, f.mT @ y[..., None], upper=False)[..., 0]
    log_det = 2 * root.diagonal(dim1=2, dim2=3).log().sum(2) - scale.log().sum(2)
    square = y.square().sum(2) - half.square().sum(2)
    both = (z.double().flatten(2).square().sum(2) - square - log_det).sum(1) / 2
    return (both / f.shape[2]).float()
