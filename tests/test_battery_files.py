"""A stranger's rows, links, records and sweeps: nothing in them leads elsewhere or takes the
machine; each is refused in one line, with the exit code of its kind."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import colorlab.storage.files
from colorlab.errors import CheckpointError, DataError
from colorlab.evaluation.folder import read_evaluation, read_sample, sample_file
from colorlab.runs import metrics, sweeps
from colorlab.runs.checkpoint import WEIGHTS
from colorlab.runs.run import open_run
from colorlab.storage.files import held, read_arrays, write_json
from tests import strangers
from tests.evaluations import evaluated
from tests.strangers import put, without

whole, run = strangers.whole, strangers.run  # fixtures


@pytest.mark.parametrize(
    "row",
    ["nonsense", "[]", "3", "{}", '{"step": "a"}', '{"step": 1, "x": NaN}', '{"step": 1, "x": {}}',
     "[" * 5000, '{"step": true}', "\x00"],
)  # fmt: skip
def test_a_row_that_training_does_not_write_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 0, "train/loss": 1.5}}\n{row}\n')
    for act in (lambda: list(metrics.rows(path)), lambda: metrics.cut(path, 5)):
        with pytest.raises(CheckpointError, match="no row of metrics") as refused:
            act()
        assert "\n" not in str(refused.value)
    assert path.read_text().count("\n") == 2


def test_a_row_for_ever_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b"1" * 10_000_000)
    with pytest.raises(CheckpointError, match="more than 65,536 bytes"):
        list(metrics.rows(tmp_path / "metrics.jsonl"))


LINKS = [
    ".lock", "config.yaml", "metrics.jsonl", "samples", "evaluation", "checkpoints",
    f"checkpoints/{WEIGHTS}", "checkpoints/last.ckpt", "samples/sheet.png", "a/b/c", "wandb",
]  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_a_link_that_leads_out_of_a_run_is_refused_by_name(
    run: Path, tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "precious"
    victim.write_text("precious")
    path = run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(victim if path.suffix else tmp_path)
    for act in (lambda: open_run(run).method(), lambda: held(run).__enter__()):
        with pytest.raises(CheckpointError, match=f"{path.name} is a link that leads out of"):
            act()
    assert victim.read_text() == "precious" and sorted(tmp_path.iterdir()) == sorted(
        [tmp_path / "r", victim]
    )


@pytest.mark.parametrize(
    "target", ["../../precious", "/proc/self/cwd/precious", "loop", "gone/../../../precious"]
)
def test_links_by_any_way_out_are_refused(run: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "precious").write_text("precious")
    (run / "samples").mkdir()
    (run / "samples" / "loop").symlink_to(target)
    with pytest.raises(CheckpointError, match="samples/loop is a link"):
        open_run(run)


def test_a_run_may_lie_behind_a_link_and_hold_links_within(run: Path, tmp_path: Path) -> None:
    (run / "wandb").mkdir()
    (run / "wandb" / "latest").symlink_to("../checkpoints")
    logs = run / "wandb" / "offline-run-20261129_162548-kid19ckg" / "logs"
    logs.mkdir(parents=True)
    (logs / "debug-core.log").symlink_to(tmp_path / "core-debug.log")  # as W&B does, into its cache
    (run / "checkpoints" / "best").symlink_to(run / "checkpoints" / WEIGHTS)
    (tmp_path / "elsewhere").symlink_to(run)
    open_run(tmp_path / "elsewhere").method()
    with held(tmp_path / "elsewhere"):
        assert (run / ".lock").exists()


def test_a_lock_that_is_another_file_is_left_alone(run: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious things, of more than a number")
    os.link(tmp_path / "precious", run / ".lock")
    with pytest.raises(CheckpointError, match="is no lock"), held(run):
        pass
    assert (tmp_path / "precious").read_text().startswith("precious")


def test_a_lock_that_is_a_pipe_does_not_hang(run: Path) -> None:
    os.mkfifo(run / ".lock")
    with pytest.raises(CheckpointError, match="no plain file"), held(run):
        pass


def test_rows_are_not_written_through_a_link(tmp_path: Path) -> None:
    from colorlab.errors import DiskError
    from colorlab.training.callbacks import MetricsFile

    (tmp_path / "precious").write_text("precious")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "metrics.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(DiskError):
        MetricsFile(tmp_path / "r").log_metrics({"a": 1.0}, 0)
    assert (tmp_path / "precious").read_text() == "precious"


RECORDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "no protocol": without("protocol"),
    "a protocol that is a list": put("protocol", value=[]),
    "values that are a number": put("values", value=3),
    "a value without a mean": put("values", value={"x": {}}),
    "a mean in words": put(
        "values", value={"x": {"mean": "big", "low": None, "high": None, "n": 1}}
    ),
    "a run's name that is a mapping": put("run", value={}),
    "a run's name that a terminal obeys": put("run", value="\x1b[2J"),
    "drawings that are a word": put("drawings", value="all"),
    "a trivial row without a title": put("trivial", value={"gray": {}}),
    "columns of words": put("per_drawing", value={"x": ["a"]}),
    "curves that are lists": put("curves", value=[]),
    "settings that are none": put("settings", value=None),
}


@pytest.mark.parametrize("what", RECORDS)
def test_an_edited_evaluation_is_refused_in_a_line(tmp_path: Path, what: str) -> None:
    folder = evaluated(tmp_path / "e")
    document = json.loads((folder / "evaluation.json").read_text())
    RECORDS[what](document)
    write_json(folder / "evaluation.json", document)
    with pytest.raises(DataError, match=r"evaluation\.json cannot be read") as refused:
        read_evaluation(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"nonsense", b"[" * 100_000, b'{"a": NaN}', b"9" * 100_000, b"\xff"]
)
def test_an_evaluation_that_is_none_is_refused_in_a_line(tmp_path: Path, text: bytes) -> None:
    folder = evaluated(tmp_path / "e")
    (folder / "evaluation.json").write_bytes(text)
    with pytest.raises(DataError, match=r"evaluation\.json cannot be read"):
        read_evaluation(folder)


def test_an_evaluation_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = evaluated(tmp_path / "e")
    shutil.move(folder / "samples", tmp_path / "precious")
    (folder / "samples").symlink_to(tmp_path / "precious")
    with pytest.raises(CheckpointError, match="samples is a link that leads out of"):
        read_evaluation(folder)


def test_arrays_that_fill_the_memory_are_refused(tmp_path: Path, monkeypatch) -> None:
    header = (
        b"\x93NUMPY\x01\x00v\x00"
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,), }"
    )
    path = sample_file(tmp_path, "a")
    path.parent.mkdir(parents=True)
    path.write_bytes(header.ljust(127) + b"\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_sample(tmp_path, "a")
    monkeypatch.setattr(colorlab.storage.files, "LARGEST_RECORD", 1 << 16)
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 20, np.uint8))
    with pytest.raises(DataError, match="unpacks to more"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "entry",
    [{}, 3, {"hash": 1}, {"number": "a"}, {"swept": []}, {"name": "\x1b"}, {"folder": ".."}],
)
def test_an_edited_sweep_is_refused_in_a_line(tmp_path: Path, entry: Any) -> None:
    job = {"hash": "h", "number": 0, "folder": "0", "swept": {}, "name": "n", "command": [],
           "state": "done", "attempts": 1, "seconds": 1.0, "exit": 0, "value": None,
           "why": ""}  # fmt: skip
    write_json(tmp_path / sweeps.SWEEP, {"version": 1, "jobs": [job]})
    assert len(sweeps.read(tmp_path).jobs) == 1
    edited = job | entry if isinstance(entry, dict) and entry else entry
    write_json(tmp_path / sweeps.SWEEP, {"version": 1, "jobs": [edited]})
    with pytest.raises(CheckpointError, match=r"sweep\.json cannot be read"):
        sweeps.read(tmp_path)
