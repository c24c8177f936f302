"""How far a long piece of work is and how long it will still take: a bar on a terminal, elsewhere a
line per minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TypeVar

T = TypeVar("T")
Move = Callable[[float], None]  # to so many items done
MINUTE = 60.0  # seconds between lines where there is no terminal

#: Hears what share in [0, 1] of the innermost item is done. None: nobody listens.
_heard: ContextVar[Callable[[float], None] | None] = ContextVar("_heard", default=None)


def with_progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items, with a bar on stderr over their number; loops within that use ``finer`` move it
    between them.

    Within another bar's loop it is as ``finer``. what: is done to them, such as "sampling"."""
    if _heard.get() is not None:
        yield from finer(items, total)
        return
    with (_bar if sys.stderr.isatty() else _lines)(total, what) as move:
        yield from _counted(items, total, lambda share: move(share * total))


def finer(items: Iterable[T], total: int | None = None) -> Iterator[T]:
    """The items of a loop within an item of a bar's; each moves the bar by its share. total: how
    many, if items do not know."""
    above = _heard.get()
    number = total if total is not None else len(items) if isinstance(items, Sized) else 0
    if above is None or not number:
        yield from items
    else:
        yield from _counted(items, number, above)


@contextmanager
def silent() -> Iterator[None]:
    """No bars within: there is another one already, such as training's."""
    token = _heard.set(lambda share: None)
    try:
        yield
    finally:
        _heard.reset(token)


def _counted(items: Iterable[T], total: int, tell: Callable[[float], None]) -> Iterator[T]:
    """The items; told are their share of the whole and, while one is made or used, that of what
    loops within tell."""
    iterator, end = iter(items), object()
    for done in count():
        token = _heard.set(lambda share, done=done: tell(min(1.0, (done + share) / total)))  # type: ignore[misc]
        try:
            item = next(iterator, end)
            if item is end:
                return
            yield item  # type: ignore[misc]
        finally:
            _heard.reset(token)
        tell(min(1.0, (done + 1) / total))


@contextmanager
def _bar(total: int, what: str) -> Iterator[Move]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.fields[whole]}/{task.total}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, whole=0)
        yield lambda done: bar.update(task, completed=done, whole=int(done))


@contextmanager
def _lines(total: int, what: str) -> Iterator[Move]:
    started = told_at = time.monotonic()

    def move(done: float) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at >= MINUTE and done:
            told_at, left = now, (now - started) * (total / done - 1)
            print(f"{what}: {int(done)} of {total}, {left / 60:.0f} min left", file=sys.stderr)

    yield move
