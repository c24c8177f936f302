"""Which evaluations stand on a page, and under which names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from colorlab.errors import ConfigError
from colorlab.evaluation.folder import RESULT, Evaluation
from colorlab.evaluation.settings import titled
from colorlab.runs.sweeps import SWEEP, finished_jobs, read


def with_jobs(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Folders, a sweep's replaced by those of its finished jobs; and for each job what sets it
    apart, else ""."""
    found = [
        jobs_of(Path(each)) if (Path(each) / SWEEP).is_file() else [(each, "")] for each in given
    ]
    several = sum(bool(jobs[0][1]) for jobs in found) > 1
    named = [
        (folder, f"{Path(each).name} {label}" if label and several else label)
        for each, jobs in zip(given, found, strict=True)
        for folder, label in jobs
    ]
    return [folder for folder, _ in named], [label for _, label in named]


def jobs_of(sweep: Path) -> list[tuple[str, str]]:
    """Folder and label of a sweep's finished jobs; ConfigError unless there are some and all have
    been evaluated."""
    jobs = finished_jobs(sweep)
    if not jobs:
        raise ConfigError(f"{sweep} has no finished job yet (start the sweep again, it goes on)")
    if left := len(read(sweep).jobs) - len(jobs):
        print(f"note: {left} jobs of {sweep} are not finished and left out")
    lacking = [str(folder) for folder, _ in jobs if not any(folder.glob(f"evaluation/*/{RESULT}"))]
    if lacking:
        raise ConfigError(
            f"{len(lacking)} of {len(jobs)} jobs of {sweep} have not been evaluated "
            f"(python -m colorlab.evaluate -m run={','.join(lacking)})"
        )
    return [(str(folder), label) for folder, label in jobs]


def shared_words(lists: Sequence[list[str]]) -> int:
    """How many words all lists begin with in common."""
    columns = zip(*lists, strict=False)
    return len(list(itertools.takewhile(lambda words: len(set(words)) == 1, columns)))


def given_names(names: Sequence[str] | None, evaluations: Sequence[Evaluation]) -> list[str]:
    """names=[...], or an empty list; ConfigError unless there is a different one for each run."""
    count = len(evaluations)
    if names is not None and (len(names) != count or len(set(names)) < count):
        raise ConfigError(
            f"names={', '.join(names)} (give {count} different names, one for each run)"
        )
    return [
        titled(name, each.document["settings"])
        for name, each in zip(names or (), evaluations, strict=False)
    ]


def distinct_names(evaluations: Sequence[Evaluation], labels: Sequence[str] = ()) -> list[str]:
    """The jobs' labels and the runs' names; where two are equal, with the words in which the names
    of their evaluations differ."""
    words = [each.path.name.split("-") for each in evaluations]
    documents = [each.document for each in evaluations]
    labels = labels or [""] * len(evaluations)
    runs = [
        titled(label or each["run"], each["settings"])
        for label, each in zip(labels, documents, strict=True)
    ]
    names = []
    for run, own in zip(runs, words, strict=True):
        alike = [other for name, other in zip(runs, words, strict=True) if name == run]
        own = own[shared_words(alike) :] if len(alike) > 1 else []
        plain = [word for word in own if not re.fullmatch(r"[0-9a-f]{6}", word)]
        names.append((" ".join([run, *plain]), " ".join([run, *own])))
    short = [name for name, _ in names]
    found = [full if short.count(name) > 1 else name for name, full in names]
    if len(set(found)) < len(found):
        raise ConfigError(f"runs={', '.join(found)} (give each evaluation once)")
    return found
