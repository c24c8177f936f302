"""SIGTERM and SIGINT as a request to stop, which training honours between two steps."""

from __future__ import annotations

import os
import signal
import time
from signal import SIGINT, SIGTERM
from types import FrameType
from typing import Any

SIGNALS = (SIGTERM, SIGINT)
AT_ONCE = 5.0  # seconds within which a second signal ends the process


class StopRequest:
    """Within its ``with``, ``number`` is that of the first signal, None before it; a second one
    within 5 s ends the process at once. announce: whether to say on stderr that a signal was
    heard."""

    number: int | None = None
    at = 0.0  # monotonic seconds

    def __init__(self, announce: bool) -> None:
        self.announce, self.process = announce, os.getpid()

    def __enter__(self) -> StopRequest:
        self.before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
        self.listen()
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals, also from who has taken them since ``with``."""
        for number in SIGNALS:
            signal.signal(number, self.note)

    def note(self, number: int, frame: FrameType | None) -> None:
        """The handler. Processes forked off, such as loader processes, are stopped by their
        parent."""
        if os.getpid() != self.process:
            return
        now = time.monotonic()
        if self.number is not None and now - self.at < AT_ONCE:
            os._exit(128 + number)
        self.number, self.at = number, now
        if self.announce:  # print() must not be entered anew in a handler
            os.write(2, b"colorlab: stopping after this step (the same signal again: at once)\n")
