"""Tensors in files that may be a stranger's, as safetensors: bounded before a library reads them.

Such a file is an outline, JSON behind its length in 8 bytes, and the numbers. Libraries read
outlines of any length, a name that comes twice, and tensors by the hundred thousand, which takes
them minutes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from colorlab.storage.plain import json_of, must_fit, open_plain

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"
ABOUT = "__metadata__"  # what an outline says of the file itself
LARGEST_OUTLINE = 4 << 20  # bytes
MOST, MOST_AXES = 8_000, 16  # tensors of a file, and words about it; axes of one


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All of a file. OSError: it cannot be read; ValueError, in one line: it is damaged or out of
    bounds."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    must_be_bounded(path)
    try:
        return dict(load_file(path))
    except (SafetensorError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(" ".join(str(error).split())[:200] or type(error).__name__) from error


def must_be_bounded(path: Path) -> None:
    """ValueError unless a file's outline is one of no more than MOST tensors, each named once."""
    with open_plain(path) as file:
        length = int.from_bytes(file.read(8), "little")
        left = os.fstat(file.fileno()).st_size - 8
        if left < length:
            raise ValueError("it is cut short")
        if length > LARGEST_OUTLINE:
            raise ValueError(
                f"its outline has {length:,} bytes, more than the {LARGEST_OUTLINE:,} that are read"
            )
        outline = json_of(file.read(length))
    must_fit(outline, {str: {}})
    count = len(outline) + len(outline.get(ABOUT, {}))
    if count > MOST:
        raise ValueError(f"it has {count:,} tensors, more than the {MOST:,} that are read")
    for name, each in outline.items():
        axes = each.get("shape", [])
        if name != ABOUT and (not isinstance(axes, list) or len(axes) > MOST_AXES):
            raise ValueError(f"{name[:40]!r} has no shape, or one of more than {MOST_AXES} axes")


def must_hold_files(folder: Path) -> None:
    """OSError, ValueError: something in a folder is neither a plain file nor a folder, or tensors
    out of bounds, which a library would read for ever."""
    for path in folder.iterdir():
        if path.suffix == SUFFIX:
            must_be_bounded(path)
        elif not path.is_dir():
            open_plain(path).close()
