"""What files are called that are made from a user's pictures: no two alike, none in place of an
input."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from colorlab.data.intake import SUFFIXES, find_pictures, printable
from colorlab.errors import ConfigError, DataError

LONGEST_NAME = 180  # bytes, which leaves room for endings; file systems take 255


def check_there(source: Path) -> None:
    """DataError if there is no such file or folder."""
    if not source.exists():
        raise DataError(
            f"{printable(source)} cannot be read: No such file or directory (check path and "
            "permissions)"
        )


def pictures_of(source: Path) -> list[Path]:
    """A picture, or those in a folder."""
    return find_pictures(source) if source.is_dir() else [source]


def output_names(paths: list[Path], source: Path) -> dict[Path, Path]:
    """Pictures below a source -> what the names of files made from them begin with, relative to
    their folder: a picture's own name without the suffix, or with it, or numbered, the first that
    no other has; short enough for an ending."""
    root = source if source.is_dir() else source.parent
    inside = {path: path.relative_to(root) for path in paths}
    plain = Counter(_key(each.with_suffix("")) for each in inside.values())
    taken = {_key(parent) for each in inside.values() for parent in each.parents if parent.name}
    own = {_key(each) for each in inside.values()}
    found: dict[Path, Path] = {}
    for path, each in inside.items():
        stem = each.with_suffix("")
        alone = plain[_key(stem)] == 1 and _key(stem) not in own
        found[path] = next(name for name in _choices(each, alone) if not taken & _claims(name))
        taken.add(_key(found[path]))
    return found


def _claims(name: Path) -> set[str]:
    """What no other file or folder may be called beside the files that are made."""
    return {_key(name), *(_key(f"{name}{ending}") for ending in ("-1.png", "-sheet.png"))}


def check_apart(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """ConfigError if a file that is to be written is one of those that are read, under whatever
    name."""
    known = {place for path in inputs for place in _places(path)}
    for path in outputs:
        if known & _places(path):
            raise ConfigError(
                f"{printable(path)} would replace a picture that is read (give another out=)"
            )


def _places(path: Path) -> set[str | tuple[int, int]]:
    """What tells a file from others: its path without links, and what it is on the disk, if it is
    there."""
    found: set[str | tuple[int, int]] = {
        _key(os.path.realpath(path)),
        _key(Path(os.path.realpath(path.parent)) / path.name),
    }
    if path.exists():
        found.add((path.stat().st_dev, path.stat().st_ino))
    return found


def unread_kinds(folder: Path) -> dict[str, int]:
    """How many files of each kind lie below a folder that are not read as pictures; hidden ones are
    left out."""
    files = [
        path for path in folder.rglob("*") if path.suffix.lower() not in SUFFIXES and path.is_file()
    ]
    plain = [
        path
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return dict(Counter(path.suffix.lower() or "no suffix" for path in plain).most_common())


def _choices(path: Path, alone: bool) -> Iterator[Path]:
    """Names for what is made of a picture, the plainest first. alone: no other has its name but for
    the suffix."""
    whole = _shortened(path)
    yield from [_shortened(path.with_suffix("")), whole] if alone else [whole]
    yield from (whole.with_name(f"{whole.name}-{number}") for number in count(2))


def _key(path: Path | str) -> str:
    """Equal for names that some file system takes for one: whatever the case, composed or not."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _shortened(path: Path) -> Path:
    encoded = os.fsencode(path.name)
    if len(encoded) <= LONGEST_NAME:
        return path
    kept = encoded[: LONGEST_NAME - 9].decode(errors="ignore") or os.fsdecode(
        encoded[: LONGEST_NAME - 9]
    )
    return path.with_name(f"{kept}-{hashlib.sha256(encoded).hexdigest()[:8]}")
