"""A Hydra launcher: one fresh process per job, finished jobs skipped, unfinished ones gone on with.

It serves any Hydra command of colorlab; docs/sweeps.md says what it promises."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, read_write

from colorlab.errors import ConfigError, SweepError
from colorlab.runs import sweeps
from colorlab.storage.files import held
from hydra_plugins.colorlab_launcher import _commands as commands
from hydra_plugins.colorlab_launcher import _processes as processes
from hydra_plugins.colorlab_launcher._config import LauncherConfig

ConfigStore.instance().store(
    group="hydra/launcher", name="colorlab", node=LauncherConfig, provider="colorlab"
)


class Returned(JobReturn):
    """What a sweeper is given for a job: the error of one that failed is raised without words of
    Hydra's."""

    @property
    def return_value(self) -> Any:
        """What the job returned; SweepError if it did not."""
        if isinstance(self._return_value, Exception):
            raise self._return_value
        return self._return_value

    @return_value.setter
    def return_value(self, value: Any) -> None:
        self._return_value = value


class ColorlabLauncher(Launcher):
    """Its keywords are the keys of LauncherConfig."""

    def __init__(
        self, jobs: int, gpus: Sequence[Any], prefix: Sequence[str], timeout: float | None,
        grace: float, fail_fast: bool, redo: bool, dry_run: bool,
    ) -> None:  # fmt: skip
        self.jobs, self.gpus, self.prefix = jobs, [str(gpu) for gpu in gpus], list(prefix)
        self.limits = processes.Limits(timeout, grace, fail_fast)
        self.redo = redo
        self.dry_run = dry_run
        self.sweep: sweeps.Sweep | None = None
        self.mine = ExitStack()

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Check the keywords, and give the sweep a folder that the same command line will find
        again."""
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            raise ConfigError(
                "a sweep is started by one process (without torchrun; trainer.devices=N serves "
                "each job)"
            )
        check("jobs", self.jobs, self.jobs >= 1, ">= 1")
        check(
            "timeout",
            self.limits.timeout,
            self.limits.timeout is None or self.limits.timeout > 0,
            "> 0",
        )
        check("grace", self.limits.grace, self.limits.grace >= 0, ">= 0")
        slots(self.jobs, self.gpus)
        self.context, self.config = hydra_context, config
        with read_write(config.hydra):
            config.hydra.sweep.dir = str(commands.lasting_folder(config))

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run what is not finished yet. -> what each job returned, now or before, in the order of
        the jobs."""
        setup_globals()
        self.sweep = self.sweep or self._opened(Path(self.config.hydra.sweep.dir))
        plans = [
            commands.planned(self.context, self.config, overrides) for overrides in job_overrides
        ]
        jobs = [self._job(self.sweep, plan) for plan in plans]
        for plan, job, name in zip(
            plans, jobs, sweeps.labels([job.swept for job in jobs]), strict=True
        ):
            job.name = sweeps.in_a_line(name) or f"job {job.number}"
            job.command = [*self.prefix, *commands.words(plan, self.sweep, job, self.config)]
        todo = list(
            {job.hash: job for job in jobs if self.redo or not self.sweep.finished(job)}.values()
        )
        if self.dry_run:
            print("\n".join(shlex.join(job.command) for job in todo))
            sys.exit(0)
        end(self._run(self.sweep, jobs, todo))
        return [returned(plan, job, jobs) for plan, job in zip(plans, jobs, strict=True)]

    def _opened(self, folder: Path) -> sweeps.Sweep:
        """The sweep in a folder, for this process alone until it ends."""
        self.mine.enter_context(held(folder))
        return sweeps.read(folder).none_running()

    def _job(self, sweep: sweeps.Sweep, plan: commands.Planned) -> sweeps.Job:
        """The job that the sweep knows by its hash, or a new one with a number and a folder of its
        own."""
        if plan.hash not in sweep.jobs:
            number = sweep.next_number()
            folder = commands.folder_of(plan, number)
            if any(job.folder == folder for job in sweep.jobs.values()):
                raise ConfigError(
                    f"hydra.sweep.subdir gives two jobs the folder {folder} (put what differs "
                    "into it)"
                )
            sweep.jobs[plan.hash] = sweeps.Job(plan.hash, number, folder, plan.swept)
        return sweep.jobs[plan.hash]

    def _run(
        self, sweep: sweeps.Sweep, jobs: Sequence[sweeps.Job], todo: Sequence[sweeps.Job]
    ) -> int:
        """Run some of the jobs, tell what becomes of all. -> the signal that ended it early, or
        0."""
        from hydra_plugins.colorlab_launcher import _display as display

        with display.Display(sweep) as shown:
            shown.say(f"{sweep.folder}: {display.counted(jobs)}")
            stopped_by = processes.Crew(sweep, slots(self.jobs, self.gpus), self.limits, shown).run(
                todo
            )
        if len(jobs) > 1:
            print(f"{sweep.folder}: {display.counted(jobs)}\n{display.table(sweep, jobs)}")
        return stopped_by


def slots(jobs: int, gpus: Sequence[str]) -> list[dict[str, str]]:
    """What each job at a time may use, as environment variables. gpus: numbers among those that
    this process sees."""
    if gpus:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        return [{"CUDA_VISIBLE_DEVICES": among(each, seen)} for each in gpus]
    if jobs == 1 or "OMP_NUM_THREADS" in os.environ:
        return [{}] * jobs
    return [{"OMP_NUM_THREADS": str(max(1, len(os.sched_getaffinity(0)) // jobs))}] * jobs


def among(gpus: str, seen: str | None) -> str:
    """GPUs `0,1` of those that are visible, by the names that a job knows them by."""
    visible = seen.split(",") if seen else None
    try:
        return ",".join(
            visible[int(number)] if visible else str(int(number)) for number in gpus.split(",")
        )
    except (ValueError, IndexError) as error:
        raise ConfigError(
            f"hydra.launcher.gpus has {gpus} (count from 0 among the GPUs "
            f"{seen or 'of the machine'})"
        ) from error


def end(stopped_by: int) -> None:
    """End this process as a signal does that ended the sweep."""
    if stopped_by == signal.SIGINT:
        raise KeyboardInterrupt
    if stopped_by:
        sys.exit(128 + stopped_by)


def returned(plan: commands.Planned, job: sweeps.Job, jobs: Sequence[sweeps.Job]) -> JobReturn:
    """For the sweeper: the job's value, or that it and how many others have none."""
    done = job.state == sweeps.DONE
    lost = sum(each.state != sweeps.DONE for each in jobs)
    told = (
        f"{lost} of {len(jobs)} jobs are not done (their logs say why; the same command goes on "
        "with them)"
    )
    found = Returned(
        plan.overrides, plan.cfg, status=JobStatus.COMPLETED if done else JobStatus.FAILED
    )
    found.return_value = job.value if done else SweepError(told)
    return found


def check(key: str, value: object, fine: bool, clause: str) -> None:
    """ConfigError for a keyword out of its range."""
    if not fine:
        raise ConfigError(f"hydra.launcher.{key}={value} (hydra.launcher.{key} is {clause})")
