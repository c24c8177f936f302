"""evaluation.json may be a stranger's, or cut short and mended: it is held to a shape, and to
itself."""

from __future__ import annotations

from typing import Any

from colorlab.evaluation.selection import error_key
from colorlab.storage.plain import Line, Shape, must_fit

NUMBER = (float, None)
COLUMNS = {str: [NUMBER]}  # measure -> a number for each drawing
VALUES = {str: {"mean": NUMBER, "low": NUMBER, "high": NUMBER, "n": int}}
CURVES = {str: {str: [NUMBER]}}
ERRORS = {"lpips", "delta_e", "mae"}  # which a curve may be of
SAMPLER: Shape = {"scheduler?": {}}
SHAPE: Shape = {
    "run": Line, "method": Line, "configured": {"sampler?": SAMPLER}, "drawings": [str],
    "truths": [int],
    "settings": {
        "seed": int, "weights": {str: Line}, "sampler": SAMPLER, "steps": (int, None),
        "precision": Line, "method?": {}, "guide?": {}, "hints?": (Line, None), "data?": {},
    },
    "trained?": {"seed?": (int, None), "pictures?": (int, None), "parameters?": (int, None),
                 "minutes?": NUMBER},
    "protocol_id": Line,
    "protocol": {
        "data": Line, "size": Line, "condition": Line, "split": Line, "count": int, "drawings": str,
        "pictures": str, "n": int, "seed": int, "metrics": int, "interval?": Line,
        "weights": {str: Line}, "versions": {str: Line},
    },
    "values": VALUES, "per_drawing": COLUMNS, "curves": CURVES,
    "timing": {"seconds_per_drawing?": NUMBER, "judging_seconds?": NUMBER, "device?": Line},
    "trivial": {str: {"title": Line, "values": VALUES, "curves": CURVES, "per_drawing?": COLUMNS}},
}  # fmt: skip
# of one in the cache
TRIVIAL: Shape = {key: SHAPE[key] for key in ("protocol_id", "values", "per_drawing", "trivial")}


def must_be_an_evaluation(document: Any) -> None:
    """ValueError, naming the place: it has another shape, or one part does not suit another."""
    must_fit(document, SHAPE)
    protocol, columns = document["protocol"], document["per_drawing"]
    if protocol["condition"] not in ("lines", "gray"):
        raise ValueError("protocol.condition is to be lines or gray")
    lists = {key: document[key] for key in ("drawings", "truths")}
    for name, each in (
        lists | {f"per_drawing.{key}": column for key, column in columns.items()}
    ).items():
        _must_have(each, protocol["count"], name)
    if len(set(document["drawings"])) < protocol["count"]:
        raise ValueError("drawings has one twice")
    if not ERRORS & document["curves"].get("best_of_k", {}).keys():
        raise ValueError("curves.best_of_k is missing")
    for kind, curves in document["curves"].items():
        for name, curve in curves.items():
            _must_have(curve, protocol["n"], f"curves.{kind}.{name}")
    for key in ("validity/share", error_key(document)):
        must_fit(columns, {key: [float]}, "per_drawing")
        must_fit(document["values"], {key: {"mean": float}}, "values")
    must_be_intervals(document["values"], "values")
    must_be_trivial(document)


def must_be_trivial(document: Any) -> None:
    """The same of the trivial rows alone, with or without an evaluation around them."""
    must_fit(document, TRIVIAL)
    for name, row in document["trivial"].items():
        must_fit(row["values"], {"validity/share": {"mean": float}}, f"trivial.{name}.values")
        must_be_intervals(row["values"], f"trivial.{name}.values")


def must_be_intervals(values: dict[str, dict[str, Any]], where: str) -> None:
    """ValueError: one has half its bounds, or bounds of no mean."""
    for key, value in values.items():
        low, high = value["low"], value["high"]
        if (low is None) is not (high is None) or (value["mean"] is None and low is not None):
            raise ValueError(
                f"{where}.{key} is to be a mean and two bounds, a mean alone, or neither"
            )


def _must_have(values: list[Any], count: int, name: str) -> None:
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries, not {count}")
