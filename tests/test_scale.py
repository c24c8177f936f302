"""From a drawing's own size to the working size and back, under its own lines."""

from __future__ import annotations

import torch

from colorlab.scale import drawing_of, onto_drawing, shrunk, without_lines


def box(side: int) -> torch.Tensor:
    """A square outline, (1, 1, side, side)."""
    drawing, a, b, w = torch.ones(1, 1, side, side), side // 4, 3 * side // 4, side // 16
    drawing[..., a:b, a : a + w] = drawing[..., a:b, b - w : b] = 0
    drawing[..., a : a + w, a:b] = drawing[..., b - w : b, a:b] = 0
    return drawing


def test_the_output_keeps_the_drawings_own_lines_and_size() -> None:
    full = box(128)
    small = torch.rand(3, 3, 32, 32) * shrunk(full, (32, 32))
    out = onto_drawing(small, full, (32, 32))
    assert out.shape == (3, 3, 128, 128)
    assert (out[:, :, full[0, 0] == 0] == 0).all()


def test_flat_colours_come_back_flat() -> None:
    full = box(128)
    orange = torch.tensor([1.0, 0.5, 0.0])[:, None, None]
    small = (orange * shrunk(full, (32, 32))[0])[None]
    out = onto_drawing(small, full, (32, 32))
    assert torch.allclose(out[0][:, full[0, 0] == 1], orange[:, :, 0].expand(-1, int(full.sum())), atol=0.02)


def test_lines_are_lifted_off_by_the_nearest_colour() -> None:
    drawing = torch.ones(1, 1, 4, 6)
    drawing[..., 2] = 0
    small = torch.zeros(1, 3, 4, 6)
    small[..., :2], small[..., 3:] = 0.25, 0.75
    assert set(without_lines(small, drawing).unique().tolist()) == {0.25, 0.75}


def test_a_drawing_is_told_from_a_picture() -> None:
    drawing = box(64).expand(-1, 3, -1, -1)
    assert torch.allclose(drawing_of(drawing, "auto", "lines"), box(64), atol=1e-6)
    photo = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.6
    assert not torch.allclose(drawing_of(photo, "auto", "lines"), drawing_of(photo, "always", "lines"))
    assert torch.equal(drawing_of(photo, "never", "gray"), drawing_of(photo, "always", "lines"))


def test_equal_sizes_pass_through_untouched() -> None:
    small = torch.rand(2, 3, 32, 32)
    assert onto_drawing(small, box(32), (32, 32)) is small
