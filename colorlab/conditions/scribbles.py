"""Scribbles spread over a gray picture by a sparse solve: neighbours of like lightness take like
colours.

Levin, Lischinski and Weiss, "Colorization using Optimization" (2004), as its authors solve it:
scribbles are held, and

    U(r) = sum_s w_rs U(s), w_rs ~ exp(-(Y(r) - Y(s))^2 / (2 sigma_r^2)),  sum_s w_rs = 1 (Eq. 1, 2)
everywhere else, s the eight neighbours of r and sigma_r^2 a share of the variance around r. It has
one answer."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from colorlab.color import AB, luma
from colorlab.types import Hints

AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
SHARP = 0.3  # sigma_r^2 in units of that variance; at 1, colours leak through edges
LEAST_VARIANCE = 2e-6  # of lightness in [0, 1]; flat surroundings would have none
SPACE = AB()


def spread(hints: Hints, image: Tensor) -> Tensor:
    """Hints of one gray picture (1, 1, H, W) in [0, 1] -> the picture coloured by them alone,
    (1, 3, H, W) in [0, 1]. Without any it stays gray."""
    known = (hints.mask[0, 0] > 0.5).cpu().numpy()
    ab = SPACE.encode(hints.rgb)[0].double().cpu().numpy()
    chroma = solved(luma(image.expand(-1, 3, -1, -1))[0, 0].double().cpu().numpy(), ab, known)
    return SPACE.decode(torch.from_numpy(chroma)[None].to(image), image)


def solved(Y: np.ndarray, ab: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Lightness (H, W) in [0, 1], chroma (2, H, W), where it is known (H, W) bool -> all of it,
    (2, H, W)."""
    from scipy.sparse import diags_array, eye_array
    from scipy.sparse.linalg import spsolve

    free = (~known).astype(float).ravel()
    if free.all() or not free.any():
        return ab * known
    system = eye_array(Y.size, format="csr") - diags_array(free) @ weights(Y)
    held = ab.reshape(2, -1).T * known.reshape(-1, 1)
    return np.asarray(spsolve(system.tocsc(), held)).T.reshape(ab.shape)


def weights(Y: np.ndarray) -> object:
    """(H W, H W) sparse: each row sums to 1 over a pixel's neighbours."""
    from scipy.sparse import coo_array

    height, width = Y.shape
    number = np.arange(Y.size).reshape(Y.shape)
    variance = SHARP * np.maximum(variance_around(Y), LEAST_VARIANCE)
    rows, columns, values = [], [], []
    for dy, dx in AROUND:
        here = (slice(max(0, -dy), height - max(0, dy)), slice(max(0, -dx), width - max(0, dx)))
        there = (slice(max(0, dy), height - max(0, -dy)), slice(max(0, dx), width - max(0, -dx)))
        rows.append(number[here].ravel())
        columns.append(number[there].ravel())
        values.append(np.exp(-((Y[here] - Y[there]) ** 2) / (2 * variance[here])).ravel() + 1e-12)
    r, c, v = (np.concatenate(each) for each in (rows, columns, values))
    return coo_array((v / np.bincount(r, v, Y.size)[r], (r, c)), shape=(Y.size, Y.size)).tocsr()


def variance_around(Y: np.ndarray) -> np.ndarray:
    """Of each pixel and its neighbours."""
    from scipy.ndimage import uniform_filter

    return uniform_filter(Y**2, 3, mode="nearest") - uniform_filter(Y, 3, mode="nearest") ** 2
