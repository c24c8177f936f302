"""Coverage of the true colourings, on candidates that are made to cover a known share."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch

from colorlab.metrics.drawing import Drawing
from colorlab.metrics.modes import RADII, Modes, assignment, coverage

#: four flat colourings on white paper, far from one another, with a border of paper
COLORS = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.7, 0.1], [0.1, 0.1, 0.9], [0.9, 0.8, 0.1]])


def painted(colors):
    pictures = torch.ones(len(colors), 3, 32, 32)
    pictures[:, :, 8:24, 8:24] = colors[:, :, None, None]
    return pictures


def measured(samples, truths):
    return Modes().measure(Drawing(samples, torch.ones(1, 32, 32), truths, 0, "none"))


def test_modes_are_found_within_these_radii():
    assert RADII == {"lpips": (0.01, 0.02, 0.05, 0.1, 0.2), "delta_e": (2.0, 5.0, 10.0, 20.0)}


def test_finding_two_of_four_modes_covers_half():
    near = painted(COLORS[[0, 0, 2]] + 0.01)
    values = measured(near, painted(COLORS))
    assert values["coverage_delta_e_5"] == 0.5 and values["precision_delta_e_5"] == 1
    assert values["attainable"] == 0.75 and values["truths"] == 4


def test_the_mean_colouring_covers_nothing_and_is_true_to_nothing():
    average = painted(COLORS.mean(0, keepdim=True)).expand(4, -1, -1, -1)
    values = measured(average, painted(COLORS))
    assert values["coverage_delta_e_10"] == values["precision_delta_e_10"] == 0


def test_the_truths_in_another_order_are_a_perfect_set():
    values = measured(painted(COLORS[[2, 0, 3, 1]]), painted(COLORS))
    assert values["coverage_delta_e_2"] == values["precision_delta_e_2"] == 1
    assert values["assignment_delta_e"] == pytest.approx(0, abs=1e-6)


def test_paper_does_not_dilute_the_distance():
    shifted = measured(painted(COLORS * 0.5), painted(COLORS))["assignment_delta_e"]
    whole = Drawing(
        painted(COLORS * 0.5), torch.ones(1, 32, 32), painted(COLORS), 0, "none"
    ).delta_e_to_truths
    # a quarter of the pixels is painted
    assert shifted > 10 and torch.allclose(whole[1], 4 * whole[0], rtol=1e-4)


def test_the_assignment_is_the_cheapest_of_all():
    distance = torch.rand(3, 4, generator=torch.Generator().manual_seed(0)).double()
    cheapest = min(sum(distance[i, j] for i, j in enumerate(p)) for p in permutations(range(4), 3))
    assert assignment(distance).item() == pytest.approx(cheapest.item() / 3)
    assert assignment(distance.T).item() == pytest.approx(cheapest.item() / 3)


def test_coverage_rises_with_the_radius():
    distance = torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
    shares = [coverage(distance, r).item() for r in (0, 0.1, 0.3, 0.5, 1)]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1


def test_drawings_with_one_truth_are_left_out():
    metric = Modes()
    pairs = [(painted(COLORS[:2]), painted(COLORS[:2])), (painted(COLORS[2:]), painted(COLORS[:1]))]
    metric.update(
        [Drawing(s, torch.ones(1, 32, 32), t, i, "none") for i, (s, t) in enumerate(pairs)]
    )
    assert metric.compute()["modes/coverage_delta_e_2"] == 1
