"""How long a training has taken, cost.json: all that a run's folder knows of the clock."""

from __future__ import annotations

from pathlib import Path

from colorlab.storage.files import write_json
from colorlab.storage.plain import content, json_of, must_fit

COST = "cost.json"
SHAPE = {"seconds": float}


def read_seconds(run: Path) -> float | None:
    """Wall-clock seconds of training, its parts together; None where no record can be read: it is
    of no consequence."""
    try:
        record = json_of(content(run / COST))
        must_fit(record, SHAPE)
    except (OSError, ValueError):
        return None
    return float(record["seconds"])


def write_seconds(run: Path, seconds: float) -> None:
    """Replace the record, whole or not at all."""
    write_json(run / COST, {"seconds": round(seconds, 1)})
