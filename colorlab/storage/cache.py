"""Arrays that are made once and memory-mapped ever after."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from colorlab.storage.files import sweep, write_array


def cache_dir() -> Path:
    """$COLORLAB_CACHE, or colorlab/ in the user's cache folder."""
    if named := os.environ.get("COLORLAB_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "colorlab"


def array_cache(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array in ``path`` (.npy), made and written there first if need be. Writing is atomic: a killed process leaves
    no half file, and two processes that make it at once both end with a whole one."""
    if not path.exists():
        sweep(path.parent)
        write_array(path, make())
    return np.load(path, mmap_mode="r")
