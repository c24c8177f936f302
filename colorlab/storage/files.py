"""Files that are whole or not there, and folders that belong to one process."""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from colorlab.errors import CheckpointError, DataError, DiskError

TEMPORARY = re.compile(r"\.colorlab-(\d+)-[0-9a-f]{8}\.tmp")  # names of ``replacing``
PACKAGE = Path(__file__).parent.parent
PRETRAINED = "pretrained"  # the folder of the package that holds what ships with it


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside this one to write to: hidden, new, of a name that says nothing of ``path``'s. When the block ends
    it is flushed to the disk and takes the place of ``path`` in one step; if anything fails, ``path`` is as it was and
    nothing is left beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".colorlab-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666))
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the power fails."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """As UTF-8, whole or not at all; bytes of a file name that are no text become \\udc80 to \\udcff."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def shipped(path: str | Path) -> Path:
    """The path, or the one in the package that ``pretrained/<name>`` stands for unless there is such a folder here."""
    path = Path(path)
    return PACKAGE / path if path.parts[:1] == (PRETRAINED,) and not path.is_dir() else path


def sync(path: Path) -> None:
    """Flush a file, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what killed processes were writing in a folder and its subfolders; nothing else has such a name."""
    for path in [*folder.glob(".colorlab-*.tmp"), *folder.glob("*/.colorlab-*.tmp")]:
        found = TEMPORARY.fullmatch(path.name)
        if found and not _lives(int(found[1])):
            path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    """Whether another process of this number runs."""
    if process == os.getpid():
        return False  # this one writes nothing while it sweeps
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    return True


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder for this process alone. CheckpointError names the process that has it. If nothing is in it at the end,
    it is gone.

    A POSIX record lock: it ends with its process, however that ends, and is not inherited by loader processes, which
    can outlive a killed one by some seconds. The file's text is whose lock it is or was, and means nothing alone."""

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


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An .npz file, whole or not at all."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def write_array(path: Path, array: np.ndarray) -> None:
    """An .npy file, whole or not at all."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """DataError if the file is missing or damaged."""
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({str(error)[:80]}; evaluate again, the samples are kept)") from error


def digest(value: Any) -> str:
    """sha256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Whole or not at all, and as JSON proper: NaN becomes null. Numbers of numpy and torch become plain ones."""
    text = json.dumps(_proper(content), indent=1, allow_nan=False, default=lambda number: _proper(float(number)))
    write_text(path, f"{text}\n")


def read_json(path: Path) -> Any:
    """DataError if it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({str(error)[:80]}; evaluate again, the samples are kept)") from error


def _proper(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _proper(each) for key, each in value.items()}
    return [_proper(each) for each in value] if isinstance(value, list | tuple) else value
