"""Tables of documents from files: one small record an evaluation, a list of tables, and marks in
Markdown.

results/<name>.json   what an evaluation found and on what: protocol, values with intervals,
                      trivial rows, provenance
results/<name>.csv    its numbers drawing by drawing
results/tables.yaml   table -> {columns: {title: record or record/trivial row}, measures: {title:
                      measure:digits}}; several trainings are one column, a list of records

`<!-- results:TABLE -->` ... `<!-- /results -->` in a document: what stands between them is written
from these files."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.document import VALUES
from colorlab.evaluation.folder import Evaluation
from colorlab.evaluation.ranking import SEED
from colorlab.metrics.seeds import of_trainings
from colorlab.report.table import NOTHING, Cell, Column, format_cell
from colorlab.storage.files import read_json, write_text
from colorlab.storage.plain import LARGEST_RECORD, Line, content, must_fit, yaml_of

TABLES = "tables.yaml"
DOCUMENTS = ("README.md", "docs/*.md", "experiments/*/README.md")
MARK = re.compile(r"(^<!-- results:([\w-]+) -->\n).*?(<!-- /results -->)", re.DOTALL | re.MULTILINE)
BEGUN = re.compile(r"^<!-- results:[\w-]+ -->$", re.MULTILINE)
# of evaluation.json
KEPT = ("run", "method", "trained", "protocol", "protocol_id", "settings", "values", "timing")
FIGURES = 6  # significant
PUBLISHED = (
    "validity/", "truth/best_of_", "truth/psnr", "truth/ssim", "diversity/", "modes/assignment",
    "areas/", "hints/", "likelihood/", "alone/",
)  # fmt: skip
RECORD = {
    "run": Line, "method": Line, "protocol_id": Line,
    "protocol": {"count": int, "n": int, "metrics": int}, "values": VALUES,
    "trivial": {str: {"title": Line, "values": VALUES}},
}  # fmt: skip
TABLE = {"columns": {str: (str, [str])}, "measures": {str: str}}


def keep(evaluation: Evaluation, name: str, folder: Path) -> Path:
    """Write an evaluation's record and its numbers drawing by drawing. -> the record. ConfigError:
    a name that is no plain one."""
    if not re.fullmatch(r"[\w-]+", name):
        raise ConfigError(f"{name!r} is no name of a record (letters, numbers, - and _)")
    document = evaluation.document
    record = {key: document[key] for key in KEPT if key in document}
    record["settings"] = {key: value for key, value in record["settings"].items() if key != "data"}
    record["trivial"] = {
        k: {"title": row["title"], "values": row["values"]}
        for k, row in document["trivial"].items()
    }
    write_text(
        folder / f"{name}.json", json.dumps(rounded(record), indent=1, sort_keys=True) + "\n"
    )
    write_text(folder / f"{name}.csv", by_drawing(document))
    return folder / f"{name}.json"


def rounded(value: Any) -> Any:
    """Floats to FIGURES significant figures, in plain containers."""
    if isinstance(value, float):
        return float(f"{value:.{FIGURES}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


def by_drawing(document: dict[str, Any]) -> str:
    """A line per drawing, a column per measure of PUBLISHED; of best of k, k = 1 and all."""
    n, columns = document["protocol"]["n"], document["per_drawing"]
    kept = [key for key in columns if key.startswith(PUBLISHED) and not _between(key, n)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["drawing", *kept])
    for place, drawing in enumerate(document["drawings"]):
        numbers = [columns[key][place] for key in kept]
        writer.writerow(
            [drawing, *("" if v is None or math.isnan(v) else f"{v:.{FIGURES}g}" for v in numbers)]
        )
    return out.getvalue()


def _between(key: str, n: int) -> bool:
    found = re.search(r"best_of_(\d+)_", key)
    return found is not None and int(found[1]) not in (1, n)


def tables(folder: Path) -> dict[str, str]:
    """Every table of tables.yaml, in Markdown. ConfigError: it names what is not there; DataError:
    a damaged file."""
    try:
        listed = yaml_of(content(folder / TABLES)) or {}
        must_fit(listed, {str: TABLE})
        for name, table in listed.items():
            _must_be_a_table(name, table)
    except OSError as error:
        raise ConfigError(
            f"{folder / TABLES} is not there (run this where the sources are)"
        ) from error
    except ValueError as error:
        raise DataError(f"{folder / TABLES} cannot be read ({error})") from error
    return {name: _table(folder, name, table) for name, table in listed.items()}


def _must_be_a_table(name: str, table: dict[str, dict[str, Any]]) -> None:
    """ValueError, naming the place."""
    if not table["columns"] or [] in table["columns"].values():
        raise ValueError(f"{name} has no columns, or one of no record")
    for measure in table["measures"].values():
        if not re.fullmatch(r".+:[0-9]", measure):
            raise ValueError(f"{name}.measures: {measure[:40]!r} is no measure:digits")


def _table(folder: Path, name: str, table: dict[str, dict[str, Any]]) -> str:
    columns = {title: _column(folder, name, place) for title, place in table["columns"].items()}
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for title, measure in table["measures"].items():
        key, digits = measure.rsplit(":", 1)
        cells = [_cell(values.get(key), int(digits)) for _, values in columns.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    protocols = dict.fromkeys(_protocol(record) for record, _ in columns.values())
    if len(protocols) > 1:
        raise ConfigError(
            f"table {name} has rows of different protocols: {'; '.join(protocols)} (make them "
            "alike)"
        )
    return "\n".join([*lines, "", f"*{next(iter(protocols))}*"]) + "\n"


def _column(
    folder: Path, table: str, place: str | list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record, and the values of its run, of one of its trivial rows, or of several trainings
    together."""
    if isinstance(place, list):
        records = [_column(folder, table, name)[0] for name in place]
        if len({record["protocol_id"] for record in records}) > 1:
            raise ConfigError(
                f"table {table}: {', '.join(place)} are of different protocols (make them alike)"
            )
        return records[0], _of_trainings([folder / f"{name}.csv" for name in place])
    name, _, row = place.partition("/")
    path = folder / f"{name}.json"
    if not path.is_file():
        raise ConfigError(
            f"table {table} wants {path} (python -m colorlab.results keep {name}=FOLDER makes it)"
        )
    record = read_json(path, RECORD)
    if row and row not in record["trivial"]:
        raise ConfigError(
            f"table {table}: {path} has no row {row} (choose from {', '.join(record['trivial'])})"
        )
    return record, record["trivial"][row]["values"] if row else record["values"]


def _of_trainings(paths: list[Path]) -> dict[str, Any]:
    """The values of several trainings, with intervals over trainings and drawings, from the numbers
    by drawing."""
    tables = [_rows(path) for path in paths]
    if len({tuple(row["drawing"] for row in rows) for rows in tables}) > 1:
        raise DataError(f"{paths[0]} and {paths[-1]} are not of the same drawings (keep them anew)")
    values = {}
    for key in set(tables[0][0]).intersection(*(rows[0] for rows in tables)) - {"drawing"}:
        numbers = np.array([[row[key] for row in rows] for rows in tables])
        values[key] = dict(
            zip(("mean", "low", "high", "n"), of_trainings(numbers, SEED), strict=True)
        )
    return values


def _rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a table of numbers by drawing, NaN for what is left out. DataError: it is not
    there, or none."""
    try:
        read = list(
            csv.DictReader(io.StringIO(content(path, LARGEST_RECORD).decode()), strict=True)
        )
        rows = [
            row | {k: float(v or "nan") for k, v in row.items() if k != "drawing"} for row in read
        ]
        if not rows or any(row.keys() != rows[0].keys() or "drawing" not in row for row in rows):
            raise ValueError("it has no drawings")
        if any(math.isinf(value) for row in rows for key, value in row.items() if key != "drawing"):
            raise ValueError("a number is beyond all")
        return rows
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read ({' '.join(str(error).split())[:80]}; keep it anew)"
        ) from error


def _protocol(record: dict[str, Any]) -> str:
    told = record["protocol"]
    return (f"{told['count']} drawings, {told['n']} candidates each; means and 95 % intervals; "
            f"measures of version {told['metrics']}, protocol {record['protocol_id']}")  # fmt: skip


def _cell(value: dict[str, Any] | None, digits: int) -> str:
    if value is None or value["mean"] is None or math.isnan(value["mean"]):
        return NOTHING
    return format_cell(
        Cell(value["mean"], value["low"], value["high"], value["n"]), Column("", "", "", "", digits)
    )


def rewritten(text: str, made: dict[str, str], where: str) -> str:
    """A document, what stands between its marks made anew. ConfigError: a mark without a table, or
    without its end."""

    def table(mark: re.Match[str]) -> str:
        if mark[2] not in made:
            raise ConfigError(
                f"{where}: there is no table {mark[2]} (choose from {', '.join(made) or 'none'})"
            )
        return mark[1] + made[mark[2]] + mark[3]

    found = MARK.sub(table, text)
    if len(BEGUN.findall(found)) != len(MARK.findall(found)):
        raise ConfigError(
            f"{where}: a results mark has no end (write <!-- /results --> below its table)"
        )
    return found


def documents(root: Path) -> Iterator[Path]:
    """The documents that may have marks."""
    for pattern in DOCUMENTS:
        yield from sorted(root.glob(pattern))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except ValueError as error:
        raise DataError(f"{path} is no text in UTF-8 (save it as such)") from error


def stale(root: Path) -> dict[Path, str]:
    """The documents whose tables are not those of the files -> what they should be."""
    made = tables(root / "results")
    before = {path: _text(path) for path in documents(root)}
    after = {path: rewritten(text, made, str(path)) for path, text in before.items()}
    return {path: text for path, text in after.items() if text != before[path]}
