"""What may be asked of an evaluation and of a comparison: plain values, checked before torch is
loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from colorlab.errors import ConfigError


class EvaluationOptions(NamedTuple):
    """What is judged, and by what.

    split: train, val or test. limit: only so many drawings, evenly spread. lpips, features: nets of
    the judges, or "none". out: the folder; None for one of its own below the run."""

    split: str = "test"
    limit: int | None = None
    lpips: str = "alex"
    features: str = "lite0"
    out: str | None = None


class ComparisonOptions(NamedTuple):
    """How evaluations are put on a page.

    names: of the rows. evaluation: which of a run's, if it has several. baseline: the row that
    differences are taken to, from 0. mixed: whether rows of different protocols may stand together.
    quality: the measure against diversity.
    sheet, worst: drawings on the contact sheet, worst cases of each run."""

    names: tuple[str, ...] | None = None
    evaluation: str | None = None
    baseline: int = 0
    mixed: bool = False
    quality: str = "validity/share"
    sheet: int = 8
    worst: int = 4
    title: str | None = None


def evaluation_options(words: Mapping[str, Any]) -> EvaluationOptions:
    """Of the words of conf/evaluate.yaml."""
    return EvaluationOptions(
        words["split"], words["limit"], words["lpips"], words["features"], words["out"]
    )


def comparison_options(words: Mapping[str, Any]) -> ComparisonOptions:
    """Of the words of conf/compare.yaml."""
    names = words["names"]
    if names is not None and not isinstance(names, list | tuple):
        raise ConfigError(f"names={names} (give a list of different names, one for each run)")
    return ComparisonOptions(
        None if names is None else tuple(str(name) for name in names), words["evaluation"],
        words["baseline"], words["mixed"], words["quality"], words["sheet"], words["worst"],
        words["title"],
    )  # fmt: skip
