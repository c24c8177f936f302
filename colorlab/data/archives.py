"""Sets of vector drawings by one artist each, as compressed archives: ``<set>.jsonl.xz``.

Two lines of JSON, each an xz stream of its own, so that names are read without drawings. First: title, author, url,
license (SPDX), version, names, codes. Second: the drawings, SVG. ``xzcat`` shows both."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from colorlab.errors import DataError

SUFFIX = ".jsonl.xz"
PRESET = 9 | lzma.PRESET_EXTREME


class About(NamedTuple):
    """Whose drawings they are."""

    title: str
    author: str
    url: str
    license: str
    version: str


class Vector(NamedTuple):
    """One drawing."""

    names: list[str]  # its own, then others that it goes by
    code: str  # code points of its emoji in hexadecimal, "" if the set lists none
    svg: str


def write_archive(path: Path, about: About, drawings: list[Vector]) -> None:
    """The same drawings are the same bytes, whoever writes them."""
    head = about._asdict() | {"names": [each.names for each in drawings], "codes": [each.code for each in drawings]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(_stream(line) for line in (head, [each.svg for each in drawings])))


def _stream(line: Any) -> bytes:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    return lzma.compress(text.encode(), preset=PRESET)


class Archive:
    """An archive in a file. DataError if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._lines = _lines(path.read_bytes())
            head = next(self._lines)
            self.about = About(*(head[key] for key in About._fields))
            self.names: list[list[str]] = head["names"]
            self.codes: list[str] = head["codes"]
        except (OSError, ValueError, KeyError, TypeError, EOFError, lzma.LZMAError, StopIteration) as error:
            raise _unreadable(path, error) from error

    def __len__(self) -> int:
        return len(self.names)

    def svgs(self) -> list[str]:
        """The drawings, in the order of their names."""
        try:
            return list(_lines(self.path.read_bytes()))[1]
        except (OSError, ValueError, IndexError, lzma.LZMAError) as error:
            raise _unreadable(self.path, error) from error

    def digest(self) -> str:
        """Names the archive's contents."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]


def _lines(data: bytes) -> Iterator[Any]:
    """Each stream's JSON."""
    while data:
        stream = lzma.LZMADecompressor()
        line = json.loads(stream.decompress(data))
        if not stream.eof:
            raise lzma.LZMAError("ends early")
        data = stream.unused_data
        yield line


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is no set of drawings: {error} (make it again: python -m colorlab.data add)")
