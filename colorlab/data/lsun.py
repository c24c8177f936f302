"""LSUN outdoor churches (Yu et al., 2015), from the LMDB databases or from a folder they were
exported to."""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from colorlab.data.folder import Listing, PictureFiles
from colorlab.data.intake import decoded, find_pictures, open_picture, printable
from colorlab.errors import DataError

DATABASE = "_lmdb"  # how the folder of a database ends


class LsunChurch(PictureFiles):
    """root holds church_outdoor_train_lmdb and church_outdoor_val_lmdb (the published val is the
    test split here, val is taken out of train); or the same without _lmdb, full of pictures; or
    pictures in any order, which are divided here.

    The databases are read directly: torchvision.datasets.LSUN would leave a pickle of their keys in
    the working folder and trust it later."""

    advice = (
        "fetch church_outdoor_train_lmdb.zip and church_outdoor_val_lmdb.zip of LSUN, unpack "
        "them, data.root=there"
    )

    @classmethod
    def listing(cls, root: Path) -> Listing:
        found = [
            (path, split)
            for half, split in (("train", "train"), ("val", "test"))
            for path in _pictures(root / f"church_outdoor_{half}")
        ]
        paths = [path for path, _ in found] or find_pictures(root)
        split = [split for _, split in found] or ["train"] * len(paths)
        names = [str(path.relative_to(root)) for path in paths]
        return Listing(paths, split, names, ["church"] * len(paths))

    @classmethod
    def read(cls, path: Path, pixel_limit: int) -> np.ndarray:
        """(3, H, W) uint8; a path inside a database ends in the picture's key."""
        if not path.parent.name.endswith(DATABASE):
            return open_picture(path, pixel_limit)
        with _database(path.parent, os.getpid()).begin() as transaction:
            data = transaction.get(path.name.encode())
        if data is None:
            raise DataError(f"{printable(path)} is not in the database ({cls.advice})")
        return decoded(io.BytesIO(data), printable(path), pixel_limit)


def _pictures(folder: Path) -> list[Path]:
    """A database's pictures, as paths that end in their keys, or those of a folder; [] if there is
    neither."""
    database = folder.with_name(folder.name + DATABASE)
    if database.is_dir():
        with _database(database, os.getpid()).begin() as transaction:
            return [
                database / key.decode()
                for key in transaction.cursor().iternext(keys=True, values=False)
            ]
    return find_pictures(folder) if folder.is_dir() else []


@cache
def _database(folder: Path, process: int) -> Any:
    """The open database; a forked process must not use its parent's."""
    try:
        import lmdb
    except ImportError as error:
        raise DataError(
            f"{printable(folder)} needs the package lmdb (pip install 'colorlab-suite[lsun]')"
        ) from error
    try:
        return lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise DataError(
            f"{printable(folder)} cannot be opened: {error} ({LsunChurch.advice})"
        ) from error
