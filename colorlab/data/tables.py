"""Names of many pictures in as many bytes as they have letters: a list of a million paths takes a
gigabyte, and every loader process a copy of it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

import numpy as np


class Words(Sequence[str]):
    """Words that are made when they are asked for; eight bytes each beside their letters."""

    def __init__(self, words: Iterable[str]) -> None:
        letters, ends = bytearray(), array("q", [0])
        for word in words:
            letters += word.encode("utf-8", "surrogatepass")  # names of files may be no text
            ends.append(len(letters))
        self.letters, self.ends = bytes(letters), np.array(ends)

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        k = range(len(self))[i]
        return self.letters[self.ends[k] : self.ends[k + 1]].decode("utf-8", "surrogatepass")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class Paths(Sequence[Path]):
    """Files below a folder, by their names there."""

    def __init__(self, folder: Path, names: Words) -> None:
        self.folder, self.names = folder, names

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, i: int) -> Path: ...
    @overload
    def __getitem__(self, i: slice) -> list[Path]: ...
    def __getitem__(self, i: int | slice) -> Path | list[Path]:
        names = self.names[i]
        return (
            self.folder / names
            if isinstance(names, str)
            else [self.folder / name for name in names]
        )
