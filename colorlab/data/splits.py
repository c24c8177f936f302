"""Dividing pictures into train, val and test so that nothing is in two of them; a pure function of
the contents, or of the names of folders where these say it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

import numpy as np

from colorlab.errors import DataError

SPLITS = ("train", "val", "test")
#: Names of folders, in any case, that are splits.
FOLDERS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
           "test": "test", "testing": "test"}  # fmt: skip


DEALT = "dealt by content"  # where a split comes from that nobody named


class Divided(NamedTuple):
    """split: of each picture. origin: split -> the folders it came from; empty if no folder is a
    split."""

    split: list[str]
    origin: dict[str, str]


def split_groups(group: np.ndarray, shares: dict[str, float]) -> dict[str, np.ndarray]:
    """Whole groups (equal drawings) go to one split; groups of one and of several are dealt
    separately, so that each split has its share of both, and at least one where there are more
    groups than held-out splits.

    group: (N,) the group of each picture, numbers or names. shares: the held-out splits' shares of
    the groups; the rest is train. -> split name -> sorted picture indices."""
    ids, sizes = np.unique(group, return_counts=True)
    home = {}
    for alike in (ids[sizes == 1], ids[sizes > 1]):
        dealt = sorted(alike.tolist(), key=_shuffled)
        least = 1 if len(dealt) > len(shares) else 0
        start = 0
        for split, share in shares.items():
            stop = start + max(least, round(share * len(dealt)))
            home.update(dict.fromkeys(dealt[start:stop], split))
            start = stop
    of_picture = np.array([home.get(g, "train") for g in group.tolist()], dtype="U8")
    return {split: np.flatnonzero(of_picture == split) for split in ("train", *shares)}


def complete(
    given: list[str], group: np.ndarray, shares: dict[str, float]
) -> dict[str, np.ndarray]:
    """The splits of a data set whose makers divided it: theirs as they are, held-out splits that
    they lack out of train.

    given: (N,) train, val or test. group, shares and result as in ``split_groups``."""
    named = np.array(given, dtype="U8")
    train = np.flatnonzero(named == "train")
    lacking = {split: share for split, share in shares.items() if split not in given}
    dealt = {split: train[places] for split, places in split_groups(group[train], lacking).items()}
    return {split: dealt.get(split, np.flatnonzero(named == split)) for split in ("train", *shares)}


def by_folders(
    pictures: Sequence[PurePath], twice: Sequence[tuple[PurePath, PurePath]] = ()
) -> Divided:
    """The splits that folders are named after, however deep they lie; all train if none is.

    pictures: relative to the data set. DataError, by name, where that leaves a doubt: pictures in
    no split beside others that are in one, in two at once, held-out ones without any to train on,
    or folders such as train2017 and val2017. twice: two names of one folder each, of which one is a
    link; they may not be of two splits."""
    for link, own in twice:
        if _splits_in(link.parts).keys() != _splits_in(own.parts).keys():
            raise DataError(
                f"{_shown(link)} and {_shown(own)} are one folder (put files in place of the link)"
            )
    found = [_splits_in(path.parts[:-1]) for path in pictures]
    if not any(found):
        _must_not_look_divided(pictures)
        return Divided(["train"] * len(pictures), {})
    names = sorted({name for each in found for name in each.values()})
    folders = " and ".join(f"{name}/" for name in names)
    for path, each in zip(pictures, found, strict=True):
        if len(each) > 1:
            raise DataError(
                f"{_shown(path)} is in {' and in '.join(sorted(each))} (rename one of its folders)"
            )
        if not each:
            others = sum(not every for every in found) - 1
            raise DataError(
                f"{_shown(path)}{f' and {others} more' if others else ''} is in no split, beside "
                f"{folders} (move it into one or out of the data set; if {folders} are no splits, "
                "rename them)"
            )
    split = [next(iter(each)) for each in found]
    if "train" not in split:
        raise DataError(
            f"there is {folders} but no train/ (add one; if {folders} is no split, rename it)"
        )
    spelled = {kind: sorted({each[kind] for each in found if kind in each}) for kind in SPLITS}
    return Divided(
        split,
        {kind: " and ".join(f"{name}/" for name in each) for kind, each in spelled.items() if each},
    )


def _splits_in(names: Sequence[str]) -> dict[str, str]:
    """Split -> the folder among these that is named after it."""
    return {FOLDERS[name.lower()]: name for name in names if name.lower() in FOLDERS}


def _must_not_look_divided(pictures: Sequence[PurePath]) -> None:
    """DataError where folders look like two kinds of splits, and are named after neither."""
    names = {name for path in pictures for name in path.parts[:-1]}
    alike: dict[str, str] = {}
    for name in sorted(names):
        for word, kind in FOLDERS.items():
            if re.search(rf"(^|[^a-z]){word}(set|ing|s|[ab])?([^a-z]|$)", name.lower()):
                alike.setdefault(kind, name)
    if len(alike) > 1:
        given = " and ".join(f"{name}/" for name in alike.values())
        raise DataError(
            f"{given} look like splits (call them {', '.join(alike)}; if they are none, rename "
            "them)"
        )


def apart(splits: dict[str, np.ndarray], content: np.ndarray) -> dict[str, np.ndarray]:
    """The splits without pictures whose content is in a split that counts more: test, then val,
    then train.

    content: (N,) equal where files are."""
    taken: set[str] = set()
    kept = {}
    for split in ("test", "val", "train"):
        members = splits[split]
        own = content[members].tolist()
        kept[split] = members[np.array([each not in taken for each in own], dtype=bool)]
        taken |= set(own)
    return {split: kept[split] for split in SPLITS}


def once(given: list[str], content: np.ndarray) -> list[str]:
    """The splits as given, "" for pictures whose content is in one that counts more."""
    named = np.array(given, dtype="U8")
    kept = apart({split: np.flatnonzero(named == split) for split in SPLITS}, content)
    out = [""] * len(given)
    for split, members in kept.items():
        for i in members.tolist():
            out[i] = split
    return out


def described(splits: dict[str, np.ndarray], origin: dict[str, str]) -> str:
    """In words, how many pictures each split has and where it came from: `train 80 (Train/), val 4
    (dealt), ...`."""
    return ", ".join(
        f"{split} {len(splits[split]):,} ({origin.get(split, DEALT)})" for split in SPLITS
    )


def _shown(path: PurePath) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(path))


def _shuffled(key: int | str) -> bytes:
    return hashlib.sha256(str(key).encode()).digest()
