"""A process that dies at a chosen one of its file operations, played within this process: from
there on no operation reaches the disk, so that what is there is what a killed process would have
left."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest


class Died(BaseException):
    """In place of SIGKILL."""


class Operations:
    """Counts file operations; dies at number ``at``, a write after half of its bytes. done: their
    names so far."""

    def __init__(self, at: int) -> None:
        self.at, self.done = at, list[str]()

    def reach(self, name: str, partly: Callable[[], Any] = lambda: None) -> None:
        """An operation is about to be done. partly: what of it is done if this is where the process
        dies."""
        if len(self.done) == self.at:
            partly()
        if len(self.done) >= self.at:
            self.at = -1  # whatever still runs on the way out finds the disk out of reach
            raise Died(name)
        self.done.append(name)

    def counted(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*given: Any, **named: Any) -> Any:
            self.reach(name)
            return act(*given, **named)

        return acting


class _File:
    """An open file, unbuffered, whose writes are operations."""

    def __init__(self, file: Any, operations: Operations) -> None:
        self._file, self._operations = file, operations

    def write(self, data: Any) -> int:
        content = data.encode() if isinstance(data, str) else bytes(data)
        self._operations.reach("write", lambda: self._file.write(content[: len(content) // 2]))
        return int(self._file.write(content))

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def dying_at(at: int) -> Iterator[Operations]:
    """Within it, this process dies at its file operation number ``at``, counted from 0, unless it
    ends before."""
    operations, opened = Operations(at), io.open

    def opening(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        if not any(letter in mode for letter in "wax+"):
            return opened(file, mode, buffering, *rest, **named)
        operations.reach("open")
        return _File(opened(file, mode.replace("t", "").replace("b", "") + "b", 0), operations)

    with pytest.MonkeyPatch.context() as patch, suppress(Died):
        for name in (
            "replace",
            "rename",
            "unlink",
            "remove",
            "link",
            "truncate",
            "ftruncate",
            "mkdir",
        ):
            patch.setattr(os, name, operations.counted(name, getattr(os, name)))
        # no power fails here
        patch.setattr(os, "fsync", operations.counted("fsync", lambda number: None))
        opened_by_number = os.open

        def open_number(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR):
                operations.reach("open")
            return opened_by_number(path, flags, *rest, **named)

        patch.setattr(os, "open", open_number)
        patch.setattr(io, "open", opening)
        yield operations
