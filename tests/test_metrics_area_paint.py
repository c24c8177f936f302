"""The paint of areas: known answers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from colorlab.metrics import area_paint as area_paint_module
from colorlab.metrics.area_paint import AreaPaints, area_paint, ground_of, right_shares
from colorlab.metrics.drawing import Drawing

AROUND = 320 * 320 - 176 * 256


def rooms() -> np.ndarray:
    """Two rooms on paper, (320, 320) uint8, lines of 8 px."""
    picture = np.full((320, 320), 255, np.uint8)
    picture[72:248, 32:288] = 0
    picture[80:240, 40:156] = picture[80:240, 164:280] = 255
    return picture


def canvas(drawing: np.ndarray) -> np.ndarray:
    return np.repeat(drawing[..., None], 3, 2)


def half_painted() -> np.ndarray:
    """One room, half of the other, and a tenth of the paper's rows."""
    out = canvas(rooms())
    out[80:240, 40:156] = (200, 100, 0)
    out[80:160, 164:280] = (0, 100, 200)
    out[:32] = (0, 0, 255)
    return out


def test_paint_is_measured() -> None:
    paint = area_paint(half_painted(), canvas(rooms()), ground_of(rooms()))
    assert paint.coloured == pytest.approx(0.75) and paint.leak == pytest.approx(32 * 320 / AROUND)
    half = np.sqrt(np.mean([0.5**2, (155 / 255 / 2) ** 2, (55 / 255 / 2) ** 2]))
    assert paint.spread == pytest.approx(half / 2) and paint.uneven == 0.5


@pytest.mark.parametrize(("gap", "enclosed"), [(6, True), (24, False)])
def test_a_room_is_open_where_a_ball_fits_through_its_gap(gap: int, enclosed: bool) -> None:
    drawing = rooms()
    drawing[150 : 150 + gap, 30:42] = 255
    assert ground_of(drawing).inside[100, 90] == enclosed and ground_of(drawing).outside[5, 5]


def test_what_the_border_cuts_off_is_nobodys() -> None:
    drawing = np.full((320, 320), 255, np.uint8)
    cv2.line(drawing, (160, 0), (160, 319), 0, 4)
    cv2.line(drawing, (0, 160), (319, 160), 0, 4)
    ground = ground_of(drawing)
    assert not ground.inside.any() and not ground.outside.any()


def test_the_judge_says_it_of_candidates_and_of_the_truth() -> None:
    drawing, painted = (
        torch.from_numpy(each).movedim(-1, 0).float() / 255
        for each in (canvas(rooms()), half_painted())
    )
    one = Drawing(torch.stack([drawing, painted]), drawing[:1], painted[None], 0, "none")
    values = AreaPaints("lines").measure(one)
    assert float(values["coloured"]) == pytest.approx(0.375) and float(
        values["coloured_truth"]
    ) == pytest.approx(0.75)
    assert float(values["leak"]) == pytest.approx(float(values["leak_truth"]) / 2)
    assert all(torch.isnan(value) for value in AreaPaints("gray").measure(one).values())


def test_areas_are_right_by_their_mean_colour_and_count_by_their_size() -> None:
    labels = torch.full((8, 8), -1)
    labels[:, :6], labels[:, 6:] = 0, 1
    labels[0] = -1
    truth = torch.full((3, 8, 8), 0.5)
    off = truth.clone()
    off[0, :, 6:] = 1.0
    nobodys = truth.clone()
    nobodys[:, 0] = 0.0
    found = right_shares(torch.stack([truth, off, nobodys]), truth, labels)
    assert found.tolist() == pytest.approx([1.0, 0.75, 1.0])
    assert np.isnan(right_shares(truth[None], truth, torch.full((8, 8), -1))).all()


def test_the_ground_of_a_drawing_is_found_once_for_all_rows_of_a_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    monkeypatch.setattr(
        area_paint_module, "ground_of_small", lambda each: found.append(1) or ground_of(each)
    )
    area_paint_module._known_ground.cache_clear()
    image = torch.from_numpy(rooms()).float()[None] / 255
    judge = AreaPaints("lines")
    for shade in (0.2, 0.7):
        judge.reset()
        judge.update(
            [
                Drawing(
                    image.expand(2, 3, -1, -1) * shade, image, image.expand(1, 3, -1, -1), 0, "none"
                )
            ]
        )
    assert len(found) == 1
    area_paint_module._known_ground.cache_clear()
