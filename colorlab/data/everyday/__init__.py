"""Drawings of everyday things by code, in the colors that such things have: a set of drawings like
others, for ``data.sets``, by nobody's hand.

Houses, trees, the sun, flowers, people, characters of comics, faces from all sides, animals,
vehicles, castles, cakes, clothes, furniture, rooms: alone, in a row, in a framed scene, in panels,
on a child's page; on paper or with a sky. Every shape has one flat color, drawn from those that the
thing may have. Lines that divide a shape (whiskers, folds, planks) leave it one color, and paper
that a thing encloses (between stems, chair legs, people hand in hand) stays paper. What OpenMoji's
test holds is not drawn: no clouds, fish, snow-capped mountains, sunflowers, tents, bicycles; val
holds one car."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colorlab.data.archives import QUICKEST, SUFFIX, About, Vector, write_archive
from colorlab.data.everyday.scenes import page
from colorlab.storage.cache import cache_dir

EVERYDAY = "everyday"  # the set's name
COUNT = 9000
VERSION = "5"  # to be raised when a drawing changes
SEED = 20
LETTERS = "bcdfghjklmnpqrtvwxz"  # of names, which must not hold a word
LONGEST = 60  # letters of what a name says is shown


def archive() -> Path:
    """The set's archive, in the cache; made the first time, which takes a minute."""
    path = cache_dir() / EVERYDAY / f"{VERSION}{SUFFIX}"
    if not path.is_file():
        about = About("Everyday things", "colorlab", "", "CC0-1.0", VERSION)
        write_archive(path, about, [drawing(k) for k in range(COUNT)], QUICKEST)
    return path


def drawing(k: int) -> Vector:
    """One of them; its name says what is shown: house-sun-tree-bcdf."""
    svg, shown = page(np.random.default_rng([SEED, k]))
    letters = "".join(LETTERS[k // len(LETTERS) ** i % len(LETTERS)] for i in range(4))
    name = f"{'-'.join(dict.fromkeys(shown))[:LONGEST].rstrip('-')}-{letters}"
    return Vector([name], "", svg)
