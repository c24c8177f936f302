"""Evaluation folders made up in a moment: numbers that are known, pictures of 16 px."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from colorlab.evaluation.folder import PICTURES, RESULT, write_result, write_sample
from colorlab.evaluation.judging import curves
from colorlab.evaluation.protocol import protocol_id
from colorlab.evaluation.ranking import RANKED
from colorlab.evaluation.settings import WITHOUT_EFFECT, begin
from colorlab.metrics.intervals import intervals
from colorlab.storage.files import read_json, write_arrays, write_json

SIDE = 16
SETTINGS = {"split": "test", "seed": 0, "weights": {"a": "0" * 64}, "data": {}, **WITHOUT_EFFECT}


def columns(n: int, count: int, shift: float) -> dict[str, np.ndarray]:
    """Numbers drawing by drawing, all moved by ``shift``."""
    base = np.linspace(0.1, 0.4, count)
    found = {
        f"truth/best_of_{k}_{e}": (base / k) + shift
        for k in range(1, n + 1)
        for e in ("lpips", "delta_e", "mae")
    }
    found |= {
        "diversity/lpips": base + shift,
        "validity/share": 1 - base + shift,
        "validity/earned_lpips": base / 2 + shift,
        "validity/gated_lpips": base / n + shift,
    }
    several = np.where(np.arange(count) % 3 == 2, base, np.nan)
    return found | {f"modes/coverage_lpips_{radius}": several + shift for radius in ("0.05", "0.1")}


def judged(n: int, count: int, shift: float) -> dict[str, Any]:
    """values and curves of such columns."""
    values = {key: found._asdict() for key, found in intervals(columns(n, count, shift), 0).items()}
    return {"values": values, "curves": curves(values, n)}


def made_with(folder: Path, **settings: Any) -> Path:
    """The evaluation again, as if its samples had been made with other settings."""
    document = read_json(folder / RESULT)
    document["settings"] |= settings
    write_json(folder / RESULT, document)
    return folder


def evaluated(
    folder: Path, run: str = "a", n: int = 4, count: int = 6, shift: float = 0.0, **changes: Any
) -> Path:
    """An evaluation folder of ``count`` drawings. changes: of the protocol."""
    protocol = {
        "data": "Toy", "size": "16x16", "condition": "lines", "split": "test", "count": count,
        "drawings": "d" * 64, "pictures": "p" * 64, "n": n, "pairs": n * (n - 1) // 2, "seed": 0,
        "metrics": 1, "lpips": "alex", "weights": {"alex": "alex-" + "w" * 64}, "interval": "95 %",
        "versions": {"torch": "2"},
    } | changes  # fmt: skip
    names = [f"picture {i}" for i in range(count)]
    document = judged(n, count, shift) | {
        "run": run, "method": "GPIC", "settings": SETTINGS | {"n": n},
        "configured": {"sampler": {"_target_": "x.DDIM", "steps": 9}}, "drawings": names,
        "truths": [2 if i % 3 == 2 else 1 for i in range(count)], "protocol": protocol,
        "protocol_id": protocol_id(protocol),
        "timing": {"seconds_per_drawing": 1.5, "device": "cpu"},
        "per_drawing": {key: column.tolist() for key, column in columns(n, count, shift).items()},
        "trivial": {"nearest": {
            "title": "nearest training drawing", **judged(n, count, 0.01),
            "per_drawing": {
                key: column.tolist() for key, column in columns(n, count, 0.01).items()
                if key in RANKED
            },
        }},
    }  # fmt: skip
    begin(folder, document["settings"])
    shown = {}
    for i, name in enumerate(names):
        write_sample(folder, name, np.full((n, SIDE, SIDE, 3), 20 * i % 256, np.uint8))
        shown[f"{i}/drawing"] = np.full((SIDE, SIDE), 255, np.uint8)
        shown[f"{i}/truths"] = np.full((document["truths"][i], SIDE, SIDE, 3), 128, np.uint8)
    write_arrays(folder / PICTURES, shown)
    pairs = np.linspace(0, 0.5 + shift, count * n * (n - 1) // 2).reshape(count, -1)
    write_result(folder, document, {"lpips": pairs, "trivial/others/lpips": pairs / 2})
    return folder
