"""95 % intervals over drawings: candidates and pairs of one drawing are not independent, drawings
are. Means are resampled (bootstrap); numbers of whole sets, which a drawing that occurs twice would
change, take a jackknife."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RESAMPLES = 10_000
LEVEL = 0.95
CHUNK = 500  # resamples held at once
GROUPS = 10  # of drawings, left out in turn by the jackknife


class Interval(NamedTuple):
    """A mean over n drawings and its percentile bootstrap bounds at 95 %, NaN for fewer than two
    drawings."""

    mean: float
    low: float
    high: float
    n: int

    def __format__(self, spec: str) -> str:
        """`mean [low, high]`, the mean alone if there are no bounds, a dash if there is none; spec:
        of each number."""
        if np.isnan(self.mean):
            return "-"
        bounds = "" if np.isnan(self.low) else f" [{self.low:{spec}}, {self.high:{spec}}]"
        return f"{self.mean:{spec}}{bounds}"


def interval(values: np.ndarray, seed: int) -> Interval:
    """values: (drawings,), one number per drawing; NaN marks drawings that do not have it, they are
    left out."""
    values = np.asarray(values, np.float64)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return Interval(
            float(values.mean()) if len(values) else np.nan, np.nan, np.nan, len(values)
        )
    low, high = np.quantile(_resampled_means(values, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(values.mean()), float(low), float(high), len(values))


def intervals(per_drawing: dict[str, np.ndarray], seed: int) -> dict[str, Interval]:
    """The interval of every column that has one number per drawing; "index" is not one."""
    return {
        name: interval(v, seed)
        for name, v in per_drawing.items()
        if v.ndim == 1 and name != "index"
    }


def jackknife(
    statistic: Callable[[np.ndarray], dict[str, float]], count: int
) -> dict[str, tuple[float, float]]:
    """Bounds of numbers that belong to a set as a whole: each of 10 groups of its items is left out
    in turn (Tukey, 1958), value -+ t_9 x standard error. What the size of the set adds to a number
    (its bias) is not in them.

    statistic: positions (N,) of the items kept -> name -> number. Nothing for fewer than 20
    items."""
    if count < 2 * GROUPS:
        return {}
    from scipy.stats import t

    place, whole = np.arange(count), statistic(np.arange(count))
    without = [statistic(place[place % GROUPS != group]) for group in range(GROUPS)]
    reach = float(t.ppf((1 + LEVEL) / 2, GROUPS - 1))
    bounds = {}
    for name, value in whole.items():
        each = np.array([found[name] for found in without if name in found])
        if len(each) == GROUPS:
            error = float(np.sqrt((GROUPS - 1) / GROUPS * ((each - each.mean()) ** 2).sum()))
            bounds[name] = (value - reach * error, value + reach * error)
    return bounds


def paired_difference(
    values: np.ndarray,
    baseline: np.ndarray,
    index: np.ndarray,
    baseline_index: np.ndarray,
    seed: int,
) -> Interval:
    """The interval of values - baseline, drawing by drawing, over the drawings that both have; if
    it leaves out 0, the methods differ. index, baseline_index: (drawings,), which drawing each
    number belongs to. ValueError if none is in both."""
    _, ours, theirs = np.intersect1d(index, baseline_index, return_indices=True)
    if not len(ours):
        raise ValueError("no drawing is in both results, nothing to compare in pairs")
    return interval(np.asarray(values)[ours] - np.asarray(baseline)[theirs], seed)


def _resampled_means(values: np.ndarray, seed: int) -> np.ndarray:
    # numpy's generator rather than Draws: the numbers belong to a report, with its own explicit
    # seed, not to a picture
    stream = np.random.default_rng(seed)
    sizes = [min(CHUNK, RESAMPLES - done) for done in range(0, RESAMPLES, CHUNK)]
    return np.concatenate(
        [values[stream.integers(len(values), size=(s, len(values)))].mean(1) for s in sizes]
    )
