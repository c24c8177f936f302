"""Tables and pictures for the experiments' pages, from evaluations: nothing is sampled or judged
here.

    python experiments/show.py table diversity/lpips:3,validity/share:2 NAME=FOLDER ... [+trivial]
    python experiments/show.py differences diversity/lpips:3 NAME=FOLDER ...
    python experiments/show.py sheet OUT.png 3 6 NAME=FOLDER ...

A FOLDER is one that `python -m colorlab.evaluate` printed. +trivial adds what needs no method,
judged as the first evaluation was: the picture without colour, the mean training colour, the
nearest drawing's colours, other truths. Differences are those from the first; a sheet shows so many
drawings and candidates of each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorlab.evaluation.folder import PICTURES, Evaluation, read_evaluation, read_sample
from colorlab.evaluation.rows import differences_of, row_of, trivial_rows
from colorlab.report.grid import mixture
from colorlab.report.table import Cell
from colorlab.storage.files import read_arrays

TRIVIAL = "+trivial"
CELL, GAP, NAME_WIDTH = 96, 4, 150


def table(columns: str, named: Sequence[str]) -> str:
    """Markdown: a row a measure, a column an evaluation; mean [95 % interval over drawings]."""
    found = evaluations([word for word in named if word != TRIVIAL])
    shown = {name: row_of(each, name).cells | timed(each) for name, each in found.items()}
    if TRIVIAL in named:
        for row in trivial_rows(next(iter(found.values()))):
            shown[f"{row.name}, {row.note}".removesuffix(", ")] = row.cells
    lines = ["| | " + " | ".join(shown) + " |", "| --- |" + " --- |" * len(shown)]
    for column in columns.split(","):
        key, digits = column.rsplit(":", 1)
        cells = [written(each.get(key), int(digits)) for each in shown.values()]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def differences(columns: str, named: Sequence[str]) -> str:
    """Markdown: each evaluation minus the first; mean [95 % interval of the paired differences over
    drawings]."""
    (_, base), *others = evaluations(named).items()
    lines = [
        "| | " + " | ".join(name for name, _ in others) + " |",
        "| --- |" + " --- |" * len(others),
    ]
    found = [differences_of(each, base) for _, each in others]
    for column in columns.split(","):
        key, digits = column.rsplit(":", 1)
        cells = [
            f"{d[key].mean:+.{digits}f} [{d[key].low:+.{digits}f}, {d[key].high:+.{digits}f}]"
            for d in found
        ]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def written(value: Cell | None, digits: int) -> str:
    """`mean [low, high]`, or a dash."""
    if value is None or value.mean is None:
        return "-"
    bounds = "" if value.low is None else f" [{value.low:.{digits}f}, {value.high:.{digits}f}]"
    return f"{value.mean:.{digits}f}{bounds}"


def timed(evaluation: Evaluation) -> dict[str, Cell]:
    """seconds: the time that a drawing took, where it is known."""
    known = evaluation.document["timing"].get("seconds_per_drawing")
    return (
        {}
        if known is None
        else {"seconds": Cell(known, None, None, len(evaluation.document["drawings"]))}
    )


def sheet(out: Path, drawings: int, candidates: int, named: Sequence[str]) -> Path:
    """A block a drawing: a row an evaluation with its first candidates; the drawing and its truths
    above."""
    found = evaluations(named)
    first = next(iter(found.values()))
    shown = read_arrays(first.path / PICTURES)
    kept = sorted({int(key.split("/")[0]) for key in shown})
    positions = sorted(mixture(first.document["truths"], kept, drawings))
    step, font = CELL + GAP, ImageFont.load_default(13)
    height = len(positions) * ((len(found) + 1) * step + 2 * GAP)
    page = Image.new("RGB", (NAME_WIDTH + step * candidates, height), "white")
    pen, y = ImageDraw.Draw(page), 0
    for position in positions:
        drawing = np.repeat(shown[f"{position}/drawing"][..., None], 3, -1)
        rows = {"drawing, truths": [drawing, *shown[f"{position}/truths"]]}
        name = first.document["drawings"][position]
        rows |= {label: list(read_sample(each.path, name)) for label, each in found.items()}
        for label, pictures in rows.items():
            pen.text((4, y + CELL / 2), label, fill=(40, 40, 40), font=font, anchor="lm")
            for x, picture in enumerate(pictures[:candidates]):
                scaled = Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.BICUBIC)
                page.paste(scaled, (NAME_WIDTH + x * step, y))
            y += step
        y += 2 * GAP
    out.parent.mkdir(parents=True, exist_ok=True)
    page.quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)
    return out


def evaluations(named: Sequence[str]) -> dict[str, Evaluation]:
    """NAME=FOLDER words, read."""
    pairs = [word.rsplit("=", 1) for word in named]  # a name may hold a =
    return {name: read_evaluation(Path(folder)) for name, folder in pairs}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["table", columns, *named] if {*named} - {TRIVIAL}:
            print(table(columns, named))
        case ["differences", columns, *named] if len(named) > 1:
            print(differences(columns, named))
        case ["sheet", out, drawings, candidates, *named] if named:
            print(sheet(Path(out), int(drawings), int(candidates), named))
        case _:
            sys.exit(__doc__)
