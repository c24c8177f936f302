"""How charts look, in print and on the page: one size, one palette that colour-blind readers can
tell apart, no frame.

On the page the colours are CSS variables, so that a chart follows the page into the dark."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's (2008)
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
INK, MUTED, RULE = "#1c1c1c", "#6b6b6b", "#d9d9d9"
VARIABLES = {color: f"var(--series-{i})" for i, color in enumerate(SERIES)} | {
    INK: "var(--ink)", MUTED: "var(--muted)", RULE: "var(--rule)",
}  # fmt: skip
Dash = str | tuple[int, tuple[int, ...]]  # as Matplotlib has them
DASHES: tuple[Dash, ...] = ("-", "--", ":", "-.", (0, (8, 2)))
# the same in SVG
STROKES = dict(zip(DASHES, ("", "6 3", "1.5 2.5", "7 3 1.5 3", "12 3"), strict=True))
SIZE = (4.1, 2.9)  # inches: a column of a paper
DOTS = 220  # an inch, of PNG


class Look(NamedTuple):
    """Of one series."""

    color: str
    dash: Dash
    marker: str


def look(position: int, trivial: bool) -> Look:
    """Runs differ in colour, from the seventh on in dash too; trivial rows are gray and differ in
    dash and marker."""
    if trivial:
        return Look(MUTED, DASHES[1 + position % 4], "sD^vP"[position % 5])
    return Look(SERIES[position % len(SERIES)], DASHES[position // len(SERIES) % len(DASHES)], "o")


def looks(trivial: Sequence[bool]) -> list[Look]:
    """One for each series in turn, runs and trivial rows counted separately."""
    return [look(sum(each == kind for each in trivial[:i]), kind) for i, kind in enumerate(trivial)]


def styled() -> AbstractContextManager[None]:
    """Matplotlib's settings for all that follows; text stays text in SVG, and names are never read
    as formulas."""
    return rc_context({
        "font.size": 8.5, "font.family": "sans-serif", "axes.labelsize": 8.5, "legend.fontsize": 8,
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": RULE, "xtick.color": MUTED,
        "ytick.color": MUTED, "axes.spines.top": False, "axes.spines.right": False,
        "axes.spines.left": False, "xtick.major.size": 0, "ytick.major.size": 0, "axes.grid": True,
        "axes.grid.axis": "y", "grid.color": RULE, "grid.linewidth": 0.6, "axes.axisbelow": True,
        "lines.linewidth": 1.5, "legend.frameon": False, "legend.labelcolor": INK,
        "svg.fonttype": "none", "svg.hashsalt": "colorlab", "text.parse_math": False,
        "axes.unicode_minus": True,
    })  # fmt: skip


def empty() -> tuple[Figure, Axes]:
    """A figure of one chart."""
    figure = Figure(figsize=SIZE, layout="constrained")
    return figure, figure.add_subplot()


def add_legend(figure: Figure, axes: Axes) -> None:
    """Below the chart, where it hides nothing."""
    handles, names = axes.get_legend_handles_labels()
    longest = max(map(len, names), default=0)
    figure.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=2 if longest > 18 else 3,
        columnspacing=1.4,
        handlelength=1.8,
    )


def label(name: str) -> str:
    """A name as a legend takes it: one that begins with an underscore would be left out."""
    return f"\u200b{name}" if name.startswith("_") else name


def png(figure: Figure) -> bytes:
    """The figure as a PNG file, on white."""
    out = io.BytesIO()
    with styled():
        figure.savefig(out, format="png", dpi=DOTS, facecolor="white")
    return out.getvalue()


def svg(figure: Figure, name: str, title: str) -> str:
    """The figure as an <svg> to be put into a page, without its legend: the page has one for all.
    name: makes its ids its own; title: read out instead of it."""
    for legend in list(figure.legends):
        legend.remove()
    out = io.StringIO()
    with styled():
        figure.savefig(
            out, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    view_box = re.search(r'viewBox="[^"]+"', text)[0]  # type: ignore[index]
    opening = f'<svg {view_box} role="img" aria-label="{html.escape(title)}">'
    text = re.sub(r"<svg[^>]*>", lambda _: opening, text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', text)
    return re.sub("|".join(VARIABLES), lambda found: VARIABLES[found[0]], text)
