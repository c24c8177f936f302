"""Fourier-Bessel functions on the unit disc, the fixed bases of DCFNet (Qiu, Cheng, Sapiro and
Calderbank, 2018).

    psi_mq(r, theta) = c_mq J_m(R_mq r) cos(m theta) or sin(m theta),  R_mq the q-th zero of J_m

are the disc's vibrations, orthonormal on it, from the lowest frequency R_mq on. A pair of cos and
sin of one m turns into itself when the plane does, so filters in their span can be steered."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# the norm of what vanishes; share of a function's norm that no mixture of others has
NOTHING, ALIAS = 1e-6, 0.1


class Mode(NamedTuple):
    """frequency: R_mq. order: m. sine: whether it is the sin of its pair."""

    frequency: float
    order: int
    sine: bool


def modes(count: int) -> list[Mode]:
    """The lowest ``count``, pairs cos first."""
    from scipy.special import jn_zeros

    pairs = sorted((float(zero), m) for m in range(count + 1) for zero in jn_zeros(m, count))
    found = [
        Mode(zero, m, sine) for zero, m in pairs for sine in ((False, True) if m else (False,))
    ]
    return found[:count]


def value(mode: Mode, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """psi at places of the plane; 0 outside of the disc."""
    from scipy.special import jv

    r, theta = np.hypot(x, y), np.arctan2(y, x)
    norm = math.sqrt((2 if mode.order else 1) / math.pi) / abs(jv(mode.order + 1, mode.frequency))
    turned = np.sin(mode.order * theta) if mode.sine else np.cos(mode.order * theta)
    return np.where(r <= 1, norm * jv(mode.order, mode.frequency * r) * turned, 0.0)


def fourier_bessel_bases(count: int, side: int) -> Tensor:
    """(count, side, side), each of unit norm, at the middles of the pixels of the disc's square.
    ValueError: so few pixels cannot tell so many apart."""
    if count > side**2 - 1:
        raise ValueError(
            f"{side}x{side} pixels have {side**2 - 1} Fourier-Bessel bases at most, not {count}"
        )
    at = (2 * np.arange(side) + 1) / side - 1
    x, y = at[None].repeat(side, 0), at[:, None].repeat(side, 1)
    kept: list[np.ndarray] = []
    for mode in modes(4 * count):
        psi = value(mode, x, y)
        if len(kept) < count and is_new(psi, kept):
            kept.append(psi / np.linalg.norm(psi))
    if len(kept) < count:
        raise ValueError(
            f"{side}x{side} pixels have {len(kept)} Fourier-Bessel bases, not {count} (set bases)"
        )
    return torch.from_numpy(np.stack(kept)).float()


def is_new(psi: np.ndarray, kept: list[np.ndarray]) -> bool:
    """Whether it is none that vanishes on the pixels, nor an alias: a mixture of those before."""
    size = np.linalg.norm(psi)
    if not kept or size < NOTHING:
        return bool(size > NOTHING)
    known = np.stack(kept).reshape(len(kept), -1).T
    mixture, *_ = np.linalg.lstsq(known, psi.ravel(), rcond=None)
    return bool(np.linalg.norm(psi.ravel() - known @ mixture) > ALIAS * size)
