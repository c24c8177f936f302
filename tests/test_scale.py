"""From a drawing's own size to the working size and back, under its own lines."""

from __future__ import annotations

import pytest
import torch

from colorlab.color import lab_of, locked, luma
from colorlab.conditions.resize import onto_drawing, onto_gray, shrunk, without_lines


def box(side: int) -> torch.Tensor:
    """A square outline, (1, 1, side, side)."""
    drawing, a, b, w = torch.ones(1, 1, side, side), side // 4, 3 * side // 4, side // 16
    drawing[..., a:b, a : a + w] = drawing[..., a:b, b - w : b] = 0
    drawing[..., a : a + w, a:b] = drawing[..., b - w : b, a:b] = 0
    return drawing


def test_the_output_keeps_the_drawings_own_lines_and_size() -> None:
    full = box(128)
    small = torch.rand(3, 3, 32, 32) * shrunk(full, (32, 32))
    out = onto_drawing(small, shrunk(full, (32, 32)), full)
    assert out.shape == (3, 3, 128, 128)
    assert (out[:, :, full[0, 0] == 0] == 0).all()


def test_flat_colours_come_back_flat() -> None:
    full = box(128)
    orange = torch.tensor([1.0, 0.5, 0.0])[:, None, None]
    small = (orange * shrunk(full, (32, 32))[0])[None]
    out = onto_drawing(small, shrunk(full, (32, 32)), full)
    assert torch.allclose(
        out[0][:, full[0, 0] == 1], orange[:, :, 0].expand(-1, int(full.sum())), atol=0.02
    )


def test_a_line_is_darker_than_three_quarters() -> None:
    small = torch.zeros(1, 3, 2, 6)
    small[..., :3], small[..., 3:] = 0.25, 0.5
    found = {}
    for gray in (0.74, 0.76):
        drawing = torch.ones(1, 1, 2, 6)
        drawing[..., 2], drawing[..., 5] = gray, 0
        small[..., 2] = 0.0
        found[gray] = without_lines(small, drawing)[0, 0, 0, 2].item()
    assert found == {0.74: 0.25, 0.76: 0.0}


def test_lines_are_lifted_off_by_the_nearest_colour() -> None:
    drawing = torch.ones(1, 1, 4, 6)
    drawing[..., 2] = 0
    small = torch.zeros(1, 3, 4, 6)
    small[..., :2], small[..., 3:] = 0.25, 0.75
    assert set(without_lines(small, drawing).unique().tolist()) == {0.25, 0.75}


@pytest.mark.parametrize("side", [32, 64])
def test_the_ink_comes_back_exactly_at_any_size(side: int) -> None:
    small = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    made = onto_drawing(small, shrunk(box(side), (32, 32)), box(side))
    ink = box(side).expand(2, 3, -1, -1) == 0
    assert (made[ink] == 0).all() and (made[~ink] > 0).float().mean() > 0.9
    if side == 32:
        assert torch.equal(made[~ink], small[~ink])  # where there is none, nothing changes


def photo(side: int) -> torch.Tensor:
    """A coloured picture with soft shading and hard edges, (1, 3, side, side)."""
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    disc = ((y - 0.5).square() + (x - 0.5).square() < 0.09).float()
    ground, thing = (torch.tensor(c)[:, None, None] for c in ([0.2, 0.3, 0.7], [0.9, 0.6, 0.2]))
    return ((ground * (1 - disc) + thing * disc) * (0.6 + 0.4 * y))[None]


def test_a_gray_picture_keeps_its_lightness_and_gets_its_colours_at_its_own_size() -> None:
    truth = photo(160)
    full = luma(truth)
    perfect = locked(truth, full)
    small = locked(shrunk(truth, (32, 32)), shrunk(full, (32, 32)))
    out = onto_gray(small.expand(2, -1, -1, -1), full, (32, 32))
    assert out.shape == (2, 3, 160, 160) and torch.equal(out[0], out[1])
    off = (lab_of(out) - lab_of(perfect)).abs()
    assert off[:, 0].max() < 0.1
    assert off[:, 1:].mean() < 2
    assert (lab_of(onto_drawing(small, shrunk(full, (32, 32)), full)) - lab_of(perfect)).abs()[
        :, 1:
    ].mean() > 5  # is for lines


def test_a_small_gray_picture_coloured_at_a_larger_size_comes_back_small() -> None:
    full = luma(photo(24))
    out = onto_gray(photo(96), full, (96, 96))
    assert out.shape == (1, 3, 24, 24)
    assert torch.allclose(lab_of(out)[:, :1], lab_of(full.expand(-1, 3, -1, -1))[:, :1], atol=0.1)


def test_a_hint_on_a_gray_picture_gives_hue_at_the_picture_s_lightness() -> None:
    red, gray = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None], torch.full((1, 1, 4, 4), 0.4)
    lab = lab_of(locked(red.expand(-1, -1, 4, 4), gray))
    assert torch.allclose(lab[:, 0], lab_of(gray.expand(-1, 3, -1, -1))[:, 0], atol=0.1)
    assert torch.allclose(
        torch.atan2(lab[:, 2], lab[:, 1]), torch.atan2(*lab_of(red)[0, [2, 1], 0, 0]), atol=0.02
    )
