"""Whole sweeps by their commands: run to the end, stopped, gone on with, refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from colorlab.errors import CheckpointError
from tests.conftest import ROOT
from tests.kill_harness import words_for

pytestmark = pytest.mark.whole


def app(folder: Path, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """python -m tests.sweep_app -m words"""
    line = [sys.executable, "-m", "tests.sweep_app", "-m", *words]
    return subprocess.run(
        line, cwd=folder, env=surroundings(), capture_output=True, text=True, timeout=timeout
    )


def surroundings() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def starts(folder: Path) -> dict[str, list[str]]:
    """Job's folder -> name and resume at each of its starts."""
    return {path.parent.name: path.read_text().splitlines() for path in folder.glob("*/starts")}


@pytest.mark.slow
def test_a_sweep_runs_to_its_end_and_a_rerun_does_what_is_missing(tmp_path: Path) -> None:
    words = ["name=s", "x=4", "does=return,raise,exit,kill"]
    first = app(tmp_path, *words)
    assert first.returncode == 6 and "4 jobs: 1 done, 3 failed" in first.stdout
    assert (
        first.stderr.strip()
        .splitlines()[-1]
        .startswith("colorlab: error: 3 of 4 jobs are not done")
    )
    assert "RuntimeError: job 4 is broken" in (tmp_path / "runs/s/1/job.log").read_text()
    second = app(tmp_path, *words[::-1])
    assert second.returncode == 6 and "4 jobs: 3 done, 1 failed" in second.stdout
    begun = starts(tmp_path / "runs" / "s")
    assert [len(begun[n]) for n in "0123"] == [1, 2, 2, 2]
    assert begun["1"] == ["s-doesraise auto"] * 2
    values = [
        job["value"] for job in json.loads((tmp_path / "runs/s/sweep.json").read_text())["jobs"]
    ]
    assert values == [2.0, 2.0, None, 2.0]


@pytest.mark.slow
def test_a_longer_sweep_of_the_same_name_runs_only_what_is_new(tmp_path: Path) -> None:
    app(tmp_path, "name=s", "x=1,2")
    done = app(tmp_path, "name=s", "x=3,2,1")
    assert done.returncode == 0 and {n: len(each) for n,
                                     each in starts(tmp_path / "runs/s").items()} == {
        "0": 1, "1": 1, "2": 1,
    }  # fmt: skip
    assert "2  x=3  done" in done.stdout


@pytest.mark.slow
def test_without_a_name_the_same_command_finds_the_same_sweep(tmp_path: Path) -> None:
    for words in (
        ["x=1", "does=return,raise"],
        ["x=1", "does=return,raise"],
        ["x=2", "does=return,exit"],
    ):
        app(tmp_path, *words)
    sweeps_there = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert len(sweeps_there) == 2 and all(name.startswith("sweep-does-") for name in sweeps_there)
    assert sorted(len(starts(tmp_path / "runs" / name)["1"]) for name in sweeps_there) == [1, 2]


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "1 interrupted, 1 not started"),
        pytest.param(signal.SIGTERM, 143, "1 interrupted, 1 not started", marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, -signal.SIGKILL, "", marks=pytest.mark.slow),
    ],
)
def test_a_sweep_that_is_stopped_goes_on_when_it_is_started_again(
    tmp_path: Path, number: int, code: int, said: str
) -> None:
    line = [sys.executable, "-m", "tests.sweep_app", "-m", "name=s", "x=1", "does=wait,return"]
    run = subprocess.Popen(line, cwd=tmp_path, env=surroundings(), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    begun = tmp_path / "runs" / "s" / "0" / "starts"
    wait_until(begun.exists)
    os.killpg(run.pid, number)
    out, _ = run.communicate(timeout=300)
    assert run.returncode == code and said in out
    assert not (tmp_path / "runs/s/1").exists()
    wait_until(lambda: not alive(tmp_path))
    assert app(tmp_path, *line[4:]).returncode == 0
    assert len(begun.read_text().splitlines()) == 2


def wait_until(true: Callable[[], bool]) -> None:
    """At most five minutes."""
    end = time.monotonic() + 300
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(folder: Path) -> list[str]:
    """Processes that work in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            found += [path.parent.name] if path.resolve() == folder.resolve() else []
    return found


@pytest.mark.slow
def test_two_launchers_do_not_share_a_sweep(tmp_path: Path) -> None:
    from colorlab.storage.files import held

    with held(tmp_path / "runs" / "s"):
        refused = app(tmp_path, "name=s", "x=1,2")
    assert (
        refused.returncode == CheckpointError.exit_code
        and f"process {os.getpid()}" in refused.stderr
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x=1,-1"], "x=-1 (x is >= 0)"),
        pytest.param(
            ["x=1,2", "hydra.sweep.subdir=same"],
            "gives two jobs the folder same",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_mistake_in_one_job_is_told_before_any_runs(
    tmp_path: Path, words: list[str], said: str
) -> None:
    done = app(tmp_path, "name=s", *words)
    assert done.returncode == 2 and said in done.stderr.splitlines()[-1]
    assert not starts(tmp_path / "runs" / "s")


def test_a_dry_run_prints_the_commands_and_runs_nothing(tmp_path: Path) -> None:
    done = app(
        tmp_path, "name=a b", "x=1,2", "hydra.launcher.dry_run=true", "hydra.launcher.prefix=[nice]"
    )
    first, second = done.stdout.splitlines()
    assert done.returncode == 0 and not list((tmp_path / "runs").glob("*/*/"))
    assert first.startswith(f"nice {sys.executable} -m tests.sweep_app name=a-b-x1 x=1 resume=auto")
    subprocess.run(second, shell=True, cwd=tmp_path, env=surroundings(), check=True)
    assert json.loads((tmp_path / "runs" / "a b" / "1" / "result.json").read_text()) == {
        "value": 1.0
    }


@pytest.mark.slow
def test_optuna_is_told_what_each_job_returned_and_is_gone_on_with(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    words = [
        "name=o",
        "hydra/sweeper=optuna",
        "x=interval(0,8)",
        "hydra.sweeper.sampler.seed=1",
        "hydra.sweeper.n_jobs=1",
    ]
    for trials in (2, 3):
        done = app(tmp_path, *words, f"hydra.sweeper.n_trials={trials}")
        assert done.returncode == 0, done.stderr
    jobs = json.loads((tmp_path / "runs/o/sweep.json").read_text())["jobs"]
    assert [job["attempts"] for job in jobs] == [1, 1, 1]
    best = min(float(job["swept"]["x"]) for job in jobs)
    assert f"best_value: {best / 2}" in (tmp_path / "runs/o/optimization_results.yaml").read_text()


@pytest.mark.slow
def test_submitit_runs_the_jobs_of_a_sweep(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    words = [
        *words_for("gpic", "name=s", "trainer.max_steps=2"),
        "hydra/launcher=submitit_local",
        "seed=0,1",
    ]
    line = [sys.executable, "-m", "colorlab.train", "-m", *words]
    done = subprocess.run(
        line, cwd=tmp_path, env=surroundings(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "runs" / "s").glob("*/checkpoints/weights.safetensors"))) == 2
