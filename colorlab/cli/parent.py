"""Processes of one training do not outlive the process that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from colorlab.errors import RankError

PARENT = "COLORLAB_PARENT"  # environment variable: the process that starts others to train together


def follow_parent() -> None:
    """One of several processes of a training is killed when the process that started it is gone."""
    parent, rank = os.environ.pop(PARENT, ""), os.environ.get("LOCAL_RANK", "0")
    if not parent.isdigit() or rank == "0":
        return
    end_with(int(parent))


def end_with(parent: int) -> None:
    """Let this process be killed, even one that was stopped, when the process that started it is
    gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it was gone before that
        os._exit(RankError.exit_code)
