"""What must be equal for two numbers to be comparable."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from colorlab.evaluation.drawings import Drawings
from colorlab.metrics.intervals import LEVEL, RESAMPLES
from colorlab.metrics.judge import Judge
from colorlab.storage.files import json_digest

# to be raised when a measure changes what it computes: older numbers are then refused beside newer
METRICS_VERSION = 3


COMPARABLE = ("data", "size", "condition", "drawings", "pictures", "n", "metrics", "weights")


def protocol_id(protocol: dict[str, Any]) -> str:
    """A short name of all that must be equal for two numbers to be comparable: COMPARABLE, nothing
    about the method."""
    return json_digest({key: protocol[key] for key in COMPARABLE})[:10]


def differing(protocol: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """In words, what keeps two protocols from being comparable: 'n is 4, not 8'."""
    return [
        f"{key} is {_brief(protocol[key])}, not {_brief(other[key])}"
        for key in COMPARABLE
        if protocol[key] != other[key]
    ]


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"\b([0-9a-f]{8})[0-9a-f]{24,}\b", r"\1", text)


INTERVAL = (
    f"{LEVEL:.0%} percentile bootstrap over drawings, {RESAMPLES} resamples; of sets a jackknife"
)
PACKAGES = ("torch", "kornia", "torchmetrics", "numpy", "scipy", "pillow")


def protocol_of(
    drawings: Drawings, data: dict[str, Any], split: str, n: int, seed: int, judge: Judge
) -> dict[str, Any]:
    """What was measured on what, and how; nothing about the method. data: the run's data
    configuration."""
    pictures, pixels = drawings.pictures, hashlib.sha256()
    for group in drawings.groups:
        pixels.update(pictures.pixels[group].tobytes())
    of_lines = [
        key for key in ("line_style", "simplify") if key in data and pictures.condition == "lines"
    ]
    lines = [f"{key}={Path(str(data[key])).name}" for key in of_lines]
    name = data["_target_"].rsplit(".", 1)[-1] + (f" ({', '.join(lines)})" if lines else "")
    height, width = pictures[[int(drawings.groups[0][0])]].image.shape[-2:]
    return {
        "data": name, "size": f"{width}x{height}", "condition": pictures.condition, "split": split,
        "count": len(drawings.names), "drawings": json_digest(drawings.names),
        "pictures": pixels.hexdigest(), "n": n, "pairs": n * (n - 1) // 2, "seed": seed,
        "metrics": METRICS_VERSION, "lpips": judge.lpips, "weights": judge.weights,
        "interval": INTERVAL, "versions": {package: version(package) for package in PACKAGES},
    }  # fmt: skip
