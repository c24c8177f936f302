"""A bar counts the innermost steps, and only a terminal sees it."""

from __future__ import annotations

import io
import re
import sys

import pytest

from colorlab import progress
from colorlab.progress import finer, with_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Where the bar is moved to."""
    from contextlib import contextmanager

    seen: list[float] = []

    @contextmanager
    def bar(total: int, what: str):
        yield seen.append

    monkeypatch.setattr(progress, "_bar", bar)
    monkeypatch.setattr(progress, "_lines", bar)
    return seen


def test_steps_within_items_within_a_bar_move_it_by_their_share(moves: list[float]) -> None:
    for _ in with_progress("ab", 2, "colouring"):
        for _ in finer(range(2)):
            for _ in finer(iter("wxyz"), 4):
                pass
    eighths = [k / 8 for k in range(1, 17)]
    assert sorted({round(move, 6) for move in moves}) == eighths and moves == sorted(moves)


def test_what_makes_the_items_is_heard_too(moves: list[float]) -> None:
    def made():
        for name in "ab":
            for _ in finer(range(4)):
                pass
            yield name

    assert list(with_progress(made(), 2, "sampling")) == ["a", "b"]
    assert {0.25, 0.5, 0.75, 1.0, 1.25, 2.0} <= set(moves) and moves == sorted(moves)


def test_a_bar_within_a_bar_is_no_second_bar(moves: list[float]) -> None:
    for _ in with_progress(range(2), 2, "outer"):
        assert list(with_progress("xy", 2, "inner")) == ["x", "y"]
    assert max(moves) == 2 and 0.5 in moves


def test_after_a_loop_is_left_early_nobody_listens(moves: list[float]) -> None:
    for _ in with_progress(range(3), 3, "colouring"):
        break
    assert progress._heard.get() is None
    before = len(moves)
    assert list(finer(range(3))) == [0, 1, 2] and len(moves) == before


def test_without_a_terminal_there_is_not_a_byte_in_the_first_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert list(with_progress("abc", 3, "colouring")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_there_is_a_line_a_minute(
    capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 30.0, 90.0, 130.0, 180.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    assert list(with_progress("abcd", 4, "judging")) == ["a", "b", "c", "d"]
    assert capsys.readouterr().err == "judging: 2 of 4, 2 min left\njudging: 4 of 4, 0 min left\n"


def test_a_terminal_sees_what_is_done_and_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    assert list(with_progress("abc", 3, "colouring")) == ["a", "b", "c"]
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "colouring" in shown and "3/3" in shown and re.search(r"\d:\d\d:\d\d", shown)
