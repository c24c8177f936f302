"""A blind comparison by people: which of two pictures is the real one, or which of two methods' is
better.

A page asks (two-alternative forced choice; Zhang et al., 2016, Sec. 3.1, ask for the made one),
each person's answers are one small file, and the files together give rates with intervals. What is
which stands only in the key, which stays with whoever asks."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from colorlab.draws import Draws
from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.folder import Evaluation, read_pictures, read_sample
from colorlab.metrics.intervals import Interval, interval
from colorlab.storage.files import json_digest, read_json, write_text
from colorlab.storage.plain import Line

PAGE, KEY = "blind.html", "blind-key.json"
REAL = "real"
ASKED = {"page": str, "trials": {str: {"a": Line, "b": Line}}}
ANSWERS = {"page": str, "answers": [{"trial": str, "chosen": str, "seconds": float}]}
QUESTIONS = {
    True: "One of the two colourings is an artist's, the other was made by a program. Which is "
    "the artist's?",
    False: "Which of the two colourings is better?",
}


class Trial(NamedTuple):
    """Two pictures of a drawing, uint8: drawing (H, W), a and b (H, W, 3); of_a and of_b: whose
    they are."""

    drawing: np.ndarray
    a: np.ndarray
    b: np.ndarray
    of_a: str
    of_b: str
    name: str


def trials(
    evaluations: Sequence[Evaluation], names: Sequence[str], count: int, seed: int
) -> list[Trial]:
    """One method against the real pictures, or two against each other, on ``count`` drawings that
    the evaluations kept pictures of; which candidate is shown is drawn by lot. ConfigError: other
    than one or two evaluations."""
    if len(evaluations) not in (1, 2):
        raise ConfigError(
            f"a blind page is of one run or two, not {len(evaluations)} (give runs=[a] or "
            "runs=[a,b])"
        )
    first, kept = evaluations[0], read_pictures(evaluations[0].path)
    common = set(first.document["drawings"]).intersection(
        *(each.document["drawings"] for each in evaluations)
    )
    places = [
        i
        for i, name in enumerate(first.document["drawings"])
        if f"{i}/drawing" in kept and name in common
    ]
    found = []
    for i in places[:count]:
        name = first.document["drawings"][i]
        rows = Draws(seed, [i] * len(evaluations), range(len(evaluations)), "blind")
        candidates = [read_sample(each.path, name) for each in evaluations]
        n = min(len(each) for each in candidates)
        shown = [each[k] for each, k in zip(candidates, rows.choice(n).tolist(), strict=True)]
        second = (shown[1], names[1]) if len(evaluations) == 2 else (kept[f"{i}/truths"][0], REAL)
        found.append(Trial(kept[f"{i}/drawing"], shown[0], second[0], names[0], second[1], name))
    return found


def write_page(out: Path, title: str, asked: Sequence[Trial]) -> Path:
    """The page, one file that opens from disk and asks in an order of its own, and beside it the
    key. -> the page."""
    from jinja2 import Environment

    said = [
        {"id": str(i), "drawing": as_url(t.drawing), "a": as_url(t.a), "b": as_url(t.b)}
        for i, t in enumerate(asked)
    ]
    page = json_digest([(t.name, t.of_a, t.of_b) for t in asked])[:10]
    trials_text = json.dumps({"page": page, "trials": said}).replace("<", "\\u003c")
    template = (files("colorlab.report") / "blind.html.j2").read_text(encoding="utf-8")
    question = QUESTIONS[any(t.of_b == REAL for t in asked)]
    html = (
        Environment(autoescape=True)
        .from_string(template)
        .render(title=title, question=question, trials=_Safe(trials_text))
    )
    key = {
        "page": page,
        "trials": {
            str(i): {"a": t.of_a, "b": t.of_b, "drawing": t.name} for i, t in enumerate(asked)
        },
    }
    write_text(out / PAGE, html)
    write_text(out / KEY, json.dumps(key, indent=1))
    return out / PAGE


class _Safe(str):
    """Text that is markup already."""

    def __html__(self) -> str:
        return self


def as_url(pixels: np.ndarray) -> str:
    """(H, W) or (H, W, 3) uint8 -> a PNG within the page."""
    stored = BytesIO()
    Image.fromarray(pixels).save(stored, "PNG")
    return "data:image/png;base64," + base64.b64encode(stored.getvalue()).decode()


def tallied(key: Path, answers: Sequence[Path]) -> dict[str, Interval]:
    """`<a> over <b>` -> how often people chose a, with the 95 % interval over people; with one of
    them alone, over the trials. .5 is chance. DataError: answers to another page, or to a question
    that was not asked."""
    known: dict[str, Any] = read_json(key, ASKED)
    rates: dict[str, list[list[float]]] = {}
    for path in answers:
        said = read_json(path, ANSWERS)
        if said["page"] != known["page"]:
            raise DataError(
                f"{path} answers another page (give the key that was written beside it)"
            )
        own: dict[str, list[float]] = {}
        for answer in said["answers"]:
            trial = known["trials"].get(answer["trial"])
            if trial is None or answer["chosen"] not in ("a", "b"):
                raise DataError(
                    f"{path} has an answer to {answer['trial'][:20]!r} that was not asked (leave "
                    "it out)"
                )
            own.setdefault(f"{trial['a']} over {trial['b']}", []).append(
                float(answer["chosen"] == "a")
            )
        for pair, chosen in own.items():
            rates.setdefault(pair, []).append(chosen)
    return {
        pair: interval(
            np.array(people[0] if len(people) == 1 else [np.mean(each) for each in people]), 0
        )
        for pair, people in rates.items()
    }
