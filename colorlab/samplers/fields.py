"""Random fields on a picture: at each pixel a standard normal number, and one dial for how far
pixels agree.

Four kinds, each of unit variance everywhere, so that a Gaussian copula built on them keeps every
marginal exactly:
    white    every pixel for itself
    edge     white noise averaged over neighbours of like lightness (a bilateral kernel, each row of
             L2 norm 1)
    segment  one number for each segment of the gray picture (Felzenszwalb and Huttenlocher, 2004)
    global   one number for the whole picture
The dial moves through them in this order: between two kinds, z = sqrt(1 - t) z_k + sqrt(t)
z_{k+1}."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import EllipsisType

import numpy as np
import torch
from torch import Tensor

from colorlab.draws import Draws

KINDS = ("white", "edge", "segment", "global")
SMALLEST = 200  # no segment is smaller than this part of the picture
WINDOW = 2.0  # the bilateral kernel is cut off after so many standard deviations


class Fields:
    """Fields on pictures.

    coherence: the dial; 0 = white, 1/3 = edge, 2/3 = segment, 1 = global. reach: standard deviation
    of the bilateral kernel in space, a share of the picture's shorter side. contrast: its standard
    deviation in lightness. segments: Felzenszwalb and Huttenlocher's k, in lightness; larger means
    fewer and larger segments."""

    def __init__(self, coherence: float, reach: float, contrast: float, segments: float) -> None:
        if not 0 <= coherence <= 1:
            raise ValueError(f"coherence is in [0, 1], not {coherence}")
        for name, value in (("reach", reach), ("contrast", contrast), ("segments", segments)):
            if not value > 0:
                raise ValueError(f"{name} is > 0, not {value}")
        self.coherence = coherence
        self.reach = reach
        self.contrast = contrast
        self.segments = segments

    def shares(self) -> dict[str, float]:
        """Each kind's share of the variance; those with none are left out."""
        place = self.coherence * (len(KINDS) - 1)
        low = min(int(place), len(KINDS) - 2)
        t = place - low
        return {
            kind: share for kind, share in ((KINDS[low], 1 - t), (KINDS[low + 1], t)) if share > 0
        }

    def __call__(self, image: Tensor, n: int, channels: int, rows: Draws) -> Tensor:
        """image (B, 1, h, w) in [0, 1]; rows: B n, one for each candidate -> (B, n, channels, h,
        w): ``channels`` independent fields a candidate."""
        parts = [
            math.sqrt(share) * self.field(kind, image, n, channels, rows)
            for kind, share in self.shares().items()
        ]
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    def field(self, kind: str, image: Tensor, n: int, channels: int, rows: Draws) -> Tensor:
        """One kind, (B, n, channels, h, w)."""
        shape = (channels, 1, 1) if kind == "global" else (channels, *image.shape[-2:])
        noise = rows.to(kind).normal(*shape, device=image.device).unflatten(0, (len(image), n))
        match kind:
            case "edge":
                return bilateral(noise, image, self.reach * min(image.shape[-2:]), self.contrast)
            case "segment":
                pairs = zip(noise, image, strict=True)
                return torch.stack(
                    [one.flatten(2)[..., leaders(gray, self.segments)] for one, gray in pairs]
                )
        return noise.expand(-1, -1, -1, *image.shape[-2:])


def bilateral(noise: Tensor, image: Tensor, reach: float, contrast: float) -> Tensor:
    """White noise (B, n, C, h, w) -> sum_j k_ij noise_j / sqrt(sum_j k_ij^2), again of unit
    variance, with k_ij = exp(-|i - j|^2 / (2 reach^2) - (image_i - image_j)^2 / (2 contrast^2)).

    image (B, 1, h, w) in [0, 1]; reach in pixels."""
    total, norm = torch.zeros_like(noise), torch.zeros_like(image[:, None])
    gray = image[:, None]
    for (here, there), distance in _shifts(image.shape[-2:], reach):
        k = (
            (gray[there] - gray[here])
            .square_()
            .mul_(-1 / (2 * contrast**2))
            .sub_(distance / (2 * reach**2))
            .exp_()
        )
        total[here].add_(k * noise[there])
        norm[here].add_(k.square_())
    return total / norm.sqrt()


Window = tuple[EllipsisType, slice, slice]


def _shifts(size: torch.Size, reach: float) -> Iterator[tuple[tuple[Window, Window], float]]:
    """Pairs of equal windows (here, there) onto (..., h, w), there = here + (dy, dx), and dy^2 +
    dx^2."""
    height, width = size
    radius = math.ceil(WINDOW * reach)
    for dy in range(-min(radius, height - 1), min(radius, height - 1) + 1):
        for dx in range(-min(radius, width - 1), min(radius, width - 1) + 1):
            if dy * dy + dx * dx <= (WINDOW * reach) ** 2:
                here = (
                    ...,
                    slice(max(0, -dy), height - max(0, dy)),
                    slice(max(0, -dx), width - max(0, dx)),
                )
                there = (
                    ...,
                    slice(max(0, dy), height + min(0, dy)),
                    slice(max(0, dx), width + min(0, dx)),
                )
                yield (here, there), float(dy * dy + dx * dx)


def leaders(gray: Tensor, scale: float) -> Tensor:
    """(1, h, w) in [0, 1] -> (h, w) int64: the first pixel, as a flat index, of the segment that
    each pixel is in."""
    from skimage.segmentation import felzenszwalb

    pixels = gray[0].double().cpu().numpy()
    smallest = max(1, pixels.size // SMALLEST)
    labels = felzenszwalb(pixels, scale=255 * scale, sigma=0, min_size=smallest, channel_axis=None)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return torch.from_numpy(first[inverse].reshape(pixels.shape)).to(gray.device)


def pooled(log_p: Tensor, image: Tensor, scale: float) -> Tensor:
    """log_p (B, Q, h, w), image (B, 1, h, w) -> the mean over each segment, normalised again: in a
    segment, all pixels have one distribution (a logarithmic opinion pool)."""
    means = torch.zeros_like(log_p).flatten(2)
    for mean, one, gray in zip(means, log_p.flatten(2), image, strict=True):
        leader = leaders(gray, scale).flatten()
        mean.index_add_(1, leader, one).div_(
            torch.bincount(leader, minlength=len(leader)).clamp_min(1)
        )
        mean.copy_(mean[:, leader])
    return torch.log_softmax(means, 1).view_as(log_p)
