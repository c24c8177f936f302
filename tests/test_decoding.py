"""Pictures of any kind, as their makers meant them: bits, profiles, texts, strips, transparency."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from colorlab.data.intake import open_picture, open_rgba, open_whole
from colorlab.sampling.pictures import working_size
from tests.test_pictures_in_out import drawing

pytestmark = pytest.mark.whole

LIMIT = 10_000_000


def test_a_tiff_of_12_bits_is_read_by_its_bits(tmp_path: Path) -> None:
    values = [0, 1365, 2730, 4095]
    packed = bytes([values[0] >> 4, (values[0] & 15) << 4 | values[1] >> 8, values[1] & 255,
                    values[2] >> 4, (values[2] & 15) << 4 | values[3] >> 8,
                    values[3] & 255])  # fmt: skip
    path = tiff(tmp_path / "a.tif", 4, 1, 12, 1, packed)
    assert open_picture(path, LIMIT)[0].tolist() == [[0, 85, 170, 255]]


@pytest.mark.parametrize(
    ("bits", "data"), [(8, bytes([0, 255])), (16, struct.pack("<2H", 0, 65535)), (1, b"\x40")]
)
def test_a_tiff_may_say_that_0_is_white(tmp_path: Path, bits: int, data: bytes) -> None:
    assert open_picture(tiff(tmp_path / "a.tif", 2, 1, bits, 0, data), LIMIT)[0].tolist() == [
        [255, 0]
    ]


def tiff(path: Path, width: int, height: int, bits: int, photometric: int, data: bytes) -> Path:
    """A gray TIFF made by hand, one strip."""
    tags = [(256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, 1), (262, 3, photometric),
            (273, 4, 8), (277, 3, 1), (278, 3, height), (279, 4, len(data))]  # fmt: skip
    entries = b"".join(struct.pack("<HHIHH" if kind == 3 else "<HHII", tag, kind, 1, value,
                                   *[0] * (kind == 3))
                       for tag, kind, value in tags)  # fmt: skip
    body = data + b"\0" * (len(data) % 2)
    path.write_bytes(
        b"II*\0"
        + struct.pack("<I", 8 + len(body))
        + body
        + struct.pack("<H", len(tags))
        + entries
        + b"\0" * 4
    )
    return path


def swapped_profile() -> bytes:
    """An ICC profile whose red primary is sRGB's green and the other way round: of a monitor with
    swapped cables."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    entries = {bytes(data[p : p + 4]): p for p in range(132, 132 + 12 * count, 12)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    data[red + 4 : red + 12], data[green + 4 : green + 12] = (
        data[green + 4 : green + 12],
        data[red + 4 : red + 12],
    )
    place, length = struct.unpack(">II", data[entries[b"desc"] + 4 : entries[b"desc"] + 12])
    text = bytes(data[place : place + length])
    data[place : place + length] = text.replace(b"s\0R\0G\0B", b"X\0Y\0Z\0W").replace(
        b"sRGB", b"XYZW"
    )
    return bytes(data)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_with_a_profile_become_srgb(tmp_path: Path, suffix: str, mode: str) -> None:
    more = {"lossless": True} if suffix == "webp" else {}
    picture = Image.new("RGB", (4, 4), (200, 40, 40)).convert(mode)
    picture.save(tmp_path / f"a.{suffix}", icc_profile=swapped_profile(), **more)
    found = open_picture(tmp_path / f"a.{suffix}", LIMIT)[:, 0, 0].astype(int)
    assert np.abs(found - [40, 200, 40]).max() <= 12


@pytest.mark.parametrize("profile", ["srgb", b"no profile at all"])
def test_a_profile_that_is_srgb_or_none_changes_nothing(
    tmp_path: Path, profile: str | bytes
) -> None:
    own = (
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        if profile == "srgb"
        else profile
    )
    ramp = np.arange(256 * 3).reshape(16, 16, 3).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "a.png", icc_profile=own)
    assert np.array_equal(open_picture(tmp_path / "a.png", LIMIT), ramp.transpose(2, 0, 1))


@pytest.mark.parametrize("suffix", ["jfif", "avif", "jpe"])
def test_more_kinds_are_read(tmp_path: Path, suffix: str) -> None:
    kind = "AVIF" if suffix == "avif" else "JPEG"
    Image.new("RGB", (16, 16), (200, 60, 30)).save(
        tmp_path / f"a.{suffix}", format=kind, quality=95
    )
    found = open_picture(tmp_path / f"a.{suffix}", LIMIT)[:, 8, 8].astype(int)
    assert np.abs(found - [200, 60, 30]).max() <= 6


TEXTS = {
    "a text of 3 MB": (b"tEXt", b"Comment\0" + b"x" * 3_000_000),
    "a packed text of 200 MB": (b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 200_000_000)),
    "a packed international text": (
        b"iTXt",
        b"Comment\0\1\0\0\0" + zlib.compress(b"x" * 20_000_000),
    ),
    "a text that is none": (b"iTXt", b"\xff"),
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_picture_opens_whatever_its_texts_are(tmp_path: Path, text: str, place: str) -> None:
    whole = drawing(tmp_path / "a.png").read_bytes()
    kind, data = TEXTS[text]
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    at = 33 if place == "before" else len(whole) - 12
    (tmp_path / "b.png").write_bytes(whole[:at] + chunk + whole[at:])
    assert np.array_equal(
        open_picture(tmp_path / "b.png", 1000), open_picture(tmp_path / "a.png", 1000)
    )


# sizes


@pytest.mark.parametrize("size", [(3, 1200), (1200, 3), (400, 1), (1, 1), (2, 100_000)])
def test_a_strip_is_coloured_at_a_size_bounded_by_its_pixels(size: tuple[int, int]) -> None:
    height, width = working_size(size, "trained", 64)
    assert min(height, width) >= 1 and height * width <= 1.2 * max(16 * 64 * 64, max(size))
    assert working_size((100, 400), "trained", 64) == (64, 256) and working_size(
        (3, 1200), "input", 64
    ) == (3, 1200)


def test_the_resolution_turns_with_the_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing(tmp_path / "a.png", exif=exif, dpi=(300, 150))
    assert np.allclose(open_whole(tmp_path / "a.png", LIMIT).dpi, (150, 300), atol=0.1)


def test_alpha_and_colours_are_as_stored(tmp_path: Path) -> None:
    Image.new("LA", (2, 2), (90, 128)).save(tmp_path / "a.png")
    assert open_rgba(tmp_path / "a.png", LIMIT)[:, 0, 0].tolist() == [90, 90, 90, 128]
