"""Where a picture's border cuts what is drawn: two lines run into the same side, and what lies
between them goes on beyond, such as the hair or the shirt of a figure that does not fit."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from colorlab.conditions.gaps import stroke_width

# of the longer side: a piece of ink no longer than that, such as a ray of the sun, cuts nothing off
SHORT = 0.08
# pens: a line that runs into the border meets it on no more than that; one along it does
ACROSS = 3.0
FINE = 1000  # px; the longer side on which pieces of ink are told apart
# of a picture: top, bottom, left, right
BORDER: tuple[Any, ...] = (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1])
BROADEST = 0.02  # of the longer side; broader ink than that is no line


def cut_by_border(paper: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (H, W) bool: of the outermost pixels, the paper between two lines that run
    into the same side."""
    cut, longest = np.zeros(paper.shape, bool), longest_contact(paper)
    if longest > 0:
        for side, long in zip(BORDER, of_long_pieces(paper), strict=True):
            cut[side] |= between_lines(paper[side] | ~long, longest) & paper[side]
    return cut


def sides_with_lines(paper: np.ndarray) -> list[bool]:
    """Whether a line of the drawing (H, W) bool runs into its top, bottom, left and right
    border."""
    longest = longest_contact(paper)
    return [bool((np.diff(pieces_of_ink(paper[side]), axis=0) <= longest).any()) for side in BORDER]


def longest_contact(paper: np.ndarray) -> float:
    """px of the border on which a line meets it that runs into it; 0 if there is no ink at the
    border."""
    if all(paper[side].all() for side in BORDER):
        return 0.0
    return ACROSS * min(stroke_width(~paper), max(BROADEST * max(paper.shape), 1.0))


def of_long_pieces(paper: np.ndarray) -> list[np.ndarray]:
    """Of each side of a drawing (H, W) bool, (L,) bool: where ink is that of no SHORT piece. Pieces
    are told apart on FINE pixels."""
    H, W = paper.shape
    h, w = (max(1, round(length * min(1, FINE / max(H, W)))) for length in (H, W))
    ink = cv2.resize((~paper).astype(np.uint8) * 255, (w, h), interpolation=cv2.INTER_AREA)
    _, piece, boxes, _ = cv2.connectedComponentsWithStats(
        (ink > 0).astype(np.uint8), connectivity=8
    )
    long = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) > SHORT * max(h, w)
    long[0] = False
    rows, columns = np.arange(H) * h // H, np.arange(W) * w // W
    return [
        long[piece[side]][at]
        for side, at in zip(BORDER, (columns, columns, rows, rows), strict=True)
    ]


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
