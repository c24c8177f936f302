"""Processes on all cores, forked off one whose libraries have threads."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from colorlab.data.workers import workers


@pytest.fixture
def threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    cv2.resize(np.ones((4000, 4000, 3), np.uint8), (1000, 1000))  # starts them
    yield 3
    cv2.setNumThreads(before)


def farthest(side: int) -> tuple[int, int]:
    cv2.setNumThreads(1)  # would wait for OpenCV's threads to end, which no fork has
    inside = np.pad(np.ones((side, side), np.uint8), 1)
    return cv2.getNumThreads(), round(float(cv2.distanceTransform(inside, cv2.DIST_L1, 3).max()))


def test_a_fork_does_not_wait_for_the_threads_of_its_parent(threads: int) -> None:
    with workers() as pool:
        assert list(pool.map(farthest, (9, 21, 41), timeout=60)) == [(1, 5), (1, 11), (1, 21)]
    assert cv2.getNumThreads() == threads


def test_the_parents_threads_come_back_after_an_error(threads: int) -> None:
    with pytest.raises(ValueError, match="odd"), workers() as pool:
        pool.submit(int, "1").result(timeout=60)
        raise ValueError("odd")
    assert cv2.getNumThreads() == threads
