"""The record of a sweep: sweep.json in its folder, one entry per job, replaced atomically at every
change."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from colorlab.errors import CheckpointError
from colorlab.storage.files import write_json
from colorlab.storage.plain import LARGEST_RECORD, Line, content, json_of, must_fit

SWEEP, RESULT, LOG = "sweep.json", "result.json", "job.log"
NOT_STARTED, RUNNING, DONE = "not started", "running", "done"
FAILED, TIMED_OUT, INTERRUPTED = "failed", "timed out", "interrupted"
LONGEST = 200  # letters of a value, and of why a job failed
STATES = (DONE, FAILED, TIMED_OUT, INTERRUPTED, RUNNING, NOT_STARTED)


RECORD = {
    "jobs": [{
        "hash": str, "number": int, "folder": str, "swept": {str: Line}, "name": Line,
        "command": [str], "state": str, "attempts": int, "seconds": float, "exit": (int, None),
        "why": Line,
    }]
}  # fmt: skip


@dataclasses.dataclass
class Job:
    """One job of a sweep. hash: of its resolved configuration, by which it is known again; number:
    given once; folder: below the sweep's; swept: the keys that the sweep sets, with its values;
    exit: the last attempt's exit code; value: what the job returned; why: of a job that failed, in
    a line."""

    hash: str
    number: int
    folder: str
    swept: dict[str, str]
    name: str = ""
    command: list[str] = dataclasses.field(default_factory=list)
    state: str = NOT_STARTED
    attempts: int = 0
    seconds: float = 0.0
    exit: int | None = None
    value: Any = None
    why: str = ""


class Sweep:
    """The jobs in a sweep's folder, those of earlier command lines among them. jobs: hash ->
    Job."""

    def __init__(self, folder: Path, jobs: Iterable[Job]) -> None:
        self.folder, self.jobs = folder, {job.hash: job for job in jobs}

    def next_number(self) -> int:
        """The smallest number above all that were given."""
        return max((job.number for job in self.jobs.values()), default=-1) + 1

    def path(self, job: Job) -> Path:
        """The job's folder."""
        return self.folder / job.folder

    def none_running(self) -> Sweep:
        """Itself, jobs whose launcher was killed now counting as interrupted."""
        for job in self.jobs.values():
            job.state = INTERRUPTED if job.state == RUNNING else job.state
        return self

    def finished(self, job: Job) -> bool:
        """Whether the job is done and its folder still there."""
        return job.state == DONE and (self.path(job) / RESULT).is_file()

    def save(self) -> None:
        """Write sweep.json, whole or not at all."""
        jobs = [dataclasses.asdict(job) for job in self.jobs.values()]
        write_json(self.folder / SWEEP, {"version": 1, "jobs": jobs})


def read(folder: Path) -> Sweep:
    """The sweep in a folder, empty if nothing was started there; CheckpointError if its record
    cannot be read."""
    path = folder / SWEEP
    if not path.exists():
        return Sweep(folder, [])
    try:
        record = json_of(content(path, LARGEST_RECORD))
        must_fit(record, RECORD)
        jobs = [Job(**entry) for entry in record["jobs"]]
        for job in jobs:
            _must_be_of(folder, job)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({str(error)[:80]}; restore it, or choose another name=)"
        ) from error
    return Sweep(folder, jobs)


def _must_be_of(folder: Path, job: Job) -> None:
    """ValueError, OSError: a job lies outside of its sweep, has a state that none has, or keys that
    are no words."""
    must_fit([*job.swept], [Line], "swept")
    if job.state not in STATES:
        raise ValueError(f"state is to be one of {', '.join(STATES)}")
    home = Path(os.path.realpath(folder))  # which ends at links in a circle, as resolve() does not
    if home not in Path(os.path.realpath(folder / job.folder)).parents:
        raise ValueError("a job lies outside of the sweep")
    (folder / job.folder).is_dir()  # OSError of a name that no disk takes


def finished_jobs(folder: Path) -> list[tuple[Path, str]]:
    """The folders of a sweep's finished jobs by number, each with what sets it apart: `width=8
    seed=0`."""
    sweep = read(folder)
    jobs = sorted(
        (job for job in sweep.jobs.values() if sweep.finished(job)), key=lambda job: job.number
    )
    swept = [job.swept for job in jobs]
    differing = [key for key in keys_of(swept) if len({each.get(key) for each in swept}) > 1]
    names = labels([{key: each[key] for key in differing if key in each} for each in swept])
    return [(sweep.path(job), name or job.name) for job, name in zip(jobs, names, strict=True)]


def in_a_line(text: str) -> str:
    """A text as a record keeps it, and a table shows it: what a terminal obeys escaped, what is
    long by its beginning and a digest."""
    line = text if text.isprintable() else repr(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}... {short_digest(text)[:8]}"


def keys_of(swept: Sequence[dict[str, str]]) -> list[str]:
    """All keys, in the order in which they come."""
    return list(dict.fromkeys(key for each in swept for key in each))


def labels(swept: Sequence[dict[str, str]]) -> list[str]:
    """Each job's keys and values, the keys as short as they can be told apart: `width=8 seed=0`."""
    keys = keys_of(swept)
    short = {key: shortened(key, keys) for key in keys}
    return [" ".join(f"{short[key]}={each[key]}" for key in keys if key in each) for each in swept]


def shortened(key: str, keys: Sequence[str]) -> str:
    """The last words of a dotted key that no other key ends with."""
    words = re.split(r"[./]", key)
    for count in range(1, len(words)):
        tail = words[-count:]
        if sum(re.split(r"[./]", other)[-count:] == tail for other in keys) == 1:
            return ".".join(tail)
    return key


def short_digest(value: Any) -> str:
    """16 hexadecimal digits of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
