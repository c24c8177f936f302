"""Where a picture's border cuts what is drawn: two lines run into the same side, and what lies between them goes on
beyond, such as the hair or the shirt of a figure that does not fit."""

from __future__ import annotations

import cv2
import numpy as np

SHORT = 0.08  # of the longer side: a piece of ink no longer than that, such as a ray of the sun, cuts nothing off
ACROSS = 3.0  # pens: a line that runs into the border meets it on no more than that; one along it does
BORDER = (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1])  # of a picture: top, bottom, left, right
BROADEST = 0.02  # of the longer side; broader ink than that is no pen


def cut_by_border(paper: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (H, W) bool: of the outermost pixels, the paper between two lines that run into the same side."""
    cut = np.zeros(paper.shape, bool)
    if not all(paper[side].all() for side in BORDER):
        longest, lines = ACROSS * pen_of(paper), ~long_ink(paper)
        for side in BORDER:
            cut[side] |= between_lines(lines[side], longest)
    return cut & paper


def sides_with_lines(paper: np.ndarray) -> list[bool]:
    """Whether a line of the drawing (H, W) bool runs into its top, bottom, left and right border."""
    longest = ACROSS * pen_of(paper)
    return [bool((np.diff(pieces_of_ink(paper[side]), axis=0) <= longest).any()) for side in BORDER]


def long_ink(paper: np.ndarray) -> np.ndarray:
    """(H, W) bool: the ink without its SHORT pieces."""
    _, piece, boxes, _ = cv2.connectedComponentsWithStats((~paper).astype(np.uint8), connectivity=8)
    long = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) > SHORT * max(paper.shape)
    long[0] = False
    return long[piece]


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
