"""Tables, charts and the page: arrays in, text and pictures out."""

from __future__ import annotations

import base64
import csv
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from colorlab.report import figure, table
from colorlab.report.curves import Curve, curves
from colorlab.report.frontier import Point, _ends, frontier, name_boxes
from colorlab.report.grid import drawn_sheet, sheet_of, thumbnail
from colorlab.report.histogram import Distances, histogram
from colorlab.report.page import DEEP, Case, Chart, Key, Page, Strip, data_uri, rendered, tinted
from colorlab.report.table import Cell, Column, Row

COLUMNS = [Column("a/b", "better", "what it is", "higher", 2), Column("c", "other", "", "", 1)]
SLOPE = np.linspace(0, 1, 256).reshape(16, 16)
EDGES = np.linspace(0, 1, 65)
VOID = {"meta", "img", "br", "line", "path", "use", "rect", "circle", "link", "input"}


def row(name: str = "run", trivial: bool = False, mean: float = 0.5, **changes: object) -> Row:
    cells = {"a/b": Cell(mean, mean - 0.1, mean + 0.1, 7), "c": Cell(-3.21, None, None, 7)}
    return Row(name, cells, {}, trivial, "", frozenset({"a/b"}), "")._replace(**changes)


def page(**changes: object) -> Page:
    rows = [row("first"), row("<script>alert(1)</script>"), row("gray", trivial=True)]
    white = np.full((16, 16), 255, np.uint8)
    colored = np.full((8, 16, 16, 3), 90, np.uint8)
    case = Case(
        "picture",
        "",
        white,
        colored[:2],
        [Strip(name, colored, SLOPE) for name in ("first", "second")],
    )
    chart = Chart(
        figure.svg(
            histogram([Distances("first", np.ones(64), 0.5, False)], EDGES, "d"), "h", "a chart"
        ),
        "caption",
    )
    return Page(
        "Title", ["fact"], [], [["", "error"], ["first", "0.1"]], COLUMNS, rows, "first",
        [Key("first", "var(--series-0)", "")], [chart], COLUMNS, [case],
        {"first": [case]}, [["run", "steps"], ["first", "9"]], {"n": "8"}, "made",
    )._replace(**changes)  # fmt: skip


class Balance(HTMLParser):
    """Opening and closing tags match; attributes that load something are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.loads += [
            str(value)
            for name, value in attributes
            if name in ("src", "href", "xlink:href", "srcset", "data")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(0.125, 2, "0.12"), (-1.5, 1, "−1.5"), (-0.0004, 2, "0.00"), (None, 2, "–"), (12.0, 0, "12")],
)
def test_numbers_are_printed_with_a_real_minus_and_no_negative_zero(
    value: float | None, digits: int, shown: str
) -> None:
    assert table.number(value, digits) == shown


def test_differences_show_their_sign() -> None:
    assert [table.signed(x, 1) for x in (0.34, -0.34, 0.0, 0.001, None)] == [
        "+0.3",
        "−0.3",
        "0.0",
        "0.0",
        "–",
    ]


def test_markdown_has_a_line_a_row_and_leading_numbers_bold() -> None:
    lines = table.markdown(
        COLUMNS, [row("a|b"), row("gray", trivial=True, leading=frozenset())]
    ).splitlines()
    assert lines[0] == "| | better\u00a0↑ | other |"
    assert lines[2] == r"| a\|b | **0.50 [0.40, 0.60]** | −3.2 |"
    assert lines[3] == "| *gray* | 0.50 [0.40, 0.60] | −3.2 |"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "[a](javascript:b)", "![a](b)",
             "`a`", "**a**", "a\n# b", "a\r\n|c|", "a\x1b[2J", "http://a.b", "www.a.b", "&lt;",
             "@a", "~~a~~"]
)  # fmt: skip
def test_markdown_shows_names_as_they_are(name: str) -> None:
    lines = table.markdown(COLUMNS, [row(name)]).splitlines()
    assert len(lines) == len(table.markdown(COLUMNS, [row("a")]).splitlines())
    shown = lines[2].split(" | ")[0].removeprefix("| ")
    assert not re.search(r"(?<!\\)[*_`\[\]<>|~&@:]|www\.", shown) and shown.isprintable()


def test_latex_escapes_what_tex_would_read() -> None:
    text = table.latex(COLUMNS, [row("50% of a_b & c"), row("x", mark="†")])
    assert r"50\% of a\_b \& c & \makecell{\textbf{0.50}" in text and r"x$\dagger$ &" in text
    assert text.count(r"\\" + "\n") == 3 and "−" not in text


def test_csv_gives_back_every_number_exactly() -> None:
    third = 1 / 3
    made = row(
        cells={"a/b": Cell(third, 0.1, None, 7)}, differences={"a/b": Cell(-third, -0.5, 0.5, 6)}
    )
    read = next(iter(csv.DictReader(io.StringIO(table.comma_separated([made])))))
    assert (
        float(read["mean"]) == third
        and read["high"] == ""
        and float(read["difference_mean"]) == -third
    )
    assert (read["n"], read["difference_n"], read["kind"]) == ("7", "6", "run")


def test_headlines_are_only_of_what_was_measured() -> None:
    keys = [
        c.key
        for c in table.headline(
            4, {"validity/share", "diversity/delta_e", "truth/best_of_4_delta_e", "x"}
        )
    ]
    assert keys == ["validity/share", "diversity/delta_e", "truth/best_of_4_delta_e"]
    found = table.coverage(
        {"modes/coverage_lpips_0.1", "modes/coverage_lpips_0.02", "modes/coverage_delta_e_5"}
    )
    assert [c.title for c in found] == ["≤ 0.02", "≤ 0.1"]


def test_all_rows_of_a_histogram_have_the_same_bins_and_an_area_of_one() -> None:
    narrow, wide = np.zeros(64), np.ones(64)
    narrow[3] = 9
    drawn = histogram(
        [Distances("a", narrow, 0.05, False), Distances("b", wide, 0.5, True)], EDGES, "LPIPS"
    ).axes[0]
    steps = [patch.get_data() for patch in drawn.patches]
    assert len(steps) == 3  # fill and outline of one, the outline alone of the other
    for values, edges, _ in steps:
        assert np.array_equal(edges, EDGES) and (values * np.diff(edges)).sum() == pytest.approx(1)


def test_a_collapsed_row_does_not_flatten_the_others() -> None:
    spike, wide = np.zeros(64), np.ones(64)
    spike[0] = 1
    rows = [
        Distances(name, counts, 0.1, False)
        for name, counts in (("a", wide), ("b", wide), ("c", spike))
    ]
    assert histogram(rows, EDGES, "d").axes[0].get_ylim()[1] < 3


def test_names_on_the_frontier_do_not_overlap() -> None:
    points = [
        Point(f"run {k}", Cell(0.1 + 0.001 * k, 0.09, 0.11, 5), Cell(0.9, 0.8, 1.0, 5), False)
        for k in range(4)
    ]
    drawn = frontier(points, "x", "y")
    boxes = name_boxes(points, drawn.axes[0])
    apart = [
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for i, a in enumerate(boxes)
        for b in boxes[:i]
    ]
    assert all(apart) and [text.get_text() for text in drawn.axes[0].texts] == [
        p.name for p in points
    ]


def test_a_name_on_the_frontier_keeps_clear_of_an_interval_that_begins_at_nought() -> None:
    quality = Cell(0.5, None, None, 5)
    points = [
        Point("run", Cell(0.5, 0.0, 0.5, 5), quality, False),
        Point("next", Cell(0.6, None, None, 5), quality, False),
        Point("far", Cell(1.0, None, None, 5), Cell(1.0, None, None, 5), False),
        Point("low", Cell(0.9, None, None, 5), Cell(0.0, None, None, 5), False),
    ]
    axes = frontier(points, "x", "y").axes[0]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    box = name_boxes(points, axes)[0]
    beside = box[2] <= (0 - left) / (right - left) or box[0] >= (0.5 - left) / (right - left)
    height = (0.5 - low) / (high - low)
    assert beside or box[3] <= height or box[1] >= height


def test_names_keep_clear_of_both_ends_of_an_interval() -> None:
    assert _ends(Cell(0.5, 0.0, 0.8, 5)) == (0.0, 0.8) and _ends(Cell(0.5, -0.2, 0.0, 5)) == (
        -0.2,
        0.0,
    )
    assert _ends(Cell(0.5, None, None, 5)) == (0.5, 0.5)


def test_a_point_on_the_frontier_has_its_intervals_across_and_up() -> None:
    points = [Point("run", Cell(0.5, 0.4, 0.8, 5), Cell(2.0, 1.0, 2.5, 5), False)]
    across, up = (
        bars.get_segments()[0].tolist() for bars in frontier(points, "x", "y").axes[0].collections
    )
    assert np.allclose(across, [[0.4, 2.0], [0.8, 2.0]]) and np.allclose(
        up, [[0.5, 1.0], [0.5, 2.5]]
    )
    alone = [Point("run", Cell(0.5, None, None, 5), Cell(2.0, None, 2.5, 5), False)]
    assert not frontier(alone, "x", "y").axes[0].collections


def test_a_curve_runs_through_its_means_inside_its_band() -> None:
    cells = [Cell(1 / k, 0.9 / k, 1.1 / k, 5) for k in (1, 2, 3)]
    drawn = curves([Curve("run", cells, False), Curve("flat", cells, True)], "error").axes[0]
    assert np.allclose(drawn.lines[0].get_xydata(), [[1, 1], [2, 1 / 2], [3, 1 / 3]])
    assert len(drawn.collections) == 1  # the run's band; trivial rows have none


def test_charts_on_one_page_share_no_ids_and_follow_the_pages_colours() -> None:
    made = [
        figure.svg(histogram([Distances("a", np.ones(64), 0.5, False)], EDGES, "d"), name, "t")
        for name in ("one", "two")
    ]
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in made]
    assert ids[0] and not ids[0] & ids[1]
    assert (
        "var(--series-0)" in made[0]
        and "var(--ink)" in made[0]
        and "#0072b2" not in made[0]
        and "http" not in made[0]
    )


def test_names_are_never_read_as_formulas_nor_left_out_of_legends() -> None:
    drawn = histogram([Distances(r"_$\alpha$", np.ones(64), 0.5, False)], EDGES, "d")
    assert r"_$\alpha$" in drawn.legends[0].get_texts()[0].get_text()
    figure.svg(drawn, "x", "t")


def test_runs_beyond_the_palette_differ_in_dash() -> None:
    styles = figure.looks([False] * 8 + [True] * 3)
    assert len({(style.color, style.dash, style.marker) for style in styles}) == 11


def test_the_page_is_balanced_and_loads_nothing_from_elsewhere() -> None:
    parser = Balance()
    text = rendered(page(notes=["mixed"]))
    parser.feed(text)
    assert not parser.open
    assert parser.loads and all(
        load.startswith(("data:image/png;base64,", "#")) for load in parser.loads
    )
    assert not re.search(r"@import|url\((?!#)|<script|<link|<iframe", text)


def test_names_are_escaped_on_the_page() -> None:
    text = rendered(page(title="<b>&", footer="caf\udce9"))
    assert (
        "<script>" not in text
        and "&lt;script&gt;alert(1)" in text
        and "<title>&lt;b&gt;&amp;</title>" in text
    )
    assert r"caf\udce9" in text


def test_pictures_on_the_page_are_lossless_up_to_their_size() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    kept = Image.open(io.BytesIO(base64.b64decode(data_uri(picture).split(",")[1])))
    assert np.array_equal(np.array(kept), picture)
    large = Image.open(
        io.BytesIO(base64.b64decode(data_uri(np.zeros((400, 200), np.uint8)).split(",")[1]))
    )
    assert large.size == (48, 96)


def test_each_row_of_pictures_ends_with_its_map_of_uncertainty_from_white_to_violet() -> None:
    drawn = tinted(SLOPE)
    assert drawn[0, 0].tolist() == [255] * 3 and drawn[-1, -1].tolist() == DEEP.tolist()
    assert (np.diff(drawn.reshape(-1, 3).astype(int), axis=0) <= 0).all()
    assert rendered(page()).count(f'<img src="{data_uri(drawn)}" alt="hue uncertainty"></div>') == 4


@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000), (3000, 20), (400, 300), (1, 1)])
def test_a_sheet_of_strips_is_no_larger_than_other_sheets(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 128, np.uint8)
    small = thumbnail(picture, 96)
    for shown in (picture, small):
        sheet = drawn_sheet(sheet_of([shown], [shown[None]], [[]]), 96)
        assert sheet.width < 300 and sheet.height < 17 * 96
        assert (np.asarray(sheet) == 128).all(-1).sum() == 2 * small.shape[0] * small.shape[1]
