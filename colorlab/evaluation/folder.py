"""The evaluation folder: samples that are made once, and what the judges say about them.

samples/<picture>.npy   (n, H, W, 3) uint8, one file per drawing, written whole or not at all
settings.json           how the samples were made; another setting is another folder
timing.json             what making them cost; timing-<k>.json what it cost the k-th other process
evaluation.json         protocol, values with intervals, values drawing by drawing, curves, the
                        trivial rows
distances.npz           distances between a drawing's candidates, for histograms
pictures.npz            drawings and true colourings for contact sheets"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from colorlab.errors import ConfigError, DataError
from colorlab.storage.files import (
    json_digest,
    read_arrays,
    read_json,
    require_own,
    write_array,
    write_arrays,
    write_json,
)
from colorlab.storage.plain import LARGEST_RECORD, Line, Shape, content

INTERVAL = {"mean": (float, None), "low": (float, None), "high": (float, None), "n": int}
VALUES = {str: INTERVAL}
CURVES = {str: {str: [(float, None)]}}
SHAPE = {
    "run": Line, "method": Line, "settings": {}, "drawings": [str], "truths": [int],
    "protocol_id": Line,
    "protocol": {
        "data": Line, "size": Line, "condition": Line, "count": int, "drawings": str,
        "pictures": str, "n": int, "metrics": int, "weights": {str: Line}, "versions": {str: Line},
    },
    "values": VALUES, "per_drawing": {str: [(float, None)]}, "curves": CURVES, "timing": {},
    "trivial": {str: {"title": Line, "values": VALUES, "curves": CURVES}},
}  # fmt: skip
# of a folder in the cache
TRIVIAL = {key: SHAPE[key] for key in ("protocol_id", "values", "per_drawing", "trivial")}
TIMES = {"sampling_seconds": float, "sampled": int}
SAMPLES, SETTINGS, TIMING = "samples", "settings.json", "timing.json"
RESULT, DISTANCES, PICTURES = "evaluation.json", "distances.npz", "pictures.npz"
LONGEST = 200  # bytes of a picture's name in a file name


class Evaluation(NamedTuple):
    """A finished evaluation. ``TrainedRun.evaluate`` makes it.

    path: its folder. document: evaluation.json; its "values" hold mean, low, high and n of each
    measure, its "protocol" what was measured on what. distances: measure -> (drawings, pairs),
    between a drawing's candidates.

    >>> run = colorlab.open_run("pretrained/gpic-openmoji-c8")
    >>> found = run.evaluate(n=3, limit=2, steps=2, lpips="none", features="none", out="evaluated")
    >>> found.path.name, found.distances["delta_e"].shape
    ('evaluated', (2, 3))
    """

    path: Path
    document: dict[str, Any]
    distances: dict[str, np.ndarray]


def sample_file(folder: Path, name: str) -> Path:
    """Where a picture's candidates lie; any name gives a plain file name."""
    safe = quote(name, safe=" ()+,=@", errors="surrogateescape")
    if len(safe) > LONGEST:
        safe = f"{safe[: LONGEST - 17]}-{json_digest(name)[:16]}"
    return folder / SAMPLES / f"{safe}.npy"


def missing(folder: Path, names: list[str]) -> list[str]:
    """The pictures that have no candidates yet."""
    return [name for name in names if not sample_file(folder, name).exists()]


def write_sample(folder: Path, name: str, candidates: np.ndarray) -> None:
    """candidates: (n, H, W, 3) uint8."""
    write_array(sample_file(folder, name), candidates)


def read_sample(folder: Path, name: str) -> np.ndarray:
    """(n, H, W, 3) uint8; DataError for a file that is missing or damaged."""
    path = sample_file(folder, name)
    try:
        candidates = np.load(io.BytesIO(content(path, LARGEST_RECORD)), allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DataError(
            f"{path} cannot be read ({str(error)[:80]}; delete it and evaluate again)"
        ) from error
    if candidates.ndim != 4 or candidates.shape[-1] != 3 or candidates.dtype != np.uint8:
        raise DataError(
            f"{path} holds {candidates.dtype} {candidates.shape}, no pictures (delete it and "
            "evaluate again)"
        )
    return candidates


def add_timing(folder: Path, seconds: float, drawings: int, device: str, process: int = 0) -> None:
    """Add to what making the samples has cost one of several processes so far."""
    path = folder / (f"{Path(TIMING).stem}-{process}.json" if process else TIMING)
    before = _times(path) or {"sampling_seconds": 0.0, "sampled": 0}
    total = {
        "sampling_seconds": before["sampling_seconds"] + seconds,
        "sampled": before["sampled"] + drawings,
    }
    write_json(path, total | {"device": device})


def _times(path: Path) -> dict[str, Any]:
    """What was measured so far; nothing if it is not there, or damaged: no sample is made again for
    its seconds."""
    try:
        return dict(read_json(path, TIMES))
    except DataError:
        return {}


def timing(folder: Path, judging_seconds: float) -> dict[str, Any]:
    """Seconds for sampling, of all processes together and a drawing, as far as they are known, and
    for judging."""
    stem, ending = TIMING.split(".")
    parts = [known for path in sorted(folder.glob(f"{stem}*.{ending}")) if (known := _times(path))]
    known = dict(parts[0]) if parts else {}
    for key in TIMES if known else ():
        known[key] = sum(part[key] for part in parts)
    each = (
        {"seconds_per_drawing": known["sampling_seconds"] / known["sampled"]}
        if known.get("sampled")
        else {}
    )
    return known | each | {"judging_seconds": judging_seconds}


def write_result(folder: Path, document: dict[str, Any], distances: dict[str, np.ndarray]) -> None:
    """evaluation.json last: where it is, all of the evaluation is."""
    write_arrays(
        folder / DISTANCES, {name: values.astype(np.float32) for name, values in distances.items()}
    )
    write_json(folder / RESULT, document)


def read_evaluation(folder: Path, shape: Shape = SHAPE) -> Evaluation:
    """ConfigError if nothing was evaluated there, DataError if the files are damaged or of another
    shape, CheckpointError if links lead out of the folder."""
    if not (folder / RESULT).is_file():
        raise ConfigError(
            f"{folder} holds no {RESULT} (python -m colorlab.evaluate run=... writes it)"
        )
    require_own(folder)
    document = read_json(folder / RESULT, shape, "evaluate again, the samples are kept")
    return Evaluation(folder, document, read_arrays(folder / DISTANCES))


def located(given: str, name: str | None) -> Path:
    """The evaluation folder that a user means: given itself, or in a run the one called name or the
    only one."""
    path = Path(given)
    if (path / RESULT).is_file():
        return path
    if not path.is_dir():
        raise ConfigError(
            f"there is no run or evaluation in {given} (give folders that training or evaluating "
            "printed)"
        )
    there = sorted(found.parent for found in path.glob(f"evaluation/*/{RESULT}"))
    names = ", ".join(found.name for found in there)
    if name is not None:
        if (path / "evaluation" / name / RESULT).is_file():
            return path / "evaluation" / name
        raise ConfigError(f"evaluation={name} is not in {given} (it has {names or 'none'})")
    if not there:
        raise ConfigError(
            f"{given} has not been evaluated (python -m colorlab.evaluate run={given})"
        )
    if len(there) > 1:
        raise ConfigError(
            f"{given} has several evaluations: {names} (choose with evaluation=..., or give one's "
            "folder)"
        )
    return there[0]
