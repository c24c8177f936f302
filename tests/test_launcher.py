"""Sweeps lose nothing: every job in a process of its own, its state written down, the rest gone on
with."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from colorlab.errors import ConfigError
from colorlab.runs import sweeps
from hydra_plugins.colorlab_launcher import _processes as processes
from hydra_plugins.colorlab_launcher._commands import quoted
from hydra_plugins.colorlab_launcher._config import LauncherConfig
from hydra_plugins.colorlab_launcher._display import counted, duration, table
from hydra_plugins.colorlab_launcher.launcher import ColorlabLauncher, slots

pytestmark = pytest.mark.whole

RETURNS = "echo '{\"value\": 7}' > result.json"
LIMITS = processes.Limits(timeout=None, grace=5.0, fail_fast=False)


class Heard:
    """A watcher that keeps what it hears; then(job) may do something about it."""

    def __init__(self, then: Callable[[sweeps.Job], None] = lambda job: None) -> None:
        self.then, self.states, self.now, self.most = then, [], 0, 0

    def changed(self, job: sweeps.Job) -> None:
        self.states.append((job.number, job.state))
        self.now += 1 if job.state == sweeps.RUNNING else -1
        self.most = max(self.most, self.now)
        self.then(job)

    def tick(self, running: Sequence[processes.Running]) -> None:
        assert len(running) == self.now


def shell_jobs(folder: Path, *scripts: str) -> sweeps.Sweep:
    """A sweep of shell scripts, each run in its folder."""
    jobs = []
    for n, script in enumerate(scripts):
        words = ["sh", "-c", f"cd {folder}/{n} && {script}"]
        jobs.append(sweeps.Job(f"hash{n}", n, str(n), {"x": str(n)}, name=f"x={n}", command=words))
    return sweeps.Sweep(folder, jobs)


def crew(
    sweep: sweeps.Sweep,
    at_once: int = 1,
    limits: processes.Limits = LIMITS,
    heard: Heard | None = None,
) -> int:
    """Run all jobs of a sweep of scripts."""
    run = processes.Crew(sweep, [{}] * at_once, limits, heard or Heard())
    return run.run(list(sweep.jobs.values()))


def states(sweep: sweeps.Sweep) -> list[str]:
    return [job.state for job in sweep.jobs.values()]


def test_a_job_is_done_if_it_returned_and_not_if_it_merely_exited(tmp_path: Path) -> None:
    sweep = shell_jobs(
        tmp_path, RETURNS, "exit 0", f"{RETURNS}; exit 3", "echo no >&2; exit 5", "kill -9 $$"
    )
    assert crew(sweep) == 0
    assert states(sweep) == ["done", "failed", "failed", "failed", "failed"]
    whys = [job.why for job in sweep.jobs.values()]
    assert whys == [
        "",
        "it exited without a result",
        "exit 3: " + whys[2][8:],
        "exit 5: no",
        whys[4],
    ]
    assert whys[4].startswith("killed by SIGKILL") and sweep.jobs["hash0"].value == 7


def test_a_result_of_an_earlier_attempt_does_not_count(tmp_path: Path) -> None:
    sweep = shell_jobs(tmp_path, "exit 0")
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / sweeps.RESULT).write_text('{"value": 1}')
    crew(sweep)
    assert states(sweep) == ["failed"]


def test_the_reason_is_the_one_line_error_in_the_jobs_own_log(tmp_path: Path) -> None:
    sweep = shell_jobs(
        tmp_path, "echo 'colorlab: error: bad.png is damaged (fetch it)' >&2; echo bye; exit 3"
    )
    crew(sweep)
    assert sweep.jobs["hash0"].why == "exit 3: bad.png is damaged (fetch it)"
    log = (tmp_path / "0" / sweeps.LOG).read_text()
    assert log.startswith("--- attempt 1, ") and log.endswith("bye\n")


def test_a_jobs_log_has_the_traceback_of_a_one_line_error(
    monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    from colorlab.cli.command import TRACEBACK, run

    monkeypatch.setenv(TRACEBACK, processes.environment({})[TRACEBACK])
    with pytest.raises(SystemExit) as ended:
        run(lambda argv: slots(1, ["x"]), [])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "in slots" in said
    assert said.splitlines()[-1].startswith("colorlab: error: hydra.launcher.gpus has x")


def test_no_more_jobs_run_at_once_than_there_are_slots(tmp_path: Path) -> None:
    heard = Heard()
    sweep = shell_jobs(tmp_path, *[RETURNS] * 5)
    crew(sweep, at_once=2, heard=heard)
    assert heard.most == 2 and states(sweep) == ["done"] * 5


def test_ctrl_c_stops_the_running_job_as_ctrl_c_does_and_leaves_the_rest(tmp_path: Path) -> None:
    def interrupt(job: sweeps.Job) -> None:
        if (job.number, job.state) == (1, "running"):
            signal.setitimer(signal.ITIMER_REAL, 0.3)  # once the job listens

    signal.signal(signal.SIGALRM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    listens = "trap 'echo saved > checkpoint; exit 130' INT; sleep 30 & wait"
    sweep = shell_jobs(tmp_path, RETURNS, listens, RETURNS)
    assert crew(sweep, heard=Heard(interrupt)) == signal.SIGINT
    assert states(sweep) == ["done", "interrupted", "not started"]
    assert (tmp_path / "1" / "checkpoint").exists() and not (tmp_path / "2").exists()


def test_a_job_that_does_not_stop_is_killed_with_all_its_processes(tmp_path: Path) -> None:
    sweep = shell_jobs(tmp_path, "trap '' INT; sleep 30 & echo $! > child; wait")
    crew(sweep, limits=LIMITS._replace(timeout=0.3, grace=0.2))
    assert states(sweep) == ["timed out"] and sweep.jobs["hash0"].seconds < 5
    child = int((tmp_path / "0" / "child").read_text())
    assert (
        not Path(f"/proc/{child}").exists()
        or "(sleep) Z" in Path(f"/proc/{child}/stat").read_text()
    )


def test_fail_fast_stops_what_runs_and_what_waits(tmp_path: Path) -> None:
    sweep = shell_jobs(tmp_path, "sleep 0.2; exit 1", "sleep 30", RETURNS)
    crew(sweep, at_once=2, limits=LIMITS._replace(fail_fast=True))
    assert states(sweep) == ["failed", "interrupted", "not started"]


def test_jobs_do_not_believe_that_they_belong_to_a_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "LOCAL_RANK",
        "WORLD_SIZE",
        "MASTER_ADDR",
        "TORCHELASTIC_RUN_ID",
        "SLURM_NTASKS",
        "RANK",
    ):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("KEPT", "yes")
    crew(shell_jobs(tmp_path / "mine", "env"))
    names = {
        line.split("=")[0]
        for line in (tmp_path / "mine" / "0" / sweeps.LOG).read_text().splitlines()
    }
    assert not names & {
        "LOCAL_RANK",
        "WORLD_SIZE",
        "MASTER_ADDR",
        "TORCHELASTIC_RUN_ID",
        "SLURM_NTASKS",
        "RANK",
    }
    assert (
        "KEPT" in names
        and "WANDB_RUN_GROUP=mine" in (tmp_path / "mine" / "0" / sweeps.LOG).read_text()
    )


def test_gpus_are_shared_out_and_count_among_those_that_are_visible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in slots(1, ["0", "0", "1,2"])] == [
        "0",
        "0",
        "1,2",
    ]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,GPU-7f")
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in slots(1, ["0", "1"])] == ["4", "GPU-7f"]
    with pytest.raises(ConfigError, match="count from 0 among the GPUs 4,GPU-7f"):
        slots(1, ["2"])


def test_jobs_at_once_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    assert slots(3, []) == [{"OMP_NUM_THREADS": "2"}] * 3 and slots(1, []) == [{}]
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert slots(3, []) == [{}] * 3


def test_the_table_names_state_time_and_reason(tmp_path: Path) -> None:
    sweep = shell_jobs(tmp_path, "", "", "")
    done, failed, _ = sweep.jobs.values()
    done.state, done.value, done.seconds = sweeps.DONE, 0.123456, 185.0
    failed.state, failed.why = sweeps.FAILED, "exit 5: the loss is nan"
    lines = table(sweep, list(sweep.jobs.values())).splitlines()
    assert lines[0] == "  0  x=0  done         3 min 5 s  0.1235"
    assert (
        lines[1]
        == f"  1  x=1  failed       0 s        exit 5: the loss is nan  {tmp_path}/1/job.log"
    )
    assert counted(list(sweep.jobs.values())) == "3 jobs: 1 done, 1 failed, 1 not started"
    assert [duration(s) for s in (59.4, 3599, 7384)] == ["59 s", "59 min 59 s", "2 h 3 min"]


@pytest.mark.parametrize(
    "text", ["a b", "it's", "x\\", "\\'", "é=1,2", 'say "hi"', "${now:}"[0] + "x"]
)
def test_any_path_survives_hydras_grammar(text: str) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    assert OverridesParser.create().parse_override(f"hydra.run.dir={quoted(text)}").value() == text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"jobs": 0}, "hydra.launcher.jobs=0"),
        ({"timeout": 0}, "hydra.launcher.timeout=0"),
        ({"grace": -1}, "hydra.launcher.grace=-1"),
        ({"gpus": ["a"]}, "hydra.launcher.gpus has a"),
    ],
)
def test_a_key_of_the_launcher_out_of_its_range_is_named(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        launcher(**changes).setup(hydra_context=None, task_function=None, config=None)


def launcher(**changes: Any) -> ColorlabLauncher:
    keys = {
        key: value
        for key, value in dataclasses.asdict(LauncherConfig()).items()
        if key != "_target_"
    }
    return ColorlabLauncher(**keys | changes)


def test_a_sweep_under_torchrun_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="without torchrun"):
        launcher().setup(hydra_context=None, task_function=None, config=None)


def test_a_prefix_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    sweep = shell_jobs(tmp_path, "")
    sweep.jobs["hash0"].command = ["no-such-word", "sh"]
    with pytest.raises(
        ConfigError, match=r"no-such-word cannot be started .* hydra\.launcher\.prefix"
    ):
        crew(sweep)
