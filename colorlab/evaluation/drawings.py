"""The held-out drawings that are judged."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from colorlab.errors import DataError


class Drawings(NamedTuple):
    """Held-out drawings. pictures: the data set; groups: the pictures of each drawing, its
    colourings; names: those of the first pictures, which are what is shown."""

    pictures: Any
    groups: list[np.ndarray]
    names: list[str]


def held_out(pictures: Any, split: str, limit: int | None) -> Drawings:
    """All drawings of a split, or ``limit`` of them at even distances: a smaller picture of the
    same split."""
    groups = pictures.drawings(split)
    if limit is not None and limit < len(groups):
        groups = [groups[i * len(groups) // limit] for i in range(limit)]
    names = [str(pictures.names[group[0]]) for group in groups]
    if not names:
        raise DataError(f"the {split} split has no drawings (choose another split=)")
    if len(set(names)) < len(names):
        raise DataError(
            "two drawings have one name (rename the pictures, so that their samples can be told "
            "apart)"
        )
    return Drawings(pictures, groups, names)
