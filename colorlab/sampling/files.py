"""Picture files in, colourings of the same size out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colorlab.data.intake import named, open_picture, open_rgba
from colorlab.progress import with_progress
from colorlab.report.grid import save_sheet, sheet_of, thumbnail
from colorlab.runs.run import Run
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.pictures import Shown, colourings, understood
from colorlab.sampling.setup import guides_of, method_of
from colorlab.sampling.splits import to_pixels
from colorlab.storage.files import replacing, write_text

CELL = 192  # px; width of a picture on a file's sheet


def colour_files(
    runs: Sequence[Run],
    source: Path,
    out: Path,
    options: SamplingOptions,
    wanted: PictureOptions,
    words: dict[str, Any],
) -> Iterator[Path]:
    """n colourings and a sheet of every picture in a file or a folder. words: of the command, which are kept with them.
    -> the sheets' paths, each when it is there."""
    method = method_of(runs, options)
    known = None if wanted.hints is None else open_rgba(Path(wanted.hints), options.pixel_limit)
    guides = guides_of(options, known is not None)
    found = named(source)
    for path, name in with_progress(found.items(), len(found), "colouring"):
        shown = understood(open_picture(path, options.pixel_limit), known, runs[0].config["data"], wanted)
        yield write_colourings(out / name, shown, colourings(shown, method, guides, options))
    settings = json.dumps(words, indent=1, ensure_ascii=False) + "\n"
    write_text(out / "sample.json", settings)  # bytes of a name that are no text become JSON's \udc80 to \udcff


def write_colourings(start: Path, shown: Shown, made: Iterator[np.ndarray]) -> Path:
    """<start>-1.png and so on, and a sheet of them. -> the sheet's path."""
    cells = []
    for k, pixels in enumerate(made):
        with replacing(start.with_name(f"{start.name}-{k + 1}.png")) as temporary:
            Image.fromarray(pixels).save(temporary, "PNG")
        cells.append(thumbnail(pixels, CELL))
    sheet = sheet_of([thumbnail(to_pixels(shown.drawing[0].expand(3, -1, -1)), CELL)], [np.stack(cells)], [[]])
    path = start.with_name(f"{start.name}-sheet.png")
    with replacing(path) as temporary:
        save_sheet(sheet, temporary, CELL)
    return path
