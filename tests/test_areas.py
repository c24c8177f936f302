"""Areas against drawings whose areas are known, and against the true colourings of held-out
drawings."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from colorlab.conditions.areas import MOST, Areas, area_at, areas_of, merged, split
from colorlab.conditions.gaps import filled

SIZES = [(1, 1), (1, 9), (7, 1), (2, 2), (3, 300), (33, 47)]


def paper(height: int = 200, width: int = 200) -> np.ndarray:
    return np.full((height, width), 255, np.uint8)


def rooms(gap: int = 0) -> np.ndarray:
    """Two rooms side by side, with a gap of so many pixels in the line between."""
    drawing = paper()
    drawing[49:152, 19:182] = 0
    drawing[52:149, 22:89] = drawing[52:149, 92:179] = 255
    drawing[100 - gap // 2 : 100 + gap - gap // 2, 89:92] = 255
    return drawing


def number_at(areas: Areas, row: int, column: int) -> int:
    H, W = areas.labels.shape
    return area_at(areas, (row + 0.5) / H, (column + 0.5) / W)


def check(areas: Areas) -> None:
    """What holds for the areas of anything."""
    count = len(areas.shares)
    assert areas.labels.dtype == np.int32 and set(np.unique(areas.labels)) == set(range(count))
    assert [area_at(areas, *center) for center in areas.centers] == list(range(count))
    assert (np.diff(areas.shares) <= 0).all() and areas.shares.sum() <= 1 + 1e-6
    assert areas.border.sum() <= 1 + 1e-6 and areas.rim.sum() <= 1 + 1e-6
    for each in (areas.centers, areas.shares, areas.border, areas.rim):
        assert each.dtype == np.float32 and len(each) == count and (each >= 0).all()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", ["white", "black", "noise"])
def test_any_picture_has_areas(size: tuple[int, int], kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    drawing = {
        "white": np.full(size, 255, np.uint8),
        "black": np.zeros(size, np.uint8),
        "noise": noise,
    }[kind]
    areas = areas_of(drawing)
    check(areas)
    if kind != "noise":
        assert len(areas.shares) == 1 and areas.paper.all() == areas.paper.any() == (
            kind == "white"
        )


def test_a_page_of_more_areas_than_can_be_compared_has_the_largest() -> None:
    page = paper(480, 480)
    page[::5] = page[:, ::5] = 0
    page[:60, :60] = 255
    areas = areas_of(page, 0)
    check(areas)
    assert len(areas.shares) == MOST and areas.shares[0] == pytest.approx(60 * 60 / page.size)


def test_two_closed_rooms_and_the_paper_around_are_three_areas() -> None:
    areas = areas_of(rooms())
    check(areas)
    assert len(areas.shares) == 3
    outside, right, left = (number_at(areas, *at) for at in ((5, 5), (100, 140), (100, 50)))
    assert [outside, right, left] == [0, 1, 2]  # by size
    assert areas.border.tolist() == [1, 0, 0]
    np.testing.assert_allclose(areas.centers[1], [100 / 200, 136 / 200], atol=0.06)
    np.testing.assert_allclose(areas.shares[1:], [97 * 87 / 200**2, 97 * 67 / 200**2])


def test_ink_belongs_to_the_nearest_area() -> None:
    areas = areas_of(rooms())
    assert number_at(areas, 100, 89) == number_at(areas, 100, 50)
    assert number_at(areas, 100, 91) == number_at(areas, 100, 140)
    assert not areas.paper[100, 89:92].any() and areas.paper[100, 95:170].all()


@pytest.mark.parametrize("gap", [1, 2, 4, 6, 12])
def test_a_gap_is_closed_unless_that_is_switched_off(gap: int) -> None:
    closed, opened = areas_of(rooms(gap)), areas_of(rooms(gap), gap=0)
    assert number_at(closed, 100, 50) != number_at(closed, 100, 140)
    assert number_at(opened, 100, 50) == number_at(opened, 100, 140)
    edge = np.abs(np.flatnonzero(np.diff(closed.labels[100])) - 89.5)
    assert edge.min() <= 2  # straight on from the line


def test_a_wide_passage_is_no_gap() -> None:
    areas = areas_of(rooms(70))
    assert number_at(areas, 100, 50) == number_at(areas, 100, 140)


def test_a_bust_open_at_the_bottom_is_an_area_of_its_own() -> None:
    drawing = paper()
    cv2.ellipse(drawing, (100, 150), (60, 90), 0, 180, 360, 0, 3)  # open below row 150
    areas = areas_of(drawing)
    check(areas)
    bust = number_at(areas, 120, 100)
    assert bust != number_at(areas, 190, 100) and areas.rim[bust] > 0.1 and areas.border[bust] == 0


def test_paper_beside_a_drawing_is_one_area() -> None:
    drawing = cv2.circle(paper(), (100, 100), 60, 0, 3)
    areas = areas_of(drawing)
    assert len(areas.shares) == 2  # no pockets at the corners of the circle's box
    assert (
        len({number_at(areas, *at) for at in ((45, 45), (45, 155), (155, 45), (155, 155), (5, 5))})
        == 1
    )


def test_a_sky_is_not_cut_at_the_top_of_the_sun() -> None:
    drawing = cv2.circle(paper(), (50, 60), 20, 0, 3)
    cv2.line(drawing, (0, 150), (199, 150), 0, 3)
    areas = areas_of(drawing)
    assert number_at(areas, 10, 100) == number_at(areas, 90, 150)
    assert number_at(areas, 190, 100) != number_at(areas, 90, 150)


@pytest.mark.parametrize("ink", [0, 120, 180, 235])
def test_thin_antialiased_lines_of_any_gray_are_closed(ink: int) -> None:
    drawing = cv2.circle(paper(), (97, 103), 61, ink, 1, cv2.LINE_AA)
    cv2.line(drawing, (36, 80), (160, 120), ink, 1, cv2.LINE_AA)
    areas = areas_of(drawing, gap=0)
    assert len({number_at(areas, *at) for at in ((5, 5), (70, 97), (140, 97))}) == 3


def test_noise_on_the_paper_is_no_ink() -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(rooms().astype(int) * 0.8 + 20 + rng.normal(0, 6, (200, 200)), 0, 255).astype(
        np.uint8
    )
    assert len(areas_of(noisy).shares) == 3


@pytest.mark.whole
def test_large_drawings_keep_their_lines_and_their_small_areas() -> None:
    side = 1700  # three pixels to one on the map where gaps are looked for
    drawing = cv2.circle(paper(side, side), (800, 850), 600, 0, 3, cv2.LINE_AA)
    # narrower than a square of the map
    drawing[600:612, 600:712], drawing[604:607, 604:708] = 0, 255
    areas = areas_of(drawing)
    check(areas)
    assert len(areas.shares) == 3
    rows, columns = np.mgrid[:side, :side]
    truly = np.hypot(rows - 850, columns - 800) < 600
    inside = (areas.labels == number_at(areas, 850, 800)) | (
        areas.labels == number_at(areas, 605, 650)
    )
    assert (inside != truly)[areas.paper].sum() == 0  # to the pixel along the lines


def test_a_gap_in_a_large_drawing_is_closed_without_stairs() -> None:
    large = cv2.resize(rooms(8), (1800, 1800), interpolation=cv2.INTER_NEAREST)
    areas = areas_of(large)
    assert len(areas.shares) == 3
    crossing = [np.flatnonzero(np.diff(row))[0] for row in areas.labels[870:930:5, 750:900]]
    assert np.abs(np.diff(crossing)).max() <= 3


def test_areas_do_not_depend_on_the_run() -> None:
    first, second = areas_of(rooms(6)), areas_of(rooms(6))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.transpose])
def test_a_turned_drawing_has_the_turned_areas(turn: Callable[[np.ndarray], np.ndarray]) -> None:
    areas = areas_of(rooms(4))
    turned = areas_of(np.ascontiguousarray(turn(rooms(4))))
    np.testing.assert_allclose(np.sort(turned.shares), np.sort(areas.shares), atol=2e-3)
    same = (turn(areas.labels) == turned.labels)[turn(areas.paper)]
    assert same.mean() > 0.99


def test_merged_areas_are_one_and_the_rest_stays() -> None:
    areas = areas_of(rooms())
    one = merged(areas, [1, 2])
    check(one)
    assert len(one.shares) == 2 and number_at(one, 100, 50) == number_at(
        one, 100, 140
    ) != number_at(one, 5, 5)
    np.testing.assert_allclose(one.shares.sum(), areas.shares.sum(), atol=1e-6)
    with pytest.raises(ValueError, match="numbered from 0 to 2"):
        merged(areas, [1, 3])


def test_a_stroke_splits_an_area() -> None:
    areas = areas_of(rooms())
    stroke = np.zeros((200, 200), bool)
    stroke[40:160, 140] = True
    halves = split(areas, 1, stroke)
    check(halves)
    assert len(halves.shares) == 4 and number_at(halves, 100, 120) != number_at(halves, 100, 160)
    stroke[100:] = False
    assert len(split(areas, 1, stroke).shares) == 3  # it ends in the middle


def test_holes_take_the_nearest_label() -> None:
    from scipy.ndimage import distance_transform_edt

    labels = np.random.default_rng(1).integers(1, 9, (40, 60)).astype(np.int32) * 0
    labels[5:9, 5:20], labels[30:33, 40:55], labels[20, 3] = 1, 2, 3
    rows, columns = distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    # chamfer distances are a little off
    assert (filled(labels) == labels[rows, columns]).mean() > 0.98


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 4, 4), np.uint8), np.zeros((4, 4)), np.zeros((0, 4), np.uint8)]
)
def test_what_is_no_drawing_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        areas_of(wrong)


def test_a_wall_between_a_window_and_a_door_is_one_area_and_a_wall_with_a_gap_is_closed() -> None:
    house = np.full((300, 300), 255, np.uint8)
    cv2.rectangle(house, (40, 40), (260, 260), 0, 5)
    cv2.rectangle(house, (70, 70), (140, 150), 0, 5)
    cv2.rectangle(house, (125, 162), (190, 260), 0, 5)
    areas = areas_of(house)
    wall = [
        areas.labels[row, column] for row, column in ((60, 200), (200, 80), (200, 230), (110, 55))
    ]
    assert len(set(wall)) == 1 and len(areas.shares) == 4
    cv2.rectangle(house, (100, 66), (112, 74), 255, -1)
    opened = areas_of(house)
    assert opened.labels[110, 100] != opened.labels[110, 55]


def broken_circle(width: int, turned: int = 0) -> np.ndarray:
    """A circle of radius 120 in 400 x 400 with a gap of so many pixels at its right; its ends may
    be turned aside."""
    drawing = paper(400, 400)
    half = np.degrees(width / 2 / 120)
    cv2.ellipse(drawing, (180, 200), (120, 120), 0, half, 360 - half, 0, 4)
    cv2.rectangle(drawing, (5, 5), (395, 395), 0, 4)
    for sign in (-1, 1) if turned else ():
        x, y = 180 + 120 * np.cos(np.radians(half)), 200 + sign * 120 * np.sin(np.radians(half))
        cv2.line(drawing, (int(x), int(y)), (int(x) + turned, int(y) + sign * 4), 0, 4)
    return drawing


def test_a_wide_gap_is_closed_where_the_ends_of_a_line_point_at_each_other() -> None:
    reach = round(0.035 * 400) * 2  # what is closed of any gap
    assert len(areas_of(broken_circle(reach - 6)).shares) == 3
    assert len(areas_of(broken_circle(reach + 14)).shares) == 3
    assert len(areas_of(broken_circle(reach + 14, turned=20)).shares) == 2
    assert len(areas_of(broken_circle(4 * reach)).shares) == 2
