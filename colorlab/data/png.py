"""The chunks of PNG files: texts read without decoding a picture, pictures decoded without reading
texts.

PNG specification, third edition, Sec. 5.3 (layout of chunks) and 11.3.3 (texts)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from colorlab.storage.plain import open_plain

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
LONGEST_TEXT = 1 << 16  # bytes; of ours none is nearly as long


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """(kind, place of the chunk, bytes of it) for each chunk that is there whole, as far as the
    file is a PNG."""
    file.seek(0, io.SEEK_END)
    end, place = file.tell(), len(SIGNATURE)
    while place + 12 <= end:
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        if place + 12 + length > end:
            return
        yield kind, place, 12 + length
        place += 12 + length


def text_of(path: Path, key: str) -> str | None:
    """The UTF-8 text under a key in a PNG file's plain or international text chunks; None without
    one. Nothing but chunks of a bounded length is read."""
    try:
        with open_plain(path) as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                return None
            for kind, place, length in chunks(file):
                if kind == b"IDAT":
                    return None
                if kind in TEXTS and length <= LONGEST_TEXT:
                    file.seek(place + 8)
                    if (found := _text(kind, file.read(length - 12), key.encode())) is not None:
                        return found
    except (OSError, UnicodeDecodeError):
        pass
    return None


def _text(kind: bytes, data: bytes, key: bytes) -> str | None:
    own, _, rest = data.partition(b"\0")
    if own != key or kind == b"zTXt":
        return None
    if kind == b"tEXt":
        return rest.decode("latin-1")
    return (
        rest[2:].split(b"\0", 2)[2].decode()
        if rest[:1] == b"\0" and rest.count(b"\0") >= 3
        else None
    )


def without_texts(file: BinaryIO) -> BinaryIO:
    """A PNG file without its text chunks, so that what it takes to open it does not depend on them;
    any other file, and one that is cut short, as it is."""
    file.seek(0)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        file.seek(0)
        return file
    found = list(chunks(file))
    whole = bool(found) and found[-1][0] == b"IEND"
    if not whole or not any(kind in TEXTS for kind, _, _ in found):
        file.seek(0)
        return file
    kept = io.BytesIO(SIGNATURE)
    kept.seek(0, io.SEEK_END)
    for kind, place, length in found:
        if kind not in TEXTS:
            file.seek(place)
            kept.write(file.read(length))
    kept.seek(0)
    return kept
