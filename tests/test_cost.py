"""The record of how long a training has taken."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from colorlab.errors import NumericError, StoppedError
from colorlab.runs.cost import COST, read_seconds, write_seconds
from colorlab.training import callbacks
from colorlab.training.callbacks import CostFile


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(seconds=1000.0, step=0)
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now.seconds)
    monkeypatch.setattr(callbacks, "steps_done", lambda trainer: now.step)
    return now


def trained(folder: Path, clock: SimpleNamespace, goes_on: bool, steps: int) -> CostFile:
    """Steps of 7 seconds, saved every second one."""
    cost, nothing = CostFile(folder, 2, goes_on), Any
    cost.on_train_start(nothing, nothing)  # type: ignore[arg-type]
    for step in range(1, steps + 1):
        clock.seconds, clock.step = clock.seconds + 7, step
        cost.on_train_batch_end(nothing, nothing, None, None, step)  # type: ignore[arg-type]
    return cost


def test_seconds_of_all_parts_are_added_up(tmp_path: Path, clock: SimpleNamespace) -> None:
    trained(tmp_path, clock, False, 4)
    assert read_seconds(tmp_path) == 28
    clock.seconds += 5000  # nothing ran
    trained(tmp_path, clock, True, 3).on_train_end(Any, Any)  # type: ignore[arg-type]
    assert read_seconds(tmp_path) == 49


def test_what_a_kill_lost_is_not_counted_and_a_new_beginning_is_at_zero(
    tmp_path: Path, clock: SimpleNamespace
) -> None:
    trained(tmp_path, clock, False, 5)  # killed one step after a save
    assert read_seconds(tmp_path) == 28
    trained(tmp_path, clock, False, 2)
    assert read_seconds(tmp_path) == 14


@pytest.mark.parametrize(
    ("error", "seconds"), [(StoppedError("stopped", 15), 21), (NumericError("lost"), 14)]
)
def test_a_stop_that_saves_is_counted_a_failure_is_not(
    tmp_path: Path, clock: SimpleNamespace, error: Exception, seconds: float
) -> None:
    trained(tmp_path, clock, False, 3).on_exception(Any, Any, error)  # type: ignore[arg-type]
    assert read_seconds(tmp_path) == seconds


def test_a_folder_that_has_vanished_does_not_come_back(
    tmp_path: Path, clock: SimpleNamespace
) -> None:
    trained(tmp_path / "gone", clock, False, 2).on_train_end(Any, Any)  # type: ignore[arg-type]
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seconds": "long"}', '{"seconds": null}'])
def test_a_record_that_cannot_be_read_is_as_none(tmp_path: Path, text: str) -> None:
    assert read_seconds(tmp_path) is None
    (tmp_path / COST).write_text(text)
    assert read_seconds(tmp_path) is None
    write_seconds(tmp_path, 2)
    assert read_seconds(tmp_path) == 2
