"""Callbacks on request: an early end, the best weights, the learning rate; and what dashboards
show."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from colorlab.errors import ConfigError
from colorlab.report.grid import Sheet
from colorlab.runs.checkpoint import WEIGHTS
from colorlab.training.dashboard import EDGES, distances
from tests.conftest import ROOT
from tests.kill_harness import at_batch, same_run, train, words_for
from tests.test_resume import Killed, die

EVERY_TWO = words_for(
    "gpic", "trainer.max_steps=6", "trainer.val_check_interval=2", "method/schedule=constant"
)
GUIDED = [*EVERY_TWO, "callbacks=[best,early_stopping]", "callbacks.early_stopping.patience=1",
          "callbacks.early_stopping.min_delta=1e9"]  # fmt: skip


def weights(folder: Path) -> bytes:
    return (folder / "checkpoints" / WEIGHTS).read_bytes()


def rows(folder: Path) -> list[dict[str, float]]:
    return [json.loads(row) for row in (folder / "metrics.jsonl").read_text().splitlines()]


def validated(folder: Path) -> dict[int, float]:
    """Step -> val/loss."""
    return {int(row["step"]) + 1: row["val/loss"] for row in rows(folder) if "val/loss" in row}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> Path:
    """A run that counts nothing as better than its first validation, and ends at the second."""
    folder = tmp_path_factory.mktemp("runs") / "x"
    train(folder, GUIDED)
    return folder


@pytest.mark.whole
def test_an_early_end_comes_when_nothing_became_better(stopped: Path) -> None:
    assert list(validated(stopped)) == [2, 4]


@pytest.mark.whole
def test_the_run_ends_with_the_weights_of_its_best_validation(
    stopped: Path, tmp_path: Path
) -> None:
    losses = validated(stopped)
    best = min(losses, key=losses.__getitem__)
    train(tmp_path, [*EVERY_TWO, f"trainer.max_steps={best}"])
    assert (
        weights(stopped)
        == weights(tmp_path)
        == (stopped / "checkpoints" / "best" / WEIGHTS).read_bytes()
    )


@pytest.mark.whole
def test_worst_is_best_the_other_way_round(stopped: Path, tmp_path: Path) -> None:
    train(tmp_path, [*GUIDED, "callbacks.best.mode=max"])
    assert weights(tmp_path) != weights(stopped)


@pytest.mark.whole
@pytest.mark.parametrize("position", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_a_kill_changes_neither_the_end_nor_the_best(
    position: int, stopped: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        train(tmp_path, [*GUIDED, "save_every=1"], partial(at_batch, position, die))
    train(tmp_path, [*GUIDED, "save_every=1", "resume=auto"])
    assert weights(tmp_path) == weights(stopped) and rows(tmp_path) == rows(stopped)


@pytest.mark.whole
def test_an_early_end_that_was_decided_stays_decided(
    stopped: Path, tmp_path: Path, monkeypatch
) -> None:
    """The process dies between the last step and the final weights."""
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr("colorlab.training.fit.save_weights", lambda *_: die())
        train(tmp_path, GUIDED)
    train(tmp_path, [*GUIDED, "resume=auto"])
    same_run(tmp_path, stopped)


@pytest.mark.whole
@pytest.mark.parametrize("callback", ["best", "early_stopping"])
def test_a_metric_that_is_never_measured_is_told_with_those_that_are(
    callback: str, tmp_path: Path
) -> None:
    words = [*EVERY_TWO, f"callbacks={callback}", f"callbacks.{callback}.monitor=val/los"]
    with pytest.raises(
        ConfigError, match=rf"callbacks.{callback}.monitor=val/los is not measured.*val/loss"
    ):
        train(tmp_path, words)


@pytest.mark.whole
def test_the_learning_rate_stands_beside_the_losses_as_often_as_asked(tmp_path: Path) -> None:
    words = [
        "trainer.max_steps=4",
        "log_every=2",
        "callbacks=learning_rate",
        "method.optimizer.lr=1e-3",
    ]
    train(tmp_path, [*EVERY_TWO, *words])
    trained = [row for row in rows(tmp_path) if "train/loss" in row]
    assert [row["step"] for row in trained] == [1, 3]
    assert all(math.isclose(row["train/learning_rate"], 1e-3, rel_tol=1e-6) for row in trained)


@pytest.mark.whole
def test_a_dashboard_shows_pictures_and_changes_no_bit(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    words = [
        *EVERY_TWO,
        "trainer.max_steps=2",
        "save_every=1",
        "log_every=1",
        "method.sampler.steps=2",
    ]
    train(tmp_path / "plain", words)
    train(
        tmp_path / "shown",
        [*words, "logger=tensorboard", "logger.drawings=2", "logger.candidates=3"],
    )
    same_run(tmp_path / "plain", tmp_path / "shown")
    board = EventAccumulator(
        str(tmp_path / "shown" / "tensorboard"), {"images": 0, "histograms": 0, "tensors": 0}
    ).Reload()
    tags = board.Tags()
    assert tags["images"] == ["val/colourings"] and tags["histograms"] == ["val/diversity"]
    assert {"train/learning_rate", "val/diversity_mean", "val/loss"} <= set(tags["scalars"])
    assert sum(board.Histograms("val/diversity")[0].histogram_value.bucket) == 2 * 3
    assert b"trainer:" in board.Tensors("config/text_summary")[0].tensor_proto.string_val[0]


def test_distances_are_those_of_all_pairs_of_each_drawing() -> None:
    flat = [np.full((4, 4, 3), value, np.uint8) for value in (0, 51, 255)]
    sheet = Sheet([[flat[2], *flat, flat[0]], [flat[0], flat[1], flat[1], flat[1], None]], [])
    assert np.allclose(distances(sheet, 3), [0.2, 1.0, 0.8, 0, 0, 0])
    assert EDGES[0] == 0 and len(EDGES) == 33


@pytest.mark.slow
def test_wandb_shows_pictures_and_says_nothing_of_its_own(tmp_path: Path) -> None:
    words = ["logger=wandb", "logger.mode=offline", "logger.drawings=2", "trainer.max_steps=2"]
    words += ["method.sampler.steps=2"]
    line = [sys.executable, "-m", "colorlab.train", *EVERY_TWO, *words]
    done = subprocess.run(
        line,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    (folder,) = tmp_path.glob("runs/x/wandb/offline-run-*")
    assert list((folder / "files" / "media" / "images").rglob("*.png"))


@pytest.mark.whole
def test_a_finished_run_says_so_without_torch(stopped: Path, tmp_path: Path) -> None:
    """The whole command took 0.9 s of one core where training takes 15; the bound is of processor
    time."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "x").symlink_to(stopped)
    probe = f"""
import sys
sys.argv[1:] = {[*GUIDED, "resume=auto", "name=x"]!r}
import colorlab.train
colorlab.train.main()
print("torch" in sys.modules)
"""
    before = resources()
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert "finished already" in done.stdout and done.stdout.endswith("False\n"), (
        done.stdout + done.stderr
    )
    assert resources() - before < 4


def resources() -> float:
    """Processor seconds of the processes that have ended."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
