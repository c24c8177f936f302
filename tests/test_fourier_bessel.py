"""Fourier-Bessel bases: orthonormal on the disc, steered by turning; what a square of few pixels
can hold of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import jv

from colorlab.nets.fourier_bessel import fourier_bessel_bases, modes, value


def plane(side: int) -> tuple[np.ndarray, np.ndarray]:
    at = (np.arange(side) + 0.5) * 2 / side - 1
    return np.meshgrid(at, at)


@pytest.mark.whole
def test_they_are_orthonormal_on_the_disc() -> None:
    functions = np.stack([value(mode, *plane(600)).ravel() for mode in modes(12)])
    assert np.allclose(functions @ functions.T * (2 / 600) ** 2, np.eye(12), atol=5e-3)


def test_each_vanishes_at_the_rim_and_frequencies_rise() -> None:
    found = modes(12)
    assert all(abs(jv(mode.order, mode.frequency)) < 1e-9 for mode in found)
    assert [mode.frequency for mode in found] == sorted(mode.frequency for mode in found)
    assert (found[0].order, round(found[0].frequency, 4)) == (0, 2.4048)  # the drum's


@pytest.mark.parametrize("angle", [0.3, 1.0, 2.5])
def test_a_pair_turns_into_a_mixture_of_itself(angle: float) -> None:
    """psi(x turned back) = cos(m t) psi_cos + sin(m t) psi_sin."""
    x, y = plane(64)
    back = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
    found = modes(9)
    for k, mode in enumerate(found[:-1]):
        if mode.order and not mode.sine:
            m = mode.order * angle
            mixed = np.cos(m) * value(mode, x, y) + np.sin(m) * value(found[k + 1], x, y)
            assert np.allclose(value(mode, *back), mixed, atol=1e-9)


@pytest.mark.parametrize(("count", "side"), [(1, 3), (6, 3), (8, 3), (14, 5)])
def test_bases_on_pixels_are_of_unit_norm_and_none_is_a_mixture_of_others(
    count: int, side: int
) -> None:
    bases = fourier_bessel_bases(count, side)
    assert bases.shape == (count, side, side) and torch.allclose(
        bases.square().sum((1, 2)), torch.ones(count)
    )
    assert torch.linalg.matrix_rank(bases.flatten(1).double()) == count


def test_a_quarter_turn_stays_in_their_span() -> None:
    bases = fourier_bessel_bases(8, 3).double().flatten(1)
    turned = fourier_bessel_bases(8, 3).double().rot90(1, (1, 2)).flatten(1)
    mixed = torch.linalg.lstsq(bases.T, turned.T).solution
    assert torch.allclose(bases.T @ mixed, turned.T, atol=1e-6)


def test_more_than_a_square_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="8 Fourier-Bessel bases at most, not 9"):
        fourier_bessel_bases(9, 3)
