"""Chroma of every k-th pixel comes to all pixels and stops at edges of lightness."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from colorlab.draws import Draws
from colorlab.samplers.upsampling import upsampled


@pytest.mark.parametrize("size", [(1, 1), (5, 8), (17, 16)])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_one_colour_stays_that_colour_in_any_size(size: tuple[int, int], stride: int) -> None:
    cells = [-(-side // stride) for side in size]
    found = upsampled(
        torch.full((1, 2, 2, *cells), 7.0), Draws(0, [0]).uniform(1, *size), stride, 0.1
    )
    assert found.shape == (1, 2, 2, *size)
    assert torch.allclose(found, torch.tensor(7.0))


def test_chroma_stops_at_an_edge_of_lightness_if_it_is_told_to() -> None:
    image = torch.zeros(1, 1, 16, 16)
    image[..., 6:] = 1  # between the cells of pixels 4 and 8
    ab = torch.tensor([0.0, 0.0, 50.0, 50.0]).expand(1, 1, 2, 4, 4)
    sharp, soft = (upsampled(ab, image, 4, contrast)[0, 0, 0, 8] for contrast in (0.05, 0.0))
    assert sharp[:6].max() < 0.1 and sharp[6:].min() > 49.9
    assert soft[5] > 10 and soft[6] < 40


def test_pixels_at_a_cells_place_take_after_their_own_cell() -> None:
    ab = Draws(0, [0]).normal(1, 1, 5, 5)
    found = upsampled(ab, torch.full((1, 1, 10, 10), 0.5), 2, 0.1)
    product = (found[..., ::2, ::2] * ab).mean() / found[..., ::2, ::2].std() / ab.std()
    assert product > 0.8


@pytest.mark.parametrize("contrast", [0.0, 0.3])
def test_each_pixel_is_kopfs_mean_of_the_cells_around(contrast: float) -> None:
    ab = Draws(0, [0]).normal(1, 1, 3, 2)[0, 0, 0].double()
    image = Draws(1, [0]).uniform(1, 7, 5)[0, 0].double()
    found = upsampled(ab[None, None, None].float(), image[None, None].float(), 3, contrast)[0, 0, 0]
    for y, x in itertools.product(range(7), range(5)):
        total = norm = 0.0
        for dy, dx in itertools.product((-1, 0, 1, 2), repeat=2):
            row, column = min(max(y // 3 + dy, 0), 2), min(max(x // 3 + dx, 0), 1)
            apart = (dy - y % 3 / 3) ** 2 + (dx - x % 3 / 3) ** 2
            weight = math.exp(-apart / (2 * 0.75**2))
            if contrast:
                weight *= math.exp(
                    -((image[3 * row, 3 * column] - image[y, x]) ** 2) / (2 * contrast**2)
                )
            total, norm = total + weight * ab[row, column], norm + weight
        assert found[y, x].item() == pytest.approx(float(total / norm), abs=1e-4)
