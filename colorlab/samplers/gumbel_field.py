"""Coherent colourings with exact marginals by the Gumbel trick: argmax_q log p_q + g_q, one random
field for each bin.

Pixels that share their Gumbel numbers agree with probability (1 - d) / (1 + d) at least, d the
total variation between their marginals, whatever the colours' order; a quantile field has no such
bound, but needs 2 fields instead of Q."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.samplers.fields import Fields
from colorlab.samplers.marginals import BinSampler, Marginals

GROUP = 8  # candidates at a time: the fields of one take the memory of Q pictures


class GumbelField(BinSampler):
    """coherence, reach, contrast, segments: see ``Fields``."""

    def __init__(
        self,
        coherence: float,
        reach: float,
        contrast: float,
        segments: float,
        temperature: float,
        radius: float,
    ) -> None:
        super().__init__(temperature, radius)
        self.field = Fields(coherence, reach, contrast, segments)

    def bins(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        rows = draws.candidates(n).to("gumbel")
        pairs = zip(marginals.log_p, marginals.image, strict=True)
        found = []
        for b, (log_p, gray) in enumerate(pairs):
            for start in range(b * n, (b + 1) * n, GROUP):
                group = rows.rows(start, min(start + GROUP, (b + 1) * n))
                z = self.field(gray[None], len(group), len(log_p), group)[0]  # (m, Q, h, w)
                gumbel = torch.special.log_ndtr(z).neg_().log_().neg_()  # -log(-log Phi(z))
                found.append((log_p + gumbel).argmax(1))
        return torch.cat(found).unflatten(0, (len(marginals.log_p), n))
