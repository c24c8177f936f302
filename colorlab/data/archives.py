"""Sets of vector drawings by one artist each, as compressed archives: ``<set>.jsonl.xz``.

Two lines of JSON, each an xz stream of its own, so that names are read without drawings. First:
title, author, url, license (SPDX), version, names, codes. Second: the drawings, SVG. ``xzcat``
shows both."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from colorlab.errors import DataError
from colorlab.storage.files import write_bytes
from colorlab.storage.plain import Line, content, json_of, must_fit

SUFFIX = ".jsonl.xz"
SMALLEST, QUICKEST = 9 | lzma.PRESET_EXTREME, 0  # presets of xz
LARGEST, LONGEST = 100_000_000, 500_000_000  # bytes of a file, and of what a line of it unpacks to


class About(NamedTuple):
    """Whose drawings they are."""

    title: str
    author: str
    url: str
    license: str
    version: str


HEAD = dict.fromkeys(About._fields, Line) | {"names": [[Line]], "codes": [Line]}


class Vector(NamedTuple):
    """One drawing."""

    names: list[str]  # its own, then others that it goes by
    code: str  # code points of its emoji in hexadecimal, "" if the set lists none
    svg: str


def write_archive(path: Path, about: About, drawings: list[Vector], preset: int = SMALLEST) -> None:
    """The same drawings are the same bytes, whoever writes them. preset: of xz. ValueError: a
    name is no line of words."""
    head = about._asdict() | {
        "names": [each.names for each in drawings],
        "codes": [each.code for each in drawings],
    }
    must_fit(head, HEAD)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(
        path, b"".join(_stream(line, preset) for line in (head, [each.svg for each in drawings]))
    )


def _stream(line: Any, preset: int) -> bytes:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    return lzma.compress(text.encode(), preset=preset)


class Archive:
    """An archive in a file. DataError if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            head = next(_lines(content(path, LARGEST)))
            must_fit(head, HEAD)
            if not all(head["names"]) or len(head["names"]) != len(head["codes"]):
                raise ValueError("a name or a code is missing")
        except (OSError, ValueError, EOFError, lzma.LZMAError, StopIteration) as error:
            raise _unreadable(path, error) from error
        self.about = About(*(head[key] for key in About._fields))
        self.names: list[list[str]] = head["names"]
        self.codes: list[str] = head["codes"]

    def __len__(self) -> int:
        return len(self.names)

    def svgs(self) -> list[str]:
        """The drawings, in the order of their names."""
        try:
            _, drawings = islice(_lines(content(self.path, LARGEST)), 2)
            must_fit(drawings, [str], "drawings")
            if len(drawings) != len(self):
                raise ValueError(f"it names {len(self)} drawings and has {len(drawings)}")
        except (OSError, ValueError, EOFError, lzma.LZMAError) as error:
            raise _unreadable(self.path, error) from error
        return list(drawings)

    def digest(self) -> str:
        """Names the archive's contents."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]


def _lines(data: bytes) -> Iterator[Any]:
    """Each stream's JSON."""
    while data:
        stream = lzma.LZMADecompressor()
        text = stream.decompress(data, LONGEST)
        if not stream.eof:
            raise lzma.LZMAError(
                "ends early" if stream.needs_input else f"unpacks to over {LONGEST:,} bytes"
            )
        line = json_of(text)
        data = stream.unused_data
        yield line


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:200]
    return DataError(
        f"{path} is no set of drawings: {reason} (make it again: python -m colorlab.data add)"
    )
