"""Paper of all kinds, made from drawings that are known."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from colorlab.conditions.areas import areas_of, paper_of
from colorlab.conditions.paper import LINES, PICTURE, SHADING, page_of

SIDE = 360


def drawn(width: int = 3) -> np.ndarray:
    """A face of closed lines, (SIDE, SIDE) uint8."""
    drawing = np.full((SIDE, SIDE), 255, np.uint8)
    cv2.circle(drawing, (180, 180), 130, 0, width, cv2.LINE_AA)
    for x in (130, 230):
        cv2.circle(drawing, (x, 150), 25, 0, width, cv2.LINE_AA)
        cv2.circle(drawing, (x, 150), 9, 0, -1, cv2.LINE_AA)
    cv2.ellipse(drawing, (180, 230), (60, 30), 0, 0, 360, 0, width, cv2.LINE_AA)
    return drawing


def rgb(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray[..., None], 3, 2)


def lit(
    gray: np.ndarray, light: np.ndarray, paper: tuple[int, ...], ink: tuple[int, ...], noise: float
) -> np.ndarray:
    """A drawing on coloured paper under light (SIDE, SIDE) in [0, 1], with noise."""
    cover = gray[..., None] / 255
    picture = (np.array(paper) * cover + np.array(ink) * (1 - cover)) * light[..., None]
    return np.clip(
        picture + np.random.default_rng(0).normal(0, noise, picture.shape), 0, 255
    ).astype(np.uint8)


def slope(darkest: float) -> np.ndarray:
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    return 1 - (1 - darkest) * (0.6 * x + 0.4 * y)


def vignette() -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    return 1 - 0.25 * (x**2 + y**2) / 2


def shaded() -> np.ndarray:
    """The face with soft pencil shading on one side of it."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    inside = np.hypot(x - 180, y - 180) < 130
    tone = np.where(inside, np.clip(1 - 0.4 * (x - 180) / 130, 0.6, 1), 1)
    return np.minimum(drawn(), (255 * tone)).astype(np.uint8)


PAPERS: dict[str, Callable[[], np.ndarray]] = {
    "clean": lambda: rgb(drawn()),
    "thin": lambda: rgb(drawn(1)),
    "broad": lambda: rgb(drawn(9)),
    "pencil": lambda: rgb((255 - 0.3 * (255 - drawn().astype(float))).astype(np.uint8)),
    "yellow scan": lambda: lit(drawn(), vignette(), (246, 230, 190), (60, 55, 70), 5),
    "dark photograph": lambda: lit(drawn(), slope(0.4), (230, 225, 215), (50, 45, 50), 6),
    "blue pen": lambda: lit(drawn(), slope(0.8), (245, 243, 238), (40, 60, 170), 3),
    "white on black": lambda: 255 - rgb(drawn()),
    "chalk": lambda: lit(255 - drawn(), vignette(), (225, 225, 220), (40, 45, 42), 6),
}


@pytest.mark.parametrize("name", PAPERS)
def test_any_paper_becomes_flat_white_with_dark_lines_where_they_were(name: str) -> None:
    page = page_of(PAPERS[name]())
    width = {"thin": 1, "broad": 9}.get(name, 3)
    paper, ink = drawn(width) == 255, drawn(width) < 60
    assert page.kind == LINES and page.turned == (name in ("white on black", "chalk"))
    assert (page.drawing[paper] > 200).mean() > 0.99 and np.median(page.drawing[paper]) == 255
    assert np.median(page.drawing[ink]) < 40
    assert (paper_of(page.drawing) != paper_of(drawn(width))).mean() < 0.02


@pytest.mark.parametrize("name", PAPERS)
def test_any_paper_has_the_same_areas(name: str) -> None:
    width = {"thin": 1, "broad": 9}.get(name, 3)
    truth, found = areas_of(drawn(width)), areas_of(page_of(PAPERS[name]()).drawing)
    rows, columns = (truth.centers * SIDE).astype(int).T
    assert len(set(found.labels[rows, columns])) == len(truth.shares)


def test_shading_is_told_and_taken_for_paper() -> None:
    page = page_of(rgb(shaded()))
    assert page.kind == SHADING and "tone between paper and ink" in page.reason
    assert len(areas_of(page.drawing).shares) == len(areas_of(drawn()).shares)
    np.testing.assert_array_equal(page.canvas, rgb(shaded()))  # colours lie under the shading


def test_black_fills_stay_black() -> None:
    drawing = drawn()
    cv2.circle(drawing, (180, 180), 60, 0, -1)
    assert page_of(rgb(drawing)).drawing[180, 180] == 0


def colored() -> np.ndarray:
    picture = rgb(drawn())
    picture[areas_of(drawn()).labels == 1] = (250, 180, 60)
    return np.minimum(picture, rgb(drawn()))


def landscape() -> np.ndarray:
    """Gray hills with texture, as of a photograph."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    hills = 150 + 60 * np.sin(5 * x + 2) * np.cos(4 * y) - 40 * (y > 0.5 + 0.1 * np.sin(9 * x))
    return rgb(
        np.clip(hills + np.random.default_rng(1).normal(0, 25, y.shape), 0, 255).astype(np.uint8)
    )


@pytest.mark.parametrize("make", [colored, landscape])
def test_what_is_no_drawing_is_a_picture(make: Callable[[], np.ndarray]) -> None:
    page = page_of(make())
    assert page.kind == PICTURE and "%" in page.reason


@pytest.mark.parametrize(("lines", "kind"), [("always", LINES), ("never", PICTURE)])
def test_the_user_knows_better(lines: str, kind: str) -> None:
    for make in (drawn, shaded):
        page = page_of(rgb(make()), lines)
        assert page.kind == kind and page.reason == f"lines={lines}"


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, always or never"):
        page_of(rgb(drawn()), "maybe")


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 200), (500, 2)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_empty_pages_of_any_size_are_white(size: tuple[int, int], value: int) -> None:
    page = page_of(np.full((*size, 3), value, np.uint8))
    assert page.drawing.shape == size and (page.drawing == 255).all()


@pytest.mark.slow
def test_photographs_and_artists_lines_are_told_apart() -> None:
    from skimage import data

    from colorlab.data.openmoji import rasterised, splits, svg_paths

    photographs = [
        data.astronaut(),
        data.chelsea(),
        data.coffee(),
        data.rocket(),
        rgb(data.camera()),
    ]
    assert [page_of(np.ascontiguousarray(each)).kind for each in photographs] == [PICTURE] * 5
    chosen = splits()["test"][:120:2]
    lines = [page_of(rgb(rasterised(svg_paths()[k], 192)[3])).kind for k in chosen]
    assert lines.count(PICTURE) == 0 and lines.count(LINES) >= 0.9 * len(lines)


def photographed(
    drawing: np.ndarray, table: tuple[int, ...], turn: float, shadow: float
) -> np.ndarray:
    """A sheet with a drawing, turned, on a table, with a shadow over both: (600, 600, 3) uint8."""
    place = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turn, 1.2) + np.array(
        [[0, 0, 120], [0, 0, 120]]
    )
    sheet = cv2.warpAffine(np.full((SIDE, SIDE), 255, np.uint8), place, (600, 600))[..., None] / 255
    paper = cv2.warpAffine(rgb(drawing), place, (600, 600), borderValue=(255,) * 3) * np.array(
        [0.96, 0.94, 0.9]
    )
    picture = sheet * paper + (1 - sheet) * np.array(table)
    x = np.linspace(0, 1, 600)
    light = 1 - shadow / (1 + np.exp((x - 0.4) * 30))
    return np.clip(
        picture * light[:, None] + np.random.default_rng(0).normal(0, 4, picture.shape), 0, 255
    ).astype(np.uint8)


@pytest.mark.parametrize(
    "table", [(90, 60, 40), (60, 62, 70), (200, 150, 90)], ids=["walnut", "slate", "pine"]
)
@pytest.mark.parametrize(("turn", "shadow"), [(0, 0.0), (7, 0.0), (-12, 0.35)])
def test_a_sheet_on_a_table_is_the_paper_and_the_table_is_left_alone(
    table: tuple[int, ...], turn: float, shadow: float
) -> None:
    page = page_of(photographed(drawn(4), table, turn, shadow))
    assert page.kind in (LINES, SHADING) and page.reason.endswith(
        "of the sheet in it is plain paper" if not shadow else ""
    )
    labels = areas_of(page.drawing).labels
    assert (
        len(np.unique(labels)) - 1 == len(np.unique(areas_of(drawn(4)).labels)) - 1
    )  # no edge of the sheet among them
    assert (page.drawing[:30] == 255).all() and (page.drawing[:, -30:] == 255).all()


def test_what_is_light_in_a_photograph_is_no_sheet() -> None:
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    beach = (
        np.where(y[..., None] > 0.5, (235, 215, 160), (60, 90, 130))
        * (0.8 + 0.2 * np.sin(40 * x * y))[..., None]
    )
    window = (
        np.where((np.abs(x - 0.5) < 0.3) & (np.abs(y - 0.5) < 0.3), 1.0, 0.3)[..., None] * beach
    )
    for picture in (beach, window):
        assert page_of(picture.astype(np.uint8)).kind == PICTURE


def test_a_blueprint_is_dark_lines_on_white_paper() -> None:
    page = page_of(lit(drawn(), np.ones((SIDE, SIDE)), (25, 60, 150), (235, 240, 255), 2))
    assert page.turned and np.median(page.canvas, (0, 1)).min() == 255
    assert page.canvas[drawn() == 0].mean() < 60
