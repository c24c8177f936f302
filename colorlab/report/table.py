"""Tables of measures with intervals: rows of cells in, text for a terminal, Markdown, LaTeX or
CSV out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import NamedTuple

NOTHING = "–"


class Cell(NamedTuple):
    """A mean over n drawings and its 95 % bounds, None where there are none."""

    mean: float
    low: float | None
    high: float | None
    n: int


class Column(NamedTuple):
    """key: the measure. title: its heading. note: what it is, in a sentence. better: higher, lower,
    zero, or "" where neither is good on its own. digits: after the point."""

    key: str
    title: str
    note: str
    better: str
    digits: int


class Row(NamedTuple):
    """cells, differences (paired, to the baseline): measure -> Cell. trivial: no method. mark: a
    sign behind the name for another protocol, or "". leading: measures at which no other row is
    told better. note: below the name, or ""."""

    name: str
    cells: dict[str, Cell]
    differences: dict[str, Cell]
    trivial: bool
    mark: str
    leading: frozenset[str]
    note: str


def headline(n: int, have: set[str]) -> list[Column]:
    """The columns of the main table, those of them that are there; perceptual distances where they
    were measured."""
    lpips = "diversity/lpips" in have
    d, name, dot = ("lpips", "LPIPS", 3) if lpips else ("delta_e", "CIEDE2000", 1)
    vendi, radius = ("vendi_lpips", "lpips_0.05") if lpips else ("vendi_lab", "delta_e_10")
    reach = f"{name} {radius.rsplit('_', 1)[1]}"
    columns = (
        ("validity/share", "valid",
         "share that keeps lines and paper, without noise or bleeding", "higher", 2),
        (f"diversity/{d}", "diversity",
         f"mean {name} over pairs of candidates; more is not better alone", "", dot),
        (f"validity/earned_{d}", "earned",
         "diversity, with 0 for pairs not valid on both sides", "higher", dot),
        (f"diversity/{vendi}", f"distinct of {n}",
         "effective number of different candidates (Vendi score)", "", 1),
        (f"truth/best_of_1_{d}", "error of one",
         f"{name} of a candidate to the true colouring", "lower", dot),
        (f"truth/best_of_{n}_{d}", f"best of {n}",
         f"{name} of the candidate nearest to the truth", "lower", dot),
        (f"modes/coverage_{radius}", "modes found",
         f"share of truths with a candidate within {reach}", "higher", 2),
        ("realism/kid_lite0", "KID",
         "kernel distance of EfficientNet features to the truths'", "lower", 2),
        ("realism/fid", "FID", "Frechet distance of Inception features to the truths'", "lower", 1),
        ("realism/kid_vgg16", "KID",
         "kernel distance of VGG16 features to the truths'", "lower", 2),
        ("colourfulness/signed_delta", "colourfulness",
         "Hasler and Suesstrunk's, minus the truth's", "zero", 1),
        ("areas/coloured", "areas filled",
         "share of the paper inside of lines that is coloured", "", 2),
        ("areas/leak", "leak",
         "share of the paper around the drawing that is coloured", "lower", 3),
        ("areas/spread", "unevenness",
         "spread of colour within areas, of a channel in [0, 1]", "lower", 3),
    )  # fmt: skip
    return [Column(*column) for column in columns if column[0] in have] + likelihoods(have)


def likelihoods(have: set[str]) -> list[Column]:
    """A column for each kind of numbers whose likelihood is known, and one for that of the
    marginals."""
    found = []
    for kind, title, of in (
        ("likelihood", "bits", "joint probability"),
        ("alone", "bits alone", "marginals"),
    ):
        keys = sorted(key for key in have if key.startswith(f"{kind}/"))
        note = f"-log2 of the true colours' {of}, per number"
        found += [
            Column(key, title, f"{note} of {key.partition('/')[2]}", "lower", 2) for key in keys
        ]
    return found


def coverage(have: set[str]) -> list[Column]:
    """Columns of the table of true modes: coverage within each radius, and what n candidates can
    reach at most."""
    name = "lpips" if any(key.startswith("modes/coverage_lpips_") for key in have) else "delta_e"
    keys = sorted(
        (k for k in have if k.startswith(f"modes/coverage_{name}_")),
        key=lambda k: float(k.rsplit("_", 1)[1]),
    )
    columns = [Column(key, f"≤ {key.rsplit('_', 1)[1]}", "", "higher", 2) for key in keys]
    most = Column(
        "modes/attainable",
        "attainable",
        "with every candidate on a true colouring of its own",
        "",
        2,
    )
    return [*columns, most] if columns and most.key in have else columns


def number(value: float | None, digits: int) -> str:
    """As printed in tables; a minus sign is one."""
    if value is None:
        return NOTHING
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: float | None, digits: int) -> str:
    """For differences: + or − before it."""
    text = number(value, digits)
    return text if value is None or value <= 0 or float(text) == 0 else f"+{text}"


def bounds(cell: Cell, digits: int) -> str:
    """`[low, high]`, or nothing where there is no interval."""
    if cell.low is None or cell.high is None:
        return ""
    return f"[{number(cell.low, digits)}, {number(cell.high, digits)}]"


def format_cell(cell: Cell | None, column: Column) -> str:
    """`mean [low, high]`."""
    return (
        NOTHING
        if cell is None
        else f"{number(cell.mean, column.digits)} {bounds(cell, column.digits)}".strip()
    )


def arrow(column: Column) -> str:
    """Which way is better."""
    return {"higher": "\u00a0↑", "lower": "\u00a0↓", "zero": " →\u00a00", "": ""}[column.better]


def terminal(columns: list[Column], row: Row, beside: Iterable[Row], title: str) -> object:
    """A rich.table.Table: a line per measure, one row of the report with intervals, others beside
    it without."""
    from rich.markup import escape
    from rich.table import Table

    others = list(beside)
    table = Table(
        title=escape(title),
        title_justify="left",
        title_style="",
        box=None,
        header_style="bold",
        padding=(0, 2, 0, 0),
    )
    table.add_column("", no_wrap=True)
    table.add_column(escape(row.name), justify="right", no_wrap=True)
    for other in others:
        table.add_column(escape(other.name), justify="right", style="dim", max_width=10)
    for column in columns:
        means = [other.cells.get(column.key) for other in others]
        texts = [number(cell.mean if cell else None, column.digits) for cell in means]
        table.add_row(
            column.title + arrow(column),
            format_cell(row.cells.get(column.key), column).replace("[", r"\["),
            *texts,
        )
    return table


def markdown(columns: list[Column], rows: Iterable[Row]) -> str:
    """A table, leading numbers bold, and what the columns are."""

    def cell(row: Row, column: Column) -> str:
        text = format_cell(row.cells.get(column.key), column)
        return f"**{text}**" if column.key in row.leading else text

    lines = [
        "| | " + " | ".join(c.title + arrow(c) for c in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for row in rows:
        name = _plain(row.name) + row.mark + (f" ({_plain(row.note)})" if row.note else "")
        lines.append(
            f"| {f'*{name}*' if row.trivial else name} | "
            + " | ".join(cell(row, c) for c in columns)
            + " |"
        )
    return "\n".join([*lines, "", *(f"- {c.title}: {c.note}" for c in columns if c.note)]) + "\n"


def listed(lines: list[list[str]]) -> str:
    """Words as a table in Markdown; the first line is the heading."""
    if not lines:
        return ""
    heading, *rest = (" | ".join(_plain(word) for word in line) for line in lines)
    return (
        "\n".join(
            [f"| {heading} |", "|---" * len(lines[0]) + "|", *(f"| {line} |" for line in rest)]
        )
        + "\n"
    )


def _plain(text: str) -> str:
    """Words that Markdown, HTML in it and links show as they are, on one line."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return re.sub(r"([\\`*_{}\[\]<>&|~!#$@:])|(?<=www)(\.)", r"\\\1\2", line)


def latex(columns: list[Column], rows: Iterable[Row]) -> str:
    r"""A tabular for booktabs, intervals small below the means (\usepackage{booktabs,makecell})."""

    def cell(row: Row, column: Column) -> str:
        found = row.cells.get(column.key)
        if found is None:
            return "--"
        mean = _tex(number(found.mean, column.digits))
        mean = rf"\textbf{{{mean}}}" if column.key in row.leading else mean
        span = _tex(bounds(found, column.digits))
        return rf"\makecell{{{mean}\\{{\scriptsize {span}}}}}" if span else mean

    arrows = {"higher": r" $\uparrow$", "lower": r" $\downarrow$", "zero": r" $\to 0$", "": ""}
    head = " & ".join(["", *(_tex(c.title) + arrows[c.better] for c in columns)])
    lines = [
        " & ".join(
            [
                _tex(row.name + row.mark + (f" ({row.note})" if row.note else "")),
                *(cell(row, c) for c in columns),
            ]
        )
        + r" \\"
        for row in rows
    ]
    begin = rf"\begin{{tabular}}{{l{'c' * len(columns)}}}"
    parts = [
        begin,
        r"\toprule",
        head + r" \\",
        r"\midrule",
        *lines,
        r"\bottomrule",
        r"\end{tabular}",
        "",
    ]
    return "\n".join(parts)


def _tex(text: str) -> str:
    signs = {"−": "$-$", "–": "--", "≤": r"$\le$", "†": r"$\dagger$", "\\": r"\textbackslash{}"}
    signs |= {sign: f"\\{sign}" for sign in "&%$#_{}"} | {
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
    return "".join(signs.get(sign, sign) for sign in text)


def comma_separated(rows: Iterable[Row]) -> str:
    """Every measure of every row, one per line, in full precision, with its paired difference to
    the baseline."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = ("mean", "low", "high", "n")
    writer.writerow(
        ["row", "kind", "mark", "measure", *parts, *(f"difference_{part}" for part in parts)]
    )
    for row in rows:
        for key, cell in row.cells.items():
            difference = row.differences.get(key, ("", "", "", ""))
            writer.writerow(
                [row.name, "trivial" if row.trivial else "run", row.mark, key, *cell, *difference]
            )
    return out.getvalue()
