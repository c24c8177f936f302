"""What several trainings of each method say together: intervals with a level for trainings, and
which differences are more than the spread between them. One training says nothing of that spread:
of one, no difference is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from colorlab.metrics.intervals import CHUNK, LEVEL, RESAMPLES, Interval

NONE, MORE, LESS = "=", ">", "<"


def of_trainings(values: np.ndarray, seed: int) -> Interval:
    """values (S, N): of S trainings, on the same N drawings -> mean and 95 % bounds of a bootstrap
    in two levels, trainings and drawings; NaN where a drawing does not have the number. No bounds
    for fewer than two of either."""
    values = values[:, ~np.isnan(values).any(0)]
    trainings, drawings = values.shape
    mean = float(values.mean()) if drawings else float("nan")
    if min(trainings, drawings) < 2:
        return Interval(mean, float("nan"), float("nan"), drawings)
    low, high = np.quantile(_resampled(values, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean, float(low), float(high), drawings)


def p_of_difference(a: np.ndarray, b: np.ndarray, seed: int) -> float:
    """(S, N) and (R, N), on the same drawings -> the larger of two p-values: Welch's t-test of the
    trainings' means, and a bootstrap over drawings of the difference of the methods' means. 1 if
    either has one training alone."""
    kept = ~(np.isnan(a).any(0) | np.isnan(b).any(0))
    a, b = a[:, kept], b[:, kept]
    if min(len(a), len(b), kept.sum()) < 2:
        return 1.0
    apart = a.mean(0) - b.mean(0)
    if np.ptp(apart) == 0 and apart[0] == 0:
        return 1.0
    return max(_welch(a.mean(1), b.mean(1)), _two_sided(_resampled(apart[None], seed)))


def p_against(trainings: np.ndarray, fixed: np.ndarray, seed: int) -> float:
    """(S, N) and (N,): the same against what no training made, so that only the first has a spread
    of trainings (t-test of one sample). 1 for one training."""
    kept = ~(np.isnan(trainings).any(0) | np.isnan(fixed))
    trainings, fixed = trainings[:, kept], fixed[kept]
    if min(len(trainings), kept.sum()) < 2:
        return 1.0
    apart = trainings - fixed
    if not apart.any():
        return 1.0
    means = apart.mean(1)
    return max(_one_sample(means), _two_sided(_resampled(apart.mean(0)[None], seed)))


def p_of_drawings(a: np.ndarray, b: np.ndarray, seed: int) -> float:
    """(N,) and (N,), neither made by a training: the bootstrap over drawings alone."""
    apart = (a - b)[~np.isnan(a - b)]
    return _two_sided(_resampled(apart[None], seed)) if len(apart) > 1 and apart.any() else 1.0


def told_apart(p_values: Mapping[str, float]) -> dict[str, bool]:
    """Which differences hold at 5 % for all comparisons together (Holm, 1979): the k-th smallest of
    m p-values is held to 5 % / (m - k + 1), up to the first that fails."""
    told, holds = {}, True
    ordered = sorted(p_values, key=lambda name: p_values[name])
    for place, name in enumerate(ordered):
        holds = holds and p_values[name] <= (1 - LEVEL) / (len(ordered) - place)
        told[name] = holds
    return told


def signs(
    rows: Mapping[str, np.ndarray], base: str, seed: int, untrained: Collection[str] = ()
) -> dict[str, str]:
    """Rows (trainings, drawings) by name -> for each but the base: `>` if it is larger, `<` if
    smaller, `=` if that is not told apart, corrected for the number of rows. untrained: names of
    rows (1, drawings) that no training made."""

    def p_value(name: str) -> float:
        one, other = rows[name], rows[base]
        match name in untrained, base in untrained:
            case True, True:
                return p_of_drawings(one[0], other[0], seed)
            case True, False:
                return p_against(other, one[0], seed)
            case False, True:
                return p_against(one, other[0], seed)
        return p_of_difference(one, other, seed)

    others = [name for name in rows if name != base]
    told = told_apart({name: p_value(name) for name in others})
    larger = {name: np.nanmean(rows[name]) > np.nanmean(rows[base]) for name in others}
    return {name: (MORE if larger[name] else LESS) if told[name] else NONE for name in others}


def _welch(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sided p of Welch's t-test; trainings that all came out alike leave only 0 or 1."""
    from scipy.stats import ttest_ind

    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return float(a[0] == b[0])
    return float(ttest_ind(a, b, equal_var=False).pvalue)


def _one_sample(values: np.ndarray) -> float:
    """Two-sided p of a t-test against 0."""
    from scipy.stats import ttest_1samp

    if np.ptp(values) == 0:
        return float(values[0] == 0)
    return float(ttest_1samp(values, 0).pvalue)


def _two_sided(differences: np.ndarray) -> float:
    below, above = (differences <= 0).mean(), (differences >= 0).mean()
    return float(min(1.0, 2 * max(min(below, above), 1 / len(differences))))


def _resampled(values: np.ndarray, seed: int) -> np.ndarray:
    """(S, N) -> (RESAMPLES,): means of resampled trainings on resampled drawings, the same drawings
    for all."""
    # numpy's generator rather than Draws: the numbers belong to a report, with its own explicit
    # seed, not to a picture
    stream = np.random.default_rng(seed)
    parts = []
    for size in (CHUNK,) * (RESAMPLES // CHUNK):
        of_trainings, of_drawings = (
            stream.multinomial(count, np.full(count, 1 / count), size) / count
            for count in values.shape
        )
        parts.append(((of_trainings @ values) * of_drawings).sum(1))
    return np.concatenate(parts)
