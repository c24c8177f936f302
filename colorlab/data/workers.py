"""Processes that read and render pictures on all cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import cv2


@contextmanager
def workers() -> Iterator[ProcessPoolExecutor]:
    """A pool of forked processes. OpenCV's threads end before the fork: a child that inherits the
    record of them, but not the threads, waits for them for ever."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
            yield pool
    finally:
        cv2.setNumThreads(before)
