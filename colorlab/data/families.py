"""Families of pictures: drawings whose lines look alike, and colourings in the same paints; and
splits that divide neither, so that copying the nearest training picture does not answer a held-out
one.

Lines look alike if their perceptual hashes differ in few bits (the signs of the lowest frequencies
of a cosine transform against their median; Zauner, "Implementation and Benchmarking of
Perceptual Image Hash Functions", 2010). Paints are the same if the same cells of Lab each hold a
twentieth of what is painted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from scipy.fft import dctn
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

HASHED, BLUR, FREQUENCIES = 32, 1.5, 8  # px; px; a side
ALIKE = 8  # of 63 bits in which the hashes of lines that look alike may differ
ROWS = 2048  # of a matrix of distances that are held at once
CELL = 25.0  # Lab units, side of the cells of a palette
LEAST = 0.05  # of what is painted, for a colour to be in the palette
# luma of lines below which a pixel is ink; channels above which it is unpainted
INK, WHITE = 200, 250
LARGEST = 0.05  # of a held-out split, that the families of one palette may be
FEWEST = 20  # painted pixels below which there is no palette


def line_hash(lines: np.ndarray) -> np.ndarray:
    """Lines (H, W) uint8 -> (63,) bool."""
    small = cv2.resize(lines, (HASHED, HASHED), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = dctn(cv2.GaussianBlur(small, (0, 0), BLUR), norm="ortho")[
        :FREQUENCIES, :FREQUENCIES
    ].ravel()[1:]
    return low > np.median(low)


def palette(rgb: np.ndarray, lines: np.ndarray) -> str:
    """Colours (3, H, W) and lines (H, W), uint8 -> the cells of Lab that they fill, in words; ""
    without paint."""
    painted = (rgb.min(0) < WHITE) & (lines >= INK)
    if painted.sum() < FEWEST:
        return ""
    unit = np.ascontiguousarray(rgb[:, painted].T[None], np.float32) / 255
    cells = np.round(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB)[0] / CELL).astype(int) @ (10_000, 100, 1)
    kinds, counts = np.unique(cells, return_counts=True)
    return " ".join(map(str, kinds[counts >= LEAST * len(cells)].tolist()))


def look_alikes(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, 63) bool -> the pairs of places whose hashes differ in ALIKE bits at most."""
    signs = 2 * hashes.astype(np.float32) - 1
    found = [
        np.nonzero((hashes.shape[1] - signs[start : start + ROWS] @ signs.T) / 2 <= ALIKE)
        for start in range(0, len(signs), ROWS)
    ]  # fmt: skip
    first = np.concatenate([rows + ROWS * k for k, (rows, _) in enumerate(found)])
    return first, np.concatenate([columns for _, columns in found])


def families(hashes: np.ndarray, keys: Sequence[Iterable[str]]) -> np.ndarray:
    """(N,) int, the same for pictures whose lines look alike or that share a key (what they show),
    directly or through others. hashes: (N, 63) bool; keys: some words for each picture."""
    distinct, place = np.unique(hashes, axis=0, return_inverse=True)
    first, second = look_alikes(distinct)
    words = {
        word: number for number, word in enumerate(dict.fromkeys(w for each in keys for w in each))
    }
    shown = [(i, words[word]) for i, each in enumerate(keys) for word in each]
    pictures, worded = np.array(shown, dtype=int).reshape(-1, 2).T
    n, m = len(hashes), len(distinct)
    rows = np.concatenate([np.arange(n), first + n, pictures])
    columns = np.concatenate([place.ravel() + n, second + n, worded + n + m])
    size = n + m + len(words)
    return connected_components(
        coo_matrix((np.ones(len(rows)), (rows, columns)), (size, size)), directed=False
    )[1][:n]


def split_families(
    family: np.ndarray, paints: Sequence[str], shares: dict[str, float]
) -> dict[str, np.ndarray]:
    """No family and no palette is in two splits. Palettes are dealt, each with the whole families
    that have it, the largest held-out share first; then a picture in the palette of a split that
    counts more leaves its own, and is in none. A palette that would be more than LARGEST of a
    held-out split stays in train, lest few families fill it.

    family: (N,) int. paints: N palettes. shares: the held-out splits' shares of the pictures; the
    rest is train.
    -> split name -> sorted picture indices."""
    having: dict[str, set[int]] = {}
    for number, paint in zip(family.tolist(), paints, strict=True):
        having.setdefault(paint, set()).add(number)
    dealt = sorted(having, key=lambda paint: hashlib.sha256(paint.encode()).digest())
    sizes, home = np.bincount(family), dict[int, str]()
    ranked = sorted(shares, key=lambda split: -shares[split])
    for split in ranked:
        left = round(shares[split] * len(family))
        largest = max(1.0, LARGEST * left)
        for paint in dealt:
            free = having[paint] - home.keys()
            size = int(sizes[list(free)].sum())
            if size <= min(left, largest) and all(
                home.get(number, split) == split for number in having[paint]
            ):
                home.update(dict.fromkeys(free, split))
                left -= size
    named = np.array([home.get(number, "train") for number in family.tolist()])
    return _apart(named, np.array(paints), [*ranked, "train"], ("train", *shares))


def _apart(
    home: np.ndarray, paints: np.ndarray, ranked: list[str], splits: Sequence[str]
) -> dict[str, np.ndarray]:
    """Positions of each split, without what is in a palette of one that is ranked before it."""
    taken: set[str] = set()
    kept = {}
    for split in ranked:
        members = np.flatnonzero(home == split)
        kept[split] = members[~np.isin(paints[members], sorted(taken))]
        taken |= set(paints[kept[split]].tolist())
    return {split: kept[split] for split in splits}
