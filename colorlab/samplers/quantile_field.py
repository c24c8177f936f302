"""Coherent colourings with exact marginals: a Gaussian copula whose random field is shared by
neighbouring pixels.

Each pixel's colour is a quantile of its own marginal; a smooth field of quantiles gives coherent
pictures. Colours are two numbers, so there are two fields, and the quantile map is Knothe and
Rosenblatt's: the first field picks a strip of bins across the picture's main colour axis, the
second a bin within the strip. Copulas: Sklar (1959); the map: Villani, "Optimal Transport" (2009),
ch. 1."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.ab_bins import GRID
from colorlab.draws import Draws
from colorlab.samplers.fields import Fields, pooled
from colorlab.samplers.marginals import ALMOST, BinSampler, Marginals, drawn, one_by_one


class Quantiles:
    """The Knothe-Rosenblatt map of one picture's marginals, both ways, at every pixel.

    Bins are put into strips, 10 Lab units wide, across the main axis of the picture's mean
    marginal; u_1 is the quantile of the strip, u_2 that within the strip. marginals: of one
    picture."""

    def __init__(self, marginals: Marginals) -> None:
        mean = marginals.log_p.exp().mean((0, 2, 3))
        along, across = projected(marginals.table, mean)
        strip = (along / GRID).round()
        self.order = torch.argsort(strip * 1e4 + across)
        strip = strip[self.order]
        self.first = torch.searchsorted(strip, strip)  # (Q,) a sorted bin's strip starts here
        self.last = torch.searchsorted(strip, strip, right=True) - 1
        p = marginals.log_p[0].flatten(1)[self.order].exp()  # (Q, h w)
        self.cdf = p.T.contiguous().cumsum(1)  # (h w, Q), sorted bins
        self.cdf /= self.cdf[:, -1:].clone()

    def bins(self, u: Tensor) -> Tensor:
        """u (n, 2, h, w) in [0, 1] -> (n, h, w) int64."""
        u_1, u_2 = u.flatten(2).unbind(1)
        found = drawn(self.cdf, u_1.T)  # (h w, n)
        first, last = self.first[found], self.last[found]
        low, high = self._below(first), self.cdf.gather(1, last)
        found = drawn(self.cdf, low + u_2.T * (high - low))
        found = torch.minimum(torch.maximum(found, first), last)
        return self.order[found].T.unflatten(1, u.shape[-2:])

    def uniforms(self, bins: Tensor, v: Tensor) -> Tensor:
        """The other way: bins (n, h, w) and v (n, 2, h, w), uniform, -> a u (n, 2, h, w) that
        ``bins`` maps to them, uniform if the bins are drawn from the marginals
        (the randomised probability integral transform)."""
        place = torch.argsort(self.order)[bins.flatten(1)].T  # (h w, n)
        first, last = self.first[place], self.last[place]
        low, high = self._below(first), self.cdf.gather(1, last)
        v_1, v_2 = v.flatten(2).transpose(0, 2).unbind(1)
        start, end = self._below(place), self.cdf.gather(1, place)
        u_2 = (start - low + v_2 * (end - start)) / (high - low).clamp_min(ALMOST)
        return (
            torch.stack([low + v_1 * (high - low), u_2], 1)
            .transpose(0, 2)
            .unflatten(2, bins.shape[-2:])
        )

    def _below(self, place: Tensor) -> Tensor:
        """The distribution function just below a sorted bin."""
        return torch.where(place > 0, self.cdf.gather(1, (place - 1).clamp_min(0)), 0.0)


def projected(table: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """(Q, 2), weights (Q,) -> (Q,), (Q,): along the main axis of the weighted points, and across
    it."""
    centered = table - (share[:, None] * table).sum(0)
    _, axes = torch.linalg.eigh((share[:, None] * centered).T @ centered)
    across, along = (table @ axes).unbind(1)
    return along, across


class Copula(BinSampler):
    """Samplers that turn two standard normal fields into quantiles, and those into bins."""

    def fields(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        """(B, n, 2, h, w), standard normal at each pixel."""
        raise NotImplementedError

    def bins(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        u = torch.special.ndtr(self.fields(marginals, n, draws))
        return torch.stack(
            [Quantiles(one).bins(each) for one, each in zip(one_by_one(marginals), u, strict=True)]
        )


class QuantileField(Copula):
    """A copula of the fields in colorlab/samplers/fields.py: one dial from independent pixels to
    one global choice.

    coherence, reach, contrast, segments: see ``Fields``. pool: 0 = the marginals are kept exactly;
    1 = each pixel's is replaced by the mean of its segment's (of log p), so that a segment has one
    colour; between, a mixture of log p."""

    def __init__(
        self,
        coherence: float,
        reach: float,
        contrast: float,
        segments: float,
        pool: float,
        temperature: float,
        radius: float,
    ) -> None:
        super().__init__(temperature, radius)
        self.field, self.pool = Fields(coherence, reach, contrast, segments), pool

    def __call__(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        if self.pool:
            means = pooled(marginals.log_p, marginals.image, self.field.segments)
            log_p = torch.log_softmax(torch.lerp(marginals.log_p, means, self.pool), 1)
            marginals = marginals._replace(log_p=log_p)
        return super().__call__(marginals, n, draws)

    def fields(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        return self.field(marginals.image, n, 2, draws.candidates(n).to("quantile"))
