"""From evaluations to the rows of a table: cells, paired differences, what leads, what is of
another protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.folder import RESULT, Evaluation
from colorlab.evaluation.protocol import differing
from colorlab.evaluation.ranking import RANKED
from colorlab.metrics.intervals import Interval, paired_difference
from colorlab.report.table import Cell, Column, Row

OTHER_PROTOCOL = "†"
SEED = 0  # of the bootstrap
BEST = {"higher": max, "lower": min}


def row_of(evaluation: Evaluation, name: str) -> Row:
    """A run's row, on its own: no differences, nothing leads."""
    return Row(name, _cells(evaluation.document["values"]), {}, False, "", frozenset(), "")


def trivial_rows(evaluation: Evaluation) -> list[Row]:
    """The trivial rows under the evaluation's protocol; the note says so where one is about some
    drawings only."""
    document, rows = evaluation.document, []
    for each in document["trivial"].values():
        cells = _cells(each["values"])
        count = cells["validity/share"].n
        note = f"{count} drawings" if count < document["protocol"]["count"] else ""
        rows.append(Row(each["title"], cells, {}, True, "", frozenset(), note))
    return rows


def compared(
    evaluations: Sequence[Evaluation],
    names: Sequence[str],
    baseline: int,
    columns: Sequence[Column],
) -> list[Row]:
    """The runs' rows with paired differences to the baseline and what leads among those of its
    protocol; then its trivial rows."""
    base = evaluations[baseline]
    alike = [each.document["protocol_id"] == base.document["protocol_id"] for each in evaluations]
    leading = leaders(
        [each for each, same in zip(evaluations, alike, strict=True) if same], columns
    )
    rows = []
    for evaluation, name, same in zip(evaluations, names, alike, strict=True):
        row = row_of(evaluation, name)
        if same:
            differences = {} if evaluation is base else differences_of(evaluation, base)
            row = row._replace(differences=differences, leading=leading[str(evaluation.path)])
        rows.append(row if same else row._replace(mark=OTHER_PROTOCOL))
    return [*rows, *trivial_rows(base)]


def differences_of(evaluation: Evaluation, base: Evaluation) -> dict[str, Cell]:
    """Every measure that is a mean over drawings: evaluation minus base, drawing by drawing."""
    ours, theirs = evaluation.document["per_drawing"], base.document["per_drawing"]
    found = {
        key: _difference(evaluation, base, key)
        for key in ours
        if key in theirs and key in evaluation.document["values"]
    }
    return {
        key: Cell(d.mean, _bound(d.low), _bound(d.high), d.n) for key, d in found.items() if d.n
    }


def leaders(
    evaluations: Sequence[Evaluation], columns: Sequence[Column]
) -> dict[str, frozenset[str]]:
    """For each evaluation's path the measures at which it is best, or not told from the best: the
    interval of the paired difference holds 0. A lone evaluation leads nothing; nor is there a
    leader where more is not better, or where there are no numbers drawing by drawing."""
    leading: dict[str, set[str]] = {str(each.path): set() for each in evaluations}
    for column in columns:
        having = [each for each in evaluations if _has(each.document, column.key)]
        if len(having) > 1 and column.better in BEST:
            best = BEST[column.better](
                having, key=lambda each: each.document["values"][column.key]["mean"]
            )
            for each in having:
                if each is best or _not_told_apart(each, best, column.key):
                    leading[str(each.path)].add(column.key)
    return {path: frozenset(keys) for path, keys in leading.items()}


def check_protocols(
    evaluations: Sequence[Evaluation], names: Sequence[str], baseline: int, mixed: bool
) -> list[str]:
    """Notes on rows whose protocol is not the baseline's; ConfigError that names what differs
    unless ``mixed``."""
    base, notes = evaluations[baseline].document, []
    for evaluation, name in zip(evaluations, names, strict=True):
        if evaluation.document["protocol_id"] != base["protocol_id"]:
            reasons = "; ".join(differing(evaluation.document["protocol"], base["protocol"]))
            notes.append(
                f"{name} is not comparable with {names[baseline]}: "
                f"{reasons or 'protocol_id differs'}"
            )
        else:
            _must_match(evaluation, evaluations[baseline])
    if notes and not mixed:
        raise ConfigError(
            f"{notes[0]} (evaluate both alike, or mixed=true to put them on one page, marked)"
        )
    return notes


def _has(document: dict[str, Any], key: str) -> bool:
    """Whether there is a mean of a measure, and numbers drawing by drawing."""
    return (
        key in document["per_drawing"] and document["values"].get(key, {}).get("mean") is not None
    )


def _not_told_apart(evaluation: Evaluation, best: Evaluation, key: str) -> bool:
    found = _difference(evaluation, best, key)
    return found.n > 1 and found.low <= 0 <= found.high


def _must_match(evaluation: Evaluation, base: Evaluation) -> None:
    """DataError where evaluations of one protocol are not of the same drawings, or lack a measure
    of the other's that is ranked by: one of the files was edited."""
    ours, theirs = evaluation.document, base.document
    measured = [[key for key in RANKED if key in each["per_drawing"]] for each in (ours, theirs)]
    if set(ours["drawings"]) != set(theirs["drawings"]) or measured[0] != measured[1]:
        raise DataError(
            f"{evaluation.path / RESULT} does not go with {base.path / RESULT}, though they are "
            "of one protocol: other "
            "drawings or measures (evaluate both again, the samples are kept)"
        )


def _difference(evaluation: Evaluation, base: Evaluation, key: str) -> Interval:
    def column(document: dict[str, Any]) -> np.ndarray:
        return np.array(document["per_drawing"][key], np.float64)  # None becomes NaN

    ours, theirs = evaluation.document, base.document
    return paired_difference(
        column(ours), column(theirs), np.array(ours["drawings"]), np.array(theirs["drawings"]), SEED
    )


def _cells(values: dict[str, dict[str, Any]]) -> dict[str, Cell]:
    return {key: Cell(*(value[part] for part in Cell._fields)) for key, value in values.items()}


def _bound(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
