"""What a training cost that is judged: its seed, the pictures it saw, the numbers it learned, its
time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from colorlab.runs.checkpoint import WEIGHTS, read_weights
from colorlab.runs.cost import read_seconds
from colorlab.runs.run import Run


def trained(runs: Sequence[Run]) -> dict[str, Any]:
    """seed, pictures, parameters (float tensors of the weights), minutes (wall clock), of one run
    or of those of a mix together; None for what is not known."""
    each = [_of(run) for run in runs]
    return {key: _together(key, [one[key] for one in each]) for key in each[0]}


def _of(run: Run) -> dict[str, Any]:
    trainer, folder = run.config.get("trainer", {}), run.path / "checkpoints"
    parts = [
        trainer.get("max_steps"),
        run.config.get("batch_size"),
        trainer.get("accumulate_grad_batches", 1),
    ]
    tensors = read_weights(folder).values() if (folder / WEIGHTS).is_file() else ()
    seconds = read_seconds(run.path)
    return {
        "seed": run.config.get("seed"),
        "pictures": parts[0] * parts[1] * parts[2]
        if all(isinstance(part, int) for part in parts)
        else None,
        "parameters": sum(each.numel() for each in tensors if each.is_floating_point()) or None,
        "minutes": None if seconds is None else seconds / 60,
    }


def _together(key: str, values: list[Any]) -> Any:
    if None in values:
        return None
    return values[0] if key == "seed" else sum(values)
