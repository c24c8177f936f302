"""What the border of a picture cuts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from colorlab.conditions.area_colors import small_view
from colorlab.conditions.areas import areas_of
from colorlab.conditions.cuts import between_lines, cut_by_border


def lines(text: str) -> np.ndarray:
    return np.array([each != "#" for each in text])


@pytest.mark.parametrize(
    ("border", "between"),
    [
        ("..#....#..", "...xxxx..."),
        ("..##...#..", "....xxx..."),
        ("..###..#..", ".........."),  # ink along the border
        ("#...#....#", ".xxx.xxxx."),
        (".....#....", ".........."),
        ("..........", ".........."),
        ("##########", ".........."),
    ],
)
def test_paper_between_two_lines_that_run_into_a_side_is_cut(border: str, between: str) -> None:
    assert between_lines(lines(border), 2).tolist() == [each == "x" for each in between]


def bust() -> np.ndarray:
    """A head whose hair is cut above, over shoulders cut below; a gleam lies on the hair.
    (300, 400) uint8."""
    drawing = np.full((300, 400), 255, np.uint8)
    cv2.polylines(drawing, [np.array([[140, 0], [110, 180], [290, 180], [260, 0]])], False, 0, 1)
    cv2.polylines(drawing, [np.array([[60, 299], [110, 180], [290, 180], [340, 299]])], False, 0, 1)
    cv2.rectangle(drawing, (150, 60), (250, 75), 0, 1)
    return drawing


def test_hair_cut_by_the_border_is_one_area_beside_what_lies_on_it() -> None:
    areas = areas_of(bust())
    hair = areas.labels[10, 200]
    assert hair == areas.labels[150, 130] == areas.labels[68, 130] == areas.labels[150, 270]
    assert len({hair, areas.labels[68, 200], areas.labels[280, 200], areas.labels[100, 20]}) == 4


def test_a_net_sees_closed_what_the_border_cuts_and_the_paper_around_open() -> None:
    drawing = bust()
    image = torch.from_numpy(drawing)[None].float() / 255
    labels = torch.from_numpy(areas_of(drawing).labels).long()
    seen = small_view(image, labels, 100)[0][0, 0]  # of 400 px; 12 rows of margin above and below
    top, bottom = seen[10:16].amin(0), seen[84:90].amin(0)
    assert top[40:60].max() < 0.5 and bottom[20:80].max() < 0.5
    assert top[:28].min() > 0.9 and top[72:].min() > 0.9 and bottom[:10].min() > 0.9


def test_soles_along_the_border_leave_what_lies_between_legs_open() -> None:
    paper = np.ones((100, 100), bool)
    for left in (20, 60):
        paper[98:, left : left + 20] = paper[30:, left : left + 2] = paper[
            30:, left + 18 : left + 20
        ] = False
    assert not cut_by_border(paper)[-1, 45:55].any()


def test_a_short_piece_of_ink_cuts_nothing_off() -> None:
    paper = np.ones((100, 100), bool)
    paper[30, :60] = paper[70, :60] = False
    assert cut_by_border(paper)[40:60, 0].all()
    paper[70] = True
    paper[70, :6] = False  # a ray of the sun
    assert not cut_by_border(paper).any()


def test_a_scene_that_fills_its_frame_goes_on_above_and_below_all_ink() -> None:
    scene = np.full((200, 300), 255, np.uint8)
    cv2.polylines(scene, [np.array([[0, 90], [150, 80], [299, 95]])], False, 0, 2)  # the horizon
    for left in (60, 180):  # trunks, the lowest ink, that stand on the ground
        cv2.polylines(
            scene,
            [np.array([[left, 85], [left, 170], [left + 12, 170], [left + 12, 85]])],
            False,
            0,
            2,
        )
    labels = areas_of(scene).labels
    assert (
        labels[150, 20]
        == labels[150, 120]
        == labels[150, 280]
        == labels[190, 150]
        != labels[20, 150]
    )
    alone = areas_of(np.pad(scene, ((0, 0), (20, 20)), constant_values=255)).labels
    assert alone[150, 140] != alone[190, 170]  # on paper of its own, a margin is around it
