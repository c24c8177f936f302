"""Which drawings of an evaluation are bad cases."""

from __future__ import annotations

from typing import Any


def error_key(document: dict[str, Any]) -> str:
    """The measure by which cases are bad: the error of the best of all candidates."""
    best = f"truth/best_of_{document['protocol']['n']}"
    return f"{best}_lpips" if f"{best}_lpips" in document["values"] else f"{best}_delta_e"


def worst(document: dict[str, Any], count: int) -> list[int]:
    """Positions of the drawings with the largest error, the worst first."""
    errors = document["per_drawing"][error_key(document)]
    return sorted(range(len(errors)), key=lambda position: -errors[position])[:count]
