"""Quality against diversity, each with its interval: neither is good without the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from colorlab.report.figure import MUTED, empty, looks, styled
from colorlab.report.table import Cell

APART = 0.075  # of the axis: least distance between two names


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
        for point, style in zip(points, looks([point.trivial for point in points]), strict=True):
            axes.errorbar(
                point.diversity.mean, point.quality.mean, xerr=_reach(point.diversity), yerr=_reach(point.quality),
                color=style.color, marker=style.marker, markersize=4.5 if point.trivial else 6, elinewidth=1.1,
                markerfacecolor="none" if point.trivial else style.color, clip_on=False, zorder=3,
            )  # fmt: skip
        axes.margins(x=0.12, y=0.12)
        low, high = axes.get_ylim()
        places = spaced([(p.quality.mean - low) / (high - low) for p in points], [p.diversity.mean for p in points])
        left, right = axes.get_xlim()
        for point, place in zip(points, places, strict=True):
            beyond = point.diversity.mean > left + 0.62 * (right - left)
            axes.annotate(
                point.name, (point.diversity.mean, low + place * (high - low)), (-8 if beyond else 8, 0),
                textcoords="offset points", ha="right" if beyond else "left", va="center", fontsize=8,
                color=MUTED if point.trivial else None,
            )  # fmt: skip
        axes.set_xlabel(across)
        axes.set_ylabel(up)
    return figure


def spaced(heights: Sequence[float], across: Sequence[float]) -> list[float]:
    """Heights for names, moved up a little where two that stand one above the other would overlap."""
    placed: dict[int, float] = {}
    span = max(across, default=0) - min(across, default=0) or 1.0
    for i in sorted(range(len(heights)), key=lambda i: heights[i]):
        near = [h for j, h in placed.items() if abs(across[j] - across[i]) < 0.4 * span]
        placed[i] = max([heights[i] + 0.035, *(h + APART for h in near if h + APART > heights[i])])
    return [placed[i] for i in range(len(heights))]


def _reach(cell: Cell) -> list[list[float]] | None:
    if cell.low is None or cell.high is None:
        return None
    return [[max(0.0, cell.mean - cell.low)], [max(0.0, cell.high - cell.mean)]]
