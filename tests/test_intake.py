"""Pictures of every kind, and of none."""

from __future__ import annotations

import io
import os
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorlab.data.intake import find_pictures, line_drawing, open_picture, open_rgba, squared
from colorlab.errors import DataError

LIMIT = 1_000_000


def png(path: Path, color_type: int, depth: int, width: int, rows: list[bytes]) -> Path:
    """A PNG made by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, len(rows), depth, color_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )
    return path


def header_only(path: Path, width: int, height: int) -> Path:
    """A PNG that claims to be large and holds nothing."""
    png(path, 2, 8, 1, [b"\0\0\0"])
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(bytes(data))
    return path


def picture(height: int = 4, width: int = 6) -> np.ndarray:
    """(H, W, 3) uint8 that has no symmetry."""
    return (np.arange(height * width * 3) * 7 % 256).astype(np.uint8).reshape(height, width, 3)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "gif", "jpg"])
def test_each_format_gives_the_pixels_that_were_saved(tmp_path: Path, suffix: str) -> None:
    flat = np.full((9, 5, 3), (200, 60, 30), np.uint8)
    Image.fromarray(flat).save(
        tmp_path / f"a.{suffix}", **({"lossless": True} if suffix == "webp" else {})
    )
    opened = open_picture(tmp_path / f"a.{suffix}", LIMIT)
    assert opened.shape == (3, 9, 5) and opened.dtype == np.uint8
    assert np.abs(opened - flat.transpose(2, 0, 1).astype(int)).max() <= (
        2 if suffix == "jpg" else 0
    )


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture()).save(tmp_path / "a.png", exif=exif)
    expected = UPRIGHT[orientation](picture()).transpose(2, 0, 1)
    assert np.array_equal(open_picture(tmp_path / "a.png", LIMIT), expected)


RED, HALF = (255, 0, 0), (255, 127, 127)
MODES = {
    "1": (Image.new("1", (2, 2), 1), (255, 255, 255)),
    "L": (Image.new("L", (2, 2), 90), (90, 90, 90)),
    "LA, half": (Image.new("LA", (2, 2), (0, 128)), (127, 127, 127)),
    "RGBA, opaque": (Image.new("RGBA", (2, 2), (*RED, 255)), RED),
    "RGBA, half": (Image.new("RGBA", (2, 2), (*RED, 128)), HALF),
    "RGBA, hidden colour": (Image.new("RGBA", (2, 2), (*RED, 0)), (255, 255, 255)),
    "P": (Image.new("RGB", (2, 2), RED).convert("P", palette=Image.Palette.ADAPTIVE), RED),
}


@pytest.mark.parametrize("name", MODES)
def test_each_mode_lies_on_white_paper(tmp_path: Path, name: str) -> None:
    image, expected = MODES[name]
    image.save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png", LIMIT)[:, 0, 0].tolist() == list(expected)


def test_alpha_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (*RED, 128)).save(tmp_path / "a.png")
    assert open_rgba(tmp_path / "a.png", LIMIT)[:, 0, 0].tolist() == [*RED, 128]
    Image.new("L", (2, 2), 90).save(tmp_path / "a.png")
    assert open_rgba(tmp_path / "a.png", LIMIT)[:, 0, 0].tolist() == [90, 90, 90, 255]


def test_a_transparent_palette_colour_becomes_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=0)
    assert open_picture(tmp_path / "a.png", LIMIT)[:, 0].T.tolist() == [
        [255, 255, 255],
        [0, 0, 255],
    ]


def test_cmyk_is_converted(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.tif")
    assert open_picture(tmp_path / "a.tif", LIMIT)[:, 0, 0].tolist() == list(RED)


def test_a_16_bit_gray_ramp_keeps_its_256_levels(tmp_path: Path) -> None:
    ramp = (np.arange(256) * 257).astype(">u2")
    opened = open_picture(png(tmp_path / "a.png", 0, 16, 256, [ramp.tobytes()]), LIMIT)
    assert np.array_equal(opened, np.broadcast_to(np.arange(256), (3, 1, 256)))


def test_a_16_bit_rgb_ramp_keeps_its_256_levels(tmp_path: Path) -> None:
    ramp = (np.arange(256) * 257).astype(">u2").repeat(3)
    opened = open_picture(png(tmp_path / "a.png", 2, 16, 256, [ramp.tobytes()]), LIMIT)
    assert np.array_equal(opened, np.broadcast_to(np.arange(256), (3, 1, 256)))


@pytest.mark.parametrize(
    "array", [np.zeros((3, 3), np.float32), np.full((3, 3), 1 << 20, np.int32)]
)
def test_numbers_of_unknown_range_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    Image.fromarray(array).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif holds .*save it with 8 or 16 bits"):
        open_picture(tmp_path / "a.tif", LIMIT)


def test_only_the_first_frame_is_shown(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ((255, 0, 0), (0, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert open_picture(tmp_path / "a.gif", LIMIT)[:, 0, 0].tolist() == list(RED)


def bad_files(folder: Path) -> dict[str, Path]:
    """One file for each way in which a picture can be none."""
    Image.fromarray(np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)).save(
        folder / "whole.jpg"
    )
    for name, data in {
        "truncated.jpg": (folder / "whole.jpg").read_bytes()[:900],
        "empty.png": b"",
        "text.jpg": b"not a picture\n",
        "page.pdf.png": b"%PDF-1.4\n",
        "script.bmp": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    }.items():
        (folder / name).write_bytes(data)
    (folder / "whole.jpg").unlink()
    (folder / "folder.png").mkdir()
    (folder / "nowhere.png").symlink_to(folder / "nothing")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    return {path.name: path for path in folder.iterdir()}


def test_every_kind_of_bad_file_is_a_one_line_error_that_names_it(tmp_path: Path) -> None:
    files = bad_files(tmp_path)
    for name, path in files.items():
        with pytest.raises(DataError) as caught:
            open_picture(path, LIMIT)
        assert (
            name in str(caught.value)
            and "\n" not in str(caught.value)
            and str(caught.value).endswith(")")
        )
    assert len(files) == 8


@pytest.mark.parametrize(("width", "height"), [(20000, 20000), (13000, 12000), (1001, 1000)])
def test_bombs_are_refused_by_their_header_without_a_warning(
    tmp_path: Path, width: int, height: int
) -> None:
    path = header_only(tmp_path / "bomb.png", width, height)
    with (
        warnings.catch_warnings(record=True) as caught,
        pytest.raises(DataError, match=r"bomb\.png has .*pixels"),
    ):
        warnings.simplefilter("always")
        open_picture(path, LIMIT)
    assert not caught


def test_the_limit_itself_is_allowed(tmp_path: Path) -> None:
    Image.new("RGB", (10, 10)).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png", 100).shape == (3, 10, 10)
    with pytest.raises(DataError, match=r"10 x 10 = 100 pixels, over the limit of 99"):
        open_picture(tmp_path / "a.png", 99)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(DataError, match=r"a\.png cannot be read: Permission denied"):
        open_picture(tmp_path / "a.png", LIMIT)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "gif"])
def test_flipped_bytes_end_in_a_picture_or_a_named_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(picture(16, 16)).save(path)
    whole = path.read_bytes()
    dice = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        data[dice.integers(len(data))] ^= 1 << dice.integers(8)
        path.write_bytes(data)
        try:
            assert open_picture(path, LIMIT).shape[0] == 3
        except DataError as error:
            assert path.name in str(error) and "\n" not in str(error)


def test_find_pictures_is_recursive_sorted_and_skips_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/1.png", "a.webp", ".hidden.png", "b/.cache/3.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in find_pictures(tmp_path)] == [
        "a.webp",
        "b/1.png",
        "b/2.JPG",
    ]


def test_odd_names_are_found_opened_and_shown_on_one_line(tmp_path: Path) -> None:
    names = [
        "été.png",
        "絵.png",
        "two words.png",
        "new\nline.png",
        os.fsdecode(b"\xff.png"),
        "x" * 251 + ".png",
    ]
    for name in names:
        Image.new("RGB", (2, 2)).save(os.fsencode(tmp_path / name), format="PNG")
    found = find_pictures(tmp_path)
    assert {path.name for path in found} == set(names)
    assert all(open_picture(path, LIMIT).shape == (3, 2, 2) for path in found)
    for path in found:
        path.write_bytes(b"")
        with pytest.raises(DataError) as caught:
            open_picture(path, LIMIT)
        assert str(caught.value).isprintable()


def test_symlink_loops_end_and_linked_folders_count_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert [path.name for path in find_pictures(tmp_path)] == ["1.png"]


@pytest.mark.parametrize("folder", [".", "nothing", "file.png"])
def test_a_folder_without_pictures_is_an_error(tmp_path: Path, folder: str) -> None:
    if folder == "file.png":
        (tmp_path / folder).touch()
    with pytest.raises(DataError, match=r"holds no pictures|is not a folder"):
        find_pictures(tmp_path / folder)


def test_a_line_drawing_is_the_luma_of_a_picture() -> None:
    rgb = picture().transpose(2, 0, 1)
    expected = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
    assert line_drawing(rgb).shape == (1, 4, 6)
    assert np.abs(line_drawing(rgb)[0] - expected).max() <= 0.51


def test_squared_takes_the_middle_of_either_orientation() -> None:
    wide = np.zeros((3, 10, 30), np.uint8)
    wide[:, :, 10:20] = 255
    assert (squared(wide, 10) == 255).all() and (squared(wide.swapaxes(1, 2), 10) == 255).all()


def test_squared_averages_rather_than_picks() -> None:
    stripes = np.zeros((1, 64, 64), np.uint8)
    stripes[..., ::2] = 255
    assert np.abs(squared(stripes, 8)[0, 2:-2, 2:-2].astype(int) - 128).max() < 12


def progressive(more: int) -> bytes:
    """A progressive JPEG of 64 x 64 gray pixels with its last scan so many times more, and some in
    its margins."""
    file = io.BytesIO()
    Image.new("L", (64, 64), 200).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    head, last, end = data[:-2], data[data.rindex(b"\xff\xda") : -2], data[-2:]
    comment = b"\xff\xfe\x01\x02" + b"\xff\xda" * 128
    return head[:2] + comment + head[2:] + last * more + end + b"\xff\xda" * 500


def test_a_jpeg_that_goes_through_its_picture_for_ever_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(progressive(9))
    assert (open_picture(tmp_path / "a.jpg", 10**6) == 200).all()
    (tmp_path / "a.jpg").write_bytes(progressive(5000))
    with pytest.raises(DataError, match=r"a\.jpg goes through its picture more than 64 times"):
        open_picture(tmp_path / "a.jpg", 10**6)


def test_a_damaged_tiff_is_told_by_us_alone(tmp_path: Path, capfd) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), dtype=np.uint8))
    image.save(tmp_path / "a.tif", compression="tiff_lzw")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[:1000] + bytes(1000) + whole[2000:])
    with pytest.raises(DataError, match=r"a\.tif is damaged"):
        open_picture(tmp_path / "a.tif", 10**6)
    print("heard", file=sys.stderr)
    assert capfd.readouterr().err == "heard\n"
