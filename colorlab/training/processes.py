"""Training in several processes: how they wait for one another, and how they end together."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from subprocess import Popen
from typing import Any

import torch

from colorlab.errors import ColorlabError, RankError, StoppedError

#: Said in errors about a process that is gone.
LOST = ("gloo", "nccl", "pair closure", "closed by peer", "reset by peer", "timed out waiting")
EXIT_WAIT = 10.0  # seconds for a process that has failed to say so and end


def is_first() -> bool:
    """Whether this process is the only one of its training, or the one that speaks and saves for all."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    return getattr(rank_zero_only, "rank", None) in (0, None)


def strategy(devices: int, timeout: float) -> Any:
    """Lightning's strategy for so many processes; timeout: seconds without an answer from one, after which all end.

    Parameters may have no part in a loss: a method can train its parts in turn."""
    if devices == 1:
        return "auto"
    from lightning.pytorch.strategies import DDPStrategy

    return DDPStrategy(timeout=timedelta(seconds=timeout), find_unused_parameters=True)


@contextmanager
def together(trainer: Any) -> Iterator[None]:
    """Around training: when one process fails all end, the error that was first is told first and gives the exit code,
    and the others are silent about having lost it."""
    try:
        yield
    except StoppedError:
        if not trainer.is_global_zero:
            sys.exit(0)  # the first process speaks for all
        raise
    except Exception as error:
        if trainer.world_size == 1:
            raise
        lost = _is_lost(error)
        code = _end_children(trainer, lost)
        if not lost:
            raise
        if not trainer.is_global_zero:
            sys.exit(RankError.exit_code)
        what = f"ended with code {code} (its error is above)" if code else f"gave no answer ({_first_line(error)})"
        raise RankError(f"another process of this training {what}", code or RankError.exit_code) from error


def _is_lost(error: BaseException | None) -> bool:
    """Whether an error means that another process is gone, or came up while such an error was dealt with."""

    if error is None or isinstance(error, ColorlabError):
        return False
    said = str(error).lower()
    network = isinstance(error, torch.distributed.DistError) or any(word in said for word in LOST)
    return network or _is_lost(error.__cause__ or error.__context__)


def _end_children(trainer: Any, wait: bool) -> int:
    """End the processes that this one started. wait: give one that failed time to say why. -> its exit code, or 0."""
    started = getattr(trainer.strategy.launcher, "procs", [])
    children: list[Popen[bytes]] = list(started)
    started.clear()  # Lightning watches this list, and would kill this process too, before it has spoken
    deadline = time.monotonic() + (EXIT_WAIT if wait and children else 0)
    while not (codes := [code for child in children if (code := child.poll())]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for child in children:
        child.kill()
        child.wait()
    return codes[0] if codes else 0


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160]
