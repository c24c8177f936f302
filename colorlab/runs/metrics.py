"""The record of a training, metrics.jsonl: one JSON object per row, each with the step it is of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from colorlab.errors import CheckpointError
from colorlab.storage.files import open_own
from colorlab.storage.plain import json_of, must_fit

LONGEST_ROW = 1 << 16  # bytes
ROW = {"step": int}
VALUES = {str: (float, None)}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The whole rows of a record, none if it is not there. CheckpointError: a row that training
    does not write."""
    for row, _ in _numbered(path):
        yield row


def cut(path: Path, step: int) -> None:
    """Drop the rows from this step on, and a torn last row: they are about to be written again."""
    if not path.exists():
        return
    kept = 0
    for row, end in _numbered(path):
        if row["step"] >= step:
            break
        kept = end
    with os.fdopen(open_own(path, os.O_RDWR), "r+b") as file:
        file.truncate(kept)


def _numbered(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Whole rows, each with the byte at which it ends."""
    if not path.exists():
        return
    end = 0
    with os.fdopen(open_own(path, os.O_RDWR), "rb") as file:
        while line := file.readline(LONGEST_ROW):
            end += len(line)
            if not line.endswith(b"\n"):
                if len(line) == LONGEST_ROW:
                    raise CheckpointError(
                        f"{path} has a row of more than {LONGEST_ROW:,} bytes (cut it out)"
                    )
                return
            yield _row(line, path), end


def _row(line: bytes, path: Path) -> dict[str, Any]:
    try:
        row = json_of(line)
        must_fit(row, ROW)
        must_fit(row, VALUES)
    except ValueError as error:
        shown = line[:40].decode("utf-8", "replace").strip()
        raise CheckpointError(
            f"{path} has a row that is no row of metrics, {shown!r}: {str(error)[:80]}"
        ) from error
    return dict(row)
