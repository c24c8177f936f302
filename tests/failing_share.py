"""`python -m tests.failing_share evaluate|sample ...`: the command, one of whose processes ends as
$HOW says when it is about to write its second result. Processes that it starts import this module
as well."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import colorlab.evaluate
import colorlab.evaluation.evaluating as evaluating
import colorlab.sample
import colorlab.sampling.files as files
from colorlab.cli import processes
from colorlab.cli.processes import rank_and_world
from colorlab.errors import DataError


def fail() -> None:
    raise DataError("a.png is damaged (fetch it again)")


def gets(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


ENDS: dict[str, Callable[[], Any]] = {
    "raises": fail, "is killed": partial(gets, signal.SIGKILL), "sleeps": partial(time.sleep, 600),
    "stops": partial(gets, signal.SIGSTOP),
}  # fmt: skip


def ending(write: Callable[..., Any]) -> Callable[..., Any]:
    """Writes one result, and in the process $RANK_THAT_ENDS ends at the second."""
    written = iter(range(1))

    def acting(*given: Any) -> Any:
        if rank_and_world()[0] == int(os.environ["RANK_THAT_ENDS"]) and next(written, None) is None:
            ENDS[os.environ["HOW"]]()
        return write(*given)

    return acting


if "HOW" in os.environ:
    processes.PATIENCE = float(os.environ.get("PATIENCE", processes.PATIENCE))
    evaluating.write_sample = ending(evaluating.write_sample)  # type: ignore[assignment]
    files.colored = ending(files.colored)  # type: ignore[assignment]

if __name__ == "__main__":
    name = sys.argv.pop(1)
    sys.argv[0] = f"colorlab.{name}"
    {"evaluate": colorlab.evaluate.main, "sample": colorlab.sample.main}[name]()
