"""What all methods share."""

from __future__ import annotations

import numpy as np

from colorlab.methods.base import evenly_spread


def test_positions_are_spread_from_the_first_to_the_last() -> None:
    assert evenly_spread(np.arange(10, 20), 4) == [10, 13, 16, 19]
    assert evenly_spread(np.array([5, 7]), 3) == [5, 5, 7]
