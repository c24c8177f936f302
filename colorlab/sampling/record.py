"""What a picture says of how it was made, and the name that follows from it: no other picture is
ever replaced.

Every PNG that is written holds text chunks: Software; colorlab-signature, equal where inputs,
weights, seed and settings are; colorlab, all of these as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorlab import __version__
from colorlab.cli.device import previews_in_bf16
from colorlab.data.png import text_of
from colorlab.errors import ConfigError
from colorlab.runs.checkpoint import weights_sha256
from colorlab.runs.run import Run, open_run
from colorlab.sampling.options import SamplingOptions, other_runs
from colorlab.storage.files import json_digest, replacing
from colorlab.storage.plain import open_plain

SIGNATURE, RECORD = "colorlab-signature", "colorlab"
# in other files than PNGs; bytes
WRITTEN, NEAR = re.compile(rb"colorlab-signature=([0-9a-f]{64})"), 1 << 16
CHANGE_NOTHING = ("n", "pixel_limit")  # candidate k is the same whatever they are


class Record(NamedTuple):
    """run: the names of the runs; weights: their sha256; settings: all that shapes a picture;
    input: what it is of."""

    run: list[str]
    weights: list[str]
    settings: dict[str, Any]
    input: str
    content: str  # sha256 of the input

    @property
    def signature(self) -> str:
        """Equal for pictures that are equal."""
        return json_digest([self.weights, self.settings, self.content])


def record_of(runs: Sequence[Run], options: SamplingOptions, more: dict[str, Any]) -> Record:
    """Of whatever is made with these options, its input still to come. more: settings beside the
    options."""
    settings = {key: value for key, value in asdict(options).items() if key not in CHANGE_NOTHING}
    settings["precision"] = (
        "bf16" if previews_in_bf16(options.precision, options.device) else "fp32"
    )
    colors = [options.bias, options.palette]
    colors += [node.get(key) for node in options.guide.values() for key in ("color", "colors")]
    pictures = {str(color): sha256_of(Path(color)) for color in colors if isinstance(color, str)}
    shown = {name: found for name, found in pictures.items() if found}
    weights = [weights_sha256(run.path) for run in [*runs, *map(open_run, other_runs(options))]]
    return Record(
        [run.name for run in runs],
        weights,
        settings | more | ({"pictures": shown} if shown else {}),
        "",
        "",
    )


def sha256_of(path: Path) -> str:
    """Of a file; "" if it cannot be read."""
    try:
        with open_plain(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def start_of(plain: Path, endings: Sequence[str], record: Record, distinct: bool) -> Path:
    """What the paths of a picture's files begin with: ``plain``, or, where another picture has that
    name or it is to be ``distinct``, <plain>-s<seed>-<six letters of the signature>. ConfigError:
    other files have that name too."""
    marked = plain.with_name(f"{plain.name}-s{record.settings['seed']}-{record.signature[:6]}")
    for start in [marked] if distinct else [plain, marked]:
        if all(is_free(path, record) for path in paths_of(start, endings)):
            return start
    raise ConfigError(
        f"{marked}{endings[0]} is in the way (remove or rename it, or give another out=)"
    )


def is_free(path: Path, record: Record) -> bool:
    """Whether a picture's file may be written: nothing but itself would be replaced."""
    return _made(path) in (None, record.signature)


def check_free(paths: Sequence[Path], record: Record) -> None:
    """ConfigError if another's file has come to where one is to be written, since its name was
    chosen."""
    for path in paths:
        if not is_free(path, record):
            raise ConfigError(f"{path} is in the way (remove or rename it, or give another out=)")


def paths_of(start: Path, endings: Sequence[str]) -> list[Path]:
    """The files of a picture."""
    return [start.with_name(f"{start.name}{ending}") for ending in endings]


def _made(path: Path) -> str | None:
    """The signature of a file, "" of one without; None if there is none."""
    if not (path.exists() or path.is_symlink()):
        return None
    return (text_of(path, SIGNATURE) if path.suffix == ".png" else _written_in(path)) or ""


def _written_in(path: Path) -> str | None:
    """The signature in an exported file that is no PNG: near its beginning, or at the end of an
    archive."""
    try:
        with open_plain(path) as file:
            begin = file.read(NEAR)
            file.seek(max(0, path.stat().st_size - NEAR))
            found = WRITTEN.search(begin) or WRITTEN.search(file.read(NEAR))
    except OSError:
        return None
    return None if found is None else found[1].decode()


def is_ours(path: Path) -> bool:
    """Whether a picture was made by colorlab."""
    return text_of(path, SIGNATURE) is not None


def is_finished(paths: Sequence[Path], record: Record) -> bool:
    """Whether all files of a picture are there."""
    return all(_made(path) == record.signature for path in paths)


def said_of(record: Record) -> dict[str, Any]:
    """What a file says of how it was made, plain data."""
    return {"version": __version__, "seed": record.settings["seed"], **record._asdict()}


def write_png(
    path: Path,
    image: Image.Image,
    record: Record,
    k: int | None,
    dpi: tuple[float, float] | None = None,
) -> None:
    """A picture with its record. k: the candidate, from 1; None for a sheet. FileExistsError:
    another's has come to its place since its name was chosen."""
    texts = PngInfo()
    texts.add_text("Software", f"colorlab {__version__}")
    texts.add_text(SIGNATURE, record.signature)
    # all ASCII: bytes of a name that are no text become \\udc80 to \\udcff
    texts.add_text(RECORD, json.dumps(said_of(record) | {"k": k}))
    with replacing(path, only_new=_made(path) != record.signature) as temporary:
        image.save(
            temporary,
            "PNG",
            compress_level=3,
            pnginfo=texts,
            **({} if dpi is None else {"dpi": dpi}),
        )
