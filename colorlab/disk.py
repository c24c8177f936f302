"""Files that are whole or not there, and folders that belong to one process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from colorlab.errors import CheckpointError, DiskError

PRETRAINED = "pretrained"  # the folder of the package that holds what ships with it


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside this one to write to. What is there when the block ends is flushed to the disk and takes the place
    of ``path`` in one step; if anything fails, ``path`` is as it was and nothing is left beside it."""
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def shipped(path: str | Path) -> Path:
    """The path, or the one in the package that ``pretrained/<name>`` stands for unless there is such a folder here."""
    path = Path(path)
    return Path(__file__).parent / path if path.parts[:1] == (PRETRAINED,) and not path.is_dir() else path


def sync(path: Path) -> None:
    """Flush a file, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what killed processes were writing in a run folder."""
    for path in [*folder.glob("*.tmp*"), *folder.glob("*/*.tmp*")]:
        path.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder for this process alone. CheckpointError names the process that has it. If nothing is in it at the end,
    it is gone.

    A POSIX record lock: it ends with its process, however that ends, and is not inherited by loader processes, which
    can outlive a killed one by some seconds. The file's text is whose lock it is or was, and means nothing alone."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.seek(0)
            owner = file.read().strip()
            raise CheckpointError(
                f"{folder} is in use by process {owner} (wait for it, or choose another name=)"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            with suppress(OSError):
                if os.listdir(folder) == [".lock"]:
                    shutil.rmtree(folder)


def require_space(folder: Path, needed: int) -> None:
    """DiskError if so many bytes do not fit."""
    if (left := free(folder)) < needed:
        raise DiskError(f"{folder}: {size(left)} are free, checkpoints need {size(needed)} (free some space)")


def free(folder: Path) -> int:
    """Bytes that the folder's disk has left."""
    return shutil.disk_usage(folder).free


def size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e6:,.1f} MB"
