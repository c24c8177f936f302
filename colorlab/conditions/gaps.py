"""Gaps in lines: where a part of the paper is several rooms, told by the widths of its passages.

Rooms are peaks of the distance to ink, their borders a watershed (Meyer, 1994); two are one where
the passage between them is wide, or not quite narrow where no line ends: a window and a door are
near, but there is no gap. Trapped-ball filling asks the first with balls of several sizes
(Zhang et al., "Vectorizing Cartoon Animations", 2009). All is looked at on a bounded number of
pixels; what is found follows the lines at full size."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from scipy.ndimage import find_objects
from scipy.spatial import KDTree
from skimage.morphology import skeletonize
from skimage.segmentation import watershed

# times the gap: so wide may one be from whose sides two ends of a line point at each other
WIDE = 1.8
# of the gap: a peak of the distance to ink above one of them is a room
LEVELS = (WIDE, 1.0, 0.7, 0.5, 0.35, 0.25)
WAY = 6.0  # times half the pen's width: so much of a line tells the way in which it goes on
NARROWEST = 1.5  # px; lower peaks are no rooms
NECK = 0.5  # a passage this wide against the narrower of two rooms is no gap
UNBROKEN = 0.12  # the same, where no line ends
RIM_NECK = 0.85  # the same, if one of the two, and one only, touches the rim
POINTING = 0.6  # cosine of the angle within which an end points at another
# a line ends at a passage within so many times its half width, and of the pen's
REACH, NEAR = 1.5, 5.0
BOUND = 800  # longest side on which gaps are looked for, px


def _is_end(code: int) -> bool:
    """Whether the neighbours that bits stand for, in a ring, are one or two beside each other."""
    ring = [code >> k & 1 for k in range(8)]
    return sum(ring) == 1 or (sum(ring) == 2 and any(ring[k] and ring[k - 1] for k in range(8)))


# a power of two for each neighbour, in a ring
AROUND = np.array([[1, 2, 4], [128, 0, 8], [64, 32, 16]], np.float32)
IS_END = np.array([_is_end(code) for code in range(256)])


def divided(
    parts: np.ndarray, gap: float, rim: np.ndarray, whole: np.ndarray, ink: np.ndarray
) -> np.ndarray:
    """Parts (H, W) int32 from 1 on, those of several rooms divided into them; the rooms are
    numbered after the parts.

    gap: half the width of the widest gap that is closed, px. rim: (H, W) bool, inside of what is
        around the drawing.
    whole: parts that are not divided. ink: (H, W) bool, parts of it none."""
    step = step_of(parts)
    small = shrunk(parts, parts > 0, step)
    distance = distance_to_ink(small > 0)
    markers = peaks(distance, [max(NARROWEST, gap * level / step) for level in LEVELS])
    home = homes(markers, small)
    several = np.bincount(home[1:], minlength=parts.max() + 1) > 1
    several[[0, *whole]] = False
    if not several.any():
        return parts
    inside = several[small]
    basins = watershed(-distance, np.where(inside, markers, 0), mask=inside)
    at_rim = np.zeros(len(home), bool)
    rows, columns = np.nonzero(rim)
    at_rim[basins[rows // step, columns // step]] = True
    rooms = joined(basins, distance, at_rim, gap / step, ends_of(shrunk(~ink, ~ink, step) == 0))
    alone = np.bincount(home[np.unique(rooms[1:])], minlength=len(several)) < 2
    return painted(parts, np.where(alone[small], 0, rooms[basins]), small, step)


def step_of(picture: np.ndarray) -> int:
    """The side of the squares, in pixels, of which no more than BOUND cover the longer side."""
    return -(-max(picture.shape) // BOUND)


def shrunk(values: np.ndarray, paper: np.ndarray, step: int) -> np.ndarray:
    """The values (H, W) of squares of ``step`` pixels that are all paper, 0 for others: closed
    lines stay closed."""
    if step == 1:
        return np.where(paper, values, 0)
    clear = cv2.erode(paper.astype(np.uint8), np.ones((step, step), np.uint8), anchor=(0, 0))[
        ::step, ::step
    ]
    return np.where(clear > 0, values[::step, ::step], 0)


def _scaled(at: slice, step: int) -> slice:
    return slice(at.start // step, (at.stop - 1) // step + 1)


def distance_to_ink(paper: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (H, W) float32, px; beyond the picture there is no ink."""
    around = np.pad(paper.astype(np.uint8), 1, constant_values=1)
    if around.all():
        return np.full(paper.shape, float(max(paper.shape)), np.float32)
    return cv2.distanceTransform(around, cv2.DIST_L2, 5)[1:-1, 1:-1]


def stroke_width(ink: np.ndarray) -> float:
    """Of ink (H, W) bool, px: of half of its length, lines are wider. What is filled with ink is
    short and counts little."""
    distance = cv2.distanceTransform(np.pad(ink, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    ridge = ink & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)))
    return max(1.0, 2 * float(np.median(distance[ridge])) - 0.5)


def peaks(distance: np.ndarray, levels: list[float]) -> np.ndarray:
    """(H, W) int32, numbered from 1: what is higher than a level and holds nothing that is higher
    than the one before.
    levels: falling."""
    markers, count = np.zeros(distance.shape, np.int32), 0
    for level in levels:
        number, islands = cv2.connectedComponents(
            (distance > level).astype(np.uint8), connectivity=8
        )
        fresh = np.ones(number, bool)
        fresh[islands[markers > 0]] = fresh[0] = False
        names = np.where(fresh, count + fresh.cumsum(), 0).astype(np.int32)
        markers += names[islands]
        count += int(fresh.sum())
    return markers


def homes(markers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """(M + 1,) int: the part that each of M markers lies in; 0 for none."""
    home = np.zeros(markers.max() + 1, np.int64)
    home[markers.ravel()] = parts.ravel()
    home[0] = 0
    return home


class Ends(NamedTuple):
    """Where lines end. places: (K, 2), about half a line's width before its tip; ways: (K, 2), unit
    vectors, the way on; half: the width's half, px."""

    places: np.ndarray
    ways: np.ndarray
    half: float

    def away(self, places: list[tuple[int, int]]) -> np.ndarray:
        """(L,) px: how far the nearest end is from each of L places; inf without ends."""
        if not len(self.places) or not places:
            return np.full(len(places), np.inf)
        return KDTree(self.places).query(places)[0]

    def point_at_each_other(self, place: np.ndarray, reach: float) -> bool:
        """Whether two ends within reach of a place do, with the place between them."""
        near = np.flatnonzero(np.linalg.norm(self.places - place, axis=1) <= reach)
        apart = self.places[near][None] - self.places[near][:, None]  # from the first to the second
        lengths = np.linalg.norm(apart, axis=-1).clip(1e-6)
        points = np.einsum("abc,ac->ab", apart, self.ways[near]) / lengths > POINTING
        from_place = self.places[near] - place
        return bool((points & points.T & (from_place @ from_place.T < 0)).any())


def ends_of(ink: np.ndarray) -> Ends:
    """Of lines of ink (H, W) bool."""
    if not ink.any():
        return Ends(np.zeros((0, 2), int), np.zeros((0, 2)), 0.0)
    left, top, width, height = cv2.boundingRect(ink.astype(np.uint8))
    window, thin = np.s_[top : top + height, left : left + width], np.zeros_like(ink)
    lines = skeletonize(ink[window], method="lee") > 0  # Zhang and Suen's loses lines at 45 degrees
    half = float(
        np.median(cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, 5)[window][lines])
    )
    for _ in range(max(1, round(half))):  # corners of broad lines have spurs no longer than that
        lines &= ~_ends(lines)
    thin[window] = lines
    places = np.argwhere(_ends(lines)) + np.array([top, left])
    return Ends(
        places,
        np.array([_way_on(thin, place, round(WAY * half) + 2) for place in places]).reshape(-1, 2),
        half,
    )


def _way_on(thin: np.ndarray, end: np.ndarray, back: int) -> np.ndarray:
    """(2,): the way in which a thin line goes on at its end, told from so many pixels before it."""
    top, left = np.maximum(end - back, 0)
    window = thin[top : end[0] + back + 1, left : end[1] + back + 1]
    own = cv2.connectedComponents(window.astype(np.uint8), connectivity=8)[1]
    at = end - (top, left)
    way = at - np.argwhere(own == own[tuple(at)]).mean(0)
    return way / max(float(np.linalg.norm(way)), 1e-6)


def _ends(thin: np.ndarray) -> np.ndarray:
    """(H, W) bool: pixels of thin lines whose neighbours are one, or two that touch each other."""
    code = cv2.filter2D(thin.astype(np.uint8), cv2.CV_16S, AROUND, borderType=cv2.BORDER_CONSTANT)
    return thin & IS_END[code]


def joined(
    basins: np.ndarray, distance: np.ndarray, at_rim: np.ndarray, gap: float, ends: Ends
) -> np.ndarray:
    """(M + 1,) int: for each of M basins of a watershed, the one that stands for its room. Basins
    are one room where the widest passage between them is wide against the narrower, less so if it
    is far from all ends of lines; or wider than the gap in px, unless two ends beside it point at
    each other. The widest passages first. at_rim: (M + 1,) bool."""
    widths = np.zeros(len(at_rim), np.float32)
    np.maximum.at(widths, basins.ravel(), distance.ravel())
    stands_for, touches = np.arange(len(at_rim)), at_rim.copy()

    def room(basin: int) -> int:
        while stands_for[basin] != basin:
            basin = stands_for[basin]
        return basin

    found = passages(basins, distance)
    for (passage, first, second, place), end in zip(
        found, ends.away([each[-1] for each in found]), strict=True
    ):
        a, b = sorted((room(first), room(second)))
        neck = NECK if touches[a] == touches[b] else RIM_NECK
        reach = REACH * passage + NEAR * ends.half
        if neck == NECK and end > reach:
            neck = UNBROKEN
        wide = passage > gap and not ends.point_at_each_other(np.array(place), reach)
        if a != b and (wide or passage > neck * min(widths[a], widths[b])):
            stands_for[b] = a
            # a nook at the rim does not take its room there
            wider = a if widths[a] >= widths[b] else b
            widths[a], touches[a] = widths[wider], touches[wider]
    return np.array([room(basin) for basin in range(len(at_rim))])


def passages(
    basins: np.ndarray, distance: np.ndarray
) -> list[tuple[float, int, int, tuple[int, int]]]:
    """Half the width of the widest passage between each two basins that touch, the two, and where
    it is; widest first."""
    keys, widths, places = [], [], []
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        touch = (basins[here] != basins[there]) & (basins[here] > 0) & (basins[there] > 0)
        a, b = basins[here][touch].astype(np.int64), basins[there][touch].astype(np.int64)
        keys.append(np.minimum(a, b) << 32 | np.maximum(a, b))
        widths.append(np.minimum(distance[here][touch], distance[there][touch]))
        places.append(np.argwhere(touch))
    key, width = np.concatenate(keys), np.concatenate(widths)
    order = np.lexsort((-width, key))
    key, first = np.unique(key[order], return_index=True)
    widest, place = width[order][first], np.concatenate(places)[order][first]
    return [
        (
            float(widest[i]),
            int(key[i] >> 32),
            int(key[i] & 0xFFFFFFFF),
            (int(place[i][0]), int(place[i][1])),
        )
        for i in np.lexsort((key, -widest))
    ]


def painted(parts: np.ndarray, rooms: np.ndarray, small: np.ndarray, step: int) -> np.ndarray:
    """Parts (H, W), where rooms (h, w) > 0 divided into them. small: parts (h, w) on squares of
    ``step`` pixels."""
    out, count = parts.copy(), int(parts.max())
    boxes = find_objects(parts)
    for part in np.unique(small[rooms > 0]):
        rows, columns = boxes[part - 1]
        window = _scaled(rows, step), _scaled(columns, step)
        nearest = filled(np.where(small[window] == part, rooms[window], 0))
        top, left = rows.start - window[0].start * step, columns.start - window[1].start * step
        large = enlarged(nearest, step)[top:, left:][
            : rows.stop - rows.start, : columns.stop - columns.start
        ]
        own = parts[rows, columns] == part
        out[rows, columns][own] = count + large[own]
    return out


def filled(labels: np.ndarray) -> np.ndarray:
    """(H, W) int32, where 0 the nearest that is not."""
    holes = labels == 0
    if not holes.any() or holes.all():
        return labels
    mask = holes.astype(np.uint8)
    near = cv2.distanceTransformWithLabels(mask, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)[1]
    # only these are anything's nearest
    edge = ~holes & (cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0)
    value = np.zeros(near.max() + 1, labels.dtype)
    value[near[edge]] = labels[edge]
    out = labels.copy()
    out[holes] = value[near[holes]]
    return out


def enlarged(labels: np.ndarray, step: int) -> np.ndarray:
    """(h, w) int from 1 on -> (h step, w step): the label with the largest share in bilinear
    enlargement; no stairs."""
    if step == 1:
        return labels
    out = labels.repeat(step, 0).repeat(step, 1)
    best = np.zeros(out.shape, np.uint8)
    for label, box in enumerate(find_objects(labels), 1):
        if box is not None:
            rows, columns = (slice(max(0, at.start - 1), at.stop + 1) for at in box)
            share = (labels[rows, columns] == label).astype(np.uint8) * 255
            share = cv2.resize(share, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
            window = np.s_[rows.start * step :, columns.start * step :]
            here = best[window][: share.shape[0], : share.shape[1]]
            out[window][: share.shape[0], : share.shape[1]][share > here] = label
            np.maximum(here, share, out=here)
    return out
