"""Intervals over drawings, against scipy's bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from colorlab.metrics.intervals import GROUPS, interval, intervals, jackknife, paired_difference

VALUES = np.random.default_rng(0).gamma(2.0, size=60)


def test_the_bounds_are_scipys():
    theirs = bootstrap(
        (VALUES,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    )
    ours = interval(VALUES, seed=0)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)
    assert ours.mean == VALUES.mean() and ours.n == 60


def test_a_written_interval_has_its_bounds_if_there_are_any():
    found = interval(VALUES, 0)
    assert f"{found:+.2f}" == f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"
    assert f"{interval(np.array([0.25]), 0):.1f}" == "0.2"
    assert f"{interval(np.array([np.nan]), 0):.1f}" == "-"


def test_a_seed_is_an_interval():
    assert interval(VALUES, seed=3) == interval(VALUES, seed=3) != interval(VALUES, seed=4)


def test_drawings_without_the_value_are_left_out():
    with_gaps = np.concatenate([VALUES[:5], [np.nan, np.nan]])
    assert interval(with_gaps, seed=0) == interval(VALUES[:5], seed=0)


def test_one_drawing_has_no_interval():
    single = interval(VALUES[:1], seed=0)
    assert single.mean == VALUES[0] and np.isnan(single.low) and single.n == 1
    assert np.isnan(interval(VALUES[:0], seed=0).mean)


def test_a_constant_gain_is_certain_though_drawings_differ_much():
    index = np.arange(60)
    gain = paired_difference(VALUES[::-1] + 0.1, VALUES, index[::-1], index, seed=0)
    assert (gain.low, gain.high) == pytest.approx((0.1, 0.1)) and gain.n == 60
    assert interval(VALUES, seed=0).high - interval(VALUES, seed=0).low > 0.3


def test_pairs_are_made_of_shared_drawings_only():
    gain = paired_difference(
        np.array([1.0, 2, 3]), np.array([10.0, 20]), np.array([5, 6, 7]), np.array([7, 5]), seed=0
    )
    assert gain.mean == ((3 - 10) + (1 - 20)) / 2 and gain.n == 2
    with pytest.raises(ValueError, match="no drawing"):
        paired_difference(VALUES, VALUES, np.arange(60), np.arange(60) + 60, seed=0)


def test_only_columns_with_one_number_a_drawing_have_intervals():
    table = {"index": np.arange(60), "a": VALUES, "vectors": np.zeros((60, 3))}
    assert list(intervals(table, seed=0)) == ["a"]


def test_the_jackknife_of_a_mean_is_its_standard_error():
    # equal within groups, so that groups are what varies
    values = VALUES.reshape(GROUPS, -1).mean(1).repeat(6)
    grouped = values.reshape(GROUPS, 6).T.flatten()  # position % GROUPS is the group
    low, high = jackknife(lambda kept: {"mean": grouped[kept].mean()}, len(grouped))["mean"]
    error = np.std(VALUES.reshape(GROUPS, -1).mean(1), ddof=1) / np.sqrt(GROUPS)
    assert (low, high) == pytest.approx(
        (values.mean() - 2.262 * error, values.mean() + 2.262 * error), rel=1e-3
    )


def test_few_drawings_have_no_jackknife():
    assert jackknife(lambda kept: {"count": float(len(kept))}, 2 * GROUPS - 1) == {}
