"""Files of colours: GIMP's palettes (.gpl), Adobe's swatches (.ase) and lists of rrggbb
(.hex, .txt), as #rrggbb."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from colorlab.data.intake import printable
from colorlab.errors import DataError
from colorlab.storage.plain import content

LARGEST, MOST = 1 << 20, 4096  # bytes of a file, and colours in it
GPL_COLOR = re.compile(r"^[ \t]*(\d{1,3})[ \t]+(\d{1,3})[ \t]+(\d{1,3})\b", re.MULTILINE)
HEX_COLOR = re.compile(r"^[ \t]*(?:#|0x)?([0-9a-fA-F]{6})\b", re.MULTILINE)
ASE_COLOR = 1  # the kind of a block that holds a colour; others begin and end groups
ASE_NUMBERS = {b"RGB ": 3, b"CMYK": 4, b"Gray": 1, b"LAB ": 3}


def colors_in(path: Path) -> list[str]:
    """The colours of a file, in its order. DataError: it cannot be read, or holds none."""
    try:
        colors = list(islice(READERS[path.suffix.lower()](content(path, LARGEST)), MOST + 1))
        if len(colors) > MOST:
            raise ValueError(f"it holds over {MOST:,} colours")
    except (OSError, ValueError, struct.error) as error:
        reason = (
            "it ends too early"
            if isinstance(error, struct.error)
            else getattr(error, "strerror", None) or error
        )
        raise DataError(
            f"{printable(path)} cannot be read: {reason} (save it anew as .gpl, .ase, .hex or .txt)"
        ) from error
    if not colors:
        raise DataError(
            f"{printable(path)} holds no colours (one rrggbb a line, or save it anew as .gpl or "
            ".ase)"
        )
    return list(dict.fromkeys(colors))


def _gpl(data: bytes) -> Iterator[str]:
    """A line per colour: red, green, blue, from 0 to 255, and its name."""
    if not data.startswith(b"GIMP Palette"):
        raise ValueError("not a GIMP palette")
    for numbers in GPL_COLOR.findall(data.decode("utf-8", "replace")):
        yield _hex([int(number) / 255 for number in numbers])


def _listed(data: bytes) -> Iterator[str]:
    """A line per colour, rrggbb first; other lines are comments."""
    yield from (f"#{color.lower()}" for color in HEX_COLOR.findall(data.decode("utf-8", "replace")))


def _ase(data: bytes) -> Iterator[str]:
    """Blocks of a kind, a length and that many bytes: of a colour its name, its model and its
    numbers, big-endian."""
    magic, _, blocks = struct.unpack_from(">4sII", data)
    if magic != b"ASEF":
        raise ValueError("not an Adobe Swatch Exchange file")
    at = 12
    for _ in range(blocks):
        kind, length = struct.unpack_from(">HI", data, at)
        if kind == ASE_COLOR:
            (letters,) = struct.unpack_from(">H", data, at + 6)
            yield _swatch(data, at + 8 + 2 * letters)
        at += 6 + length


def _swatch(data: bytes, at: int) -> str:
    (model,) = struct.unpack_from(">4s", data, at)
    if model not in ASE_NUMBERS:
        raise ValueError(f"a colour of the model {model!r}")
    numbers = struct.unpack_from(f">{ASE_NUMBERS[model]}f", data, at + 4)
    match model:
        case b"CMYK":  # without the printer's profile
            return _hex([(1 - ink) * (1 - numbers[3]) for ink in numbers[:3]])
        case b"LAB ":
            from skimage.color import lab2rgb

            return _hex(lab2rgb([100 * numbers[0], *numbers[1:]]).tolist())
    return _hex([*numbers] * (3 // len(numbers)))


def _hex(rgb: Sequence[float]) -> str:
    if not all(0 <= value <= 1.001 for value in rgb):
        raise ValueError("a colour out of range")
    return "#" + "".join(f"{round(255 * min(value, 1.0)):02x}" for value in rgb)


READERS = {".gpl": _gpl, ".ase": _ase, ".hex": _listed, ".txt": _listed}
