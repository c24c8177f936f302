"""What a causal network says of a place: a distribution over the two numbers of its colour, the
second given the first.

    LogisticMixture   Salimans et al. (2017), "PixelCNN++", Sec. 2.1: a mixture of discretised
                      logistics
    Categories        a softmax over the levels of each number (Guadarrama et al., 2017, PixColor)
Colours are whole numbers in [0, levels). Every head gives an exact log-probability and draws from
uniform numbers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHARPEST = -7.0  # of a logistic's log-scale, colours in [-1, 1]
ALMOST = 1e-5  # uniform numbers stay so far from 0 and 1


class ColorHead(nn.Module):
    """Features (N, width, h, w) -> a distribution of colours (N, 2, h, w), whole numbers in
    [0, levels)."""

    draws = 0  # uniform numbers that a place takes

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels

    def log_p(self, features: Tensor, colors: Tensor) -> Tensor:
        """(N, h, w) nats: of both numbers together."""
        raise NotImplementedError

    def drawn(self, features: Tensor, u: Tensor, temperature: float) -> Tensor:
        """Colours (N, 2, h, w); u (N, draws, h, w) in [0, 1); temperature: 1 = as learnt, towards 0
        the likeliest."""
        raise NotImplementedError

    def scaled(self, colors: Tensor) -> Tensor:
        """Levels to [-1, 1]."""
        return 2 * colors / (self.levels - 1) - 1


class LogisticMixture(ColorHead):
    """K logistics over both numbers; within each, the mean of the second moves with the first.

        P(x) = sum_k pi_k prod_c [sigma((x_c + 1/2 - mu_kc) / s_kc)
                                  - sigma((x_c - 1/2 - mu_kc) / s_kc)]
    where the outermost levels reach to infinity."""

    draws = 3

    def __init__(self, width: int, levels: int, components: int) -> None:
        super().__init__(levels)
        # weight, two means, two log-scales, the second's slope
        self.head = nn.Conv2d(width, 6 * components, 1)

    def parts(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """log pi (N, K, h, w); means, log-scales (N, 2, K, h, w); slope (N, K, h, w)."""
        parts = self.head(F.elu(features)).float().chunk(6, 1)
        log_pi = torch.log_softmax(parts[0], 1)
        means = torch.stack(parts[1:3], 1)
        log_scales = torch.stack(parts[3:5], 1).clamp_min(SHARPEST)
        return log_pi, means, log_scales, torch.tanh(parts[5])

    def log_p(self, features: Tensor, colors: Tensor) -> Tensor:
        log_pi, means, log_scales, slope = self.parts(features)
        x = self.scaled(colors.float())[:, :, None]  # (N, 2, 1, h, w)
        second = means[:, 1] + slope * x[:, 0]
        means = torch.stack([means[:, 0], second], 1)
        return torch.logsumexp(log_pi + self.log_mass(x, means, log_scales).sum(1), 1)

    def log_mass(self, x: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
        """Logarithm of what a logistic puts on a level, (N, 2, K, h, w); differences of logistic
        functions are taken in logarithms, so that far levels keep a gradient."""
        half = 1 / (self.levels - 1)
        sharpness = (-log_scales).exp()
        upper = (x + half - means) * sharpness
        lower = (x - half - means) * sharpness
        below_upper, above_lower = F.logsigmoid(upper), F.logsigmoid(-lower)
        # log(sigma(u) - sigma(l)) = log sigma(u) + log sigma(-l) + log(1 - exp(l - u))
        inside = (
            below_upper + above_lower + torch.log(-torch.expm1(lower - upper).clamp(max=-1e-12))
        )
        inside = torch.where(x <= -1 + half, below_upper, inside)
        return torch.where(x >= 1 - half, above_lower, inside)

    def drawn(self, features: Tensor, u: Tensor, temperature: float) -> Tensor:
        log_pi, means, log_scales, slope = self.parts(features)
        k = inverse_cdf(log_pi / temperature, u[:, 0])[:, None]  # (N, 1, h, w)
        of_both = k[:, None].expand(-1, 2, -1, -1, -1)
        mean, log_scale = (each.gather(2, of_both)[:, :, 0] for each in (means, log_scales))
        logistic = torch.logit(u[:, 1:].clamp(ALMOST, 1 - ALMOST))
        noise = temperature * log_scale.exp() * logistic
        first = self.level(mean[:, 0] + noise[:, 0])
        moved = mean[:, 1] + slope.gather(1, k)[:, 0] * self.scaled(first.float())
        return torch.stack([first, self.level(moved + noise[:, 1])], 1)

    def level(self, x: Tensor) -> Tensor:
        """The level whose interval holds x."""
        return ((x + 1) / 2 * (self.levels - 1)).round().clamp(0, self.levels - 1).long()


class Categories(ColorHead):
    """Each number by its own softmax; the second sees which level the first is."""

    draws = 2

    def __init__(self, width: int, levels: int) -> None:
        super().__init__(levels)
        self.first = nn.Conv2d(width, levels, 1)
        self.seen = nn.Embedding(levels, width)
        self.second = nn.Conv2d(width, levels, 1)

    def logits(self, features: Tensor, first: Tensor | None = None) -> Tensor:
        """(N, levels, h, w) of the first number, or of the second where the first (N, h, w) is
        known."""
        if first is None:
            return self.first(F.elu(features)).float()
        return self.second(F.elu(features + self.seen(first).movedim(-1, 1))).float()

    def log_p(self, features: Tensor, colors: Tensor) -> Tensor:
        first = torch.log_softmax(self.logits(features), 1)
        second = torch.log_softmax(self.logits(features, colors[:, 0]), 1)
        return first.gather(1, colors[:, :1])[:, 0] + second.gather(1, colors[:, 1:])[:, 0]

    def drawn(self, features: Tensor, u: Tensor, temperature: float) -> Tensor:
        first = inverse_cdf(self.logits(features) / temperature, u[:, 0])
        second = inverse_cdf(self.logits(features, first) / temperature, u[:, 1])
        return torch.stack([first, second], 1)


def inverse_cdf(logits: Tensor, u: Tensor) -> Tensor:
    """Logits (N, K, h, w), u (N, h, w) in [0, 1) -> (N, h, w) int64 in [0, K), distributed as
    softmax(logits)."""
    cdf = logits.movedim(1, -1).softmax(-1).cumsum(-1)
    found = torch.searchsorted(
        cdf.contiguous(), (u[..., None] * cdf[..., -1:]).contiguous(), right=True
    )
    return found[..., 0].clamp_(max=logits.shape[1] - 1)
