"""What is said of a picture and its colourings, where a guess may be wrong or nothing has come
out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colorlab.conditions.paper import PICTURE
from colorlab.sampling.pictures import Shown

PLAIN = 2.0  # levels of 255: pictures that differ less on average look the same
INSTEAD = "try run=pretrained/flats, guide=[flat], bias=palette or another seed"


def kind_note(shown: Shown, lines: str) -> str:
    """How a picture is taken, why, and the key that overrules it; "" where there was nothing to
    decide."""
    if shown.drawn is None or lines != "auto":
        return ""
    page = shown.drawn.page
    if page.kind == PICTURE:
        return (
            f"taken for a picture, whose lines are extracted: {page.reason} (lines=always if it "
            "is a drawing)"
        )
    turned = ", light on dark, which is turned" if page.turned else ""
    return (
        f"taken for a {page.kind}{turned}: {page.reason} (lines=never extracts its lines instead)"
    )


def plain_note(cells: Sequence[np.ndarray], canvas: np.ndarray) -> str:
    """That colourings, as cells of a sheet like their canvas, are all white or all the same; "" if
    they are not."""
    if all(_apart(cell, canvas) < PLAIN for cell in cells):
        return f"all {len(cells)} colourings are nearly white ({INSTEAD})"
    if len(cells) > 1 and all(_apart(cell, cells[0]) < PLAIN for cell in cells):
        return f"all {len(cells)} colourings are nearly the same ({INSTEAD})"
    return ""


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())
