"""Data sets from Python, in the words of the commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorlab.cli.targets import build
from colorlab.errors import ConfigError
from colorlab.sampling.words import Words, data_named

if TYPE_CHECKING:
    from colorlab.types import Batch


class DataSet:
    """Pictures with their condition pictures, in batches. ``load_data`` makes it.

    len() counts the pictures of the split. Iterating goes through it once, in order, in batches of
    ``batch_size`` (the last may be smaller): rgb (B, 3, H, W) in [0, 1], the true colouring; image
    (B, 1, H, W) in [0, 1], the line drawing or the luma; index (B,), the picture's number; text,
    its captions; label (B,), its class or -1.

    >>> data = colorlab.load_data("openmoji", split="val", size=32)
    >>> len(data) > 100, data.names[0] == data.pictures.names[data.positions[0]]
    (True, True)
    """

    def __init__(self, pictures: Any, split: str, batch_size: int) -> None:
        self.pictures, self.split, self.batch_size = pictures, split, batch_size
        self.positions: list[int] = pictures.splits[split].tolist()

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self), self.batch_size):
            yield self.pictures[self.positions[start : start + self.batch_size]]

    @property
    def names(self) -> list[str]:
        """Of the split's pictures."""
        return [str(self.pictures.names[i]) for i in self.positions]


def load_data(
    name: str,
    *,
    split: str = "train",
    batch_size: int = 32,
    size: int | None = None,
    condition: str | None = None,
    root: str | Path | None = None,
    words: Words | None = None,
) -> DataSet:
    """Load a data set by its name: "openmoji", which ships with the package, "folder" for any
    folder of pictures, ...

    split: "train", "val" or "test". batch_size: >= 1. size: side of the pictures, px; condition:
    "lines" or "gray"; root: where the pictures are, for sets that do not ship; words: other keys of
    conf/data/<name>.yaml, such as {"line_style": "xdog"}. ConfigError: an unknown name, key or
    value. DataError: pictures that are missing or cannot be read.

    >>> data = colorlab.load_data("openmoji", split="test", batch_size=4, size=32)
    >>> for batch in data:
    ...     break
    >>> tuple(batch.rgb.shape), tuple(batch.image.shape)
    ((4, 3, 32, 32), (4, 1, 32, 32))
    """
    given = {"size": size, "condition": condition, "root": None if root is None else str(root)}
    node = data_named(
        {"name": name} | {k: v for k, v in given.items() if v is not None} | dict(words or {})
    )
    if split not in ("train", "val", "test") or batch_size < 1:
        raise ConfigError(f"split={split}, batch_size={batch_size} (train, val or test; 1 or more)")
    return DataSet(build(node), split, batch_size)
