"""Measures of per-pixel distributions on cases whose answers are known."""

from __future__ import annotations

import math

import pytest
import torch

from colorlab.draws import Draws
from colorlab.metrics.marginals import calibration_error, macro_error, nll


def log_p(*rows: list[float]) -> torch.Tensor:
    """One distribution a pixel -> (1, Q, 1, pixels)."""
    return torch.tensor(rows).T.log()[None, :, None]


def test_nll_is_the_mean_surprise() -> None:
    truth = torch.tensor([[[0, 1]]])
    assert nll(log_p([0.5, 0.5], [0.75, 0.25]), truth) == pytest.approx(
        (math.log(2) + math.log(4)) / 2
    )


def test_a_net_that_is_right_as_often_as_it_is_sure_is_calibrated() -> None:
    draws = Draws(0, [0])
    confidence = 0.5 + 0.5 * draws.uniform(200, 200)
    truth = (draws.uniform(200, 200) > confidence).long()
    p = torch.stack([confidence, 1 - confidence], 1)
    assert calibration_error(p.log(), truth) < 0.01
    assert calibration_error(p.log(), torch.zeros_like(truth)) == pytest.approx(0.25, abs=0.01)


def test_always_wrong_and_quite_sure_is_as_bad_as_sure() -> None:
    assert calibration_error(
        log_p(*[[0.9, 0.1]] * 50), torch.ones(1, 1, 50).long()
    ) == pytest.approx(0.9)


def test_rare_colours_count_as_much_as_common_ones() -> None:
    truth = (
        torch.cat([torch.zeros(900), torch.ones(100), torch.full((50,), 2)]).long().view(1, 1, -1)
    )
    always_0 = log_p(*[[0.8, 0.15, 0.05]] * 1050)
    assert macro_error(always_0, truth) == pytest.approx(0.5)  # bin 2 has too few pixels to count
    assert math.isnan(macro_error(always_0[..., :9], truth[..., :9]))
