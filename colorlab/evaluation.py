"""The evaluation folder: samples that are made once, and what the judges say about them.

samples/<picture>.npy   (n, H, W, 3) uint8, one file a drawing, written whole or not at all
settings.json           how the samples were made; another setting is another folder
timing.json             what making them cost
evaluation.json         protocol, values with intervals, values drawing by drawing, curves, the trivial rows
distances.npz           distances between a drawing's candidates, for histograms
pictures.npz            drawings and true colourings for contact sheets"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from colorlab.errors import ConfigError, DataError

SAMPLES, SETTINGS, TIMING = "samples", "settings.json", "timing.json"
RESULT, DISTANCES, PICTURES = "evaluation.json", "distances.npz", "pictures.npz"
METRICS_VERSION = 1  # to be raised when a measure changes what it computes: older numbers are then refused beside newer
COMPARABLE = ("data", "size", "condition", "drawings", "pictures", "n", "metrics", "weights")
LONGEST = 200  # bytes of a picture's name in a file name
WITHOUT_EFFECT: dict[str, Any] = {
    "sampler": {}, "steps": None, "switch_at": None, "bias": None, "guide": {}, "precision": "fp32",
    "hints": None, "same_noise": False, "method": {}, "text": "captions",
}  # fmt: skip


class Evaluation(NamedTuple):
    """A finished evaluation. path: its folder; document: evaluation.json; distances: distances.npz."""

    path: Path
    document: dict[str, Any]
    distances: dict[str, np.ndarray]


def folder_name(split: str, n: int, seed: int, limit: int | None, sampling: dict[str, Any], partner: str) -> str:
    """`<split>-n<n>-s<seed>`, and where sampling was not as trained, what differs and a hash of it: no two settings
    share a folder. sampling: the keys of WITHOUT_EFFECT. partner: the second run of a mix model, or ""."""
    name = f"{split}-n{n}-s{seed}" + (f"-limit{limit}" if limit else "")
    if sampling == WITHOUT_EFFECT and not partner:
        return name
    words = [f"mix-{partner}"] if partner else []
    words += [sampler_word(sampling["sampler"])] if sampling["sampler"] else []
    words += [f"steps{sampling['steps']}"] if sampling["steps"] else []
    words += [f"{key}_{value}"[:24] for key, value in sampling["method"].items()]
    words += [f"bias_{sampling['bias']}"[:24].rstrip("]")] if sampling["bias"] is not None else []
    words += [*sampling["guide"]]
    words += [sampling["hints"]] if sampling["hints"] else []
    words += ["same_noise"] if sampling["same_noise"] else []
    words += [f"text_{sampling['text']}"[:24]] if sampling["text"] != "captions" else []
    words += [sampling["precision"]] if sampling["precision"] != "fp32" else []
    return "-".join([name, *(re.sub(r"[^\w.]+", "_", word) for word in words), digest([sampling, partner])[:6]])


def additions(settings: dict[str, Any]) -> list[str]:
    """In words, how samples were made otherwise than as trained, apart from sampler, steps and precision: the guides'
    names, and 'hints=dots8'."""
    made = WITHOUT_EFFECT | settings
    plain = {key: made[key] for key in ("bias", "hints", "same_noise", "text", "switch_at")}
    changed = {key: value for key, value in plain.items() if value != WITHOUT_EFFECT[key]} | made["method"]
    return [*made["guide"], *(f"{key}={_brief(value)}" for key, value in changed.items())]


def titled(name: str, settings: dict[str, Any]) -> str:
    """A row's name, marked where the method was shown something of the truth: 'a with hints=dots8'. Hints are no part
    of the protocol: runs that were shown the same are comparable, and what hints are worth is seen beside a run
    without."""
    return f"{name} with hints={settings['hints']}" if settings.get("hints") else name


def sampler_word(sampler: dict[str, Any]) -> str:
    """The sampler's name in a word: the scheduler's, or the class's."""
    target = sampler.get("scheduler", sampler).get("_target_", "sampler")
    return str(target).rsplit(".", 1)[-1].removesuffix("Scheduler").lower()


def begin(folder: Path, settings: dict[str, Any]) -> None:
    """Make the folder, or go on in it; ConfigError if its samples were made with other settings or other weights."""
    (folder / SAMPLES).mkdir(parents=True, exist_ok=True)
    path, settings = folder / SETTINGS, json.loads(json.dumps(settings))
    if not path.exists():
        write_json(path, settings)
        return
    known = read_json(path)
    for key in settings.keys() | known.keys():
        was, now = (each.get(key, WITHOUT_EFFECT.get(key)) for each in (known, settings))
        if was != now:
            was, now = (json.dumps(value)[:60] for value in (was, now))
            raise ConfigError(
                f"{folder} holds samples made with {key}: {was}, not {now} (give out=..., or remove the folder)"
            )


def sample_file(folder: Path, name: str) -> Path:
    """Where a picture's candidates lie; any name gives a plain file name."""
    safe = quote(name, safe=" ()+,=@", errors="surrogateescape")
    if len(safe) > LONGEST:
        safe = f"{safe[: LONGEST - 17]}-{digest(name)[:16]}"
    return folder / SAMPLES / f"{safe}.npy"


def missing(folder: Path, names: list[str]) -> list[str]:
    """The pictures that have no candidates yet."""
    return [name for name in names if not sample_file(folder, name).exists()]


def write_sample(folder: Path, name: str, candidates: np.ndarray) -> None:
    """candidates: (n, H, W, 3) uint8."""
    path = sample_file(folder, name)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            np.save(file, candidates)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_sample(folder: Path, name: str) -> np.ndarray:
    """(n, H, W, 3) uint8; DataError for a file that is missing or damaged."""
    path = sample_file(folder, name)
    try:
        candidates = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} cannot be read ({str(error)[:80]}; delete it and evaluate again)") from error
    if candidates.ndim != 4 or candidates.shape[-1] != 3 or candidates.dtype != np.uint8:
        raise DataError(
            f"{path} holds {candidates.dtype} {candidates.shape}, no pictures (delete it and evaluate again)"
        )
    return candidates


def protocol_id(protocol: dict[str, Any]) -> str:
    """A short name of all that must be equal for two numbers to be comparable: COMPARABLE, nothing about the method."""
    return digest({key: protocol[key] for key in COMPARABLE})[:10]


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


def add_timing(folder: Path, seconds: float, drawings: int, device: str) -> None:
    """Add to what making the samples has cost so far."""
    path = folder / TIMING
    before = read_json(path) if path.exists() else {"sampling_seconds": 0.0, "sampled": 0}
    total = {"sampling_seconds": before["sampling_seconds"] + seconds, "sampled": before["sampled"] + drawings}
    write_json(path, total | {"device": device})


def timing(folder: Path, judging_seconds: float) -> dict[str, Any]:
    """Seconds for sampling, in all and a drawing, as far as they are known, and for judging."""
    known = read_json(folder / TIMING) if (folder / TIMING).exists() else {}
    each = {"seconds_per_drawing": known["sampling_seconds"] / known["sampled"]} if known.get("sampled") else {}
    return known | each | {"judging_seconds": judging_seconds}


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


def write_result(folder: Path, document: dict[str, Any], distances: dict[str, np.ndarray]) -> None:
    """evaluation.json last: where it is, all of the evaluation is."""
    write_arrays(folder / DISTANCES, {name: values.astype(np.float32) for name, values in distances.items()})
    write_json(folder / RESULT, document)


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An .npz file, atomically."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    temporary.replace(path)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """DataError if the file is missing or damaged."""
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({str(error)[:80]}; evaluate again, the samples are kept)") from error


def read_evaluation(folder: Path) -> Evaluation:
    """ConfigError if nothing was evaluated there, DataError if the files are damaged."""
    if not (folder / RESULT).is_file():
        raise ConfigError(f"{folder} holds no {RESULT} (python -m colorlab.evaluate run=... writes it)")
    document = read_json(folder / RESULT)
    if not {"protocol_id", "values", "trivial"} <= document.keys():
        raise DataError(f"{folder / RESULT} is no evaluation (evaluate again, the samples are kept)")
    return Evaluation(folder, document, read_arrays(folder / DISTANCES))


def located(given: str, name: str | None) -> Path:
    """The evaluation folder that a user means: given itself, or in a run the one called name or the only one."""
    path = Path(given)
    if (path / RESULT).is_file():
        return path
    if not path.is_dir():
        raise ConfigError(
            f"there is no run or evaluation in {given} (give folders that training or evaluating printed)"
        )
    there = sorted(found.parent for found in path.glob(f"evaluation/*/{RESULT}"))
    names = ", ".join(found.name for found in there)
    if name is not None:
        if (path / "evaluation" / name / RESULT).is_file():
            return path / "evaluation" / name
        raise ConfigError(f"evaluation={name} is not in {given} (it has {names or 'none'})")
    if not there:
        raise ConfigError(f"{given} has not been evaluated (python -m colorlab.evaluate run={given})")
    if len(there) > 1:
        raise ConfigError(
            f"{given} has several evaluations: {names} (choose with evaluation=..., or give one's folder)"
        )
    return there[0]


def weights_sha256(run: Path) -> str:
    """Of the run's final weights, or of its last checkpoint while it trains; "" if there are none."""
    paths = [run / "checkpoints" / name for name in ("weights.safetensors", "last.ckpt")]
    path = next((path for path in paths if path.is_file()), None)
    return "" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def digest(value: Any) -> str:
    """sha256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Atomically, and as JSON proper: NaN becomes null."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(_proper(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """DataError if it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({str(error)[:80]}; evaluate again, the samples are kept)") from error


def _proper(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _proper(each) for key, each in value.items()}
    return [_proper(each) for each in value] if isinstance(value, list | tuple) else value
