"""Training in several processes: how they wait for one another, and how they end together."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from subprocess import Popen
from typing import Any

import lightning.fabric.strategies.launchers.subprocess_script as fabric_launcher
import lightning.pytorch.strategies.launchers.subprocess_script as launcher

from colorlab.cli.parent import PARENT
from colorlab.cli.processes import is_lost
from colorlab.errors import RankError, StoppedError

POLL = 0.2  # seconds between looks at other processes
EXIT_WAIT = 10.0  # seconds for a process that has failed to say so and end


def is_first() -> bool:
    """Whether this process is the only one of its training, or the one that speaks and saves for
    all."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    return getattr(rank_zero_only, "rank", None) in (0, None)


def strategy(devices: int, timeout: float, in_turn: bool) -> Any:
    """Lightning's strategy for so many processes; timeout: seconds without an answer from one,
    after which all end.
    in_turn: whether a batch may leave some parameters without a gradient; torch warns if that never
    happens."""
    if devices == 1:
        return "auto"
    from lightning.pytorch.strategies import DDPStrategy

    return DDPStrategy(timeout=timedelta(seconds=timeout), find_unused_parameters=in_turn)


@contextmanager
def ending_together(trainer: Any) -> Iterator[None]:
    """Around training: when one process fails all end, the error that was first is told first and
    gives the exit code, and the others are silent about having lost it."""
    try:
        yield
    except StoppedError:
        if not trainer.is_global_zero:
            sys.exit(0)  # the first process speaks for all
        raise
    except Exception as error:
        if trainer.world_size == 1:
            raise
        lost = is_lost(error)
        code = _end_children(trainer, lost)
        if not lost:
            raise
        if not trainer.is_global_zero:
            sys.exit(RankError.exit_code)
        raise (_loss(code) if code else _loss(0, _first_line(error))) from error
    _children(trainer).clear()  # the watch is over


def _loss(code: int, why: str = "") -> RankError:
    """What became of another process, by its exit code."""
    if code < 0:
        what = (
            f"was killed by {signal.Signals(-code).name} (resume=auto goes on from the last "
            "checkpoint)"
        )
    else:
        what = f"ended with code {code} (its error is above)" if code else f"gave no answer ({why})"
    return RankError(
        f"another process of this training {what}", code if code > 0 else RankError.exit_code
    )


def watch_children() -> None:
    """Before training in several processes: let those that this one starts end with it, and let it
    end, with our line and exit code, when one of them does while it waits for that one's answer."""
    os.environ[PARENT] = str(os.getpid())
    # in place of Lightning's observer, which kills all and says its own
    for module in (fabric_launcher, launcher):
        setattr(module, "_launch_process_observer", lambda children: _Watch(children).start())  # noqa: B010


class _Watch(threading.Thread):
    """Looks after the processes that this one has started, until the list of them is empty or all
    have ended well."""

    def __init__(self, children: list[Popen[bytes]]) -> None:
        super().__init__(daemon=True, name="watch")
        self.children = children

    def run(self) -> None:
        while self.children:
            codes = [child.poll() for child in self.children]
            if failed := [code for code in codes if code]:
                return self.end(failed[0])
            if codes and all(code == 0 for code in codes):
                return None
            time.sleep(POLL)
        return None

    def end(self, code: int) -> None:
        """End all, unless training has noticed by itself in time."""
        deadline = time.monotonic() + EXIT_WAIT
        while time.monotonic() < deadline:
            if not self.children:
                return
            time.sleep(POLL)
        for child in self.children:
            child.kill()
        error = _loss(code)
        print(f"colorlab: error: {error}", file=sys.stderr, flush=True)
        os._exit(error.exit_code)  # the main thread waits where no exception reaches it


def _end_children(trainer: Any, wait: bool) -> int:
    """End the processes that this one started. wait: give one that failed time to say why. -> its
    exit code, or 0."""
    children = list(_children(trainer))
    _children(trainer).clear()  # the watch is over
    deadline = time.monotonic() + (EXIT_WAIT if wait and children else 0)
    while (
        not (codes := [code for child in children if (code := child.poll())])
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    for child in children:
        child.kill()
        child.wait()
    return codes[0] if codes else 0


def _children(trainer: Any) -> list[Popen[bytes]]:
    """The processes that this one has started; the list itself."""
    found: list[Popen[bytes]] = getattr(trainer.strategy.launcher, "procs", [])
    return found


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160]
