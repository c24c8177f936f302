"""What all methods share."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from colorlab.methods.base import evenly_spread, rates_of


def test_positions_are_spread_from_the_first_to_the_last() -> None:
    assert evenly_spread(np.arange(10, 20), 4) == [10, 13, 16, 19]
    assert evenly_spread(np.array([5, 7]), 3) == [5, 5, 7]


def test_rates_are_in_units_of_the_optimizers_own() -> None:
    halved = partial(torch.optim.lr_scheduler.StepLR, step_size=2, gamma=0.5)
    assert rates_of(partial(torch.optim.SGD, lr=0.04), halved, 5) == [1, 1, 0.5, 0.5, 0.25]
    raised = partial(torch.optim.lr_scheduler.OneCycleLR, max_lr=0.4, total_steps=3, pct_start=0.5)
    rates = rates_of(partial(torch.optim.SGD, lr=0.04, momentum=0.9), raised, 3)
    assert rates[0] == pytest.approx(0.4) and max(rates) <= 10
