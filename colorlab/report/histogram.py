"""Overlaid histograms of the distances between candidates, as in GPIC's Fig. 8: the same fixed bins
for all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from colorlab.report.figure import INK, add_legend, empty, label, looks, styled

# times the median row's peak; bars beyond are cut, so that one collapsed row does not flatten the
# others
TALLEST = 2.5


class Distances(NamedTuple):
    """counts: (bins,) of a row; mean: of its distances. outline: drawn as a line alone, as an upper
    end."""

    name: str
    counts: np.ndarray
    mean: float
    outline: bool


def histogram(rows: Sequence[Distances], edges: np.ndarray, axis: str) -> Figure:
    """Densities, so that rows of different counts can be laid over each other; means as strokes on
    the axis.

    edges: (bins + 1,). axis: what the distances are."""
    with styled():
        figure, axes = empty()
        for row, style in zip(rows, looks([row.outline for row in rows]), strict=True):
            density = _density(row, edges)
            if row.outline:
                axes.stairs(density, edges, color=INK, linewidth=1.1, label=label(row.name))
            else:
                axes.stairs(density, edges, color=style.color, alpha=0.3, fill=True)
                axes.stairs(
                    density,
                    edges,
                    color=style.color,
                    linewidth=1.2,
                    linestyle=style.dash,
                    label=label(row.name),
                )
            color = INK if row.outline else style.color
            axes.axvline(row.mean, 0, 0.04, color=color, linewidth=2.2, solid_capstyle="butt")
        axes.set_xlim(edges[0], _reach(rows, edges))
        axes.set_ylim(0, _top(rows, edges))
        axes.set_yticks([])
        axes.set_xlabel(axis)
        axes.set_ylabel("density of pairs")
        add_legend(figure, axes)
    return figure


def _density(row: Distances, edges: np.ndarray) -> np.ndarray:
    return row.counts / max(row.counts.sum(), 1) / np.diff(edges)


def _top(rows: Sequence[Distances], edges: np.ndarray) -> float:
    peaks = [_density(row, edges).max() for row in rows]
    return 1.05 * min(max(peaks, default=0), TALLEST * float(np.median(peaks))) or 1.0


def _reach(rows: Sequence[Distances], edges: np.ndarray) -> float:
    """The edge behind the last bin that holds a thousandth of some row: the bins stay, empty ones
    are not shown."""
    shares = [row.counts / max(row.counts.sum(), 1) for row in rows]
    filled = np.flatnonzero(np.max(shares, axis=0) > 0.001) if shares else np.zeros(0, int)
    return float(edges[min(len(edges) - 1, filled[-1] + 2)]) if len(filled) else float(edges[-1])
