"""Pens made alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colorlab.conditions.gaps import stroke_width
from colorlab.conditions.pen import WIDTH, evened


def drawing(width: int, gray: float = 0.0, paper: float = 1.0, side: int = 400) -> torch.Tensor:
    image = torch.full((1, side, side), paper)
    image[:, 100 : 100 + width, 50:350] = gray
    return image


@pytest.mark.parametrize("width", [3, 6, 11])
def test_the_width_of_a_line_is_measured(width: int) -> None:
    assert stroke_width(drawing(width)[0].numpy() < 0.5) == pytest.approx(width, abs=1)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_thin_line_becomes_as_wide_as_wanted_and_stays_where_it_is(width: int) -> None:
    rows = np.flatnonzero(evened(drawing(width))[0, :, 200] < 0.5)
    assert abs(len(rows) - 400 * WIDTH) <= 2 and abs(rows.mean() - (100 + (width - 1) / 2)) <= 1


def test_a_wide_line_is_left_alone() -> None:
    assert torch.equal(evened(drawing(12)), drawing(12))


def test_pencil_on_gray_paper_becomes_ink_on_white() -> None:
    even = evened(drawing(12, 0.55, 0.85))
    assert torch.allclose(even, drawing(12), atol=0.02)


def test_a_picture_without_ink_or_of_nothing_else_stays() -> None:
    for value in (0.0, 1.0):
        assert torch.equal(evened(torch.full((1, 30, 40), value)), torch.full((1, 30, 40), value))
