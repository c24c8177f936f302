"""One thread that owns the models: jobs wait for it in turn, and can be ended while they wait or
run.

A page that goes away ends its job, but a place in the queue is free only when the thread is."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from colorlab.errors import ColorlabError

MOST_WAITING = 32  # jobs
log = logging.getLogger("colorlab.studio")

Tell = Callable[[dict[str, Any]], None]


class Canceled(Exception):  # noqa: N818 - it is no error
    """Ends a job from inside."""


class Job:
    """work: is given ``tell``, for whatever the page is to know; tell: raises Canceled in a job
    that was ended."""

    def __init__(self, work: Callable[[Tell], None], heard: Tell) -> None:
        self._work, self._heard, self._ended = work, heard, threading.Event()

    def cancel(self) -> None:
        """End it: at once while it waits, else when it next tells something."""
        self._ended.set()

    @property
    def is_canceled(self) -> bool:
        return self._ended.is_set()

    def run(self) -> None:
        """Its last words are {"done": ...} or {"error": ...}."""
        try:
            self._tell({})
            self._work(self._tell)
            self._heard({"done": True})
        except Canceled:
            self._heard({"done": False})
        except ColorlabError as error:
            self._heard({"error": str(error)})
        except Exception as error:  # the thread outlives whatever a job meets
            log.exception("a job failed")
            self._heard({"error": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"})

    def _tell(self, news: dict[str, Any]) -> None:
        if self.is_canceled:
            raise Canceled
        if news:
            self._heard(news)


class Worker:
    """The thread and what waits for it."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._there = threading.Condition()
        threading.Thread(target=self._live, name="models", daemon=True).start()

    def take(self, job: Job) -> int:
        """-> how many jobs wait before it. ColorlabError: too many do."""
        with self._there:
            self._waiting = deque(each for each in self._waiting if not each.is_canceled)
            if len(self._waiting) >= MOST_WAITING:
                raise ColorlabError("too much waits already (cancel something, or wait)")
            self._waiting.append(job)
            self._there.notify()
            return len(self._waiting) - 1

    def _live(self) -> None:
        while True:
            with self._there:
                while not self._waiting:
                    self._there.wait()
                job = self._waiting.popleft()
            job.run()
