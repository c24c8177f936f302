"""Files that are whole or not there, and folders that belong to one process."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import math
import os
import re
import secrets
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from colorlab.errors import CheckpointError, DataError, DiskError
from colorlab.storage.plain import LARGEST_RECORD, Shape, content, json_of, must_fit

TEMPORARY = re.compile(r"\.colorlab-(\d+)-[0-9a-f]{8}\.tmp")  # names of ``replacing``
PACKAGE = Path(__file__).parent.parent
MAPPING: Shape = {}  # the shape of any
LONGEST_LOCK = 20  # bytes: a process number and a line's end
DASHBOARD = "wandb"  # a folder of W&B's below a run or evaluation
PRETRAINED = "pretrained"  # the folder of the package that holds what ships with it


@contextmanager
def replacing(path: Path, only_new: bool = False) -> Iterator[Path]:
    """A file beside this one to write to: hidden, new, of a name that says nothing of ``path``'s.
    When the block ends it is flushed to the disk and takes the place of ``path`` in one step; if
    anything fails, ``path`` is as it was and nothing is left beside it. OSError: of the disk, which
    names ``path``. only_new: FileExistsError if there is a ``path`` by then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".colorlab-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666))
        yield temporary
        sync(temporary)
        if only_new:
            _place_new(temporary, path)
        else:
            os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        if error.errno is None:  # numpy's, of a disk that took less than it was given
            raise OSError(errno.EIO, str(error), str(path)) from error
        if error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _place_new(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.replace(temporary, path)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A folder beside this one to make and write to, which takes its place when the block ends
    well: no half folder has its name. What a process leaves that is killed is swept, but for the
    folder that was there: between the two renames it has a name of its own,
    <name>.before-<number>."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".colorlab-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    before = path.with_name(f"{path.name[:200]}.before-{secrets.token_hex(4)}")
    try:
        yield made
        for file in made.rglob("*"):
            sync(file)
        if path.exists():
            os.replace(path, before)
        os.replace(made, path)
        sync(path.parent)
    except OSError as error:
        if error.filename in (None, str(made)):
            error.filename = str(path)
        elif str(error.filename).startswith(f"{made}{os.sep}"):
            error.filename = str(path / Path(error.filename).relative_to(made))
        raise
    except DiskError as error:
        raise DiskError(str(error).replace(str(made), str(path))) from error
    finally:
        if before.exists() and not path.exists():  # it could not be replaced
            os.replace(before, path)
        for folder in (made, before):
            shutil.rmtree(folder, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the power fails."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content)


def write_text(path: Path, text: str) -> None:
    """As UTF-8, whole or not at all; bytes of a file name that are no text become \\udc80 to
    \\udcff."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def sync(path: Path) -> None:
    """Flush a file, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what killed processes were writing in a folder and its subfolders; nothing else has
    such a name."""
    for path in [*folder.glob(".colorlab-*.tmp"), *folder.glob("*/.colorlab-*.tmp")]:
        found = TEMPORARY.fullmatch(path.name)
        if not found or _lives(int(found[1])):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
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


def require_own(folder: Path) -> None:
    """CheckpointError if a link in a folder leads out of it: what is read or written there would be
    another's; or if a pipe or a device lies in it, which would be read for ever.

    W&B's own folder, which nothing here reads or writes, links to its log."""
    home = folder.resolve()
    for path in _odd(home):
        shown = folder / path.relative_to(home)
        try:
            inside = path.resolve().is_relative_to(home)
        except (OSError, RuntimeError):  # links in a circle
            inside = False
        if not inside:
            raise CheckpointError(
                f"{shown} is a link that leads out of {folder} (put what it leads to in its place)"
            )
        if not path.is_symlink():
            raise CheckpointError(f"{shown} is no plain file (remove it)")


def _odd(folder: Path) -> Iterator[Path]:
    """Links below a folder, and what is neither a file nor a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != DASHBOARD:
                    yield from _odd(Path(entry.path))
            elif not entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def open_own(path: Path, flags: int) -> int:
    """The descriptor of a file that is written in place: a plain one, made if it is not there, and
    no link. OSError."""
    descriptor = os.open(
        path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666
    )
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return descriptor


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder for this process alone. CheckpointError names the process that has it. If nothing
    is in it at the end, it is gone.

    A POSIX record lock: it ends with its process, however that ends, and is not inherited by loader
    processes, which can outlive a killed one by some seconds. The file's text is whose lock it is
    or was, and means nothing alone."""

    folder.mkdir(parents=True, exist_ok=True)
    require_own(folder)
    with os.fdopen(
        open_own(folder / ".lock", os.O_RDWR | os.O_APPEND), "a+", encoding="ascii"
    ) as file:
        if os.fstat(file.fileno()).st_size > LONGEST_LOCK:
            raise CheckpointError(
                f"{folder / '.lock'} is no lock (remove it if nothing else needs it)"
            )
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
        raise DiskError(
            f"{folder}: {format_bytes(left)} are free, checkpoints need {format_bytes(needed)} "
            "(free some space)"
        )


def free(folder: Path) -> int:
    """Bytes that the folder's disk has left."""
    return shutil.disk_usage(folder).free


def format_bytes(count: int) -> str:
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
    """DataError if the file is missing, damaged or larger than what is written here."""
    try:
        file = io.BytesIO(content(path, LARGEST_RECORD))
        with zipfile.ZipFile(file) as archive:
            if sum(each.file_size for each in archive.infolist()) > LARGEST_RECORD:
                raise ValueError("it unpacks to more than is read")
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # a damaged archive raises nearly anything
        raise DataError(
            f"{path} cannot be read ({_brief(error)}; evaluate again, the samples are kept)"
        ) from error


def json_digest(value: Any) -> str:
    """sha256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Whole or not at all, and as JSON proper: NaN becomes null. Numbers of numpy and torch become
    plain ones."""
    text = json.dumps(
        _proper(content), indent=1, allow_nan=False, default=lambda number: _proper(float(number))
    )
    write_text(path, f"{text}\n")


def read_json(
    path: Path,
    shape: Shape = MAPPING,
    fix: str = "remove it, and make it again",
    check: Callable[[Any], None] = lambda value: None,
) -> Any:
    """DataError if it cannot be read, has another shape, or a check raises ValueError. fix: what is
    to be done then."""
    try:
        value = json_of(content(path, LARGEST_RECORD))
        must_fit(value, shape)
        check(value)
        return value
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({_brief(error)}; {fix})") from error


def _brief(error: Exception) -> str:
    text = (
        (error.strerror if isinstance(error, OSError) else None)
        or str(error)
        or type(error).__name__
    )
    return " ".join(text.split())[:100]


def _proper(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _proper(each) for key, each in value.items()}
    return [_proper(each) for each in value] if isinstance(value, list | tuple) else value
