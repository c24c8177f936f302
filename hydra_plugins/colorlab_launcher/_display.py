"""What a sweep shows: a line when a job's state changes, a live line for each running job, a table
at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from colorlab.runs import sweeps
from hydra_plugins.colorlab_launcher import _processes as processes


class Display:
    """Shows a sweep and keeps its record."""

    def __init__(self, sweep: sweeps.Sweep) -> None:
        from rich.console import Console
        from rich.live import Live

        self.sweep = sweep
        self.console = Console(stderr=True)
        self.live = Live(console=self.console, auto_refresh=False, transient=True)

    def __enter__(self) -> Display:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.live.stop()

    def changed(self, job: sweeps.Job) -> None:
        """Write it down, say it."""
        self.sweep.save()
        again = (
            f", attempt {job.attempts}" if job.state == sweeps.RUNNING and job.attempts > 1 else ""
        )
        self.say(f"  {job.number}  {job.name}: {job.state}{again}{outcome(job, '  ')}")

    def tick(self, running: Sequence[processes.Running]) -> None:
        """On a terminal: the running jobs with the last line of their logs."""
        from rich.text import Text

        if self.live.is_started:
            lines = [
                f"  {each.job.number}  {each.job.name}: {duration(each.seconds)}  "
                f"{processes.last_line(each.folder / sweeps.LOG)}"
                for each in running
            ]
            self.live.update(
                Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True
            )

    def say(self, line: str) -> None:
        """A line that stays."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def table(sweep: sweeps.Sweep, jobs: Sequence[sweeps.Job]) -> str:
    """A line per job: number, name, state, time, and the result, or why there is none and where its
    log is."""
    rows = [(str(j.number), j.name, j.state, duration(j.seconds), outcome(j, "")) for j in jobs]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for job, row in zip(jobs, rows, strict=True):
        log = (
            f"  {sweeps.in_a_line(str(sweep.path(job) / sweeps.LOG))}"
            if job.state in (sweeps.FAILED, sweeps.TIMED_OUT)
            else ""
        )
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True))
        lines.append(f"  {cells}  {row[4]}{log}".rstrip())
    return "\n".join(lines)


def counted(jobs: Sequence[sweeps.Job]) -> str:
    """`4 jobs: 2 done, 1 failed, 1 not started`."""
    counts = {name: sum(job.state == name for job in jobs) for name in sweeps.STATES}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"{len(jobs)} job{'s' if len(jobs) != 1 else ''}: {told}"


def outcome(job: sweeps.Job, before: str) -> str:
    """What the job returned, or why it did not."""
    told = job.why or ("" if job.value is None else shown(job.value))
    return before + told if told else ""


def shown(value: Any) -> str:
    """A number in four digits, anything else in a line's first letters."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return sweeps.in_a_line(str(value))


def duration(seconds: float) -> str:
    """`12 s`, `3 min 5 s`, `2 h 3 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
