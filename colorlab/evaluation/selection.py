"""Which drawings of an evaluation are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def mixture(truths: list[int], among: Iterable[int], count: int) -> list[int]:
    """Positions of ``count`` drawings, evenly spread: three with one true colouring to each with several."""
    one: list[int] = []
    several: list[int] = []
    for position in among:
        (one if truths[position] == 1 else several).append(position)
    few = min(len(several), max(count // 4, count - len(one)))
    parts = ((one, min(len(one), count - few)), (several, few))
    return [part[i * len(part) // wanted] for part, wanted in parts for i in range(wanted)]


def error_key(document: dict[str, Any]) -> str:
    """The measure by which cases are bad: the error of the best of all candidates."""
    best = f"truth/best_of_{document['protocol']['n']}"
    return f"{best}_lpips" if f"{best}_lpips" in document["values"] else f"{best}_delta_e"


def worst(document: dict[str, Any], count: int) -> list[int]:
    """Positions of the drawings with the largest error, the worst first."""
    errors = document["per_drawing"][error_key(document)]
    return sorted(range(len(errors)), key=lambda position: -errors[position])[:count]
