"""Many small pictures of one shape in one array, each compressed: flat colours take a tenth of
their size.

The array, (bytes,) uint8, holds the number of pictures and where each ends, int64, then their zlib
streams. A picture of no bytes is one that is not there."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np

LEVEL = 6


def packed_picture(picture: np.ndarray | None) -> bytes:
    """One picture, uint8; None becomes no bytes."""
    return b"" if picture is None else zlib.compress(np.ascontiguousarray(picture).tobytes(), LEVEL)


def pack(pictures: Iterable[bytes]) -> np.ndarray:
    """Compressed pictures -> one array."""
    streams = list(pictures)
    ends = np.cumsum([0, *map(len, streams)], dtype=np.int64)
    head = np.array([len(streams), *ends[1:]], dtype="<i8").tobytes()
    return np.frombuffer(head + b"".join(streams), np.uint8)


class Packed:
    """The pictures of a packed array; indexing with a number decompresses one. shape: of every
    picture."""

    def __init__(self, array: np.ndarray, shape: tuple[int, ...]) -> None:
        count = int(array[:8].view("<i8")[0])
        self.start = 8 * (count + 1)
        self.ends = np.concatenate([[0], np.array(array[8 : self.start]).view("<i8")])
        self.array, self.shape = array, shape

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        stream = self.array[self.start + self.ends[i] : self.start + self.ends[i + 1]]
        return np.frombuffer(zlib.decompress(stream.data), np.uint8).reshape(self.shape)

    def there(self) -> np.ndarray:
        """Numbers of the pictures that are there."""
        return np.flatnonzero(np.diff(self.ends))
