"""Runs that survive: what was stopped, killed or damaged goes on to the bits of a run that was
not."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.errors import CheckpointError, DiskError, NumericError, StoppedError
from colorlab.runs.checkpoint import LAST, PREVIOUS, WEIGHTS, _plain
from colorlab.training.callbacks import BatchSeed
from tests.kill_harness import (
    Started,
    at_batch,
    at_operation,
    at_start,
    files_of_at_most,
    kill,
    killed_at_random,
    same_run,
    train,
    words_for,
)
from tests.test_every_method import METHODS

pytestmark = pytest.mark.whole

TINY = words_for("gpic", "trainer.max_steps=6", "save_every=2", "trainer.val_check_interval=3")


class Killed(BaseException):
    """In place of kill -9 where what is left in memory does not matter: files are as they are at
    that moment."""


def die() -> None:
    raise Killed


def killed_at(position: int, folder: Path, words: list[str]) -> None:
    with pytest.raises(Killed):
        train(folder, [*words, "resume=auto"], partial(at_batch, position, die))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Callable[..., Path]:
    """Runs that nothing interrupted, made once for each change of TINY."""
    done: dict[tuple[str, ...], Path] = {}

    def of(*changes: str) -> Path:
        if changes not in done:
            done[changes] = tmp_path_factory.mktemp("whole") / "x"
            train(done[changes], words_for("gpic", *TINY, *changes))
        return done[changes]

    return of


@pytest.mark.parametrize(
    ("changes", "positions"),
    [
        ([], [4, 4]),  # right after a save, twice in a row
        pytest.param(
            [
                "trainer.accumulate_grad_batches=3",
                "trainer.val_check_interval=7",
                "trainer.max_steps=8",
            ],
            [7, 22],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["ema=0", "method/optimizer=ranger", "method/schedule=constant"],
            [3],
            marks=pytest.mark.slow,
        ),
        pytest.param(["trainer.precision=bf16-mixed"], [5], marks=pytest.mark.slow),
    ],
    ids=["twice at an edge", "accumulation", "another optimizer", "half precision"],
)
def test_a_killed_run_goes_on_to_the_same_bits(
    whole, tmp_path: Path, changes: list[str], positions: list[int]
) -> None:
    words = words_for("gpic", *TINY, *changes)
    for position in positions:
        killed_at(position, tmp_path, words)
    train(tmp_path, [*words, "resume=auto"])
    same_run(tmp_path, whole(*changes))


@pytest.mark.slow
def test_loader_processes_change_nothing(whole, tmp_path: Path) -> None:
    killed_at(3, tmp_path, [*TINY, "workers=2"])
    train(tmp_path, [*TINY, "workers=1", "resume=auto"])
    same_run(tmp_path, whole())


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_kills_at_random_moments_leave_no_trace(method: str, tmp_path: Path) -> None:
    rng = random.Random(method)
    words = words_for(
        method,
        "trainer.max_steps=6",
        "trainer.val_check_interval=3",
        f"save_every={rng.choice([1, 2, 5])}",
    )
    (tmp_path / "whole").mkdir()
    started = tmp_path / "whole" / "started"
    ended = Started(tmp_path / "whole", words, [partial(at_start, started.touch)]).end()
    assert ended.code == 0, ended.err
    seconds = time.time() - started.stat().st_mtime
    (tmp_path / "killed").mkdir()
    # in half of the time at most: the first always comes
    most = rng.choice([1, 1, 2])
    assert 1 <= killed_at_random(tmp_path / "killed", words, rng, seconds / 2, most) <= most
    same_run(tmp_path / "whole/runs/x", tmp_path / "killed/runs/x")


@pytest.mark.slow
def test_kills_at_one_file_operation_after_another_leave_no_trace(whole, tmp_path: Path) -> None:
    for count in range(100):
        ended = Started(
            tmp_path, [*TINY, "resume=auto"], [partial(at_operation, count, kill)]
        ).end()
        if ended.code == 0:
            break
        assert ended.code == -signal.SIGKILL, ended.err
    assert count >= 5
    same_run(tmp_path / "runs/x", whole())


def test_dropout_draws_the_same_numbers_after_a_resume() -> None:
    def drawn(position: int, rank: int) -> torch.Tensor:
        module = SimpleNamespace(method=SimpleNamespace(batches_seen=position))
        trainer: Any = SimpleNamespace(lightning_module=module, global_rank=rank)
        BatchSeed(seed=0).on_train_batch_start(trainer, None, None, 0)  # type: ignore[arg-type]
        return torch.nn.functional.dropout(torch.ones(999), 0.5)

    before = torch.get_rng_state()
    first, following, again, elsewhere = drawn(7, 0), drawn(8, 0), drawn(7, 0), drawn(7, 1)
    torch.set_rng_state(before)
    assert torch.equal(first, again)
    assert not torch.equal(first, following) and not torch.equal(first, elsewhere)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
)
def test_a_signal_ends_a_run_between_steps_with_a_checkpoint(
    whole, tmp_path: Path, number: int, code: int
) -> None:
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(
        StoppedError, match=f"stopped by {signal.Signals(number).name} after step 4"
    ) as stopped:
        train(tmp_path, TINY, partial(at_batch, 3, partial(os.kill, os.getpid(), number)))
    assert stopped.value.exit_code == code
    assert _plain(tmp_path / "checkpoints" / LAST)["step"] == 4
    assert handlers == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    train(tmp_path, [*TINY, "resume=auto"])
    same_run(tmp_path, whole())


def test_a_second_signal_ends_the_process_at_once(monkeypatch) -> None:
    from colorlab.training.signals import StopRequest

    monkeypatch.setattr(os, "_exit", lambda code: (_ for _ in ()).throw(SystemExit(code)))
    with StopRequest(announce=False) as stop, pytest.raises(SystemExit, match="143"):
        assert stop.number is None
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.number == signal.SIGINT
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_late_second_signal_is_a_wish_again() -> None:
    from colorlab.training.signals import AT_ONCE, StopRequest

    with StopRequest(announce=False) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        stop.at -= AT_ONCE
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.number == signal.SIGTERM


def test_a_damaged_checkpoint_is_passed_over_and_named(whole, tmp_path: Path, capsys) -> None:
    killed_at(5, tmp_path, TINY)
    rows = (tmp_path / "metrics.jsonl").read_text().splitlines()
    # every row of the steps that were done
    assert [json.loads(row)["step"] for row in rows] == [1, 2, 3]
    last = tmp_path / "checkpoints" / LAST
    last.write_bytes(last.read_bytes()[:-100])
    train(tmp_path, [*TINY, "resume=auto"])
    said = capsys.readouterr().out
    assert "last.ckpt is damaged" in said and "going on from step 2" in said and PREVIOUS in said
    same_run(tmp_path, whole())


def test_a_run_without_a_checkpoint_starts_again_and_says_so(whole, tmp_path: Path, capsys) -> None:
    killed_at(1, tmp_path, TINY)
    train(tmp_path, [*TINY, "resume=auto"])
    assert "no checkpoint yet, so from the beginning" in capsys.readouterr().out
    same_run(tmp_path, whole())


def test_a_finished_run_is_left_as_it_is_but_for_a_missing_sheet(tmp_path: Path, capsys) -> None:
    words = words_for("gpic", *TINY, "trainer.max_steps=2", "method.sampler.steps=2")
    train(tmp_path, words)
    before = (tmp_path / "checkpoints" / WEIGHTS).stat().st_ino
    train(tmp_path, [*words, "resume=auto", "sheet=2"])
    said = capsys.readouterr().out
    assert "finished already" in said and f"weights: {tmp_path}/checkpoints/{WEIGHTS}" in said
    # a new file would have taken its place
    assert (tmp_path / "checkpoints" / WEIGHTS).stat().st_ino == before
    assert (tmp_path / "samples" / "sheet.png").exists() and "contact sheet:" in said


@pytest.mark.slow
def test_weights_that_were_lost_at_the_very_end_are_written(
    whole, tmp_path: Path, monkeypatch
) -> None:
    import colorlab.runs.checkpoint

    monkeypatch.setattr(colorlab.runs.checkpoint, "write_bytes", lambda *_: die())
    with pytest.raises(Killed):
        train(tmp_path, TINY)
    monkeypatch.undo()
    train(tmp_path, [*TINY, "resume=auto"])
    same_run(tmp_path, whole())


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A run folder with a configuration only."""
    from colorlab.runs.run import begin

    begin(tmp_path / "x", compose("train", TINY))
    return tmp_path / "x"


def test_another_configuration_is_refused_with_its_keys(begun: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"method\.optimizer\.lr=0\.1 was 0\.002.*batch_size=8 was 4"
    ):
        train(
            begun,
            words_for("gpic", *TINY, "resume=auto", "batch_size=8", "method.optimizer.lr=0.1"),
        )


def test_what_does_not_change_the_numbers_may_change(begun: Path) -> None:
    from colorlab.runs.run import require_same

    safe = [
        "workers=2",
        "save_every=9",
        "sheet=1",
        "debug=true",
        "logger=wandb",
        "trainer.devices=2",
        "resume=auto",
    ]
    require_same(begun, compose("train", words_for("gpic", *TINY, *safe)))
    for unsafe in ("seed=1", "data.augment.flip=0", "trainer.max_steps=7", "ema=0"):
        with pytest.raises(CheckpointError, match=unsafe.split("=")[0]):
            require_same(begun, compose("train", words_for("gpic", *TINY, unsafe)))


def test_rows_from_a_step_on_are_cut_and_so_is_a_torn_row(tmp_path: Path) -> None:
    from colorlab.runs.metrics import cut

    path = tmp_path / "metrics.jsonl"
    cut(path, 3)
    rows = [json.dumps({"step": step}) + "\n" for step in (0, 2, 2, 4)]
    path.write_text("".join(rows) + '{"step": 5, "tr')
    cut(path, 9)
    assert path.read_text() == "".join(rows)
    cut(path, 3)
    assert path.read_text() == "".join(rows[:3])


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path, monkeypatch) -> None:
    from colorlab.training.shells import Shell

    step = Shell.optimizer_step

    def poisoned(self: Any, epoch: int, batch_idx: int, *rest: Any) -> None:
        step(self, epoch, batch_idx, *rest)
        if batch_idx == 3:  # found before the next loss is
            self.method.net.head.bias.data.fill_(float("nan"))

    monkeypatch.setattr(Shell, "optimizer_step", poisoned)
    with pytest.raises(
        NumericError, match=r"not finite after step 4; the last good checkpoint is of step 2"
    ):
        train(tmp_path, TINY)
    assert _plain(tmp_path / "checkpoints" / LAST)["step"] == 2


def test_a_full_disk_leaves_whole_rows(tmp_path: Path) -> None:
    from colorlab.training.callbacks import MetricsFile

    file = MetricsFile(tmp_path)
    file.log_metrics({"train/loss": 0.5, "epoch": 0}, 0)
    before = (tmp_path / "metrics.jsonl").read_text()
    with (
        files_of_at_most(len(before) + 9),
        pytest.raises(DiskError, match=r"metrics\.jsonl could not be written: File too"),
    ):
        file.log_metrics({"train/loss": 0.4}, 1)
    assert (tmp_path / "metrics.jsonl").read_text() == before == '{"step": 0, "train/loss": 0.5}\n'
