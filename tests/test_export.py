"""Exported colourings, reopened and laid together by other programs' rules, are the colourings."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from colorlab.conditions.areas import area_at, areas_of
from colorlab.errors import ConfigError, DataError
from colorlab.exports import formats, openraster
from colorlab.exports.document import Document, document_of, flattened, multiplied
from colorlab.exports.kinds import endings_of, kinds_of

MADE = {
    "run": ["flats"],
    "settings": {"seed": 3, "text": "größer & <schöner>"},
    "signature": "ab" * 32,
}
FILES = {"input.png": b"the drawing's bytes"}


def drawn(noise: int = 0) -> np.ndarray:
    """(120, 160) uint8: two shapes in antialiased ink, on paper with or without a scanner's
    grain."""
    page = Image.new("L", (640, 480), 255)
    pen = ImageDraw.Draw(page)
    pen.ellipse((80, 80, 320, 400), outline=0, width=14)
    pen.rectangle((360, 120, 600, 360), outline=30, width=10)
    pixels = np.asarray(page.resize((160, 120), Image.Resampling.LANCZOS)).astype(int)
    grain = np.random.default_rng(0).integers(0, noise + 1, pixels.shape)
    return (pixels - grain).clip(0, 255).astype(np.uint8)


def page(drawing: np.ndarray) -> np.ndarray:
    """In three channels."""
    return np.repeat(drawing[..., None], 3, 2)


def flat(
    drawing: np.ndarray, left: tuple[int, int, int], right: tuple[int, int, int]
) -> np.ndarray:
    """Both shapes filled, under the ink."""
    areas = areas_of(drawing)
    paint = np.full((*drawing.shape, 3), 255, np.uint8)
    paint[areas.labels == area_at(areas, 0.5, 0.3)] = left
    paint[areas.labels == area_at(areas, 0.5, 0.75)] = right
    return multiplied(paint, page(drawing))


@pytest.fixture(scope="module")
def flats() -> tuple[np.ndarray, list[np.ndarray]]:
    drawing = drawn()
    return drawing, [
        flat(drawing, (224, 80, 48), (32, 64, 128)),
        flat(drawing, (10, 200, 100), (10, 200, 100)),
    ]


@pytest.fixture(scope="module")
def document(flats: tuple[np.ndarray, list[np.ndarray]]) -> Document:
    return document_of(page(flats[0]), areas_of(flats[0]), flats[1], MADE, FILES)


def near(one: np.ndarray, other: np.ndarray) -> bool:
    return int(np.abs(one.astype(int) - other).max()) <= 1


def test_a_flat_colouring_has_a_layer_a_colour_and_nothing_else(document: Document) -> None:
    first, second = document.groups
    assert [layer.name for layer in first.layers] == ["red #e05030", "blue #204080"]
    assert [layer.name for layer in second.layers] == ["green #0ac864"] and second.over is None


@pytest.mark.parametrize("noise", [0, 9])
def test_layers_laid_together_are_the_picture(noise: int) -> None:
    drawing = drawn(noise)
    picture = flat(drawing, (224, 80, 48), (32, 64, 128))
    random = np.random.default_rng(1)
    grainy = picture + random.integers(-30, 30, picture.shape)
    shaded = multiplied(np.clip(grainy, 0, 255).astype(np.uint8), page(drawing))
    painted = picture.copy()
    painted[20:40, 20:60] = (255, 200, 0)  # over the ink, lighter than it
    document = document_of(page(drawing), areas_of(drawing), [picture, shaded, painted], MADE, {})
    for k, expected in enumerate((picture, shaded, painted)):
        assert near(flattened(document, k), expected)
    assert document.groups[2].over is not None and document.groups[0].over is None


def test_colours_reach_under_the_ink(document: Document) -> None:
    reach = document.groups[0].rooms == 0
    assert (reach & (drawn() < 60)).sum() > 50


def test_a_gray_picture_keeps_whole_colourings() -> None:
    gray = np.random.default_rng(0).integers(0, 255, (9, 7)).astype(np.uint8)
    picture = np.random.default_rng(1).integers(0, 255, (9, 7, 3)).astype(np.uint8)
    document = document_of(page(gray), None, [picture], MADE, {})
    assert (flattened(document) == picture).all() and document.lines is None


def composed_by_pillow(path: Path, visible_group: int) -> np.ndarray:
    """The layers of an OpenRaster file, one after the other, by Pillow: a second implementation."""
    archive = zipfile.ZipFile(path)
    root = ElementTree.fromstring(archive.read("stack.xml"))
    canvas = Image.new("RGB", (int(root.attrib["w"]), int(root.attrib["h"])))
    stack = root[0]
    groups = [each for each in stack if each.tag == "stack"]
    for part in reversed(stack):
        if part.tag == "stack" and part is not groups[visible_group]:
            continue
        for layer in [part] if part.tag == "layer" else reversed(part):
            picture = Image.open(io.BytesIO(archive.read(layer.attrib["src"])))
            at = int(layer.attrib["x"]), int(layer.attrib["y"])
            box = (*at, at[0] + picture.width, at[1] + picture.height)
            colors = picture.convert("RGB")
            if layer.attrib["composite-op"] == "svg:multiply":
                from PIL import ImageChops

                colors = ImageChops.multiply(canvas.crop(box), colors)
            canvas.paste(colors, at, picture.getchannel("A"))
    return np.asarray(canvas)


def test_openraster_is_laid_together_by_pillow(
    document: Document, flats: tuple, tmp_path: Path
) -> None:
    openraster.write(tmp_path / "a.ora", document)
    for k, picture in enumerate(flats[1]):
        assert near(composed_by_pillow(tmp_path / "a.ora", k), picture)
    with zipfile.ZipFile(tmp_path / "a.ora") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert near(np.asarray(Image.open(archive.open("mergedimage.png"))), flats[1][0])
        assert max(Image.open(archive.open("Thumbnails/thumbnail.png")).size) <= 256


@pytest.mark.parametrize("kind", ["ora", "psd"])
def test_equal_documents_are_equal_bytes(document: Document, kind: str, tmp_path: Path) -> None:
    if kind == "psd":
        pytest.importorskip("psd_tools")
    for name in ("a", "b"):
        formats.write([tmp_path / name], kind, document)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_openraster_file_says_what_made_it(document: Document, tmp_path: Path) -> None:
    openraster.write(tmp_path / "a.ora", document)
    assert openraster.read_made(tmp_path / "a.ora") == (MADE, FILES)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + 18 * b"\0", b"no zip"])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.ora").write_bytes(content)
    with pytest.raises(DataError, match="exported"):
        openraster.read_made(tmp_path / "a.ora")


def test_photoshop_layers_are_laid_together_by_psd_tools(
    document: Document, flats: tuple, tmp_path: Path
) -> None:
    psd_tools = pytest.importorskip("psd_tools")
    formats.write([tmp_path / "a.psd"], "psd", document)
    psd = psd_tools.PSDImage.open(tmp_path / "a.psd")
    assert [layer.name for layer in psd] == ["Paper", "Candidate 1", "Candidate 2", "Lines"]
    assert [layer.name for layer in psd[1]] == ["red #e05030", "blue #204080"]
    assert [layer.is_visible() for layer in psd[1:3]] == [True, False] and psd[
        3
    ].blend_mode.name == "MULTIPLY"
    assert near(np.asarray(Image.open(tmp_path / "a.psd").convert("RGB")), flats[1][0]), (
        "the merged picture"
    )
    canvas = Image.new("RGB", psd.size, "white")
    for layer in (psd[0], *psd[1], psd[3]):
        own = layer.topil()
        box = (layer.left, layer.top, layer.right, layer.bottom)
        below = np.asarray(canvas.crop(box)).astype(int)
        colors = np.asarray(own.convert("RGB")).astype(int)
        mixed = (
            np.rint(below * colors / 255).astype(np.uint8)
            if layer.name == "Lines"
            else colors.astype(np.uint8)
        )
        canvas.paste(Image.fromarray(mixed), box, own.convert("RGBA").getchannel("A"))
    assert near(np.asarray(canvas), flats[1][0])
    said = psd.image_resources.get_data(1060)
    assert b"colorlab-signature=" + MADE["signature"].encode() in said  # type: ignore[attr-defined]


def test_png_layers_are_the_colours_without_lines(
    document: Document, flats: tuple, tmp_path: Path
) -> None:
    paths = [tmp_path / f"a{ending}" for ending in endings_of("png", 2)]
    formats.write(paths, "png", document)
    colors = np.asarray(Image.open(paths[0]))
    assert {tuple(each) for each in colors.reshape(-1, 4)} == {
        (0, 0, 0, 0),
        (224, 80, 48, 255),
        (32, 64, 128, 255),
    }
    paper = np.where(colors[..., 3:] > 0, colors[..., :3], 255).astype(np.uint8)
    assert near(multiplied(paper, page(flats[0])), flats[1][0])


def test_a_palette_is_read_back(document: Document, tmp_path: Path) -> None:
    formats.write([tmp_path / "a.gpl", tmp_path / "b.gpl"], "gpl", document)
    lines = (tmp_path / "a.gpl").read_text().splitlines()
    assert lines[0] == "GIMP Palette"
    rows = [list(map(int, line.split()[:3])) for line in lines if re.match(r" *\d", line)]
    assert rows == [[224, 80, 48], [32, 64, 128]]


def test_outlines_are_drawn_as_the_picture(
    document: Document, flats: tuple, tmp_path: Path
) -> None:
    resvg = pytest.importorskip("resvg_py")
    formats.write([tmp_path / "a.svg", tmp_path / "b.svg"], "svg", document)
    drawn_again = resvg.svg_to_bytes(svg_path=str(tmp_path / "a.svg"))
    pixels = np.asarray(Image.open(io.BytesIO(bytes(drawn_again))).convert("RGB")).astype(int)
    off = np.abs(pixels - flats[1][0]).max(-1)
    assert (off <= 1).mean() > 0.995
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert json.loads(root[0].text or "") == MADE and "#e05030" in (tmp_path / "a.svg").read_text()


def test_a_kind_that_is_none_is_refused() -> None:
    assert (
        kinds_of(None) == ()
        and kinds_of("ora") == ("ora",)
        and kinds_of(["ora", "gpl", "ora"]) == ("ora", "gpl")
    )
    with pytest.raises(ConfigError, match="export=doc is unknown"):
        kinds_of(["ora", "doc"])
