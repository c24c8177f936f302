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
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.document import must_be_an_evaluation
from colorlab.storage.files import (
    json_digest,
    read_arrays,
    read_json,
    require_own,
    write_array,
    write_arrays,
    write_json,
)
from colorlab.storage.plain import LARGEST_RECORD, Line, content

TIMES = {"sampling_seconds": float, "sampled": int, "device?": Line}
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
    """(n, H, W, 3) uint8, none of them zero; DataError for a file that is missing or damaged."""
    path = sample_file(folder, name)
    try:
        candidates = np.load(io.BytesIO(content(path, LARGEST_RECORD)), allow_pickle=False)
    except Exception as error:  # a damaged file raises nearly anything
        told = " ".join(str(error).split())[:80]
        raise DataError(f"{path} cannot be read ({told}; delete it and evaluate again)") from error
    if not _are_pictures(candidates, 4):
        raise DataError(
            f"{path} holds {candidates.dtype} {candidates.shape}, no pictures (delete it and "
            "evaluate again)"
        )
    return candidates


def _are_pictures(found: np.ndarray | None, axes: int) -> bool:
    """Whether arrays are (H, W), or with more axes (..., H, W, 3), uint8, none of them zero."""
    if found is None or found.ndim != axes or found.dtype != np.uint8 or 0 in found.shape:
        return False
    return axes == 2 or found.shape[-1] == 3


def read_pictures(folder: Path) -> dict[str, np.ndarray]:
    """`<position>/drawing` (H, W) and `<position>/truths` (T, H, W, 3), uint8, of the drawings on
    contact sheets.
    DataError: as ``read_arrays``, or there are other arrays."""
    found = read_arrays(folder / PICTURES)
    for name in found:
        place = name.rpartition("/")[0]
        if not _are_pictures(found.get(f"{place}/drawing"), 2) or not _are_pictures(
            found.get(f"{place}/truths"), 4
        ):
            raise DataError(
                f"{folder / PICTURES} holds {name[:40]!r}, which is no picture (evaluate again)"
            )
    return found


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
    for key in ("sampling_seconds", "sampled") if known else ():
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


def read_evaluation(
    folder: Path, check: Callable[[Any], None] = must_be_an_evaluation
) -> Evaluation:
    """ConfigError if nothing was evaluated there, DataError if the files are damaged or do not hold
    together, CheckpointError if links lead out of the folder. check: of the document."""
    if not (folder / RESULT).is_file():
        raise ConfigError(
            f"{folder} holds no {RESULT} (python -m colorlab.evaluate run=... writes it)"
        )
    require_own(folder)
    document = read_json(folder / RESULT, fix="evaluate again, the samples are kept", check=check)
    distances = read_arrays(folder / DISTANCES)
    for name, found in distances.items():
        if found.dtype.kind != "f":
            raise DataError(
                f"{folder / DISTANCES}: {name} holds {found.dtype}, no distances (evaluate again)"
            )
    return Evaluation(folder, document, distances)


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
