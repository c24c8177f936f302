"""Colourings that minimise a coupled total variation while staying near colours drawn from the
marginals.

Pierre, Aujol, Bugeau, Papadakis and Ta, "Luminance-chrominance model for image colorization"
(2015), on the marginals of a net, as Mouzon, Pierre and Berger, "Joint CNN and variational model
for fully-automatic image colorization" (2019):

    E(u, w) = sum_x sqrt(gamma |grad L|^2 + |grad u|^2) + lambda / 2 sum_x,i w_i |u - c_i|^2 - mu
    sum_x,i w_i log p_i

u the chroma, L the lightness, c_i(x) a pixel's candidate colours, w(x) in the simplex. Where L has
an edge, one of u costs little. The first term is max <grad u, z> + <sqrt(gamma) grad L, z_L> over
|z, z_L| <= 1 at each pixel, which gives the primal-dual steps of Chambolle and Pock (2011); w takes
mirror steps, which stay in the simplex by themselves. For one candidate E is convex and its minimum
is found; with more, a local one.

The lightness is the picture's own at every step. With ``gamut``, so is the constraint of both
papers that the colour can be shown at it: u is brought back at its hue after each step. They work
in YUV, where the showable chromas of a lightness are a convex polygon and that is a projection; in
Lab they are not convex, so it is the way back alone."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.color import in_gamut, lab_of
from colorlab.draws import Draws
from colorlab.progress import finer
from colorlab.samplers.marginals import Marginals, MarginalSampler, colors_of

TAU = 4.0  # Lab units; TAU SIGMA |grad|^2 <= 1 with |grad|^2 <= 8
SIGMA = 1 / (8 * TAU)
RHO = 0.1  # the mirror step of w


class Problem:
    """What is fixed in E.

    lightness (B, 1, 1, h, w); candidates c (B, n, K, 2, h, w) in Lab units; log_p (B, n, K, h, w)
    of the candidates.
    gamut: whether u must be colours that sRGB can show."""

    def __init__(
        self,
        lightness: Tensor,
        candidates: Tensor,
        log_p: Tensor,
        gamma: float,
        fidelity: float,
        prior: float,
        gamut: bool = False,
    ) -> None:
        self.lightness, self.gamut = lightness, gamut
        self.edges = gamma**0.5 * gradient(lightness)  # (B, 1, 1, 2, h, w)
        self.candidates, self.log_p, self.fidelity, self.prior = candidates, log_p, fidelity, prior

    def energy(self, u: Tensor, w: Tensor) -> Tensor:
        """(B, n): E of u (B, n, 2, h, w) and w (B, n, K, h, w)."""
        slopes = gradient(u).square().sum((2, 3)) + self.edges.square().sum((2, 3))
        return slopes.sqrt().sum((2, 3)) + (w * self.costs(u)).sum((2, 3, 4))

    def costs(self, u: Tensor) -> Tensor:
        """(B, n, K, h, w): what each candidate costs a pixel of colour u."""
        return (
            self.fidelity / 2 * (u[:, :, None] - self.candidates).square().sum(3)
            - self.prior * self.log_p
        )

    def solved(self, steps: int) -> tuple[Tensor, Tensor]:
        """u (B, n, 2, h, w) and w after so many steps, from w = p and the mean of the
        candidates."""
        scores = self.log_p.expand(self.candidates.shape[:3] + self.candidates.shape[-2:])
        w = torch.softmax(scores, 2)
        mean = (w[:, :, :, None] * self.candidates).sum(2)
        u = self.shown(mean)
        ahead, z = u, gradient(torch.zeros_like(u))
        z_L = torch.zeros_like(z[:, :, :1])
        for _ in finer(range(steps)):
            z, z_L = z + SIGMA * gradient(ahead), z_L + SIGMA * self.edges
            length = (
                (z.square().sum((2, 3), keepdim=True) + z_L.square().sum((2, 3), keepdim=True))
                .sqrt()
                .clamp_min(1)
            )
            z, z_L = z / length, z_L / length
            if w.shape[2] > 1:
                scores = scores - RHO * self.costs(ahead)
                w = torch.softmax(scores, 2)
                mean = (w[:, :, :, None] * self.candidates).sum(2)
            moved = self.shown(
                (u + TAU * (divergence(z) + self.fidelity * mean)) / (1 + TAU * self.fidelity)
            )
            u, ahead = moved, 2 * moved - u
        return u, w

    def shown(self, u: Tensor) -> Tensor:
        """u itself, or, under the constraint, the nearest chroma of each hue that can be shown."""
        if not self.gamut:
            return u
        return in_gamut(torch.cat([self.lightness.expand_as(u[:, :, :1]), u], 2))[:, :, 1:]


class Variational(MarginalSampler):
    """source: draws the candidates; None takes each pixel's likeliest bins, and all n answers are
    the same (Mouzon et al.). candidates: K; with 1, u is a smoothed version of the one drawn.
    gamma, fidelity (lambda), prior (mu): see the module. steps: of the primal-dual scheme. gamut:
    see the module."""

    def __init__(
        self,
        source: MarginalSampler | None,
        candidates: int,
        gamma: float,
        fidelity: float,
        prior: float,
        steps: int,
        gamut: bool = False,
    ) -> None:
        self.source, self.candidates, self.steps, self.gamut = source, candidates, steps, gamut
        self.gamma, self.fidelity, self.prior = gamma, fidelity, prior

    def __call__(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        return (
            self.problem(marginals, n, draws)
            .solved(self.steps)[0]
            .expand(-1, n, -1, -1, -1)
            .clone()
        )

    def problem(self, marginals: Marginals, n: int, draws: Draws) -> Problem:
        """The energy of n answers to each picture."""
        K = self.candidates
        lightness = lab_of(marginals.image.expand(-1, 3, -1, -1))[:, None, :1]
        if self.source is None:
            log_p, bins = marginals.log_p.topk(min(K, len(marginals.table)), dim=1)
            log_p, colors = log_p[:, None], colors_of(bins, marginals.table)[:, None]
        else:
            colors = torch.stack(
                [self.source(marginals, n, draws.to(f"candidate {i}")) for i in range(K)], 2
            )
            log_p = colors.new_zeros(*colors.shape[:3], 1, 1)
        return Problem(lightness, colors, log_p, self.gamma, self.fidelity, self.prior, self.gamut)


def gradient(u: Tensor) -> Tensor:
    """(..., C, h, w) -> (..., C, 2, h, w): forward differences down and to the right, 0 at the
    border."""
    out = u.new_zeros(*u.shape[:-2], 2, *u.shape[-2:])
    out[..., 0, :-1, :] = u[..., 1:, :] - u[..., :-1, :]
    out[..., 1, :, :-1] = u[..., :, 1:] - u[..., :, :-1]
    return out


def divergence(z: Tensor) -> Tensor:
    """(..., 2, h, w) -> (..., h, w): minus the adjoint of ``gradient``."""
    down, right = z[..., 0, :-1, :], z[..., 1, :, :-1]
    out = torch.zeros_like(z[..., 0, :, :])
    out[..., :-1, :] += down
    out[..., 1:, :] -= down
    out[..., :, :-1] += right
    out[..., :, 1:] -= right
    return out
