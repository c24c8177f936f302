"""Arrays that are made once and memory-mapped ever after."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from colorlab.errors import ConfigError, DiskError
from colorlab.storage.files import PACKAGE, PRETRAINED, sweep, write_array


def cache_dir() -> Path:
    """$COLORLAB_CACHE, or colorlab/ in the user's cache folder; for a user without a home that can
    be written to, a folder of his own among the temporary ones. ConfigError: that is somebody
    else's."""
    if named := os.environ.get("COLORLAB_CACHE"):
        return Path(named)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "colorlab"
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and a user who is not in the system's list
        return _temporary()
    folder = home / ".cache" / "colorlab"
    return folder if home != Path("/") and _writable(folder) else _temporary()


def hub_dir() -> Path:
    """Where folders of model hubs lie: <owner>/<name>/<commit>."""
    return cache_dir() / "hub"


def shipped(path: str | Path) -> Path:
    """The path, or what ``pretrained/<name>`` stands for unless there is such a folder here: a run
    in the package, or one that was made of published weights (``fetched_run``)."""
    path = Path(path)
    if path.parts[:1] != (PRETRAINED,) or path.is_dir():
        return path
    ours, fetched = PACKAGE / path, cache_dir() / path
    return fetched if fetched.is_dir() and not ours.is_dir() else ours


def fetched_run(name: str) -> Path:
    """The folder of a run that is made of published weights, ``pretrained/<name>``."""
    return cache_dir() / PRETRAINED / name


def _writable(folder: Path) -> bool:
    """Whether a folder, or the first one above it that is there, can be written to."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(there, os.W_OK | os.X_OK)


def _temporary() -> Path:
    folder = Path(tempfile.gettempdir()) / f"colorlab-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ConfigError(
            f"there is no folder for a cache (set COLORLAB_CACHE; {folder} is another user's)"
        )
    return folder


def array_cache(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array in ``path`` (.npy), made and written there first if need be, or if the file is
    damaged. Writing is atomic: a killed process leaves no half file, and two processes that make it
    at once both end with a whole one.
    DiskError: it cannot be kept."""
    if (kept := _mapped(path)) is not None:
        return kept
    made = make()
    try:
        sweep(path.parent)
        write_array(path, made)
    except OSError as error:
        raise DiskError(
            f"{path}: {error.strerror} (set COLORLAB_CACHE to a folder with room that can be "
            "written to)"
        ) from error
    return np.load(path, mmap_mode="r")


def _mapped(path: Path) -> np.ndarray | None:
    """The array in a file; None: there is none, or it cannot be read."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except (OSError, ValueError, EOFError):
        return None
