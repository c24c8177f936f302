"""Colourings as layered files and back: what an exported file says is enough to make it again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colorlab.cli.clauses import check_words
from colorlab.cli.targets import check_targets
from colorlab.cli.yaml_files import conf_dir
from colorlab.conditions.areas import GAP
from colorlab.data.intake import SUFFIXES
from colorlab.errors import CheckpointError, ConfigError, DataError
from colorlab.exports.document import Document, document_of
from colorlab.exports.formats import write
from colorlab.exports.kinds import endings_of, kinds_of
from colorlab.exports.openraster import read_made
from colorlab.runs.checkpoint import weights_sha256
from colorlab.runs.run import Run
from colorlab.sampling.arrays import Picture, rgb_of
from colorlab.sampling.edits import edits_of, typed
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.pictures import Shown, understood
from colorlab.sampling.record import RECORD, Record, record_of, said_of
from colorlab.storage.cache import shipped
from colorlab.storage.plain import must_fit, yaml_of

FILES = ("hints", "like", "lock", "reference")  # options that may name pictures
NAME = re.compile(r"[\w][\w.+-]*")  # of a run, and of a picture: no path
#: Settings that an exported file may say; where pictures go and what runs is the user's to say.
SAID = {each.name for each in fields(SamplingOptions)} - {"n", "pixel_limit"} | {
    "size", "lines", "finish", "gap", "alpha", "vary", "hints", "like", "lock", "edit", "reference"
}  # fmt: skip
SHAPE = {
    "run": [str],
    "weights": [str],
    "settings": {"seed": int, "sampler": {}, "values": {}},
    "input": str,
    "n": int,
}


def sources_of(source: Path, wanted: PictureOptions) -> dict[str, bytes]:
    """The bytes of the pictures that colourings are made from, "input.<suffix>" first."""
    named = {key: Path(file) for key in FILES if isinstance(file := getattr(wanted, key), str)}
    return {
        f"{key}{path.suffix.lower()}": path.read_bytes()
        for key, path in {"input": source, **named}.items()
    }


def exported(
    shown: Shown, pictures: Sequence[np.ndarray], record: Record, files: dict[str, bytes]
) -> Document:
    """The layers of colourings (H, W, 3) uint8 of a drawing."""
    made = said_of(record) | {"signature": record.signature, "n": len(pictures)}
    return document_of(
        shown.canvas, None if shown.drawn is None else shown.drawn.areas, pictures, made, files
    )


def write_exports(paths: Sequence[Path], document: Document, kinds: Sequence[str]) -> None:
    """Files of each kind. paths: as ``endings_of`` has them, one kind after the other."""
    left = list(paths)
    for kind in kinds:
        count = len(endings_of(kind, len(document.groups)))
        write(left[:count], kind, document)
        left = left[count:]


def note_of(
    runs: Sequence[Run], options: SamplingOptions, wanted: PictureOptions
) -> dict[str, Any]:
    """What pictures say of how they were made, and what it takes to understand their drawing
    again."""
    condition = runs[0].config["data"].get("condition", "lines")
    said = said_of(record_of(runs, options, {"size": wanted.size, "finish": wanted.finish}))
    return said | {
        "lines": wanted.lines,
        "gap": wanted.gap,
        "edit": typed(wanted.edit),
        "condition": condition,
    }


def noted(
    pixels: np.ndarray, note: dict[str, Any], each: Callable[[Image.Image], Any] | None
) -> Image.Image:
    """A colouring (H, W, 3) uint8 that says what made it. each: is called with it."""
    image = Image.fromarray(pixels)
    image.info[RECORD] = json.dumps(note)
    if each is not None:
        each(image)
    return image


def export_pictures(
    pictures: Sequence[Image.Image], drawing: Picture, path: Path, pixel_limit: int
) -> list[Path]:
    """Colourings of a drawing as files of the kind that a path ends in; of kinds with a file per
    candidate, the path gets numbers. What made them is what they hold as ``info["colorlab"]``. ->
    the files."""
    (kind,) = kinds_of(path.suffix.lstrip(".").lower())
    if not pictures:
        raise ConfigError("there are no pictures to export (give one at least)")
    note = json.loads(pictures[0].info.get(RECORD, "{}"))
    shown = _understood_again(rgb_of(drawing, "drawing", pixel_limit), note)
    size = shown.canvas.shape[1::-1]
    for picture in pictures:
        if picture.size != size:
            theirs, ours = ("x".join(map(str, each)) for each in (picture.size, size))
            raise ConfigError(
                f"pictures are {theirs} pixels, the drawing {ours} (give the drawing that they "
                "colour)"
            )
    pixels = [np.asarray(picture.convert("RGB")) for picture in pictures]
    areas = shown.drawn and shown.drawn.areas
    document = document_of(shown.canvas, areas, pixels, note | {"n": len(pixels)}, {})
    start = path.with_suffix("")
    paths = [start.with_name(f"{start.name}{ending}") for ending in endings_of(kind, len(pixels))]
    write_exports(paths, document, [kind])
    return paths


def _understood_again(pixels: np.ndarray, note: dict[str, Any]) -> Shown:
    """A drawing (3, H, W) uint8 as it was understood when it was coloured, by what its colourings
    say."""
    data = {"condition": note.get("condition", "lines"), "size": 1}
    lines, gap, edit = note.get("lines", "auto"), note.get("gap", GAP), edits_of(note.get("edit"))
    return understood(pixels, None, data, PictureOptions(lines=lines, gap=gap, edit=edit))


def words_of(path: Path, folder: Path, given: dict[str, Any]) -> dict[str, Any]:
    """A command's words that make an exported file again; words given otherwise than by default
    win. folder: the pictures in it are put there. DataError: it does not say what is needed, or is
    not to be trusted."""
    made, files = read_made(path)
    try:
        must_fit(made, SHAPE)
        own = _words(made, _unpacked(files, folder, made["input"]))
        check_targets(own)
        plain = {key: value for key, value in own.items() if key not in ("guide", "method")}
        for file in CLAUSES:
            check_words(plain, conf_dir() / file)
    except ValueError as error:
        raise DataError(
            f"{path} does not say how it was made: {error} (export it again)"
        ) from error
    default = {
        key: value
        for file in CLAUSES
        for key, value in yaml_of((conf_dir() / file).read_bytes()).items()
    }
    default["method"] = {"sampler": {}}
    return given | {
        key: value for key, value in own.items() if given.get(key) == default.get(key, {})
    }


CLAUSES = ("sample.yaml", "sampling/keys.yaml")


def _unpacked(files: dict[str, bytes], folder: Path, name: str) -> dict[str, str]:
    """Which key names which file, once they are written. The input keeps its name."""
    found = {}
    for each, content in files.items():
        key, suffix = Path(each).stem, Path(each).suffix
        if key not in ("input", *FILES) or suffix not in SUFFIXES or each != f"{key}{suffix}":
            raise ValueError(f"{each[:40]!r} is no picture that colourings are made from")
        stem = Path(name).stem if key == "input" and Path(name).name == name else key
        (folder / key).mkdir()
        (folder / key / f"{stem}{suffix}").write_bytes(content)
        found[key] = str(folder / key / f"{stem}{suffix}")
    if "input" not in found:
        raise ValueError("it lacks the drawing")
    return found


def _words(made: dict[str, Any], pictures: dict[str, str]) -> dict[str, Any]:
    """Settings as the words that give them."""
    settings, runs = dict(made["settings"]), made["run"]
    if settings.pop("pictures", None):
        raise ValueError("a colour or a palette was taken from a picture, which is not in it")
    if foreign := sorted(settings.keys() - SAID):
        raise ValueError(f"{foreign[0][:40]!r} is no setting of pictures")
    if not all(NAME.fullmatch(run) for run in runs):
        raise ValueError("a run in it has no proper name")
    ours = [
        f"pretrained/{run}" if shipped(f"pretrained/{run}").is_dir() else f"runs/{run}"
        for run in runs
    ]
    method = dict(settings.pop("values")) | {"sampler": settings.pop("sampler")}
    settings = {
        key: value for key, value in settings.items() if key not in FILES or isinstance(value, list)
    }
    settings.pop("device", None)  # of the machine that it was made on
    return (
        settings
        | pictures
        | {"run": ours[0] if len(ours) == 1 else ours, "method": method, "n": made["n"]}
    )


def check_same(path: Path, runs: Sequence[Run]) -> None:
    """CheckpointError unless these runs made an exported file."""
    if read_made(path)[0]["weights"] != [weights_sha256(run.path) for run in runs]:
        named = ", ".join(str(run.path) for run in runs)
        raise CheckpointError(
            f"{path} was made with other weights than those of {named} (give run=<the run>)"
        )
