"""Coloured vector drawings become lines and paint that fit."""

from __future__ import annotations

import numpy as np
import pytest

from colorlab.data.vectors import guarded, pairs, rendered

SIZE, PEN = 100, 0.02
RED, BLUE = [200, 30, 40], [40, 80, 200]


def drawn(*insides: str, size: int = SIZE, pen: float = PEN, head: str = "") -> list[np.ndarray]:
    """Pairs of drawings whose view is 92 units wide: with the margin, a pixel of 100 is a unit."""
    svgs = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 92.6 92.6">{head}{each}</svg>'
        for each in insides
    ]
    return pairs(svgs, size, pen, rendered)


def square(x: int, y: int, side: int, fill: str = "#c81e28", more: str = "") -> str:
    return f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{fill}" {more}/>'


def at(picture: np.ndarray, x: int, y: int) -> list[int]:
    """Paint and line at a place of the drawing, whose margin is 3.7 px."""
    return picture[:, round(y + 3.7), round(x + 3.7)].tolist()


def test_a_shape_is_an_outlined_cell_over_its_colour() -> None:
    (picture,) = drawn(square(20, 20, 50))
    assert at(picture, 45, 45) == [*RED, 255]
    assert at(picture, 5, 5) == [255, 255, 255, 255]
    assert all(at(picture, x, y)[3] < 80 for x, y in ((20, 45), (45, 20), (69, 45), (45, 69)))


def test_the_outline_is_as_wide_as_the_pen_says() -> None:
    for pen in (0.02, 0.04):
        (picture,) = drawn(square(20, 20, 50), size=200, pen=pen)
        row = (255 - picture[3, 100, :100].astype(int)).sum() / 255
        assert row == pytest.approx(200 * pen, abs=0.3)


def test_a_shape_hides_the_lines_behind_it() -> None:
    (picture,) = drawn(square(10, 10, 50) + square(30, 30, 50, "#2850c8"))
    assert at(picture, 59, 45) == [*BLUE, 255]  # the red square's edge lies there
    assert at(picture, 59, 20)[3] < 80


def test_faint_shapes_are_shading() -> None:
    (picture,) = drawn(square(10, 10, 70) + square(30, 30, 20, "#000", 'opacity="0.2"'))
    assert picture[3, 25:60, 25:60].min() == 255
    assert at(picture, 40, 40)[:3] == [160, 24, 32]


def test_a_shadow_beside_the_drawing_is_no_paint() -> None:
    (picture,) = drawn(square(0, 80, 90, "#000", 'opacity="0.1"') + square(20, 20, 50))
    assert at(picture, 45, 88) == [255, 255, 255, 255]


def test_small_dark_shapes_are_ink_and_large_ones_areas() -> None:
    (picture,) = drawn(square(5, 5, 80) + square(20, 20, 6, "#111") + square(40, 40, 30, "#111"))
    assert at(picture, 23, 23) == [*RED, 0]  # ink over red paint
    assert at(picture, 55, 55) == [17, 17, 17, 255]


def test_a_long_thin_dark_shape_is_ink() -> None:
    (picture,) = drawn(square(5, 5, 80) + '<rect x="10" y="40" width="70" height="3" fill="#222"/>')
    assert at(picture, 45, 41) == [*RED, 0]


def test_wide_strokes_are_bands_and_thin_ones_ink() -> None:
    wide = '<path d="M10 30H80" stroke="#2850c8" stroke-width="14" fill="none"/>'
    thin = '<path d="M10 70H80" stroke="#2850c8" stroke-width="2" fill="none"/>'
    (picture,) = drawn(wide + thin)
    assert at(picture, 45, 30) == [*BLUE, 255]
    assert at(picture, 45, 23)[3] < 80 and at(picture, 45, 37)[3] < 80
    assert at(picture, 45, 70)[:3] == [255, 255, 255] and at(picture, 45, 70)[3] < 80


def test_colourings_of_one_drawing_have_one_line_drawing() -> None:
    eye = square(30, 30, 6, "#300")
    light, dark = drawn(square(10, 10, 70, "#fc8") + eye, square(10, 10, 70, "#421") + eye)
    assert np.array_equal(light[3], dark[3])
    assert at(light, 60, 60)[:3] == [255, 204, 136] and at(dark, 60, 60)[:3] == [68, 34, 17]


def test_what_is_ink_in_one_colouring_alone_is_an_area_in_all() -> None:
    dark, light = drawn(
        square(10, 10, 70) + square(30, 30, 9, "#111"),
        square(10, 10, 70) + square(30, 30, 9, "#2850c8"),
    )
    assert np.array_equal(dark[3], light[3]) and at(dark, 34, 34) == [17, 17, 17, 255]


def test_a_clipped_shape_is_outlined_where_it_is_cut() -> None:
    clip = '<clipPath id="c"><rect x="0" y="0" width="46" height="92"/></clipPath>'
    (picture,) = drawn(f'<g clip-path="url(#c)">{square(20, 20, 50)}</g>', head=clip)
    assert at(picture, 45, 45)[3] < 128
    assert at(picture, 40, 45) == [*RED, 255] and at(picture, 60, 45) == [255, 255, 255, 255]


def test_styles_come_from_groups_classes_and_repetitions() -> None:
    plain = drawn(square(20, 20, 50))[0]
    rect = '<rect x="20" y="20" width="50" height="50"/>'
    same = (
        f'<g fill="#c81e28">{rect}</g>',
        f'<g style="fill:#c81e28" opacity="0.99">{rect}</g>',
        "<style>.a{fill:#c81e28}</style>" + rect.replace("/>", ' class="a"/>'),
        '<defs><rect id="r" x="10" y="20" width="50" height="50"/></defs><use href="#r" x="10" '
        'fill="#c81e28"/>',
        '<g transform="scale(2)"><rect x="10" y="10" width="25" height="25" '
        'fill="rgb(200,30,40)"/></g>',
    )
    for inside in same:
        picture = drawn(inside)[0]
        assert np.abs(picture.astype(int) - plain).max() <= 4, inside


def test_a_gradient_that_fades_out_is_shading_and_one_that_does_not_is_a_colour() -> None:
    def gradient(last: float) -> str:
        blue = 'stop-color="#2850c8"'
        stops = f'<stop {blue}/><stop offset="1" {blue} stop-opacity="{last}"/>'
        return f'<linearGradient id="g">{stops}</linearGradient>'

    inside = square(10, 10, 70) + square(30, 30, 30, "url(#g)")
    fading, whole = (drawn(inside, head=gradient(last))[0] for last in (0.0, 1.0))
    assert at(fading, 30, 45)[3] == 255 and at(whole, 30, 45)[3] < 80
    assert at(whole, 45, 45) == [*BLUE, 255]


def test_a_gradient_made_of_shapes_is_outlined_once() -> None:
    steps = "".join(
        f'<circle cx="45" cy="45" r="{30 - 4 * k}" fill="#{200 + 3 * k:02x}1e28"/>'
        for k in range(6)
    )
    (picture,) = drawn(steps)
    assert at(picture, 45, 15)[3] < 80
    assert picture[3, 30:68, 30:68].min() == 255


def test_two_equal_shapes_in_turn_are_both_outlined() -> None:
    (picture,) = drawn(square(10, 10, 20) + square(50, 50, 20))
    assert at(picture, 10, 20)[3] < 80 and at(picture, 50, 60)[3] < 80


def test_text_and_hidden_shapes_are_left_out() -> None:
    hidden = (
        square(60, 60, 20, "#2850c8", 'display="none"')
        + '<text x="20" y="40" font-size="40">A</text>'
    )
    assert np.array_equal(drawn(square(20, 20, 30) + hidden)[0], drawn(square(20, 20, 30))[0])


@pytest.mark.parametrize(
    ("svg", "reason"),
    [
        ("<svg", "is not an SVG"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><rect width="5" height="5"/></svg>', "no extent"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 50 5"><rect width="5" '
            'height="5"/></svg>',
            "long strip",
        ),
        ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 5 5"/>', "no shapes"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 5 5">'
            + "<g>" * 3000
            + "</g>" * 3000
            + "</svg>",
            "deeply",
        ),
    ],
)
def test_what_makes_no_pair_says_why(svg: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pairs([svg], SIZE, PEN, rendered)


def test_repetitions_without_end_are_refused() -> None:
    inside = (
        '<g id="a"><use href="#b"/><use href="#b"/></g>'
        '<g id="b"><use href="#a"/><use href="#a"/></g>'
    )
    with pytest.raises(ValueError, match="repeats itself"):
        drawn(inside)


def test_units_of_the_page_are_understood() -> None:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}">'
    inside = square(20, 20, 50) + "</svg>"
    px, mm = (
        pairs([head.format(side) + inside], SIZE, PEN, rendered)[0] for side in ("96px", "25.4mm")
    )
    assert np.array_equal(px, mm)


def test_a_strangers_drawing_looks_the_same_in_a_process_of_its_own() -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 90">{square(20, 20, 50)}</svg>'
    assert np.array_equal(guarded(svg, 48), rendered(svg, 48))
