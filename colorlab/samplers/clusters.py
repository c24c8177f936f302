"""A few representatives of many candidates, by k-means (DivColor, Sec. 5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.draws import Draws
from colorlab.samplers.candidates import DrawCandidates, in_groups

KINDS = ("none", "centres", "medoids")
LLOYD_STEPS = 50  # at most; k-means on some hundred fields settles in 5 to 20


@dataclass(frozen=True)
class ClusterOptions:
    """Which of many drawn fields are shown. kind "none": the first ones. "centres": of ``pool``
    fields the means of ``clusters`` k-means clusters, the largest first (the paper: 5 of 256).
    "medoids": of each cluster the member nearest to its mean. ValueError: there is no such kind, or
    there are more clusters than fields."""

    kind: str
    pool: int
    clusters: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"cluster.kind is {', '.join(KINDS)}, not {self.kind!r}")
        if self.clusters > self.pool:
            raise ValueError(
                f"clusters={self.clusters} of a pool of {self.pool} (set pool={self.clusters} or "
                "more)"
            )


def clustered(
    draw: DrawCandidates, draws: Draws, n: int, options: ClusterOptions, size: int
) -> Tensor:
    """n fields of one picture, drawn ``size`` at a time; those beyond the clusters are further
    draws."""
    if options.kind == "none":
        return in_groups(draw, draws, n, size)
    pool, clusters = options.pool, options.clusters
    found = representatives(in_groups(draw, draws, pool, size), clusters, options.kind)
    if n <= clusters:
        return found[:n]
    return torch.cat([found, in_groups(draw, draws, pool + n - clusters, size, first=pool)])


def representatives(fields: Tensor, clusters: int, kind: str) -> Tensor:
    """(N, ...) -> (clusters, ...): see ``ClusterOptions``. Deterministic: k-means starts from the
    farthest fields.

    All that k-means needs are the squared distances D between fields: that of a field to the mean
    of some others is its mean of D to them, less half their mean of D among themselves."""
    points = fields.flatten(1)
    square = torch.cdist(points, points).square()  # (N, N)
    first = farthest(square, clusters)
    nearest = square[:, first].argmin(1)
    for _ in range(LLOYD_STEPS):
        share, to_center = centered(square, nearest, first)
        before, nearest = nearest, to_center.argmin(1)
        if torch.equal(before, nearest):
            break
    share, to_center = centered(square, nearest, first)
    order = torch.bincount(nearest, minlength=clusters).argsort(descending=True, stable=True)
    if kind == "medoids":
        return fields[to_center.argmin(0)[order]]
    return (share.T @ points)[order].unflatten(1, fields.shape[1:])


def centered(square: Tensor, nearest: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distances (N, N), cluster of each field (N,), first field of each cluster (K,) ->
    weights of the fields in the clusters' means (N, K), squared distances to the means (N, K).
    A cluster without fields is its first one."""
    member = F.one_hot(nearest, len(first)).to(square.dtype)
    count = member.sum(0)
    share = torch.where(
        count > 0, member / count.clamp_min(1), F.one_hot(first, len(square)).T.to(square.dtype)
    )
    to_members = square @ share
    return share, to_members - (share * to_members).sum(0) / 2


def farthest(square: Tensor, count: int) -> Tensor:
    """(count,) places in a table of squared distances: the point nearest to all, then always the
    farthest from those taken."""
    taken = [square.sum(1).argmin()]
    gap = square[taken[0]]
    for _ in range(count - 1):
        taken.append(gap.argmax())
        gap = torch.minimum(gap, square[taken[-1]])
    return torch.stack(taken)
