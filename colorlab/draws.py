"""Random numbers that belong to a picture, not to a batch.

Row r of every tensor drawn here comes from a stream keyed by (seed, purpose, index of the picture,
candidate k). One GPU equals eight GPUs equals any batch size, and the candidates of n = 4 are the
first four of n = 8. Nothing else in the package draws random numbers when training or sampling."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor


def stream_seed(seed: int, purpose: str, index: int, candidate: int) -> int:
    """A 63-bit seed for one stream; streams of different keys are independent for all
    practical purposes."""
    key = f"{seed}/{purpose}/{index}/{candidate}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little") >> 1


class Draws:
    """One random stream per row: row r belongs to picture ``index[r]``, candidate ``candidate[r]``.

    alike: all candidates of a picture draw the same numbers, those of candidate 0; only what counts
    candidates, such as a palette, then tells them apart."""

    def __init__(
        self,
        seed: int,
        index: Sequence[int],
        candidate: Sequence[int] | None = None,
        purpose: str = "sample",
        alike: bool = False,
    ) -> None:
        self.seed, self.purpose, self.alike = seed, purpose, alike
        self.index = [int(i) for i in index]
        self.candidate = [0] * len(self.index) if candidate is None else [int(k) for k in candidate]
        if len(self.candidate) != len(self.index):
            raise ValueError(f"{len(self.index)} pictures but {len(self.candidate)} candidates")
        self._streams: list[torch.Generator] = []

    def __len__(self) -> int:
        return len(self.index)

    def candidates(self, n: int) -> Draws:
        """The streams of candidates 0 .. n-1 of every picture, picture by picture: B rows become
        B n."""
        index = [i for i in self.index for _ in range(n)]
        return Draws(self.seed, index, list(range(n)) * len(self.index), self.purpose, self.alike)

    def rows(self, start: int, stop: int) -> Draws:
        """Fresh streams for some of the rows."""
        return Draws(
            self.seed, self.index[start:stop], self.candidate[start:stop], self.purpose, self.alike
        )

    def to(self, purpose: str) -> Draws:
        """Fresh, independent streams of the same rows for another purpose."""
        return Draws(self.seed, self.index, self.candidate, f"{self.purpose}/{purpose}", self.alike)

    def normal(self, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """(rows, *shape) standard normal."""
        out = torch.empty(len(self), *shape, device=device)
        for row, stream in zip(out, self.streams(device), strict=True):
            row.normal_(generator=stream)
        return out

    def uniform(self, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """(rows, *shape) in [0, 1)."""
        out = torch.empty(len(self), *shape, device=device)
        for row, stream in zip(out, self.streams(device), strict=True):
            row.uniform_(generator=stream)
        return out

    def choice(self, high: int, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """(rows, *shape) whole numbers in [0, high)."""
        return (self.uniform(*shape, device=device) * high).long().clamp_(max=high - 1)

    def streams(self, device: torch.device | str = "cpu") -> list[torch.Generator]:
        """One torch generator a row, the very ones that the methods above draw from: for libraries
        that make noise."""
        device = torch.device(device)
        if not self._streams or self._streams[0].device.type != device.type:
            self._streams = [
                self._open(i, k, device) for i, k in zip(self.index, self.candidate, strict=True)
            ]
        return self._streams

    def _open(self, index: int, candidate: int, device: torch.device) -> torch.Generator:
        stream = torch.Generator(device=device)
        stream.manual_seed(
            stream_seed(self.seed, self.purpose, index, 0 if self.alike else candidate)
        )
        return stream
