"""The contact sheet that a training ends with: held-out drawings, and drawings by code on pens that
are in no set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from colorlab.data.sketches import sketches
from colorlab.report.grid import Sheet
from colorlab.runs.run import Run
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.pictures import colorings, understood
from colorlab.sampling.splits import sheet_of_split

SIDE = 192  # px; methods that colour drawings at their own size are shown at this one


def sheet_of_training(run: Run, limit: int, options: SamplingOptions) -> Sheet:
    """limit held-out drawings with their true colourings, then sketches, if the run colours line
    drawings."""
    method = run.method()
    data = run.config["data"]
    if method.own_size and data["size"] < SIDE:
        run = Run(run.path, run.config | {"data": data | {"size": SIDE}}, run.simplify)
    sheet = sheet_of_split(method, run.pictures(), "test", limit, options)
    if data["condition"] != "lines":
        return sheet
    rows = [*sheet.rows, *sketched(method, data, len(sheet.columns), options)]
    return sheet._replace(rows=rows)


def sketched(
    method: Any, data: dict[str, Any], columns: int, options: SamplingOptions
) -> Iterator[list[Any]]:
    """A row per sketch: the drawing, n colourings of it, empty cells. data: of the run's
    configuration."""
    for drawing in sketches(2 * SIDE):
        shown = understood(drawing, None, data, PictureOptions(lines="always"))
        row = [drawing.transpose(1, 2, 0), *colorings(shown, method, [], options)]
        yield [np.ascontiguousarray(each) for each in row] + [None] * (columns - len(row))
