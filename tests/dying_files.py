"""A process that dies at a chosen one of its file operations, played within this process: from
there on no operation reaches the disk, so that what is there is what a killed process would have
left. And a disk that fails from a chosen operation on."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest


class Died(BaseException):
    """In place of SIGKILL."""


class Operations:
    """Counts file operations; dies at number ``at``, a write after half of its bytes. done: their
    names so far.

    error: what is raised instead, of each kind of operation but the spared ones, which go on."""

    def __init__(
        self, at: int, error: Callable[..., BaseException] = Died, spared: Collection[str] = ()
    ) -> None:
        self.at, self.done, self.error, self.spared = at, list[str](), error, spared

    def reach(self, name: str, partly: Callable[[], Any] = lambda: None, path: Any = None) -> None:
        """An operation is about to be done. partly: what of it is done if this is where the process
        dies."""
        if name in self.spared:
            return
        if len(self.done) == self.at:
            partly()
        if len(self.done) >= self.at:
            self.at = -1  # whatever still runs on the way out finds the disk out of reach
            raise self.error(name, *([] if path is None else [path]))
        self.done.append(name)

    def counted(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*given: Any, **named: Any) -> Any:
            self.reach(name, path=given[0] if given and not isinstance(given[0], int) else None)
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
    with suppress(Died), operated(Operations(at)) as operations:
        yield operations


@contextmanager
def failing_at(at: int, number: int) -> Iterator[Operations]:
    """Within it, the disk fails with an errno from file operation number ``at`` on; what frees
    space goes on where it is full."""
    spared = ("replace", "rename", "unlink", "remove") if number == errno.ENOSPC else ()
    with operated(
        Operations(
            at, lambda name, *path: OSError(number, os.strerror(number), *map(str, path)), spared
        )
    ) as operations:
        yield operations


@contextmanager
def operated(operations: Operations) -> Iterator[Operations]:
    """File operations of this process, counted."""
    opened = io.open

    def opening(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        if not any(letter in mode for letter in "wax+"):
            return opened(file, mode, buffering, *rest, **named)
        operations.reach("open", path=file)
        return _File(opened(file, mode.replace("t", "").replace("b", "") + "b", 0), operations)

    with pytest.MonkeyPatch.context() as patch:
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
                operations.reach("open", path=path)
            return opened_by_number(path, flags, *rest, **named)

        patch.setattr(os, "open", open_number)
        for module in (io, builtins):
            patch.setattr(module, "open", opening)
        yield operations
