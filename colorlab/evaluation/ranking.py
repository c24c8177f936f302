"""The ranked table: the error of the best candidate under the validity gate, and which differences
are more than the spread of trainings. Evaluations of one configuration, trained with several seeds,
are one line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from colorlab.evaluation.folder import Evaluation
from colorlab.metrics.intervals import Interval, interval
from colorlab.metrics.seeds import of_trainings, signs
from colorlab.report.table import NOTHING, number

# measure, digits
GATED = {"lpips": ("validity/gated_lpips", 3), "delta_e": ("validity/gated_delta_e", 1)}
EARNED = {"lpips": "validity/earned_lpips", "delta_e": "validity/earned_delta_e"}
RANKED = (*(key for key, _ in GATED.values()), *EARNED.values())
HEADINGS = ["", "against the first", "error", "earned diversity", "frontier", "trainings",
            "parameters", "pictures seen", "minutes", "s per drawing"]  # fmt: skip
FEWEST = 100  # drawings below which nothing is ranked
SEED = 0  # of the bootstrap


class Entry(NamedTuple):
    """A line: error and earned: (trainings, drawings); document: of the first training; trainings:
    0 for a row that needs none."""

    name: str
    error: np.ndarray
    earned: np.ndarray
    document: dict[str, Any]
    trainings: int


def ranking(
    evaluations: Sequence[Evaluation], names: Sequence[str], baseline: int
) -> list[list[str]]:
    """A heading and a line for each configuration and each trivial row about all drawings, the
    least error first; no lines where evaluations are older than the measure. Of other protocols
    than the baseline's nothing is ranked."""
    base = evaluations[baseline].document
    alike = [(each, name) for each, name in zip(evaluations, names, strict=True)
             if each.document["protocol_id"] == base["protocol_id"]]  # fmt: skip
    distance = "lpips" if GATED["lpips"][0] in base["per_drawing"] else "delta_e"
    if any(key not in base["per_drawing"] for key in (GATED[distance][0], EARNED[distance])):
        return []
    found = [*entries(alike, distance), *trivial_entries(base, distance)]
    ranked = sorted(found, key=lambda each: float(np.nanmean(each.error)))
    told = signs(
        {each.name: each.error for each in ranked},
        ranked[0].name,
        SEED,
        [e.name for e in ranked if not e.trainings],
    )
    return [HEADINGS, *(_line(each, ranked, told, GATED[distance][1]) for each in ranked)]


def notes(lines: Sequence[Sequence[str]], count: int) -> list[str]:
    """What is to be said of such a table of ``count`` drawings."""
    said = []
    if count < FEWEST:
        said.append(
            f"{count} drawings carry no ranking: the order is not to be relied on (judge {FEWEST} "
            "or more)"
        )
    trainings = [line[HEADINGS.index("trainings")] for line in lines[1:]]
    if "1" in trainings:
        said.append(
            "one training tells nothing of the spread between trainings: its differences are all "
            "= (train three)"
        )
    return said


def entries(evaluations: Sequence[tuple[Evaluation, str]], distance: str) -> list[Entry]:
    """Those of one configuration together, each training once: the same weights again are a line of
    their own."""
    groups: dict[tuple[str, int], list[tuple[Evaluation, str]]] = {}
    for evaluation, name in evaluations:
        known = configuration(evaluation.document)
        weights = evaluation.document["settings"]["weights"]
        turn = 0
        while any(
            e.document["settings"]["weights"] == weights for e, _ in groups.get((known, turn), ())
        ):
            turn += 1
        groups.setdefault((known, turn), []).append((evaluation, name))
    found = []
    for members in groups.values():
        error, earned = (
            np.stack([as_column(each.document["per_drawing"][key]) for each, _ in members])
            for key in (GATED[distance][0], EARNED[distance])
        )
        found.append(
            Entry(
                common_name([name for _, name in members]),
                error,
                earned,
                members[0][0].document,
                len(members),
            )
        )
    return found


def trivial_entries(document: dict[str, Any], distance: str) -> list[Entry]:
    """Of the rows that need no training and are about all drawings."""
    found = []
    for row in document["trivial"].values():
        error, earned = (
            row.get("per_drawing", {}).get(key) for key in (GATED[distance][0], EARNED[distance])
        )
        if error and earned and len(error) == document["protocol"]["count"]:
            found.append(
                Entry(row["title"], as_column(error)[None], as_column(earned)[None], {}, 0)
            )
    return found


def configuration(document: dict[str, Any]) -> str:
    """What evaluations of one configuration share: everything but the training's seed and
    weights."""
    made = {
        key: value for key, value in document["settings"].items() if key not in ("weights", "seed")
    }
    cost = {
        key: value
        for key, value in document.get("trained", {}).items()
        if key not in ("seed", "minutes")
    }
    of_one = document.get("trained", {}).get("seed") is None
    # without a seed nothing tells that it is another training
    lone = document["settings"]["weights"] if of_one else None
    return json.dumps(
        [document["method"], document["configured"], made, cost, lone], sort_keys=True
    )


def common_name(names: Sequence[str]) -> str:
    """What several names begin with: 'gpic seed=0', 'gpic seed=1' -> 'gpic'."""
    if len(names) == 1:
        return names[0]
    least, most = min(names), max(names)
    length = next((i for i, sign in enumerate(least) if sign != most[i : i + 1]), len(least))
    return re.sub(r"[\s,_=-]*(seed)?[\s,_=-]*$", "", least[:length]) or " + ".join(names)


def as_column(values: Sequence[float | None]) -> np.ndarray:
    """None becomes NaN."""
    return np.array(values, np.float64)


def _line(entry: Entry, ranked: Sequence[Entry], told: dict[str, str], digits: int) -> list[str]:
    cost, timing = entry.document.get("trained", {}), entry.document.get("timing", {})
    seconds = timing.get("seconds_per_drawing")
    return [
        entry.name, told.get(entry.name, ""), _spread(entry.error, digits),
        _spread(entry.earned, digits), "yes" if on_frontier(entry, ranked) else "",
        str(entry.trainings) if entry.trainings else NOTHING, _counted(cost.get("parameters")),
        _counted(cost.get("pictures")), number(cost.get("minutes"), 0), number(seconds, 2),
    ]  # fmt: skip


def on_frontier(entry: Entry, others: Sequence[Entry]) -> bool:
    """No other line has less error and earns more diversity, by the means."""
    error, earned = np.nanmean(entry.error), np.nanmean(entry.earned)
    return not any(
        np.nanmean(e.error) < error and np.nanmean(e.earned) > earned
        for e in others
        if e is not entry
    )


def _spread(values: np.ndarray, digits: int) -> str:
    found: Interval = of_trainings(values, SEED) if len(values) > 1 else interval(values[0], SEED)
    span = (
        ""
        if np.isnan(found.low)
        else f" [{number(found.low, digits)}, {number(found.high, digits)}]"
    )
    return number(found.mean, digits) + span


def _counted(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"
