"""Pictures that lie in files, and the simplest data set of them: a folder."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from colorlab.conditions.lines import extractor
from colorlab.data.intake import find_pictures, open_picture, printable
from colorlab.data.pictures import PicturePairs
from colorlab.data.reader import Reader, Store
from colorlab.data.splits import DEALT, SPLITS, apart, by_folders, complete, once
from colorlab.data.tables import Paths, Words
from colorlab.data.transforms import Augmentation
from colorlab.errors import DataError
from colorlab.storage.plain import LARGEST_RECORD, content, json_of

# of the groups, for splits that a data set's makers do not give
SHARES = {"val": 0.05, "test": 0.10}


class Listing(NamedTuple):
    """What a data set consists of, before any picture is opened; one entry per picture."""

    paths: list[Path]
    split: list[str]  # train, val or test by the set's makers; all train if they do not divide it
    # one group, one split; None: files of equal content are a group and a drawing
    group: list[str] | None = None
    captions: list[str] | None = None
    labels: list[int] | None = None
    origin: dict[str, str] | None = None  # split -> where it came from; None: the set's makers


class PictureFiles(PicturePairs):
    """A data set in a folder. Subclasses say what it consists of (``listing``) and perhaps how a
    file is read.

    root: the folder. size: side of the central square, px. condition: lines or gray. line_style:
    dilation, xdog, mix, or own where the set has drawings. simplify: none, morph or the path of a
    TorchScript network. on_bad: what becomes of a data set with files that cannot be opened, fail
    or skip (this opens all of them, once). pixel_limit: largest picture that is opened, px. cache:
    decode everything once, rather than a picture whenever it is asked for.
    augment: of training pictures."""

    advice: str  # what to fetch and where to put it
    has_drawings = False

    def __init__(
        self,
        root: str | None,
        size: int,
        condition: str,
        line_style: str,
        simplify: str,
        on_bad: str,
        pixel_limit: int,
        cache: bool,
        augment: Augmentation,
    ) -> None:
        if on_bad not in ("fail", "skip"):
            raise ValueError(f"data.on_bad is fail or skip, not {on_bad!r}")
        if line_style == "own" and not self.has_drawings:
            raise ValueError(
                "data.line_style=own is for sets with drawings (choose dilation, xdog or mix)"
            )
        lines = None if line_style == "own" else extractor(line_style, simplify)
        folder = self.located(root)
        listing = self.listing(folder)
        reader = Reader(listing.paths, self.read, size, pixel_limit, 0)
        store = Store(type(self).__name__, folder, listing.paths, pixel_limit)
        good = store.good(reader) if on_bad == "skip" else np.arange(len(reader))
        self.names = Words(str(listing.paths[i].relative_to(folder)) for i in good)
        reader.paths = Paths(folder, self.names)
        super().__init__(_pixels(reader, store, cache), lines, condition, augment)
        self._describe(listing, store, good)

    def _describe(self, listing: Listing, store: Store, good: np.ndarray) -> None:
        self.captions = Words(listing.captions[i] if listing.captions else "" for i in good)
        if listing.labels:
            self.labels = np.array(listing.labels)[good]
        content = store.identities()[good]
        group = np.array(listing.group)[good] if listing.group else content
        self.drawing = (
            np.arange(len(good)) if listing.group else np.unique(group, return_inverse=True)[1]
        )
        kept = given = [listing.split[i] for i in good]
        looks = (
            []
            if listing.group or not isinstance(self.pixels, np.ndarray)
            else [store.sights(self.pixels)]
        )
        for same in (content, *looks):
            kept = once(kept, same)
        self.splits = complete(kept, group, SHARES)
        for same in (content, *looks):
            self.splits = apart(self.splits, same)
        self.origin = _origin(listing, set(given))
        if doubled := len(given) - sum(map(len, self.splits.values())):
            self.origin["train"] += f", less {doubled:,} that are held out too"

    @classmethod
    def located(cls, root: str | None) -> Path:
        """The data set's folder, or a DataError that says what to fetch."""
        if not root:
            raise DataError(f"data.root is not set ({cls.advice})")
        folder = Path(os.path.expanduser(root))
        if not folder.is_dir():
            raise DataError(f"data.root={printable(folder)} is not a folder ({cls.advice})")
        return folder

    @classmethod
    def listing(cls, root: Path) -> Listing:
        """What the data set consists of; DataError if the folder is laid out otherwise."""
        raise NotImplementedError

    @classmethod
    def read(cls, path: Path, pixel_limit: int) -> np.ndarray:
        """(3, H, W) uint8 RGB, or (4, H, W) with the luma of a drawing, at full size."""
        return open_picture(path, pixel_limit)


def _origin(listing: Listing, given: set[str]) -> dict[str, str]:
    """Split -> where it came from."""
    if given <= {"train"} and not listing.origin:
        return dict.fromkeys(SPLITS, DEALT)
    makers = listing.origin or dict.fromkeys(given, "as published")
    taken = f"out of {makers['train']}" if "train" in makers else DEALT
    return {split: makers.get(split, taken if makers else DEALT) for split in SPLITS}


def _pixels(reader: Reader, store: Store, cache: bool) -> np.ndarray | Reader:
    skipped = len(store.paths) - len(reader)
    if skipped:
        logging.getLogger(__name__).warning(
            "%d of %d pictures are unusable and skipped", skipped, len(store.paths)
        )
    if not len(reader):
        raise DataError(
            "none of the pictures can be opened (`python -m colorlab.data check` says why)"
        )
    if not cache:
        return reader
    try:
        return store.pixels(reader)
    except DataError as error:
        advice = "`python -m colorlab.data check` lists all, data.on_bad=skip leaves them out"
        raise DataError(f"{error}; {advice}") from error


class Folder(PictureFiles):
    """Any folder of pictures, however deep. Subfolders train, val (or valid, validation) and test
    are the splits; where there are none, pictures are divided by their contents, equal files
    together. Captions: captions.json in the folder, {"sub/name.png": "words"}, or a .txt of the
    same name beside a picture."""

    advice = "give a folder with pictures: data.root=FOLDER"

    @classmethod
    def listing(cls, root: Path) -> Listing:
        twice: list[tuple[Path, Path]] = []
        paths = find_pictures(root, twice)
        divided = by_folders(
            [path.relative_to(root) for path in paths],
            [(link.relative_to(root), own.relative_to(root)) for link, own in twice],
        )
        return Listing(paths, divided.split, captions=captions(root, paths), origin=divided.origin)


def published(root: Path, folders: dict[str, str]) -> tuple[list[Path], list[str]]:
    """The pictures of a data set that its makers divided, each with its split. folders: name in
    root -> split."""
    there = {name: find_pictures(root / name) for name in folders if (root / name).is_dir()}
    found = [(path, folders[name]) for name, paths in there.items() for path in paths]
    return [path for path, _ in found], [split for _, split in found]


def captions(root: Path, paths: list[Path]) -> list[str]:
    """A caption for each picture, "" if there is none."""
    file = root / "captions.json"
    if file.is_file():
        known = parsed(file)
        if not isinstance(known, dict):
            raise DataError(
                f'{printable(file)} is no table of captions (write {{"name.png": "words", ...}})'
            )
        return [str(known.get(path.relative_to(root).as_posix(), "")) for path in paths]
    return [_beside(path.with_suffix(".txt")) for path in paths]


def parsed(file: Path) -> Any:
    """The contents of a JSON file."""
    try:
        return json_of(content(file, LARGEST_RECORD))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{printable(file)} cannot be read as JSON: {str(error)[:100]} (mend or remove it)"
        ) from error


def _beside(file: Path) -> str:
    try:
        return " ".join(content(file).decode().split())
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise DataError(
            f"{printable(file)} cannot be read as text: {str(error)[:100]} (save it as UTF-8)"
        ) from error
