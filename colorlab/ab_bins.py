"""Bins of the ab plane: their centres, soft encoding, the prior and class rebalancing.

Zhang, Isola and Efros, "Colorful Image Colorization" (CIC, ECCV 2016), Sec. 2.1 and 2.2. A table of
bins is (Q, 2), in units of CIE Lab; everything here takes it as an argument."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from colorlab.color import lab_of
from colorlab.errors import ConfigError, DataError

GRID = 10.0  # side of a bin
SQUARE = 110  # no sRGB colour has an a or b beyond it, nor has the square table
CELL, CELLS = 5, 44  # for finding nearest bins, the square is cut into 44 x 44 cells of this side
LARGEST_FILE = 1 << 18  # bytes of a table or a prior
TABLES = ("reachable", "corner", "published", "square")
#: What the published table of 313 has beyond the corners of the cells that sRGB touches; it came of
#: another conversion.
PUBLISHED_TOO = ((40, 90), (100, -90), (100, -10), (100, 0))


def table_of(name: str) -> Tensor:
    """(Q, 2) bin centres, sorted by a, then b.

    reachable  the 261 bins that are nearest to some 8-bit sRGB colour
    corner     the 309 corners of all grid cells that hold one
    published  the 313 of CIC, in its order: the corners and four more
    square     the 529 of Zhang et al. (2017): the whole square, in its order
    FILE.npy   any other table (Q, 2), in the file's order, such as CIC's pts_in_hull.npy
    ValueError for another name, DataError for a file that holds no such table."""
    match name:
        case "reachable":
            return _unique((_surface() / GRID).round()) * GRID
        case "corner":
            return _corners()
        case "published":
            return _unique(torch.cat([_corners(), torch.tensor(PUBLISHED_TOO).float()]))
        case "square":
            line = torch.arange(-SQUARE, SQUARE + 1, GRID)
            return torch.cartesian_prod(line, line)
    if not name.endswith(".npy"):
        raise ValueError(
            f"bins is {', '.join(TABLES)} or the path of a .npy file with (Q, 2) numbers, not "
            f"{name!r}"
        )
    return _numbers(Path(name), 2)


@cache
def _surface() -> Tensor:
    """(393216, 2) the ab of the RGB cube's six faces; every (a, b) of the solid lies on them, at
    another lightness."""
    shades = torch.arange(256) / 255
    u, v = torch.cartesian_prod(shades, shades).T
    faces = [
        torch.stack([u, v, torch.full_like(u, end)]).roll(axis, 0)
        for end in (0, 1)
        for axis in range(3)
    ]
    return lab_of(torch.cat(faces, 1)[None, :, :, None])[0, 1:, :, 0].T


def _corners() -> Tensor:
    cells = (_surface() / GRID).floor()
    return (
        _unique(
            torch.cat([cells + torch.tensor(step) for step in ((0, 0), (0, 1), (1, 0), (1, 1))])
        )
        * GRID
    )


def _unique(points: Tensor) -> Tensor:
    """(N, 2), rounded -> (M, 2) without repetitions, sorted; as single numbers, whose sorting is
    quick."""
    span = 4 * SQUARE
    a, b = (points.round().long() + span // 2).unbind(1)
    found = torch.unique(span * a + b)
    return torch.stack([found // span, found % span], 1).float() - span // 2


def _must_be_file(path: Path) -> None:
    """OSError: it is none, such as a pipe, which would be read for ever. ValueError: it is larger
    than any."""
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it has more than the {LARGEST_FILE:,} bytes of a table or a prior")


def _numbers(path: Path, columns: int) -> Tensor:
    """(N, columns) floats of a .npy file, (N,) for no columns."""
    import numpy as np

    try:
        _must_be_file(path)
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, MemoryError) as error:
        raise DataError(
            f"{path} cannot be read ({' '.join(str(error).split())[:120]}; give a .npy file)"
        ) from error
    if (
        array.ndim != 1 + bool(columns)
        or (columns and array.shape[1] != columns)
        or array.dtype.kind not in "fiu"
    ):
        wanted = f"(N, {columns})" if columns else "(N,)"
        raise DataError(
            f"{path} is {array.shape} of {array.dtype}, not {wanted} numbers (give another file)"
        )
    return torch.from_numpy(array).float()


class SoftCode(NamedTuple):
    """A colour spread over its nearest bins, the nearest first."""

    index: Tensor  # type: ignore[assignment]  # (..., K) int64
    weight: Tensor  # (..., K), each row sums to 1


class Bins(nn.Module):
    """A table of bins and how often each occurs: buffers, so that both are in the checkpoint.

    name: see ``table_of``."""

    table: Tensor  # (Q, 2)
    prior: Tensor  # (Q,) sums to 1; even until it is fitted

    def __init__(self, name: str) -> None:
        super().__init__()
        table = table_of(name)
        self.register_buffer("table", table)
        self.register_buffer("prior", torch.full((len(table),), 1 / len(table)))
        self._near: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.table)

    def nearest(self, ab: Tensor) -> Tensor:
        """ab (..., 2) of sRGB colours -> (...) int64 bin."""
        return self.soft(ab, 1, 1.0).index[..., 0]

    def soft(self, ab: Tensor, neighbours: int, sigma: float) -> SoftCode:
        """ab (..., 2) of sRGB colours -> its nearest bins, weighted by a Gaussian of their distance
        (CIC Sec. 2.1: 5 neighbours, sigma 5). 1 neighbour is the hard encoding."""
        points = ab.reshape(-1, 2).float()
        cells = ((points + SQUARE) / CELL).long().clamp(0, CELLS - 1)
        near = self._near_cell(neighbours)[cells[:, 0] * CELLS + cells[:, 1]]  # (P, M)
        square = (self.table[near] - points[:, None]).square().sum(2)
        nearest, place = square.topk(neighbours, largest=False)
        weight = torch.softmax(nearest / (-2 * sigma**2), dim=1)
        shape = (*ab.shape[:-1], neighbours)
        return SoftCode(near.gather(1, place).reshape(shape), weight.reshape(shape))

    def _near_cell(self, neighbours: int) -> Tensor:
        """(CELLS^2, M): the bins among which any point of a cell has its nearest ones. None other
        can be: they lie farther from the cell's centre than its own nearest ones by more than the
        cell's diagonal."""
        if neighbours not in self._near or self._near[neighbours].device != self.table.device:
            line = (torch.arange(CELLS, device=self.table.device) + 0.5) * CELL - SQUARE
            distance, order = torch.cdist(torch.cartesian_prod(line, line), self.table).sort(dim=1)
            within = distance <= distance[:, neighbours - 1, None] + CELL * math.sqrt(2) + 1e-3
            self._near[neighbours] = order[:, : int(within.sum(1).max())]
        return self._near[neighbours]

    def fit(self, pictures: Iterable[Tensor], sigma: float) -> None:
        """Set the prior: each bin's share among the pixels of the pictures (ab, (P, 2) at a time),
        smoothed by a Gaussian in the ab plane (CIC Sec. 2.2). sigma: 5 as published; 0 = not
        smoothed."""
        counts = torch.zeros(len(self), dtype=torch.float64)
        for ab in pictures:
            counts += torch.bincount(self.nearest(ab), minlength=len(self))
        self.prior.copy_(smoothed(counts / counts.sum(), self.table, sigma))

    def read(self, path: Path) -> None:
        """Set the prior from a file, see ``read_prior``."""
        self.prior.copy_(read_prior(path, self.table))


def smoothed(share: Tensor, table: Tensor, sigma: float) -> Tensor:
    """share (Q,) -> (Q,): each bin's mass spread over the bins around it; the sum stays."""
    if not sigma:
        return share
    square = torch.cdist(table.double(), table.double()).square()
    return share @ torch.softmax(square / (-2 * sigma**2), dim=1)


def rebalancing(prior: Tensor, lam: float) -> Tensor:
    """(Q,) weights w of the bins, CIC Eq. 4: w ~ ((1 - lam) prior + lam / Q)^-1, scaled to
    E_prior[w] = 1.

    lam: 1/2 as published; 1 = no rebalancing; ValueError for 0 with a bin that never occurred."""
    if not 0 <= lam <= 1:
        raise ValueError(f"rebalancing's lam is in [0, 1], not {lam}")
    mixed = (1 - lam) * prior + lam / len(prior)
    if not (mixed > 0).all():
        raise ValueError(
            f"lam={lam} with {int((prior == 0).sum())} bins that never occur (choose lam > 0)"
        )
    w = 1 / mixed
    return w / (prior * w).sum()


def prior_file(table: Tensor, prior: Tensor) -> bytes:
    """A prior with the table that it belongs to, as safetensors: what ``read_prior`` reads."""
    from safetensors.torch import save

    return save({"table": table.contiguous(), "prior": prior.contiguous()})


def read_prior(path: Path, table: Tensor) -> Tensor:
    """(Q,) a prior from the bytes of ``prior_file``, or a .npy file (Q,) such as prior_probs.npy of
    CIC, of sum 1. DataError if it cannot be read, ConfigError if it belongs to another table."""
    own = table
    if path.suffix == ".npy":
        prior = _numbers(path, 0)
    else:
        own, prior = _saved_prior(path)
    if (
        len(prior) != len(table)
        or own.shape != table.shape
        or not torch.allclose(own, table.cpu(), atol=1e-3)
    ):
        raise ConfigError(f"{path} is the prior of another table of {len(prior)} bins, not of "
                          f"this one of {len(table)}"
                        " (choose the bins it was fitted with, or fit it again)")  # fmt: skip
    if not (torch.isfinite(prior).all() and (prior >= 0).all() and prior.sum() > 0):
        raise DataError(f"{path} holds no shares (give numbers >= 0)")
    return prior / prior.sum()


def _saved_prior(path: Path) -> tuple[Tensor, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        _must_be_file(path)
        tensors = load_file(path)
        return tensors["table"].float(), tensors["prior"].float()
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise DataError(
            f"{path} is not a prior ({' '.join(str(error).split())[:120]}; fit it again)"
        ) from error


def entropy(prior: Tensor) -> float:
    """Nats; what a net that knows the prior alone loses a pixel."""
    return float(torch.special.entr(prior.double()).sum())
