"""Files of colours are read, whoever wrote them, or refused in a line."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest
from skimage.color import rgb2lab

from colorlab.data.swatches import colors_in
from colorlab.errors import DataError

RED, BLUE = "#e05030", "#204080"
GPL = "GIMP Palette\nName: Two 1 2 3\nColumns: 2\n#\n224  80  48\tred\n 32 64 128 0 blue\n"


def ase(*swatches: tuple[bytes, tuple[float, ...]]) -> bytes:
    """A file of Adobe's with one group around the swatches."""
    blocks = [struct.pack(">HI", 0xC001, 6) + struct.pack(">HHH", 2, ord("g"), 0)]
    for model, numbers in swatches:
        body = (
            struct.pack(">HHH", 2, ord("c"), 0)
            + model
            + struct.pack(f">{len(numbers)}fH", *numbers, 2)
        )
        blocks.append(struct.pack(">HI", 1, len(body)) + body)
    blocks.append(struct.pack(">HI", 0xC002, 0))
    return struct.pack(">4sHHI", b"ASEF", 1, 0, len(blocks)) + b"".join(blocks)


def rgb(color: str) -> tuple[float, ...]:
    return tuple(value / 255 for value in bytes.fromhex(color[1:]))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gpl", GPL.encode()),
        ("a.GPL", GPL.replace("\n", "\r\n").encode()),
        ("a.hex", b"e05030\n204080\n"),
        ("a.txt", b"; colours\n#E05030 red\n  0x204080\n\n#e05030\nadded later\n"),
        ("a.ase", ase((b"RGB ", rgb(RED)), (b"RGB ", rgb(BLUE)))),
        (
            "a.ase",
            ase(
                *((b"LAB ", (L / 100, a, b)) for L, a, b in (rgb2lab(rgb(c)) for c in (RED, BLUE)))
            ),
        ),
    ],
)
def test_the_colours_of_a_file_come_in_its_order(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert colors_in(tmp_path / name) == [RED, BLUE]


def test_swatches_for_print_and_of_gray_are_colours_too(tmp_path: Path) -> None:
    (tmp_path / "a.ase").write_bytes(ase((b"CMYK", (0.0, 1.0, 1.0, 0.2)), (b"Gray", (0.4,))))
    assert colors_in(tmp_path / "a.ase") == ["#cc0000", "#666666"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.gpl", b"e05030", "not a GIMP palette"),
        ("a.gpl", b"GIMP Palette\n300 0 0 bright\n", "out of range"),
        ("a.ase", b"ASEF", "ends too early"),
        ("a.ase", b"BSEF" + bytes(8), "not an Adobe Swatch Exchange file"),
        ("a.ase", ase((b"HSB ", (0.1, 0.2, 0.3))), "of the model b'HSB '"),
        ("a.ase", ase((b"RGB ", (float("nan"),) * 3)), "out of range"),
        ("a.ase", ase((b"RGB ", rgb(RED)))[:-20], "ends too early"),
        ("a.hex", b"red\nblue\n", "holds no colours"),
        ("a.txt", None, "No such file"),
    ],
)
def test_what_holds_no_colours_is_told_in_a_line(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said) as error:
        colors_in(tmp_path / name)
    assert "\n" not in str(error.value)


HOSTILE: dict[str, bytes] = {
    "lines.txt": b"\n" * 500_000,
    "lines.gpl": b"GIMP Palette" + b"\n" * 500_000,
    "spaces.gpl": b"GIMP Palette\n1" + b" " * 500_000,
    "many.txt": b"".join(f"{k:06x}\n".encode() for k in range(10_000)),
    "many.ase": struct.pack(">4sHHI", b"ASEF", 1, 0, 1 << 31) + struct.pack(">HI", 2, 0) * 100_000,
    "large.hex": b"#" * 2_000_000,
    "numbers.ase": ase((b"RGB ", (float("nan"), 0.0, float("inf")))),
    "lab.ase": ase((b"LAB ", (float("nan"), 1e30, -1e30))),
    "bytes.txt": bytes(range(128, 256)) * 100,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_of_colours_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HOSTILE[name])
    began = time.process_time()
    with pytest.raises(DataError, match=r"cannot be read|holds no colours"):
        colors_in(tmp_path / name)
    assert time.process_time() - began < 3


def test_a_pipe_of_colours_does_not_keep_one_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.gpl")
    with pytest.raises(DataError, match="plain file"):
        colors_in(tmp_path / "a.gpl")
