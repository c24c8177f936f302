"""Error of the best of k candidates against k: how much one gains by being shown more of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from colorlab.report.figure import add_legend, empty, label, looks, styled
from colorlab.report.table import Cell, Row


class Curve(NamedTuple):
    """cells: for k = 1, 2, ..."""

    name: str
    cells: list[Cell]
    trivial: bool


def curve_of(row: Row, measure: str, n: int) -> Curve:
    """The row's cells of `<measure>` with {k} replaced by 1 to n, as far as it has them."""
    keys = [measure.format(k=k) for k in range(1, n + 1)]
    return Curve(
        row.name + row.mark, [row.cells[key] for key in keys if key in row.cells], row.trivial
    )


def curves(rows: Sequence[Curve], up: str) -> Figure:
    """Lines with 95 % bands; trivial rows are lines alone. up: what the error is."""
    with styled():
        figure, axes = empty()
        for row, style in zip(rows, looks([row.trivial for row in rows]), strict=True):
            k = range(1, len(row.cells) + 1)
            bounds = [
                (c.low, c.high) for c in row.cells if c.low is not None and c.high is not None
            ]
            axes.plot(
                k, [cell.mean for cell in row.cells], color=style.color, linestyle=style.dash,
                label=label(row.name), linewidth=1.0 if row.trivial else 1.6,
                marker=None if row.trivial else "o", markersize=3,
            )  # fmt: skip
            if not row.trivial and len(bounds) == len(row.cells):
                lows, highs = zip(*bounds, strict=True)
                axes.fill_between(k, lows, highs, color=style.color, alpha=0.15, linewidth=0)
        most = max((len(row.cells) for row in rows), default=1)
        axes.set_xticks(
            [k for k in range(1, most + 1) if most <= 10 or k % (most // 8) == 0 or k == 1]
        )
        axes.set_ylim(0)
        axes.set_xlabel("candidates k")
        axes.set_ylabel(up)
        add_legend(figure, axes)
    return figure
