"""Quality against diversity, each with its interval: neither is good without the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from colorlab.report.figure import empty, looks, styled
from colorlab.report.table import Cell

LETTER, LINE = 0.0165, 0.06  # of the axes: about the width of a letter, the height of a name
MARK = 0.022  # half the side of a marker
#: where a name may stand: (steps right, steps up) from its point, the most legible places first
PLACES = (
    (1, 0),
    (-1, 0),
    *((across, sign * up) for up in (1, 2, 3, 4) for sign in (1, -1) for across in (1, -1, 0)),
)

Box = tuple[float, float, float, float]  # left, bottom, right, top, in shares of the axes


class Point(NamedTuple):
    """A row of the table: diversity across, quality up."""

    name: str
    diversity: Cell
    quality: Cell
    trivial: bool


def frontier(points: Sequence[Point], across: str, up: str) -> Figure:
    """across, up: what the axes show."""
    with styled():
        figure, axes = empty()
        axes.grid(True, axis="both")
        styles = looks([point.trivial for point in points])
        for point, style in zip(points, styles, strict=True):
            axes.errorbar(
                point.diversity.mean, point.quality.mean, xerr=_reach(point.diversity),
                yerr=_reach(point.quality), color=style.color, marker=style.marker,
                markersize=4.5 if point.trivial else 6, elinewidth=1.1,
                markerfacecolor="none" if point.trivial else style.color, clip_on=False, zorder=3,
            )  # fmt: skip
        axes.margins(x=0.12, y=0.16)
        for point, style, box in zip(points, styles, name_boxes(points, axes), strict=True):
            axes.text(
                (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, point.name, transform=axes.transAxes,
                ha="center", va="center", fontsize=8, color=style.color,
            )  # fmt: skip
        axes.set_xlabel(across)
        axes.set_ylabel(up)
    return figure


def name_boxes(points: Sequence[Point], axes: Axes) -> list[Box]:
    """Where the points' names go: each in the first of its places that hits the fewest markers,
    intervals and names."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    spots = [
        ((p.diversity.mean - left) / (right - left), (p.quality.mean - low) / (high - low))
        for p in points
    ]
    taken: list[Box] = [(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in spots]
    for point, (x, y) in zip(points, spots, strict=True):
        ends, ups = _ends(point.diversity), _ends(point.quality)
        taken.append(
            (
                (ends[0] - left) / (right - left),
                y - 0.005,
                (ends[1] - left) / (right - left),
                y + 0.005,
            )
        )
        taken.append(
            (x - 0.005, (ups[0] - low) / (high - low), x + 0.005, (ups[1] - low) / (high - low))
        )
    names: list[Box] = []
    for point, (x, y) in zip(points, spots, strict=True):
        places = [_box(x, y, len(point.name) * LETTER, across, up) for across, up in PLACES]
        best = min(
            places, key=lambda box: sum(_overlap(box, other) for other in taken) + _outside(box)
        )
        names.append(best)
        taken.append(best)
    return names


def _ends(cell: Cell) -> tuple[float, float]:
    """Of the interval, which is the mean alone where there is none."""
    return (
        cell.mean if cell.low is None else cell.low,
        cell.mean if cell.high is None else cell.high,
    )


def _box(x: float, y: float, width: float, across: int, up: int) -> Box:
    left = {1: x + 1.3 * MARK, 0: x - width / 2, -1: x - 1.3 * MARK - width}[across]
    bottom = y + up * (LINE / 2 + MARK) - LINE / 2
    return left, bottom, left + width, bottom + LINE


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _outside(box: Box) -> int:
    return 3 * (box[0] < 0 or box[1] < 0 or box[2] > 1.02 or box[3] > 1.02)


def _reach(cell: Cell) -> list[list[float]] | None:
    if cell.low is None or cell.high is None:
        return None
    return [[max(0.0, cell.mean - cell.low)], [max(0.0, cell.high - cell.mean)]]
