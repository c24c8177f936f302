"""Strangers' vector drawings: drawn, or refused in one line, and nothing outside of them is
opened."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorlab.data import svg
from colorlab.data.intake import find_pictures, open_picture, open_rgba
from colorlab.errors import DataError

LIMIT = 2_000_000
OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
SQUARE = '<rect x="25" y="10" width="50" height="30" fill="#102030"/>'


def drawing(
    folder: Path, inside: str = SQUARE, root: str = 'viewBox="0 0 100 50"', before: str = ""
) -> Path:
    path = folder / "a.svg"
    path.write_text(f"{before}{OPEN}{root}>{inside}</svg>")
    return path


@pytest.mark.parametrize(
    "root",
    [
        'viewBox="0 0 100 50"',
        'width="10mm" height="5mm" viewBox="0 0 100 50"',
        'width="100" height="50"',
    ],
)
def test_a_drawing_lies_on_white_paper_in_its_proportions(tmp_path: Path, root: str) -> None:
    pixels = open_picture(drawing(tmp_path, root=root), LIMIT)
    expected = np.full((3, 512, 1024), 255, np.uint8)
    expected[:, 102:410, 256:768] = np.array([0x10, 0x20, 0x30])[:, None, None]
    assert pixels.shape == expected.shape and (pixels != expected).mean() < 0.01  # its edges


def test_what_is_not_drawn_is_transparent(tmp_path: Path) -> None:
    rgba = open_rgba(drawing(tmp_path), LIMIT)
    assert rgba[:, 256, 512].tolist() == [0x10, 0x20, 0x30, 255] and rgba[3, 0, 0] == 0


def test_drawings_are_found_beside_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "b.png")
    drawing(tmp_path)
    assert [path.name for path in find_pictures(tmp_path)] == ["a.svg", "b.png"]


@pytest.mark.parametrize("root", ['viewBox="0 0 1e9 5e8"', 'width="1e9" height="5e8"'])
def test_a_drawing_of_any_extent_is_as_large_as_others(tmp_path: Path, root: str) -> None:
    assert open_picture(drawing(tmp_path, root=root), LIMIT).shape == (3, 512, 1024)


def test_a_strip_without_end_is_a_strip(tmp_path: Path) -> None:
    assert open_picture(drawing(tmp_path, root='viewBox="0 0 1000000 1"'), LIMIT).shape == (
        3,
        1,
        1024,
    )


LAUGHS = "".join(
    f"<!ENTITY {b} '{10 * ('&' + a + ';')}'>" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
BEFORE = {
    "a billion laughs": f'<!DOCTYPE svg [<!ENTITY a "laugh">{LAUGHS}]>',
    "a file as an entity": '<!DOCTYPE svg [<!ENTITY j SYSTEM "file:///etc/passwd">]>',
    "an attribute by default": '<!DOCTYPE svg [<!ATTLIST image href CDATA "/etc/passwd">]>',
}


@pytest.mark.parametrize("kind", BEFORE)
def test_what_declares_anything_is_refused_before_it_is_read(tmp_path: Path, kind: str) -> None:
    path = drawing(tmp_path, "<text>&j;</text>", before=BEFORE[kind])
    with pytest.raises(DataError, match=r"a\.svg declares entities \(save it as plain SVG\)"):
        open_picture(path, LIMIT)


def test_the_doctype_that_editors_write_is_fine(tmp_path: Path) -> None:
    public = '"-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"'
    before = f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC {public}>'
    inside = f'<a xlink:href="https://example.org">{SQUARE}</a><script>evil()</script>'
    assert open_picture(drawing(tmp_path, inside, before=before), LIMIT)[:, 256, 512].tolist() == [
        0x10,
        0x20,
        0x30,
    ]


ELSEWHERE = [
    "{0}/red.png",
    "red.png",
    "file://{0}/red.png",
    "http://127.0.0.1:9/red.png",
    "../{1}/red.png",
    " red.png",
]
WAYS = ['<image width="9" height="9" xlink:href="{}"/>', '<image width="9" height="9" href="{}"/>',
        '<filter id="f"><feImage href="{}"/></filter>', '<use x="1" xlink:href="{}#a"/>',
        '<image xmlns:q="http://www.w3.org/1999/xlink" q:href="{}"/>']  # fmt: skip


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize("way", WAYS)
def test_what_links_to_another_file_is_refused(tmp_path: Path, elsewhere: str, way: str) -> None:
    Image.new("RGB", (9, 9), "red").save(tmp_path / "red.png")
    path = drawing(tmp_path, way.format(elsewhere.format(tmp_path, tmp_path.name)))
    with pytest.raises(DataError, match=r"a\.svg links to something outside of itself"):
        open_picture(path, LIMIT)


def test_a_picture_inside_of_a_drawing_is_shown(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9), "red").save(tmp_path / "red.png")
    data = base64.b64encode((tmp_path / "red.png").read_bytes()).decode()
    path = drawing(
        tmp_path, f'<image width="100" height="50" xlink:href="data:image/png;base64,{data}"/>'
    )
    assert open_picture(path, LIMIT)[:, 256, 512].tolist() == [255, 0, 0]


def test_stylesheets_reach_nothing(tmp_path: Path) -> None:
    """resvg knows neither @import nor paints out of files."""
    Image.new("RGB", (9, 9), "red").save(tmp_path / "red.png")
    style = (
        f"<style>@import url({tmp_path}/a.css); rect "
        f"{{fill: url({tmp_path}/red.png) #00ff00}}</style>"
    )
    pixels = open_picture(drawing(tmp_path, f'{style}<rect width="100" height="50"/>'), LIMIT)
    assert pixels[:, 256, 512].tolist() != [255, 0, 0]


HARMFUL = {
    "deep": "<g>" * 100_000 + "</g>" * 100_000,
    "layers": "<g opacity='0.9'>" * 600 + SQUARE + "</g>" * 600,
    "multiplied": "<defs><g id='a0'><rect width='1' height='1'/></g>"
    + "".join(f"<g id='a{k + 1}'>" + 10 * f"<use xlink:href='#a{k}'/>" + "</g>" for k in range(8))
    + "</defs><use xlink:href='#a8'/>",
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_what_asks_for_too_much_is_one_drawings_error(tmp_path: Path, kind: str) -> None:
    with pytest.raises(
        DataError, match=r"a\.svg (takes too much time or memory to draw|cannot be drawn: )"
    ):
        open_picture(drawing(tmp_path, HARMFUL[kind]), LIMIT)


def test_a_drawing_that_takes_for_ever_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(svg, "PATIENCE", 0.5)
    filter_ = '<filter id="f"><feTurbulence baseFrequency="0.5" numOctaves="1000000"/></filter>'
    path = drawing(tmp_path, f'{filter_}<rect width="100" height="50" filter="url(#f)"/>')
    with pytest.raises(DataError, match="takes too long to draw"):
        open_picture(path, LIMIT)


@pytest.mark.parametrize(
    "content", [b"", b"<svg", b"hello", "<svg>é</svg>".encode("latin-1"), b"<a/>", b"\x1f\x8b\x08"]
)
def test_what_is_no_drawing_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.svg").write_bytes(content)
    with pytest.raises(
        DataError, match=r"a\.svg (is not an SVG in UTF-8|cannot be drawn): .*export it"
    ):
        open_picture(tmp_path / "a.svg", LIMIT)


def test_a_file_too_large_for_a_drawing_and_a_packed_one_are_told(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(svg, "LARGEST_FILE", 99)
    with pytest.raises(DataError, match=r"a\.svg has over 99 bytes"):
        open_picture(drawing(tmp_path), LIMIT)
    (tmp_path / "a.svgz").touch()
    with pytest.raises(DataError, match=r"save it as \.svg"):
        open_picture(tmp_path / "a.svgz", LIMIT)
