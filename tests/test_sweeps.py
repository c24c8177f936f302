"""A sweep's record, its place in a comparison, the files of experiments, and a sweep that is
killed."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from colorlab.cli.config import compose
from colorlab.compare import compare
from colorlab.errors import CheckpointError, ConfigError
from colorlab.runs import sweeps
from colorlab.train import last_value
from tests.conftest import ROOT
from tests.evaluations import evaluated

pytestmark = pytest.mark.whole


def swept(folder: Path, *values: dict[str, str]) -> sweeps.Sweep:
    """A sweep whose jobs are all done."""
    names = sweeps.labels(values)
    jobs = [
        sweeps.Job(f"hash{n}", n, str(n), each, names[n], state=sweeps.DONE, value=n / 4)
        for n, each in enumerate(values)
    ]
    sweep = sweeps.Sweep(folder, jobs)
    for job in jobs:
        sweep.path(job).mkdir(parents=True)
        (sweep.path(job) / sweeps.RESULT).write_text("{}")
    sweep.save()
    return sweep


WIDTHS = ({"method.width": "8", "seed": "0"}, {"method.width": "16", "seed": "0"})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    sweep = swept(tmp_path, *WIDTHS)
    sweep.jobs["hash1"].why = "ä"
    sweep.save()
    assert sweeps.read(tmp_path).jobs == sweep.jobs
    assert [path.name for path in tmp_path.glob("*.json")] == ["sweep.json"]


def test_a_finished_job_whose_folder_is_gone_is_not_finished(tmp_path: Path) -> None:
    sweep = swept(tmp_path, *WIDTHS)
    (tmp_path / "0" / sweeps.RESULT).unlink()
    assert [sweep.finished(job) for job in sweep.jobs.values()] == [False, True]


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    sweep = swept(tmp_path, *WIDTHS)
    del sweep.jobs["hash0"]
    assert sweep.next_number() == 2 and sweeps.Sweep(tmp_path, []).next_number() == 0


def test_jobs_that_ran_when_their_launcher_was_killed_count_as_interrupted(tmp_path: Path) -> None:
    sweep = swept(tmp_path, *WIDTHS)
    sweep.jobs["hash0"].state = sweeps.RUNNING
    assert [job.state for job in sweep.none_running().jobs.values()] == ["interrupted", "done"]


@pytest.mark.parametrize(
    "text",
    ['{"jobs": [{"hash"', "[]", '{"jobs": [{"no": 1}]}', '{"jobs": [{"hash": "h", "number": 0, '
                                                         '"folder": "../../x", '
     '"swept": {}}]}'],
)  # fmt: skip
def test_a_record_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"sweep\.json cannot be read"):
        sweeps.read(tmp_path)


@pytest.mark.parametrize(
    ("keys", "short"),
    [
        (["method.width", "seed"], ["width", "seed"]),
        (
            ["method.optimizer.lr", "method.schedule.lr", "seed"],
            ["optimizer.lr", "schedule.lr", "seed"],
        ),
        (["method", "method/sampler"], ["method", "sampler"]),
    ],
)
def test_keys_are_as_short_as_they_can_be_told_apart(keys: list[str], short: list[str]) -> None:
    assert [sweeps.shortened(key, keys) for key in keys] == short


def test_jobs_are_named_by_what_differs_between_the_finished_ones(tmp_path: Path) -> None:
    swept(tmp_path, *WIDTHS, {"method.width": "8", "seed": "1"})
    assert [name for _, name in sweeps.finished_jobs(tmp_path)] == [
        "width=8 seed=0",
        "width=16 seed=0",
        "width=8 seed=1",
    ]
    (tmp_path / "2" / sweeps.RESULT).unlink()
    assert sweeps.finished_jobs(tmp_path) == [
        (tmp_path / "0", "width=8"),
        (tmp_path / "1", "width=16"),
    ]


def compared(tmp_path: Path, *folders: Path) -> str:
    """The table of a comparison, in Markdown."""
    compare(
        compose("compare", [f"runs=[{','.join(map(str, folders))}]", f"out={tmp_path / 'report'}"])
    )
    return (tmp_path / "report" / "table.md").read_text()


def judged(sweep: sweeps.Sweep) -> Path:
    """The folder of a sweep, each finished job of which has been evaluated."""
    for n, (folder, name) in enumerate(sweeps.finished_jobs(sweep.folder)):
        evaluated(folder / "evaluation" / "test-n4-s0", name, shift=n / 10)
    return sweep.folder


def test_a_sweep_in_a_comparison_is_its_finished_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = swept(tmp_path / "s", *WIDTHS, {"method.width": "32", "seed": "0"})
    sweep.jobs["hash2"].state = sweeps.FAILED
    sweep.save()
    table = compared(tmp_path, judged(sweep), evaluated(tmp_path / "1", "a run"))
    assert (
        "width=8" in table and "width=16" in table and "a run" in table and "width=32" not in table
    )
    assert "1 jobs of" in capsys.readouterr().out


def test_jobs_of_two_sweeps_have_the_sweeps_name_too(tmp_path: Path) -> None:
    table = compared(
        tmp_path, *(judged(swept(tmp_path / name, *WIDTHS)) for name in ("one", "two"))
    )
    assert all(f"{name} width={width}" in table for name in ("one", "two") for width in (8, 16))


def test_jobs_that_are_not_evaluated_are_named_with_the_command(tmp_path: Path) -> None:
    swept(tmp_path / "s", *WIDTHS)
    with pytest.raises(
        ConfigError, match=rf"2 of 2 jobs .*evaluate -m run={tmp_path}/s/0,{tmp_path}/s/1"
    ):
        compared(tmp_path, tmp_path / "s")
    sweeps.Sweep(tmp_path / "empty", []).save()
    with pytest.raises(ConfigError, match="no finished job"):
        compared(tmp_path, tmp_path / "empty")


def test_the_objective_is_the_last_value_of_its_metric(tmp_path: Path) -> None:
    (tmp_path / "m").write_text(
        '{"step": 1, "val/loss": 3.0}\n{"step": 2, "val/loss": 2.0}\n{"step": 3, "a": 1}\n'
    )
    assert last_value(tmp_path / "m", "val/loss") == 2.0
    with pytest.raises(
        ConfigError, match=r"objective=val/los was never measured \(a, val/loss was"
    ):
        last_value(tmp_path / "m", "val/los")


def test_sweeps_of_training_are_the_launchers_without_asking(command) -> None:
    done = command("train", "-m", "name=s", "seed=0,1", "hydra.launcher.dry_run=true")
    assert done.returncode == 0, done.stderr
    assert [f"name=s-seed{seed} seed={seed} resume=auto" in done.stdout for seed in (0, 1)] == [
        True,
        True,
    ]


FOUR = [
    "name=s", "seed=0,1", "ema=0,0.9", "method.width=4", "data.size=32", "batch_size=4",
    "trainer.max_steps=12", "trainer.val_check_interval=6", "trainer.precision=32-true",
    "save_every=2", "sheet=0",
]  # fmt: skip


def sweep_of_four(folder: Path) -> subprocess.Popen[bytes]:
    """Started, in a group of processes of its own."""
    folder.mkdir(exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "colorlab.train", "-m", *FOUR]
    with (folder / "said").open("ab") as said:
        return subprocess.Popen(
            line,
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def outcome(folder: Path) -> dict[str, tuple[str, ...]]:
    """What a sweep has come to: of each job its state, its metrics and its weights."""
    sweep = sweeps.read(folder / "runs" / "s")
    return {
        job.name: (
            job.state,
            (sweep.path(job) / "metrics.jsonl").read_text(),
            hashlib.sha256(
                (sweep.path(job) / "checkpoints" / "weights.safetensors").read_bytes()
            ).hexdigest(),
        )
        for job in sweep.jobs.values()
    }


@pytest.mark.slow
def test_a_sweep_that_is_killed_again_and_again_ends_as_one_left_in_peace(tmp_path: Path) -> None:
    """Wherever its own start is, and while jobs learn."""
    dice = random.Random(0)
    assert sweep_of_four(tmp_path / "peace").wait(3000) == 0
    for seconds in (dice.uniform(0, 3), dice.uniform(3, 6), dice.uniform(6, 9)):
        killed = sweep_of_four(tmp_path / "war")
        time.sleep(seconds)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    for begun in (dice.randint(0, 1), 2):
        killed = sweep_of_four(tmp_path / "war")
        while not (tmp_path / "war" / "runs" / "s" / str(begun) / "checkpoints").exists():
            assert killed.poll() is None, (tmp_path / "war" / "said").read_text()
            time.sleep(0.1)
        time.sleep(dice.uniform(0, 1))
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    assert sweep_of_four(tmp_path / "war").wait(3000) == 0
    peace = outcome(tmp_path / "peace")
    assert len(peace) == 4 and {state for state, *_ in peace.values()} == {"done"}
    assert len({weights for *_, weights in peace.values()}) == 4
    assert outcome(tmp_path / "war") == peace
    attempts = [job.attempts for job in sweeps.read(tmp_path / "war" / "runs" / "s").jobs.values()]
    assert 6 <= sum(attempts) <= 9
