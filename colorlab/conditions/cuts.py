"""Where a picture's border cuts what is drawn: two lines run into the same side, and what lies between them goes on
beyond, such as the hair or the shirt of a figure that does not fit."""

from __future__ import annotations

import numpy as np

ACROSS = 3.0  # pens: a line that runs into the border meets it on no more than that; one along it does
BROADEST = 0.02  # of the longer side; broader ink than that is no pen


def cut_by_border(paper: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (H, W) bool: of the outermost pixels, the paper between two lines that run into the same side."""
    cut = np.zeros(paper.shape, bool)
    pen = pen_of(paper)
    for side in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        cut[side] |= between_lines(paper[side], ACROSS * pen)
    return cut & paper


def has_line(border: np.ndarray, paper: np.ndarray) -> bool:
    """Whether a line of the drawing (H, W) bool runs into a side of it, (L,) bool."""
    starts, ends = pieces_of_ink(border)
    return bool((ends - starts <= ACROSS * pen_of(paper)).any())


def between_lines(paper: np.ndarray, longest: float) -> np.ndarray:
    """(L,) bool -> (L,) bool: the paper between neighbouring pieces of ink no longer than this."""
    between = np.zeros(len(paper), bool)
    starts, ends = pieces_of_ink(paper)
    line = ends - starts <= longest
    for k in np.flatnonzero(line[:-1] & line[1:]):
        between[ends[k] : starts[k + 1]] = True
    return between


def pieces_of_ink(paper: np.ndarray) -> np.ndarray:
    """(L,) bool -> (2, K): where each piece of ink starts, and where it has ended."""
    return np.flatnonzero(np.diff(~paper, prepend=False, append=False)).reshape(-1, 2).T


def pen_of(paper: np.ndarray) -> float:
    """About how wide the lines are, px: two times the ink by the length of its edges."""
    edges = (paper[1:] != paper[:-1]).sum() + (paper[:, 1:] != paper[:, :-1]).sum()
    ink = paper.size - int(paper.sum())
    return float(min(max(2 * ink / max(int(edges), 1), 1.0), max(BROADEST * max(paper.shape), 1.0)))
