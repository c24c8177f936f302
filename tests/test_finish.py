"""From a small colouring to the drawing's own size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from colorlab.conditions.areas import areas_of
from colorlab.conditions.finish import area_colors, painted, shaded
from colorlab.conditions.gaps import stroke_width
from colorlab.conditions.pen import thickened
from colorlab.conditions.resize import shrunk

ORANGE, BLUE = (torch.tensor(color) for color in ([1.0, 0.5, 0.0], [0.2, 0.4, 0.9]))
SMALL = (32, 32)


def drawing() -> np.ndarray:
    """Two rooms on paper, (320, 320) uint8, lines of 8 px."""
    picture = np.full((320, 320), 255, np.uint8)
    picture[72:248, 32:288] = 0
    picture[80:240, 40:156] = picture[80:240, 164:280] = 255
    return picture


def small(
    drawing: np.ndarray, left: torch.Tensor, right: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The drawing at 32 px, and a colouring of it: (1, 1, 32, 32), (1, 3, 32, 32)."""
    full = torch.from_numpy(drawing).float()[None, None] / 255
    colors = torch.ones(1, 3, 320, 320)
    colors[:, :, 76:244, 36:160], colors[:, :, 76:244, 160:284] = (
        left[:, None, None],
        right[:, None, None],
    )
    return shrunk(full, SMALL), shrunk(colors * full, SMALL)


def canvas(drawing: np.ndarray) -> np.ndarray:
    return np.repeat(drawing[..., None], 3, 2)


def test_areas_have_the_colour_that_they_were_painted_in() -> None:
    areas = areas_of(drawing())
    seen, made = small(drawing(), ORANGE, BLUE)
    out = painted(area_colors(made, seen, areas), areas.labels, canvas(drawing()))
    assert np.abs(out[160, 90] - 255 * ORANGE.numpy()).max() <= 2
    assert np.abs(out[160, 220] - 255 * BLUE.numpy()).max() <= 2
    assert (out[5, 5] == 255).all() and (out[76, 90] == 0).all()


def test_two_tints_in_one_area_become_the_commoner() -> None:
    areas = areas_of(drawing())
    seen, made = small(drawing(), ORANGE, BLUE)
    made[:, :, 18:, :15] = made[:, :, 18:, :15] * BLUE[:, None, None] + 0.1
    before = painted(area_colors(made, seen, areas), areas.labels, canvas(drawing()))
    assert np.abs(before[220, 60] - 255 * ORANGE.numpy()).max() <= 2


def test_an_area_that_is_half_painted_is_painted_and_one_with_a_spot_is_white() -> None:
    areas = areas_of(drawing())
    seen, made = small(drawing(), torch.ones(3), torch.ones(3))
    made[:, :, 8:17, 4:15] *= ORANGE[:, None, None]
    made[:, :, 10:12, 20:23] *= BLUE[:, None, None]
    out = painted(area_colors(made, seen, areas), areas.labels, canvas(drawing()))
    assert out[220, 60, 2] < 20 and (out[220, 220] == 255).all()


def test_colours_of_areas_too_small_to_be_seen_are_those_beside() -> None:
    picture = drawing()
    cv2.rectangle(picture, (60, 100), (66, 106), 0, 1)
    areas = areas_of(picture)
    seen, made = small(drawing(), ORANGE, BLUE)
    out = painted(area_colors(made, seen, areas), areas.labels, canvas(picture))
    assert np.abs(out[103, 63] - 255 * ORANGE.numpy()).max() <= 10


def test_colours_lie_under_the_pixels_of_the_canvas() -> None:
    areas, page = areas_of(drawing()), canvas(drawing())
    page[drawing() == 255] = (250, 240, 200)
    seen, made = small(drawing(), ORANGE, BLUE)
    colors = area_colors(made, seen, areas)
    for out in (painted(colors, areas.labels, page), shaded(made, seen, colors, areas, page)):
        np.testing.assert_array_equal(out[5, 5], page[5, 5])
        np.testing.assert_allclose(out[160, 90], np.array([250, 240, 200]) * ORANGE.numpy(), atol=3)


def test_shading_is_kept_and_stops_at_lines() -> None:
    areas = areas_of(drawing())
    ramp = torch.linspace(0.5, 1.0, 320)[:, None].expand(320, 320)
    full = torch.from_numpy(drawing()).float()[None, None] / 255
    colors = torch.ones(1, 3, 320, 320)
    colors[:, :, 76:244, 36:160] = ORANGE[:, None, None] * ramp[76:244, 36:160]
    colors[:, :, 76:244, 160:284] = BLUE[:, None, None]
    seen, made = shrunk(full, SMALL), shrunk(colors * full, SMALL)
    out = shaded(made, seen, area_colors(made, seen, areas), areas, canvas(drawing()))
    column = out[90:230, 90, 0].astype(float) / 255
    np.testing.assert_allclose(column, ramp[90:230, 90], atol=0.04)
    beside = out[160, [155, 164]].astype(float)  # next to the line between the rooms
    np.testing.assert_allclose(beside[1], 255 * BLUE.numpy(), atol=6)
    assert beside[0, 0] > 150 > beside[0, 2]


@pytest.mark.parametrize("width", [4.0, 10.0, 20.0])
def test_thin_lines_grow_to_the_width_that_is_wanted(width: float) -> None:
    picture = np.full((300, 300), 255, np.uint8)
    cv2.circle(picture, (150, 150), 100, 0, 1, cv2.LINE_AA)
    thick = thickened(picture, areas_of(picture), width)
    assert stroke_width(thick < 128) == pytest.approx(width, abs=1.2)
    assert (thick <= picture).all() and thick[150, 150] == thick[5, 5] == 255


def test_broad_lines_stay_and_small_areas_stay_open() -> None:
    np.testing.assert_array_equal(thickened(drawing(), areas_of(drawing()), 5), drawing())
    mesh = np.full((300, 300), 255, np.uint8)
    mesh[::20], mesh[:, ::20] = 0, 0
    areas = areas_of(mesh)
    thick = thickened(mesh, areas, 18)
    rows, columns = (areas.centers * 300).astype(int).T
    assert (thick[rows, columns] == 255).all()
    for empty in (np.full((9, 9), 255, np.uint8), np.zeros((9, 9), np.uint8)):
        np.testing.assert_array_equal(thickened(empty, areas_of(empty), 3), empty)
