"""The report as one self-contained HTML file: opens from disk, loads nothing, fits phone, desk and
paper."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from colorlab.report import table
from colorlab.report.table import Column, Row

TEMPLATE = "page.html.j2"
LARGEST = 96  # px; larger pictures are shrunk for the page
CANDIDATES = 8  # shown of each drawing
PALE, DEEP = np.array((255, 255, 255)), np.array((73, 43, 112))  # ends of the scale of uncertainty


class Chart(NamedTuple):
    """svg: of report.figure. caption: below it."""

    svg: str
    caption: str


class Key(NamedTuple):
    """A line of the charts' legend. color: a CSS colour; dash: of the line as in SVG's
    stroke-dasharray."""

    name: str
    color: str
    dash: str


class Strip(NamedTuple):
    """One row's candidates for a drawing. name: of the row, or ""; pictures: (n, H, W, 3) uint8;
    hue_uncertainty: (H, W) in [0, 1]."""

    name: str
    pictures: np.ndarray
    hue_uncertainty: np.ndarray


class Case(NamedTuple):
    """A drawing (H, W), its true colourings (T, H, W, 3), both uint8, and what the rows made of it.
    note: below the drawing's name, or ""."""

    name: str
    note: str
    drawing: np.ndarray
    truths: np.ndarray
    strips: list[Strip]


class Page(NamedTuple):
    """What is on the page. facts: under the title. notes: warnings, shown on top. ranking: a table
    whose first row is its heading, or empty. columns, rows: of the main table; baseline: the row
    that differences are taken to.
    modes: columns of the table of true modes. worst: by run.
    settings: a table whose first row is its heading. protocol: name -> value."""

    title: str
    facts: list[str]
    notes: list[str]
    ranking: list[list[str]]
    columns: list[Column]
    rows: list[Row]
    baseline: str
    legend: list[Key]
    charts: list[Chart]
    modes: list[Column]
    cases: list[Case]
    worst: dict[str, list[Case]]
    settings: list[list[str]]
    protocol: dict[str, str]
    footer: str


def rendered(page: Page) -> str:
    """The page's HTML."""
    from jinja2 import Environment

    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.globals |= {"uri": data_uri, "tinted": tinted, "deep": f"rgb{tuple(DEEP.tolist())}"}
    environment.globals |= {
        "modes_of": modes_of,
        "told_apart": told_apart,
        "candidates": CANDIDATES,
    }
    environment.globals |= {
        each.__name__: each for each in (table.number, table.signed, table.bounds, table.arrow)
    }
    source = Path(__file__).with_name(TEMPLATE).read_text(encoding="utf-8")
    text = environment.from_string(source).render(page=page)
    # a file name may hold bytes that are no text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def tinted(values: np.ndarray) -> np.ndarray:
    """(H, W) in [0, 1] -> (H, W, 3) uint8, from white for 0 to violet for 1."""
    return (PALE + values[..., None] * (DEEP - PALE)).round().astype(np.uint8)


def data_uri(picture: np.ndarray) -> str:
    """(H, W) or (H, W, 3) uint8 -> a PNG as a data URI, shrunk to the page's size."""
    image = Image.fromarray(picture)
    if max(image.size) > LARGEST:
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def modes_of(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """The rows that have anything in the table of true modes."""
    return [row for row in rows if any(column.key in row.cells for column in columns)]


def told_apart(row: Row, key: str) -> bool:
    """Whether the interval of the paired difference to the baseline leaves out 0."""
    cell = row.differences.get(key)
    return (
        cell is not None
        and cell.low is not None
        and cell.high is not None
        and not cell.low <= 0 <= cell.high
    )
