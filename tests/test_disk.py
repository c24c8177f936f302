"""Files that are whole or not there, and folders that belong to one process."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorlab.cli.command import one_line
from colorlab.errors import CheckpointError, DiskError
from colorlab.storage.files import free, held, replacing, require_space, sweep
from tests.kill_harness import files_of_at_most


def test_a_picture_that_does_not_fit_leaves_the_one_before(tmp_path: Path) -> None:
    path, noise = tmp_path / "samples" / "sheet.png", Image.effect_noise((64, 64), 99)
    with replacing(path) as temporary:
        noise.save(temporary, "PNG")
    before = path.read_bytes()
    with (
        files_of_at_most(500),
        pytest.raises(OSError, match="File too large"),
        replacing(path) as temporary,
    ):
        noise.save(temporary, "PNG")
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_a_disk_that_takes_no_more_is_told_with_the_file(tmp_path: Path) -> None:
    writes: dict[str, Callable[[Path], object]] = {
        "a.png": lambda path: Image.effect_noise((64, 64), 99).save(path, "PNG"),
        "a.npy": lambda path: np.save(path.open("wb"), np.zeros(10_000)),
        "a.txt": lambda path: path.write_bytes(bytes(10_000)),
    }
    for name, write in writes.items():
        with (
            files_of_at_most(500),
            pytest.raises(OSError) as told,
            replacing(tmp_path / name) as temporary,
        ):
            write(temporary)
        assert re.fullmatch(rf"{re.escape(str(tmp_path / name))}: .* \(.*\)", one_line(told.value))


def test_what_killed_processes_were_writing_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    pid = os.fork()
    if not pid:
        with replacing(tmp_path / "config.yaml"), replacing(tmp_path / "checkpoints" / "last.ckpt"):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    orphans = [path for path in tmp_path.rglob("*") if path.is_file()]
    users = [
        "notes.tmpl",
        "config.1.tmp.yaml",
        "x.tmp",
        ".colorlab-notes.tmp",
        ".colorlab-1-12345678.tmp.txt",
    ]
    others = f".colorlab-{os.getppid()}-12345678.tmp"  # its process lives
    for name in [*users, others]:
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert len(orphans) == 2 and not any(orphan.exists() for orphan in orphans)
    assert {path.name for path in tmp_path.iterdir()} == {*users, others, "checkpoints"}


def test_a_folder_belongs_to_one_process_until_that_is_killed(tmp_path: Path) -> None:
    pid = os.fork()
    if not pid:
        with held(tmp_path):
            (tmp_path / "ready").touch()
            time.sleep(60)
    try:
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        with pytest.raises(CheckpointError, match=f"in use by process {pid}"), held(tmp_path):
            pass
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    with held(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_a_process_forked_off_does_not_keep_the_folder(tmp_path: Path) -> None:
    with held(tmp_path):
        pid = os.fork()
        if not pid:
            time.sleep(60)
    try:
        with held(tmp_path):
            pass
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_too_little_space_is_told(tmp_path: Path) -> None:
    require_space(tmp_path, 1)
    with pytest.raises(DiskError, match="are free, checkpoints need"):
        require_space(tmp_path, 2 * free(tmp_path))


@pytest.mark.parametrize("begun", [True, False])
def test_a_folder_in_which_nothing_was_begun_is_gone_when_it_is_let_go(
    begun: bool, tmp_path: Path
) -> None:
    with pytest.raises(KeyError), held(tmp_path / "runs" / "x"):
        (tmp_path / "runs" / "x" / "config.yaml").touch() if begun else None
        raise KeyError("a mistake")
    assert (tmp_path / "runs" / "x").exists() == begun
