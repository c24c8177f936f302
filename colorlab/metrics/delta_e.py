"""CIEDE2000, the perceptual difference of two colours: 1 is just visible, 10 seen at a glance, 100
black to white.

Sharma, Wu, Dalal, The CIEDE2000 Color-Difference Formula (2005), with k_L = k_C = k_H = 1. Hues are
kept as vectors, so that one arctangent is all the trigonometry with angles: the mean hue is the
direction of the sum of the unit vectors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

CHUNK = 2**17  # colour pairs looked at together; those that differ stay in the processor's cache


def delta_e(lab_1: Tensor, lab_2: Tensor) -> Tensor:
    """CIEDE2000 of Lab colours (..., 3) and (..., 3), broadcast -> (...)."""
    L_1, a_1, b_1 = lab_1.unbind(-1)
    L_2, a_2, b_2 = lab_2.unbind(-1)
    return _delta_e(L_1, a_1, b_1, L_2, a_2, b_2)


def mean_delta_e(lab_1: Tensor, lab_2: Tensor, weight: Tensor) -> Tensor:
    """Lab pictures (N, 3, P) and (M, 3, P), weights of the pixels (K, P) with positive sums ->
    (K, N, M) float64: the weighted mean CIEDE2000 of each pair."""
    ones, others = torch.arange(len(lab_1)), torch.arange(len(lab_2))
    first, second = torch.cartesian_prod(ones, others).unbind(1)
    return _means(lab_1, first, lab_2, second, weight).unflatten(1, (len(lab_1), len(lab_2)))


def pairwise_delta_e(lab: Tensor, weight: Tensor) -> Tensor:
    """Lab pictures (N, 3, P), weights (K, P) -> (K, N, N) float64, symmetric with a zero
    diagonal."""
    out = torch.zeros(len(weight), len(lab), len(lab), dtype=torch.float64, device=lab.device)
    first, second = torch.triu_indices(len(lab), len(lab), 1)
    out[:, first, second] = out[:, second, first] = _means(lab, first, lab, second, weight)
    return out


def _means(lab_1: Tensor, first: Tensor, lab_2: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    """(K, pairs) float64: the weighted means of lab_1[first] against lab_2[second]. Candidates have
    much in common (ink, paper), so that only colours that differ are compared."""
    # float32 sums are off by 1e-5
    weight = weight.double() / weight.sum(1, keepdim=True, dtype=torch.float64)
    rows, found = max(1, CHUNK // lab_1.shape[-1]), []
    for a, b in zip(first.split(rows), second.split(rows), strict=True):
        one, other = lab_1[a].movedim(1, 0), lab_2[b].movedim(1, 0)
        differs = (one - other).abs().sum(0) > 0  # (rows, P)
        at = differs.flatten().nonzero()[:, 0]
        colors = [
            channel for each in (one, other) for channel in each.flatten(1).index_select(1, at)
        ]
        difference = torch.zeros_like(one[0], dtype=torch.float64)
        difference.masked_scatter_(differs, _delta_e(*colors).double())
        found.append(weight @ difference.T)
    return torch.cat(found, 1)


def _delta_e(
    L_1: Tensor, a_1: Tensor, b_1: Tensor, L_2: Tensor, a_2: Tensor, b_2: Tensor
) -> Tensor:
    mean_C7 = _seventh((_length(a_1, b_1) + _length(a_2, b_2)) / 2)
    stretch = 1.5 - 0.5 * _rotation_strength(mean_C7)  # 1 + G
    a_1, a_2 = a_1 * stretch, a_2 * stretch
    C_1, C_2 = _length(a_1, b_1), _length(a_2, b_2)
    mean_L, mean_C = (L_1 + L_2) / 2, (C_1 + C_2) / 2
    cos_h, sin_h = _mean_hue(a_1, b_1, C_1, a_2, b_2, C_2)
    L_term = (mean_L - 50).square()
    S_L = 1 + 0.015 * L_term / (20 + L_term).sqrt()
    S_C = 1 + 0.045 * mean_C
    S_H = 1 + 0.015 * mean_C * _hue_weight(cos_h, sin_h)
    L, C = (L_2 - L_1) / S_L, (C_2 - C_1) / S_C
    H = _hue_difference(a_1, b_1, a_2, b_2, C_1 * C_2) / S_H
    R_T = _rotation(cos_h, sin_h, mean_C)
    return (L * L + C * C + H * H + R_T * C * H).clamp_min(0).sqrt()


def _length(x: Tensor, y: Tensor) -> Tensor:
    """Of vectors; several times as fast as hypot, whose care for huge and tiny numbers colours do
    not need."""
    return (x * x + y * y).sqrt_()


def _seventh(x: Tensor) -> Tensor:
    """x^7, as fast as four products."""
    cube = x * x * x
    return cube * cube * x


def _rotation_strength(C7: Tensor) -> Tensor:
    return (C7 / (C7 + 25.0**7)).sqrt()


def _mean_hue(
    a_1: Tensor, b_1: Tensor, C_1: Tensor, a_2: Tensor, b_2: Tensor, C_2: Tensor
) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the hue halfway along the shorter arc; of the other colour's hue if one is
    gray."""
    tiny = torch.finfo(C_1.dtype).tiny
    C_1, C_2 = C_1.clamp_min(tiny), C_2.clamp_min(tiny)
    x, y = a_1 / C_1 + a_2 / C_2, b_1 / C_1 + b_2 / C_2
    norm = _length(x, y).clamp_min(tiny)
    return x / norm, y / norm


def _hue_difference(a_1: Tensor, b_1: Tensor, a_2: Tensor, b_2: Tensor, C_12: Tensor) -> Tensor:
    """2 sqrt(C_1 C_2) sin(dh / 2), signed. From the cross product for acute angles, from the dot
    product for obtuse ones: each is exact where the other cancels."""
    dot, cross = a_1 * a_2 + b_1 * b_2, a_1 * b_2 - b_1 * a_2
    acute = cross / ((C_12 + dot) / 2).clamp_min(torch.finfo(dot.dtype).tiny).sqrt()
    obtuse = torch.copysign((2 * (C_12 - dot)).clamp_min(0).sqrt(), cross)
    return torch.where(dot > 0, acute, obtuse)


def _hue_weight(c: Tensor, s: Tensor) -> Tensor:
    """T = 1 - .17 cos(h - 30) + .24 cos(2h) + .32 cos(3h + 6) - .20 cos(4h - 63), by multiple-angle
    formulas."""
    c2, s2 = 2 * c * c - 1, 2 * s * c
    c3, s3 = c * c2 - s * s2, s * c2 + c * s2
    c4, s4 = 2 * c2 * c2 - 1, 2 * s2 * c2

    def cosine(c_k: Tensor, s_k: Tensor, degrees: float) -> Tensor:
        return c_k * math.cos(math.radians(degrees)) - s_k * math.sin(math.radians(degrees))

    return (
        1
        - 0.17 * cosine(c, s, -30)
        + 0.24 * c2
        + 0.32 * cosine(c3, s3, 6)
        - 0.20 * cosine(c4, s4, -63)
    )


def _rotation(cos_h: Tensor, sin_h: Tensor, mean_C: Tensor) -> Tensor:
    """R_T, the turn of the ellipses in the blue."""
    h = torch.atan2(sin_h, cos_h) * (180 / math.pi)
    h = torch.where(h < 0, h + 360, h)
    angle = (60 * math.pi / 180) * torch.exp(-((h - 275) / 25).square().clamp_max(60))
    return -2 * _rotation_strength(_seventh(mean_C)) * torch.sin(angle)
