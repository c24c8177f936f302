"""A list of the models that are here: those that ship, those under runs/, those that were
fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from colorlab.errors import ColorlabError
from colorlab.runs.config import CONFIG
from colorlab.runs.run import Run, colors_pictures, is_finished, open_run, weights_of
from colorlab.storage.cache import hub_dir
from colorlab.storage.files import PACKAGE, PRETRAINED, format_bytes
from colorlab.storage.plain import content
from colorlab.travel.card import CARD

LICENSE = re.compile(rb"^license: *([\w.+-]+)$", re.MULTILINE)
SHIPPED = "apache-2.0"  # of the package and all that is in it; NOTICE says what it was trained on
# bytes; of what a hub reads, between two lines of ---
LONGEST_CARD, LONGEST_FRONT = 1 << 20, 1 << 14


class Model(NamedTuple):
    """path: what commands call it. size: of its weights, in words. license: "" if none is stated.
    command: that colours with it, "" for parts of other models."""

    path: str
    method: str
    data: str
    size: str
    license: str
    command: str


def models() -> list[Model]:
    """Those that can be opened; a damaged run is left out."""
    found = []
    for path in paths():
        try:
            found.append(model(open_run(path), path))
        except (ColorlabError, OSError, KeyError):
            continue
    return found


def paths() -> Iterator[str]:
    """Of the runs that ship, the finished ones under runs/, the newest first, and the fetched
    ones."""
    for config in sorted((PACKAGE / PRETRAINED).glob(f"*/{CONFIG}")):
        yield f"{PRETRAINED}/{config.parent.name}"
    here = sorted(
        Path("runs").glob(f"*/{CONFIG}"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    yield from (str(config.parent) for config in here if is_finished(config.parent))
    yield from (str(config.parent) for config in sorted(hub_dir().glob(f"*/*/*/{CONFIG}")))


def model(run: Run, path: str) -> Model:
    """A line of the list."""
    node = run.config["data"]
    command = (
        f"python -m colorlab.sample run={path} input=picture.png"
        if colors_pictures(run.config)
        else ""
    )
    return Model(
        path, str(run.config["method"]["_target_"]).rpartition(".")[2],
        f"{str(node['_target_']).rpartition('.')[2]}, {node['condition']}, {node['size']} px",
        format_bytes(weights_of(run.path).stat().st_size), license_of(run.path), command,
    )  # fmt: skip


def license_of(folder: Path) -> str:
    """Of a model, as its card states it."""
    if folder.resolve().is_relative_to(PACKAGE):
        return SHIPPED
    card = folder / CARD
    try:
        text = content(card, LONGEST_CARD)[:LONGEST_FRONT] if card.is_file() else b""
    except (OSError, ValueError):  # it is of no consequence
        return ""
    front = text[4 : max(text.find(b"\n---\n"), 0)] if text.startswith(b"---\n") else b""
    found = LICENSE.search(front)
    return found[1].decode() if found else ""
