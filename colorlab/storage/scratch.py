"""Folders for a while, and what other programs and libraries say of a disk that takes no more: an
error of the disk."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from colorlab.errors import DiskError

OF_THE_DISK = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
    errno.ENOTDIR,
}  # fmt: skip
SAID = re.compile(r"\b(ENOSPC|EDQUOT|EFBIG|EROFS|EIO)\b|" + "|".join(
    re.escape(os.strerror(each)) for each in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS,
                                              errno.EIO)
))  # fmt: skip


@contextmanager
def scratch_folder(beside: Path | None = None) -> Iterator[Path]:
    """A new folder that is gone afterwards: in ``beside``, which is made, else where temporary
    files go. DiskError: no folder can be made there. An OSError of the disk within the block that
    names no file names the folder."""
    try:
        if beside is not None:
            beside.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(dir=beside, ignore_cleanup_errors=True)
    except FileNotFoundError as error:  # tempfile's, of all the places that it has tried
        raise DiskError(
            f"{error.strerror or error} (free some space, or name a folder in $TMPDIR)"
        ) from error
    with made as folder, naming(Path(folder)):
        yield Path(folder)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError of the disk within the block that names no file names this one."""
    try:
        yield
    except OSError as error:
        if is_of_the_disk(error) and error.filename is None:
            error.filename = str(path)
        raise


def is_of_the_disk(error: BaseException) -> bool:
    """Whether an error is one of a disk, not of the network or of a file that is not what it should
    be."""
    return isinstance(error, OSError) and error.errno in OF_THE_DISK


def check_room(said: str, folder: Path) -> None:
    """DiskError if a program, working in a folder, says that the disk takes no more."""
    if found := SAID.search(said):
        raise DiskError(
            f"{folder}: {found[0]} (free some space, or name another folder in $TMPDIR)"
        )
