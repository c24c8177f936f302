"""The closed areas of a line drawing, at its own size: what one colour fills.

Hands leave gaps. Paper is divided where a passage is narrow against the rooms on its two sides: rooms are peaks of the
distance to ink, their borders a watershed (Meyer, 1994), an idea of trapped-ball filling (Zhang et al., "Vectorizing
Cartoon Animations", 2009). What is open only towards the margin (a bust, a lake) is closed there by a wall around all
ink. Gaps are looked for on a bounded number of pixels; borders follow the drawing's own lines at its own size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from scipy.ndimage import find_objects
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

GAP = 0.035  # half the width of the widest gap that is closed, as a share of the longer side
LEVELS = (1.0, 0.7, 0.5, 0.35)  # of the gap: a peak of the distance to ink above one of them is a room
NARROWEST = 1.5  # px; lower peaks are no rooms
NECK = 0.5  # a passage this wide against the narrower of two rooms is no gap
RIM_NECK = 0.85  # the same, if one of the two, and one only, touches the rim
SPECK = 5e-5  # share of the picture; what is smaller goes to a neighbour
FEWEST = 3  # pixels of an area
CORNER = 0.1  # of a side of the ink's box
BOUND = 800  # longest side on which gaps are looked for, px
FAINT = 16  # levels of luma by which ink is darker than paper, at least
CLEARLY = 0.3  # of the way from paper to ink: darker is ink


class Areas(NamedTuple):
    """R areas, the largest first. Ink belongs to the nearest area."""

    labels: np.ndarray  # (H, W) int32 in 0..R-1
    paper: np.ndarray  # (H, W) bool; False on ink and on specks
    centers: np.ndarray  # (R, 2) float32 in [0, 1]: row and column of the innermost point
    shares: np.ndarray  # (R,) float32: of the picture's pixels, those that are the area's paper
    border: np.ndarray  # (R,) float32: of the picture's outermost pixels
    rim: np.ndarray  # (R,) float32: of the length of the ink's bounding box, what the area touches from inside


Index = tuple[int, slice] | tuple[slice, int]
ENDS: tuple[Index, ...] = ((0, slice(None)), (-1, slice(None)), (slice(1, -1), 0), (slice(1, -1), -1))  # of a picture


class Side(NamedTuple):
    """A side of the ink's bounding box, one pixel wide."""

    beyond: Index  # may lie outside the picture, where edge is its border
    edge: Index
    inside: Index


def areas_of(drawing: np.ndarray, gap: float = GAP) -> Areas:
    """The areas of a drawing (H, W) uint8, luma, ink dark. gap: half the width of the widest gap that is closed, as a
    share of the longer side; 0 = only what is closed. A picture without ink, or of nothing else, is one area."""
    if drawing.ndim != 2 or drawing.dtype != np.uint8 or not drawing.size:
        raise ValueError(f"a drawing is (H, W) uint8, not {drawing.shape} {drawing.dtype}")
    if not gap >= 0:
        raise ValueError(f"gap is a share of the longer side, from 0 on, not {gap}")
    paper = paper_of(drawing)
    sides = sides_of(~paper)
    parts = parts_of(paper, walls_of(sides, paper.shape))
    if gap > 0 and parts.any():
        parts = divided(parts, gap * max(drawing.shape), sides)
    return numbered(parts, paper, sides)


def paper_of(drawing: np.ndarray) -> np.ndarray:
    """(H, W) uint8, ink dark -> (H, W) bool: paper. The limit lies between the levels of this drawing's paper and of
    its ink, so that a faint pencil is ink, and antialiased lines stay closed."""
    histogram = np.bincount(drawing.ravel(), minlength=256)
    levels = np.flatnonzero(histogram)
    if levels[-1] - levels[0] < FAINT:
        return np.full(drawing.shape, levels[-1] > 127)
    middle = int(threshold_otsu(hist=histogram))
    ink, paper = _quantile(histogram[: middle + 1], 0.1), middle + 1 + _quantile(histogram[middle + 1 :], 0.5)
    return drawing > paper - CLEARLY * (paper - ink)


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


def walls_of(sides: list[Side], shape: tuple[int, int]) -> list[Side]:
    """The sides that are not the picture's own border."""
    H, W = shape
    return [side for side in sides if side.edge[0] not in (0, H - 1) and side.edge[1] not in (0, W - 1)]


def parts_of(paper: np.ndarray, walls: list[Side]) -> np.ndarray:
    """(H, W) int32: the connected parts of the paper from 1 on, 0 on ink and on the walls."""
    open_paper = paper.astype(np.uint8)
    for wall in walls:
        open_paper[wall.edge] = 0
    return cv2.connectedComponents(open_paper, connectivity=4, ltype=cv2.CV_32S)[1]


def outside_joined(parts: np.ndarray, paper: np.ndarray, sides: list[Side]) -> np.ndarray:
    """(P + 1,) int: the number of each part, where those that only a wall has cut off from the paper around the drawing
    are one with it: they lie around a corner of the ink's box, or reach the picture's border elsewhere."""
    count = int(parts.max()) + 1
    outer = around_corners(parts, paper, sides, count)
    outer[np.concatenate([parts[end] for end in ENDS])] = True
    outer[0] = False
    pairs = np.zeros((0, 2), np.int64)
    for wall in walls_of(sides, parts.shape):
        both = np.stack([parts[wall.inside], parts[wall.beyond]], 1)
        pairs = np.concatenate([pairs, both[outer[both[:, 0]] & paper[wall.edge] & (both[:, 1] > 0)]])
    graph = coo_array((np.ones(len(pairs)), tuple(pairs.T)), (count, count))
    return connected_components(graph, directed=False)[1]


def around_corners(parts: np.ndarray, paper: np.ndarray, sides: list[Side], count: int) -> np.ndarray:
    """(P + 1,) bool: parts open to two neighbouring sides of the ink's box, over CORNER of each."""
    if not sides:
        return np.zeros(count, bool)
    opened = [np.bincount(parts[side.inside] * paper[side.edge], minlength=count) for side in sides]
    top, bottom, left, right = (each >= CORNER * each.sum() for each in opened)
    return (top | bottom) & (left | right)


def divided(parts: np.ndarray, gap: float, sides: list[Side]) -> np.ndarray:
    """Parts (H, W) int32, those of several rooms divided into them, the rooms numbered after the parts. gap: half the
    width of the widest gap that is closed, px."""
    step = -(-max(parts.shape) // BOUND)
    small = shrunk(parts, parts > 0, step)
    distance = distance_to_ink(small > 0)
    markers = peaks(distance, [max(NARROWEST, gap * level / step) for level in LEVELS])
    home = np.zeros(markers.max() + 1, np.int64)  # of each marker: its part; of 0: none
    home[markers.ravel()] = small.ravel()
    home[0] = 0
    several = np.bincount(home[1:], minlength=parts.max() + 1) > 1
    several[0] = False
    for wall in walls_of(sides, parts.shape):
        several[parts[wall.beyond]] = False  # out there is no ink, nor a gap in it
    if not several.any():
        return parts
    inside = several[small]
    basins = watershed(-distance, np.where(inside, markers, 0), mask=inside)
    at_rim = np.zeros(len(home), bool)
    for side in sides:
        at_rim[basins[_scaled(side.inside[0], step), _scaled(side.inside[1], step)]] = True
    rooms = joined(basins, distance, at_rim)
    alone = np.bincount(home[np.unique(rooms[1:])], minlength=len(several)) < 2
    return painted(parts, np.where(alone[small], 0, rooms[basins]), small, step)


def shrunk(values: np.ndarray, paper: np.ndarray, step: int) -> np.ndarray:
    """The values (H, W) of squares of ``step`` pixels that are all paper, 0 for others: closed lines stay closed."""
    if step == 1:
        return np.where(paper, values, 0)
    clear = cv2.erode(paper.astype(np.uint8), np.ones((step, step), np.uint8), anchor=(0, 0))[::step, ::step]
    return np.where(clear > 0, values[::step, ::step], 0)


def _scaled(at: int | slice, step: int) -> slice:
    start, stop = (at, at + 1) if isinstance(at, int) else (at.start, at.stop)
    return slice(start // step, (stop - 1) // step + 1)


def distance_to_ink(paper: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (H, W) float32, px; beyond the picture there is no ink."""
    around = np.pad(paper.astype(np.uint8), 1, constant_values=1)
    if around.all():
        return np.full(paper.shape, float(max(paper.shape)), np.float32)
    return cv2.distanceTransform(around, cv2.DIST_L2, 5)[1:-1, 1:-1]


def peaks(distance: np.ndarray, levels: list[float]) -> np.ndarray:
    """(H, W) int32, numbered from 1: what is higher than a level and holds nothing that is higher than the one before.
    levels: falling."""
    markers, count = np.zeros(distance.shape, np.int32), 0
    for level in levels:
        number, islands = cv2.connectedComponents((distance > level).astype(np.uint8), connectivity=8)
        fresh = np.ones(number, bool)
        fresh[islands[markers > 0]] = fresh[0] = False
        names = np.where(fresh, count + fresh.cumsum(), 0).astype(np.int32)
        markers += names[islands]
        count = int(max(count, names.max()))
    return markers


def joined(basins: np.ndarray, distance: np.ndarray, at_rim: np.ndarray) -> np.ndarray:
    """(M + 1,) int: for each of M basins of a watershed, the one that stands for its room. Basins are one room where
    the widest passage between them is wide against the narrower; the widest passages first. at_rim: (M + 1,) bool."""
    widths = np.zeros(len(at_rim), np.float32)
    np.maximum.at(widths, basins.ravel(), distance.ravel())
    stands_for, touches = np.arange(len(at_rim)), at_rim.copy()

    def room(basin: int) -> int:
        while stands_for[basin] != basin:
            basin = stands_for[basin]
        return basin

    for passage, first, second in passages(basins, distance):
        a, b = sorted((room(first), room(second)))
        neck = NECK if touches[a] == touches[b] else RIM_NECK
        if a != b and passage > neck * min(widths[a], widths[b]):
            stands_for[b] = a
            widths[a], touches[a] = max(widths[a], widths[b]), touches[a] or touches[b]
    return np.array([room(basin) for basin in range(len(at_rim))])


def passages(basins: np.ndarray, distance: np.ndarray) -> list[tuple[float, int, int]]:
    """Half the width of the widest passage between each two basins that touch, widest first."""
    keys, widths = [], []
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = basins[here].astype(np.int64), basins[there].astype(np.int64)
        touch = (a != b) & (a > 0) & (b > 0)
        keys.append((np.minimum(a, b) << 32 | np.maximum(a, b))[touch])
        widths.append(np.minimum(distance[here], distance[there])[touch])
    key, width = np.concatenate(keys), np.concatenate(widths)
    order = np.lexsort((-width, key))
    key, first = np.unique(key[order], return_index=True)
    widest = width[order][first]
    return [(float(widest[i]), int(key[i] >> 32), int(key[i] & 0xFFFFFFFF)) for i in np.lexsort((key, -widest))]


def painted(parts: np.ndarray, rooms: np.ndarray, small: np.ndarray, step: int) -> np.ndarray:
    """Parts (H, W), where rooms (h, w) > 0 divided into them. small: parts (h, w) on squares of ``step`` pixels."""
    out, count = parts.copy(), int(parts.max())
    boxes = find_objects(parts)
    for part in np.unique(small[rooms > 0]):
        rows, columns = boxes[part - 1]
        window = _scaled(rows, step), _scaled(columns, step)
        nearest = filled(np.where(small[window] == part, rooms[window], 0))
        top, left = rows.start - window[0].start * step, columns.start - window[1].start * step
        large = enlarged(nearest, step)[top:, left:][: rows.stop - rows.start, : columns.stop - columns.start]
        own = parts[rows, columns] == part
        out[rows, columns][own] = count + large[own]
    return out


def filled(labels: np.ndarray) -> np.ndarray:
    """(H, W) int32, where 0 the nearest that is not."""
    holes = labels == 0
    if not holes.any() or holes.all():
        return labels
    near = cv2.distanceTransformWithLabels(
        holes.astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )[1]  # fmt: skip
    known = ~holes
    value = np.zeros(near.max() + 1, labels.dtype)
    value[near[known]] = labels[known]
    out = labels.copy()
    out[holes] = value[near[holes]]
    return out


def enlarged(labels: np.ndarray, step: int) -> np.ndarray:
    """(h, w) int -> (h step, w step): the label with the largest share in bilinear enlargement; no stairs."""
    if step == 1:
        return labels
    best = np.zeros((labels.shape[0] * step, labels.shape[1] * step), np.uint8)
    out = np.zeros(best.shape, labels.dtype)
    for label in np.unique(labels):
        share = cv2.resize((labels == label).astype(np.uint8) * 255, best.shape[::-1], interpolation=cv2.INTER_LINEAR)
        more = share > best
        out[more] = label
        np.maximum(best, share, out=best)
    return out


def numbered(parts: np.ndarray, paper: np.ndarray, sides: list[Side]) -> Areas:
    """Areas of parts (H, W), 0 = none: specks and what is no part go to the nearest, numbers by size."""
    area = outside_joined(parts, paper, sides)
    sizes = np.bincount(area, np.bincount(parts.ravel(), minlength=len(area)))
    sizes[area[0]] = 0
    kept = sizes >= max(FEWEST, SPECK * parts.size)
    if not kept.any():
        kept[sizes.argmax()] = True
    order = np.argsort(-sizes, kind="stable")[: kept.sum()]
    rank = np.zeros(len(sizes), np.int32)
    rank[order] = np.arange(1, len(order) + 1)
    ranked = rank[area][parts]
    speck = (ranked == 0) & (parts > 0)
    return measured(filled(ranked) - 1, paper & ~speck, sizes[order] / parts.size, sides)


def measured(labels: np.ndarray, paper: np.ndarray, shares: np.ndarray, sides: list[Side]) -> Areas:
    """Areas with all that is told of each."""
    insides: list[Index] = [side.inside for side in sides]
    border, rim = (_shares_along(labels, paper, places, len(shares)) for places in (list(ENDS), insides))
    numbers = (innermost(labels, paper, len(shares)), shares, border, rim)
    return Areas(labels, paper, *(each.astype(np.float32) for each in numbers))


def _shares_along(labels: np.ndarray, paper: np.ndarray, places: list[Index], count: int) -> np.ndarray:
    """(R,): each area's paper as a share of the pixels at these places."""
    along = np.concatenate([np.where(paper[at], labels[at], count) for at in places] or [np.array([count])])
    return np.bincount(along, minlength=count + 1)[:count] / len(along)


def innermost(labels: np.ndarray, paper: np.ndarray, count: int) -> np.ndarray:
    """(R, 2) in [0, 1]: the point of each area that is farthest from ink and from other areas."""
    step = -(-max(labels.shape) // BOUND)
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


def _missed(labels: np.ndarray, paper: np.ndarray, which: np.ndarray) -> Iterator[tuple[int, tuple[int, int]]]:
    """The innermost pixels of areas too small for ``innermost``."""
    boxes = find_objects(labels + 1) if len(which) else []
    for r in which:
        rows, columns = boxes[r]
        own = labels[rows, columns] == r
        own = own & paper[rows, columns] if (own & paper[rows, columns]).any() else own
        distance = cv2.distanceTransform(np.pad(own.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
        row, column = np.unravel_index(distance.argmax(), own.shape)
        yield int(r), (rows.start + int(row), columns.start + int(column))
