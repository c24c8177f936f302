"""Jobs as processes: started on free slots, watched, stopped so that they can go on later."""

from __future__ import annotations

import ctypes
import datetime
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from colorlab.cli.command import TRACEBACK
from colorlab.errors import ConfigError, DataError
from colorlab.runs import sweeps
from colorlab.storage.files import open_own, read_json

POLL = 0.1  # seconds
ENDED_BY_SIGNAL = (130, 143)  # exit codes of a job that was asked to stop and has kept its work
OF_A_GROUP = {
    "RANK",
    "LOCAL_RANK",
    "NODE_RANK",
    "GROUP_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "SLURM_NTASKS",
}
OF_A_GROUP_TOO = ("MASTER_", "TORCHELASTIC_", "ROLE_")
# seconds; a scheduler's SIGTERM may have reached the jobs too, and twice in 5 s means at once
HEARD_ELSEWHERE = 6.0
HEADING = "--- attempt "  # of each attempt in a job's log
TAIL = 8192  # bytes of a log in which its last line is looked for


class Limits(NamedTuple):
    """timeout: seconds a job may take, None for ever; grace: seconds between asking it to stop and
    killing it; fail_fast: whether one failure stops the others."""

    timeout: float | None
    grace: float
    fail_fast: bool


class Watcher(Protocol):
    """Who is told what happens."""

    def changed(self, job: sweeps.Job) -> None:
        """The job is in another state."""

    def tick(self, running: Sequence[Running]) -> None:
        """Some time has passed."""


@dataclass
class Running:
    """A job's process. slot: what it may use, as environment variables; ending: the state to come
    if it was stopped."""

    job: sweeps.Job
    folder: Path
    process: subprocess.Popen[bytes]
    slot: dict[str, str]
    started: float = field(default_factory=time.monotonic)
    stopped: float | None = None
    ending: str = ""

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self.started

    def stop(self, ending: str) -> None:
        """Ask once for a checkpoint and the end, all processes of the job, as Ctrl-C does."""
        if self.stopped is None:
            self.stopped, self.ending = time.monotonic(), ending
            self.signal(signal.SIGINT)

    def signal(self, number: int) -> None:
        """To all processes of the job."""
        with suppress(ProcessLookupError):  # it may have just ended
            os.killpg(self.process.pid, number)


class Crew:
    """Runs jobs, as many at a time as there are slots."""

    def __init__(
        self, sweep: sweeps.Sweep, slots: Sequence[dict[str, str]], limits: Limits, watcher: Watcher
    ) -> None:
        self.sweep, self.limits, self.watcher = sweep, limits, watcher
        self.free = list(slots)
        self.waiting: list[sweeps.Job] = []
        self.running: list[Running] = []
        self.noted_at: float | None = None

    def run(self, jobs: Sequence[sweeps.Job]) -> int:
        """Run them all. -> 0, or the number of the signal that ended it early; a second
        signal kills."""
        self.waiting = list(jobs)
        with signals_noted() as noted:
            try:
                while self.running or self.waiting:
                    self._step(noted)
            finally:
                for each in self.running:
                    each.signal(signal.SIGKILL)
        return noted[0] if noted else 0

    def _step(self, noted: Sequence[int]) -> None:
        if noted:
            self._grant(noted[0])
        if len(noted) > 1:
            for each in self.running:
                each.signal(signal.SIGKILL)
        while self.waiting and self.free:
            self._start(self.waiting.pop(0))
        time.sleep(POLL)
        for each in list(self.running):
            self._look_at(each)
        self.watcher.tick(self.running)

    def _grant(self, number: int) -> None:
        """Start nothing more, and stop what runs; after SIGINT, which jobs cannot have heard,
        without waiting."""
        self.waiting.clear()
        self.noted_at = self.noted_at or time.monotonic()
        if number == signal.SIGINT or time.monotonic() - self.noted_at > HEARD_ELSEWHERE:
            self._stop_all()

    def _stop_all(self) -> None:
        self.waiting.clear()
        for each in self.running:
            each.stop(sweeps.INTERRUPTED)

    def _start(self, job: sweeps.Job) -> None:
        slot, folder = self.free.pop(0), self.sweep.path(job)
        job.state = sweeps.RUNNING
        job.attempts = job.attempts + 1
        job.exit = None
        job.value = None
        job.why = ""
        self.watcher.changed(job)
        group = {"WANDB_RUN_GROUP": os.environ.get("WANDB_RUN_GROUP", self.sweep.folder.name)}
        self.running.append(
            Running(job, folder, started(job, folder, environment(slot | group)), slot)
        )

    def _look_at(self, each: Running) -> None:
        code = each.process.poll()
        if code is not None:
            self.running.remove(each)
            self.free.append(each.slot)
            self._ended(each, code)
        elif each.stopped is not None and time.monotonic() - each.stopped > self.limits.grace:
            each.signal(signal.SIGKILL)
        elif self.limits.timeout is not None and each.seconds > self.limits.timeout:
            each.stop(sweeps.TIMED_OUT)

    def _ended(self, each: Running, code: int) -> None:
        job = each.job
        if code != 0:
            each.signal(signal.SIGKILL)  # what the first process has left behind
        job.seconds, job.exit = job.seconds + each.seconds, code
        job.state, why = verdict(each, code)
        if job.state == sweeps.DONE:
            try:
                job.value = read_json(each.folder / sweeps.RESULT).get("value")
            except DataError as error:
                job.state, why = sweeps.FAILED, str(error)
        job.why = sweeps.in_a_line(why)
        self.watcher.changed(job)
        if self.limits.fail_fast and job.state != sweeps.DONE:
            self._stop_all()


def verdict(each: Running, code: int) -> tuple[str, str]:
    """(state, why) of a job whose process has ended: done is one that returned, not one that merely
    exits with 0."""
    if code == 0 and (each.folder / sweeps.RESULT).is_file():
        return sweeps.DONE, ""
    if each.ending == sweeps.TIMED_OUT:
        return sweeps.TIMED_OUT, f"stopped after {each.seconds:.0f} s"
    if each.ending or code in ENDED_BY_SIGNAL:
        return sweeps.INTERRUPTED, ""
    if code == 0:
        return sweeps.FAILED, "it exited without a result"
    if code < 0:
        return sweeps.FAILED, f"killed by {signal.Signals(-code).name}" + (
            ", out of memory?" if code == -9 else ""
        )
    return sweeps.FAILED, f"exit {code}: {last_line(each.folder / sweeps.LOG)}"


def started(job: sweeps.Job, folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """The job's process: a group of its own, its output in its log, killed if the launcher is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / sweeps.RESULT).unlink(missing_ok=True)
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    with os.fdopen(open_own(folder / sweeps.LOG, os.O_WRONLY | os.O_APPEND), "ab") as log:
        log.write(
            f"{HEADING}{job.attempts}, {now}: {shlex.join(job.command)}\n".encode(
                errors="surrogateescape"
            )
        )
        log.flush()
        try:
            return subprocess.Popen(
                job.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=environment, start_new_session=True, preexec_fn=settle_in,
            )  # fmt: skip
        except OSError as error:
            raise ConfigError(
                f"{job.command[0]} cannot be started ({error}; see hydra.launcher.prefix)"
            ) from error


def environment(own: dict[str, str]) -> dict[str, str]:
    """This process's and the job's own, without what would make the job take itself for one of a
    group."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in OF_A_GROUP and not name.startswith(OF_A_GROUP_TOO)
    }
    return kept | {"PYTHONUNBUFFERED": "1", TRACEBACK: "1"} | own


def settle_in() -> None:
    """Called in the job's process: it hears SIGINT even if the launcher, started by a script, does
    not; and Linux kills it when the launcher is gone, so that no job works unwatched."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def last_line(log: Path) -> str:
    """What a job said last: the one line of its error, or the last line of its traceback."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith(HEADING)]
    told = [
        line.removeprefix("colorlab: error: ")
        for line in lines
        if line.startswith("colorlab: error: ")
    ]
    return (told or lines or [""])[-1][:300]


@contextmanager
def signals_noted() -> Iterator[list[int]]:
    """SIGINT, SIGTERM and SIGHUP, unless they are ignored, end up in the list instead of ending the
    process."""
    noted: list[int] = []
    known = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    before = {number: handler for number, handler in known.items() if handler != signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, lambda number, frame: noted.append(number))
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
