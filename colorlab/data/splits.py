"""Dividing pictures into train, val and test so that nothing is in two of them; a pure function of the contents."""

from __future__ import annotations

import hashlib

import numpy as np


def split_groups(group: np.ndarray, shares: dict[str, float]) -> dict[str, np.ndarray]:
    """Whole groups (equal drawings) go to one split; groups of one and of several are dealt separately, so that each
    split has its share of both, and at least one where there are more groups than held-out splits.

    group: (N,) the group of each picture, numbers or names. shares: the held-out splits' shares of the groups; the
    rest is train. -> split name -> sorted picture indices."""
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


def complete(given: list[str], group: np.ndarray, shares: dict[str, float]) -> dict[str, np.ndarray]:
    """The splits of a data set whose makers divided it: theirs as they are, held-out splits that they lack out of
    train.

    given: (N,) train, val or test. group, shares and result as in ``split_groups``."""
    named = np.array(given, dtype="U8")
    train = np.flatnonzero(named == "train")
    lacking = {split: share for split, share in shares.items() if split not in given}
    dealt = {split: train[places] for split, places in split_groups(group[train], lacking).items()}
    return {split: dealt.get(split, np.flatnonzero(named == split)) for split in ("train", *shares)}


def _shuffled(key: int | str) -> bytes:
    return hashlib.sha256(str(key).encode()).digest()
