"""The closed areas of a line drawing, at its own size: what one colour fills.

Areas are the connected parts of the paper, divided where a line has a gap (``gaps``). What is open
only towards the margin (a bust, a lake) is closed there by a wall around all ink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from scipy.ndimage import find_objects
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.filters import threshold_otsu

from colorlab.conditions.cuts import cut_by_border, sides_with_lines
from colorlab.conditions.gaps import distance_to_ink, divided, filled, shrunk, step_of

Index = tuple[int, slice] | tuple[slice, int]  # of a row or a column

GAP = 0.035  # half the width of the widest gap that is closed, as a share of the longer side
SPECK = 5e-5  # share of the picture; what is smaller goes to a neighbour
FEWEST = 3  # pixels of an area
# areas; what is beyond them, the smallest, goes to neighbours too: methods compare each two areas
MOST = 2000
CORNER = 0.07  # of a side of the ink's box
FAINT = 16  # levels of luma by which ink is darker than paper, at least
CLEARLY = 0.3  # of the way from paper to ink: darker is ink
# of a picture
ENDS: tuple[Index, ...] = (
    (0, slice(None)),
    (-1, slice(None)),
    (slice(1, -1), 0),
    (slice(1, -1), -1),
)


class Areas(NamedTuple):
    """R areas, the largest first. Ink belongs to the nearest area."""

    labels: np.ndarray  # (H, W) int32 in 0..R-1
    paper: np.ndarray  # (H, W) bool; False on ink and on specks
    centers: np.ndarray  # (R, 2) float32 in [0, 1]: row and column of the innermost point
    shares: np.ndarray  # (R,) float32: of the picture's pixels, those that are the area's paper
    border: np.ndarray  # (R,) float32: of the picture's outermost pixels
    # (R,) float32: of the length of the ink's bounding box, what the area touches from inside
    rim: np.ndarray


class Side(NamedTuple):
    """A side of the ink's bounding box, one pixel wide."""

    beyond: Index  # may lie outside the picture, where edge is its border
    edge: Index
    inside: Index


def areas_of(drawing: np.ndarray, gap: float = GAP) -> Areas:
    """The areas of a drawing (H, W) uint8, luma, ink dark. gap: half the width of the widest gap
    that is closed, as a share of the longer side; 0 = only what is closed. A picture without ink,
    or of nothing else, is one area."""
    if drawing.ndim != 2 or drawing.dtype != np.uint8 or not drawing.size:
        raise ValueError(f"a drawing is (H, W) uint8, not {drawing.shape} {drawing.dtype}")
    if not gap >= 0:
        raise ValueError(f"gap is a share of the longer side, from 0 on, not {gap}")
    paper = paper_of(drawing)
    sides = sides_of(~paper)
    walls = walls_of(sides, paper)
    parts = parts_of(paper, walls)
    if gap > 0 and parts.any():
        around = np.concatenate(
            [np.zeros(0, np.int32), *(np.unique(parts[wall.beyond]) for wall in walls)]
        )
        parts = divided(
            parts, gap * max(drawing.shape), rim_of(sides, walls, paper), around, ~paper
        )
    return numbered(parts, outside_joined(parts, paper, sides, walls), paper, sides)


def area_at(areas: Areas, row: float, column: float) -> int:
    """The area at a place, row and column in [0, 1]; ValueError outside the picture."""
    if not (0 <= row <= 1 and 0 <= column <= 1):
        raise ValueError(f"a place is a row and a column in [0, 1], not {row}, {column}")
    H, W = areas.labels.shape
    return int(areas.labels[min(int(row * H), H - 1), min(int(column * W), W - 1)])


def merged(areas: Areas, which: Sequence[int]) -> Areas:
    """Areas in which these are one, numbered anew."""
    number = np.arange(1, len(areas.shares) + 1, dtype=np.int32)
    number[_existing(areas, which)] = min(which) + 1
    return _renumbered(areas, number[areas.labels])


def split(areas: Areas, which: int, stroke: np.ndarray) -> Areas:
    """Areas in which one is divided by a stroke (H, W) bool as if it were ink, numbered anew; the
    same areas if the stroke does not divide it."""
    _existing(areas, [which])
    own = (areas.labels == which) & areas.paper
    x, y, width, height = cv2.boundingRect(own.astype(np.uint8))
    window = slice(y, y + height), slice(x, x + width)
    pieces = cv2.connectedComponents(
        (own & ~stroke)[window].astype(np.uint8), connectivity=4, ltype=cv2.CV_32S
    )[1]
    beside = cv2.dilate(stroke[window].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    divided = np.where(np.isin(pieces, np.setdiff1d(pieces[beside], 0)), pieces, 0)
    parts = areas.labels + 1
    parts[window][own[window]] += len(areas.shares) + filled(divided)[own[window]]
    return _renumbered(areas, parts)


def _existing(areas: Areas, which: Sequence[int]) -> list[int]:
    if not which or not all(0 <= area < len(areas.shares) for area in which):
        raise ValueError(f"areas are numbered from 0 to {len(areas.shares) - 1}, not {list(which)}")
    return list(which)


def _renumbered(areas: Areas, parts: np.ndarray) -> Areas:
    parts = np.where(areas.paper, parts, 0)
    return numbered(parts, np.arange(parts.max() + 1), areas.paper, sides_of(~areas.paper))


def paper_of(drawing: np.ndarray) -> np.ndarray:
    """(H, W) uint8, ink dark -> (H, W) bool: paper. The limit lies between the levels of this
    drawing's paper and of its ink, so that a faint pencil is ink, and antialiased lines stay
    closed."""
    histogram = cv2.calcHist([drawing], [0], None, [256], [0, 256]).ravel()
    levels = np.flatnonzero(histogram)
    if levels[-1] - levels[0] < FAINT:
        return np.full(drawing.shape, levels[-1] > 127)
    middle = int(threshold_otsu(hist=histogram))
    ink = _quantile(histogram[: middle + 1], 0.1)
    paper = middle + 1 + _quantile(histogram[middle + 1 :], 0.5)
    return drawing > round(paper - CLEARLY * (paper - ink))


def _quantile(histogram: np.ndarray, share: float) -> int:
    return int(np.searchsorted(histogram.cumsum(), share * histogram.sum()))


def sides_of(ink: np.ndarray) -> list[Side]:
    """Top, bottom, left and right of the bounding box of the ink (H, W) bool; none without ink."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        return []
    (top, bottom), (left, right) = (map(int, (at[0], at[-1])) for at in (rows, columns))
    across, down = slice(left, right + 1), slice(top, bottom + 1)
    return [
        Side((top - 1, across), (top, across), (min(top + 1, bottom), across)),
        Side((bottom + 1, across), (bottom, across), (max(bottom - 1, top), across)),
        Side((down, left - 1), (down, left), (down, min(left + 1, right))),
        Side((down, right + 1), (down, right), (down, max(right - 1, left))),
    ]


def walls_of(sides: list[Side], paper: np.ndarray) -> list[Side]:
    """The sides that are not the picture's own border; but none between two into which lines run: a
    scene that fills its frame from left to right goes on above and below."""
    H, W = paper.shape
    top, bottom, left, right = sides_with_lines(paper)
    spanned = (left and right, left and right, top and bottom, top and bottom)
    own = [side.edge[0] in (0, H - 1) or side.edge[1] in (0, W - 1) for side in sides]
    return [side for side, *no_wall in zip(sides, own, spanned, strict=False) if not any(no_wall)]


def rim_of(sides: list[Side], walls: list[Side], paper: np.ndarray) -> np.ndarray:
    """(H, W) bool: the pixels inside of the drawing's rim, but not where the picture's border cuts
    what is drawn."""
    rim, cut = np.zeros(paper.shape, bool), cut_by_border(paper)
    for side in sides:
        rim[side.inside] |= side in walls or ~cut[side.edge]
    return rim


def parts_of(paper: np.ndarray, walls: list[Side]) -> np.ndarray:
    """(H, W) int32: the connected parts of the paper from 1 on, 0 on ink and on the walls."""
    open_paper = paper.astype(np.uint8)
    for wall in walls:
        open_paper[wall.edge] = 0
    return cv2.connectedComponents(open_paper, connectivity=4, ltype=cv2.CV_32S)[1]


def outside_joined(
    parts: np.ndarray, paper: np.ndarray, sides: list[Side], walls: list[Side]
) -> np.ndarray:
    """(P + 1,) int: the number of each part, where those that only a wall has cut off from the
    paper around the drawing are one with it: they lie around a corner of the ink's box, or reach
    the picture's border elsewhere."""
    count = int(parts.max()) + 1
    outer = around_corners(parts, paper, sides, count)
    outer[np.concatenate([parts[end] for end in ENDS])] = True
    outer[0] = False
    pairs = np.zeros((0, 2), np.int64)
    for wall in walls:
        both = np.stack([parts[wall.inside], parts[wall.beyond]], 1)
        pairs = np.concatenate(
            [pairs, both[outer[both[:, 0]] & paper[wall.edge] & (both[:, 1] > 0)]]
        )
    graph = coo_array((np.ones(len(pairs)), tuple(pairs.T)), (count, count))
    return connected_components(graph, directed=False)[1]


def around_corners(
    parts: np.ndarray, paper: np.ndarray, sides: list[Side], count: int
) -> np.ndarray:
    """(P + 1,) bool: parts open to two neighbouring sides of the ink's box, over CORNER of each."""
    if not sides:
        return np.zeros(count, bool)
    opened = [np.bincount(parts[side.inside] * paper[side.edge], minlength=count) for side in sides]
    top, bottom, left, right = (each >= CORNER * each.sum() for each in opened)
    return (top | bottom) & (left | right)


def numbered(parts: np.ndarray, area: np.ndarray, paper: np.ndarray, sides: list[Side]) -> Areas:
    """Areas of parts (H, W), 0 = none, and the number of each part's area (P + 1,): specks and what
    is no part go to the nearest, numbers by size."""
    sizes = np.bincount(area, np.bincount(parts.ravel(), minlength=len(area)))
    sizes[area[0]] = 0
    kept = sizes >= max(FEWEST, SPECK * parts.size)
    if not kept.any():
        kept[sizes.argmax()] = True
    order = np.argsort(-sizes, kind="stable")[: min(kept.sum(), MOST)]
    rank = np.zeros(len(sizes), np.int32)
    rank[order] = np.arange(1, len(order) + 1)
    ranked = rank[area][parts]
    speck = (ranked == 0) & (parts > 0)
    return measured(filled(ranked) - 1, paper & ~speck, sizes[order] / parts.size, sides)


def measured(labels: np.ndarray, paper: np.ndarray, shares: np.ndarray, sides: list[Side]) -> Areas:
    """Areas with all that is told of each."""
    insides: list[Index] = [side.inside for side in sides]
    border, rim = (
        _shares_along(labels, paper, places, len(shares)) for places in (list(ENDS), insides)
    )
    numbers = (innermost(labels, paper, len(shares)), shares, border, rim)
    return Areas(labels, paper, *(each.astype(np.float32) for each in numbers))


def _shares_along(
    labels: np.ndarray, paper: np.ndarray, places: list[Index], count: int
) -> np.ndarray:
    """(R,): each area's paper as a share of the pixels at these places."""
    along = np.concatenate(
        [np.where(paper[at], labels[at], count) for at in places] or [np.array([count])]
    )
    return np.bincount(along, minlength=count + 1)[:count] / len(along)


def innermost(labels: np.ndarray, paper: np.ndarray, count: int) -> np.ndarray:
    """(R, 2) in [0, 1]: the point of each area that is farthest from ink and from other areas."""
    step = step_of(labels)
    small = shrunk(labels + 1, paper, step)
    inner = small > 0
    inner[:, :-1] &= small[:, :-1] == small[:, 1:]
    inner[:-1] &= small[:-1] == small[1:]
    distance = np.where(inner, distance_to_ink(inner), 0)
    farthest = np.zeros(count + 1, np.float32)
    np.maximum.at(farthest, small.ravel(), distance.ravel())
    at = np.flatnonzero((distance > 0) & (distance == farthest[small]))
    found, first = np.unique(small.ravel()[at], return_index=True)
    centers = np.full((count, 2), -1.0)
    centers[found - 1] = np.stack(np.unravel_index(at[first], small.shape), 1) * step
    for r, point in _missed(labels, paper, np.flatnonzero(centers[:, 0] < 0)):
        centers[r] = point
    return (centers + 0.5) / labels.shape


def _missed(
    labels: np.ndarray, paper: np.ndarray, which: np.ndarray
) -> Iterator[tuple[int, tuple[int, int]]]:
    """The innermost pixels of areas too small for ``innermost``."""
    boxes = find_objects(labels + 1) if len(which) else []
    for r in which:
        rows, columns = boxes[r]
        own = labels[rows, columns] == r
        own = own & paper[rows, columns] if (own & paper[rows, columns]).any() else own
        distance = cv2.distanceTransform(np.pad(own.astype(np.uint8), 1), cv2.DIST_L2, 3)[
            1:-1, 1:-1
        ]
        row, column = np.unravel_index(distance.argmax(), own.shape)
        yield int(r), (rows.start + int(row), columns.start + int(column))
