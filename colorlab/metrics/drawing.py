"""One drawing before the judges: candidates, true colourings, and what several judges need of them,
computed once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from colorlab.color import lab_of
from colorlab.metrics.delta_e import mean_delta_e, pairwise_delta_e
from colorlab.metrics.inputs import check_drawings
from colorlab.metrics.lpips import LAYERS, pairwise_lpips, weighted_lpips
from colorlab.metrics.ssim import Smoothed, smoothed

PAPER = 0.98  # a pixel is paper if its darkest channel is at least this


class Shown(NamedTuple):
    """Hints that a method was shown beside a drawing: hint (3, H, W), where mask (1, H, W) is 1;
    without: the candidates of the same seeds without hints, (n, 3, H, W), or None. All in
    [0, 1]."""

    hint: Tensor
    mask: Tensor
    without: Tensor | None


class Drawing:
    """samples (n, 3, H, W), image (1, H, W), truths (T, 3, H, W), all in [0, 1]; truths[0] is the
    first truth.

    index: names the drawing. lpips: alex, vgg or none. shown: the hints that there were."""

    def __init__(
        self,
        samples: Tensor,
        image: Tensor,
        truths: Tensor,
        index: int,
        lpips: str,
        shown: Shown | None = None,
    ) -> None:
        if lpips not in (*LAYERS, "none"):
            raise ValueError(f"no LPIPS net {lpips!r}: {', '.join(LAYERS)}, none")
        self.samples, self.image, self.truths = (
            each.float().contiguous() for each in (samples, image, truths)
        )
        self.index, self.n, self._net, self.shown = index, len(samples), lpips, shown

    @cached_property
    def lab(self) -> Tensor:
        """(n + T, 3, P): Lab of the candidates, then of the truths, pixels in one row."""
        return lab_of(torch.cat([self.samples, self.truths])).flatten(2)

    @cached_property
    def smoothed(self) -> Smoothed:
        """What SSIM needs of the candidates and of the first truth after them."""
        return smoothed(torch.cat([self.samples, self.truths[:1]]))

    @property
    def lpips(self) -> Tensor | None:
        """(n + T, n + T) float64: all distances among candidates and truths; None without a net."""
        return None if self._lpips is None else self._lpips[0]

    @property
    def lpips_painted(self) -> Tensor | None:
        """The same, where places count that are painted in some true colouring: paper does not
        dilute the distance."""
        return None if self._lpips is None else self._lpips[1]

    @cached_property
    def _lpips(self) -> Tensor | None:
        if self._net == "none":
            return None
        weights = self._weights.unflatten(1, self.image.shape[-2:])
        return weighted_lpips(torch.cat([self.samples, self.truths]), self._net, weights)

    @cached_property
    def painted(self) -> Tensor:
        """(P,) bool: pixels that are not paper in some true colouring (ink included); all pixels if
        there are none."""
        painted = (self.truths.amin(1) < PAPER).any(0).flatten()
        return painted if painted.any() else torch.ones_like(painted)

    @cached_property
    def delta_e(self) -> Tensor:
        """(2, n, n) float64: mean CIEDE2000 between candidates over all pixels [0], over the
        painted pixels [1]."""
        return pairwise_delta_e(self.lab[: self.n], self._weights)

    @cached_property
    def delta_e_to_truths(self) -> Tensor:
        """(2, n, T) float64: the same, from candidates to truths."""
        return mean_delta_e(self.lab[: self.n], self.lab[self.n :], self._weights)

    @cached_property
    def left_alone(self) -> dict[str, Tensor]:
        """Errors of the drawing as it was shown to the first truth: delta_e, and lpips with a
        net."""
        shown = self.image.expand(1, 3, -1, -1)
        error = mean_delta_e(
            lab_of(shown).flatten(2), self.lab[self.n : self.n + 1], self._weights[:1]
        )[0, 0, 0]
        both = torch.cat([shown, self.truths[:1]])
        return {"delta_e": error} | (
            {} if self._net == "none" else {"lpips": pairwise_lpips(both, self._net)[0, 1]}
        )

    @property
    def _weights(self) -> Tensor:
        return torch.stack([torch.ones_like(self.painted), self.painted]).float()


def drawings_of(
    samples: Tensor,
    image: Tensor,
    truths: Sequence[Tensor],
    index: Sequence[int],
    lpips: str,
    shown: Sequence[Shown | None] = (),
) -> list[Drawing]:
    """samples (B, n, 3, H, W), image (B, 1, H, W), truths: B of (T_i, 3, H, W), all in [0, 1];
    index: B numbers that name the drawings; lpips: alex, vgg or none; shown: B times hints or None.
    ValueError with the range found if the input is not like that."""
    check_drawings(samples, image, truths)
    if len(index) != len(samples):
        raise ValueError(f"{len(samples)} drawings, but {len(index)} indices")
    each = zip(samples, image, truths, index, shown or [None] * len(index), strict=True)
    return [Drawing(s, i, t, int(k), lpips, hints) for s, i, t, k, hints in each]


def above_diagonal(distances: Tensor) -> Tensor:
    """(n, n) -> (n (n - 1) / 2,): each pair once."""
    rows, columns = torch.triu_indices(len(distances), len(distances), 1, device=distances.device)
    return distances[rows, columns]
