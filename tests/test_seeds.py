"""Several trainings of each method: their spread is in the intervals, and a difference within it is
none."""

from __future__ import annotations

import numpy as np
import pytest

from colorlab.metrics.intervals import interval
from colorlab.metrics.seeds import of_trainings, p_against, p_of_difference, signs, told_apart

STREAM = np.random.default_rng(0)
DRAWINGS = STREAM.gamma(2.0, size=80)


def trained(*shifts: float) -> np.ndarray:
    """A training a shift: the drawings' errors, a little noise, and the shift."""
    return np.stack([DRAWINGS + 0.01 * STREAM.normal(size=80) + shift for shift in shifts])


def test_trainings_that_differ_widen_the_interval() -> None:
    alike, apart = of_trainings(trained(0, 0, 0), 0), of_trainings(trained(-0.5, 0, 0.5), 0)
    assert alike.mean == pytest.approx(apart.mean, abs=0.01)
    assert apart.high - apart.low > 1.3 * (alike.high - alike.low)
    one = interval(DRAWINGS, 0)
    assert (alike.low, alike.high) == pytest.approx((one.low, one.high), abs=0.05)


def test_one_training_has_no_bounds_and_tells_no_difference() -> None:
    assert np.isnan(of_trainings(trained(0), 0).low)
    assert p_of_difference(trained(0), trained(5, 5, 5), 0) == 1


def test_a_difference_smaller_than_the_spread_of_seeds_is_none() -> None:
    rows = {
        "a": trained(-0.2, 0, 0.2),
        "b": trained(-0.15, 0.05, 0.25),
        "c": trained(0.9, 1, 1.1),
        "d": trained(-1, -1.1, -0.9),
    }
    assert signs(rows, "a", 0) == {"b": "=", "c": ">", "d": "<"}


def test_what_one_seed_would_have_told_three_do_not() -> None:
    """Each pair of single trainings differs beyond its own bootstrap over drawings; the trainings
    do not agree."""
    a, b = trained(-0.2, 0, 0.2), trained(0.3, -0.1, 0.05)
    single = interval(b[0] - a[0], 0)
    assert single.low > 0 and signs({"a": a, "b": b}, "a", 0) == {"b": "="}


def test_trainings_that_all_came_out_alike_differ_or_do_not() -> None:
    same, spread = np.stack([DRAWINGS] * 3), np.linspace(-1, 1, 80)
    assert p_of_difference(same + 1, same, 0) < 0.01
    assert p_of_difference(same + spread - spread.mean(), same, 0) == pytest.approx(1, abs=0.1)


def test_trainings_are_told_from_what_no_training_made_beyond_their_own_spread() -> None:
    assert p_against(trained(0.5, 0.52, 0.48), DRAWINGS, 0) < 0.01
    assert p_against(trained(0.5, -0.4, 0.1), DRAWINGS, 0) > 0.3  # though drawings agree
    missing = np.where(np.arange(80) > 0, np.nan, DRAWINGS)
    for few in (p_against(trained(5), DRAWINGS, 0), p_against(trained(5, 5), missing, 0)):
        assert few == 1


def test_many_comparisons_are_corrected() -> None:
    assert told_apart({"a": 0.04}) == {"a": True}
    assert told_apart({"a": 0.04, "b": 0.5, "c": 0.6}) == {"a": False, "b": False, "c": False}
    assert told_apart({"a": 0.01, "b": 0.02, "c": 0.04}) == {"a": True, "b": True, "c": True}
    assert told_apart({"a": 0.01, "b": 0.03, "c": 0.04}) == {"a": True, "b": False, "c": False}


@pytest.mark.whole
def test_by_chance_alone_a_table_of_ten_rows_has_hardly_a_sign() -> None:
    found = []
    for _ in range(2):
        rows = {str(k): trained(*(0.1 * STREAM.normal(size=3))) for k in range(6)}
        found += signs(rows, "0", 0).values()
    assert found.count("=") >= 9
