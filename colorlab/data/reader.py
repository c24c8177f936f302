"""Decoding picture files: on access, or all at once on every core into an array that may be larger
than memory."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from colorlab.data.intake import squared
from colorlab.data.workers import workers
from colorlab.errors import DataError
from colorlab.progress import with_progress
from colorlab.storage.cache import array_cache, cache_dir
from colorlab.storage.plain import open_plain

END = 4096  # bytes of a file's end that tell most files of one size apart
CHUNK = 64  # pictures that a process decodes at a time
# mean difference of the channels, in 8-bit levels, below which a picture counts as grayscale
GRAY = 2.0
# to be raised when ``squared`` or a data set's ``read`` changes: cached arrays are made anew
RECIPE = 1


class Finding(NamedTuple):
    """What opening a picture showed."""

    reason: str  # why it cannot be used, "" if it can
    gray: bool  # it opens, but has no colours


class Reader:
    """Decodes pictures on access: positions (B,) -> (B, C, size, size) uint8.

    read: (path, pixel limit) -> (C, H, W) uint8. first: number of the first picture, for errors."""

    def __init__(
        self,
        paths: Sequence[Path],
        read: Callable[[Path, int], np.ndarray],
        size: int,
        pixel_limit: int,
        first: int,
    ) -> None:
        self.paths = paths
        self.read = read
        self.size = size
        self.pixel_limit = pixel_limit
        self.first = first

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, positions: np.ndarray) -> np.ndarray:
        return np.stack([self.picture(i) for i in positions.tolist()])

    def picture(self, i: int) -> np.ndarray:
        """(C, size, size) uint8; a DataError names the picture's number and path."""
        try:
            return squared(self.read(self.paths[i], self.pixel_limit), self.size)
        except DataError as error:
            raise DataError(f"picture {self.first + i}: {error}") from error

    def all_pictures(self) -> np.ndarray:
        """(N, C, size, size) uint8. The array lies in a nameless file until it is saved, so it may
        exceed memory."""
        shape = (len(self), *self.picture(0).shape)
        cache_dir().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache_dir()) as file:
            out = np.memmap(file, np.uint8, "w+", shape=shape)
        for number, block in enumerate(self._in_chunks(_pictures)):
            out[number * CHUNK :][: len(block)] = block
        return out

    def findings(self) -> Iterator[Finding]:
        """What is to be said about each picture; all are decoded, none is kept."""
        for block in self._in_chunks(_findings):
            yield from block

    def _in_chunks(self, work: Callable[[Reader], Any]) -> Iterator[Any]:
        """work(a Reader of some consecutive pictures), in order, on all cores where there is enough
        to do."""
        starts = range(0, len(self), CHUNK)
        chunks = [
            Reader(self.paths[i : i + CHUNK], self.read, self.size, self.pixel_limit, i)
            for i in starts
        ]
        if len(chunks) < 4:
            yield from with_progress(map(work, chunks), len(chunks), "reading pictures")
            return
        with workers() as pool:
            yield from with_progress(pool.map(work, chunks), len(chunks), "reading pictures")


def _pictures(reader: Reader) -> np.ndarray:
    return reader[np.arange(len(reader))]


def _findings(reader: Reader) -> list[Finding]:
    return [_finding(reader, path) for path in reader.paths]


def _finding(reader: Reader, path: Path) -> Finding:
    try:
        rgb = reader.read(path, reader.pixel_limit)[:3]
    except DataError as error:
        return Finding(str(error), False)
    return Finding("", bool((rgb.max(0) - rgb.min(0)).mean() < GRAY))


class Store:
    """The cached arrays of one set of files. What is made of their pixels is kept by their root,
    names and contents; the contents themselves, by root, names, sizes and times of change, of which
    one cannot be set back."""

    def __init__(self, name: str, root: Path, paths: list[Path], pixel_limit: int) -> None:
        self.name, self.root, self.paths, self.pixel_limit = name, root, paths, pixel_limit

    @cached_property
    def folder(self) -> Path:
        """Where arrays of pixels lie; to know it, all files are read, once."""
        return self._folder(f"{RECIPE} {self.pixel_limit}", self.contents().tolist())

    @cached_property
    def noted(self) -> Path:
        """Where the contents of files are noted; a million files take seconds to look at, so this
        waits until it is needed."""
        return self._folder(f"{RECIPE} contents", [_stamp(path) for path in self.paths])

    def _folder(self, what: str, each: list[str]) -> Path:
        key = hashlib.sha256(f"{what}\0".encode() + os.fsencode(self.root.resolve()))
        for path, its in zip(self.paths, each, strict=True):
            key.update(b"\0" + os.fsencode(path.relative_to(self.root)) + b"\0" + its.encode())
        return cache_dir() / f"{self.name}-{key.hexdigest()[:16]}"

    def good(self, reader: Reader) -> np.ndarray:
        """Positions of the pictures that can be opened; finding out decodes all of them, once."""
        usable = array_cache(
            self.folder / "usable.npy", lambda: np.array([not f.reason for f in reader.findings()])
        )
        return np.flatnonzero(usable)

    def pixels(self, reader: Reader) -> np.ndarray:
        """(N, C, size, size) uint8; reader: all pictures, or the good ones."""
        return array_cache(self.folder / f"{reader.size}px-{len(reader)}.npy", reader.all_pictures)

    def sights(self, pixels: np.ndarray) -> np.ndarray:
        """(N,) a hash of each picture's pixels (N, C, size, size): equal files are, however they
        were saved."""
        name = f"{pixels.shape[-1]}px-{len(pixels)}-sights.npy"
        return array_cache(
            self.folder / name, lambda: np.array([_sha256(each.tobytes()) for each in pixels])
        )

    def contents(self) -> np.ndarray:
        """(N,) a hash of each file's bytes."""
        return array_cache(
            self.noted / "contents.npy", lambda: np.array([_content(path) for path in self.paths])
        )

    def identities(self) -> np.ndarray:
        """(N,) words that are equal where files' bytes are: their sizes and ends, and where these
        are equal, hashes. Of a million files that takes minutes, where hashes take an hour."""
        return array_cache(self.noted / "identities.npy", self._identities)

    def _identities(self) -> np.ndarray:
        ends = [_end(path) for path in self.paths]
        shared = {end for end, count in Counter(ends).items() if count > 1}
        return np.array(
            [
                _content(path) if end in shared else end
                for path, end in zip(self.paths, ends, strict=True)
            ]
        )


def _stamp(path: Path) -> str:
    """Size and times of change; for what is no file of its own, of the files in the folder that
    holds it."""
    place = next(place for place in (path, *path.parents) if place.exists())
    files = sorted(place.iterdir()) if place.is_dir() and place != path else [place]
    found = [file.stat(follow_symlinks=file.exists()) for file in files]  # a link may lead nowhere
    return " ".join(f"{each.st_size} {each.st_mtime_ns} {each.st_ctime_ns}" for each in found)


def _end(path: Path) -> str:
    """A file's size and last bytes; of what is no file of its own, such as an entry of a database,
    its name."""
    try:
        with open_plain(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - END))
            return f"{size} {hashlib.sha256(file.read()).hexdigest()}"
    except OSError:
        return f"unreadable {path.name}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _content(path: Path) -> str:
    try:
        with open_plain(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return f"unreadable {path.name}"
