"""Sessions on disk, as folders below one: found and looked at without torch, which a page does not
wait for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from colorlab.errors import ColorlabError, DataError
from colorlab.storage.files import read_json, require_own
from colorlab.studio.requests import PICTURE

ID = re.compile(r"[0-9a-f]{16}")
RECORD = "session.json"
SHAPE = {"name": str, "asked": [{"n": int, "seed": int, "pictures": [str]}], "favorites": [str]}
MOST = 12  # sessions that are listed


def read(home: Path, id: str) -> dict[str, Any]:
    """What a session's record says. DataError: there is none; CheckpointError: links in its folder
    lead elsewhere."""
    if not ID.fullmatch(id) or not (home / id / RECORD).is_file():
        raise DataError("there is no such session (begin a new one)")
    require_own(home / id)
    found: dict[str, Any] = read_json(home / id / RECORD, SHAPE)
    return found


def picture_of(folder: Path, name: str, small: bool = False) -> Path:
    """A session's picture, at its own size or small. DataError: there is none of that name."""
    path = folder / f"{name}{'-small' if small else ''}.png"
    if not PICTURE.fullmatch(name) or not path.is_file():
        raise DataError("there is no such picture")
    return path


def latest(home: Path) -> list[dict[str, str]]:
    """The sessions with pictures that were worked on last: id, name, and the name of a picture, a
    favourite if there is one. What cannot be read is left out."""
    records = sorted(home.glob(f"*/{RECORD}"), key=lambda path: path.stat().st_mtime, reverse=True)
    found = [shown(home, path.parent.name) for path in records[: 4 * MOST]]
    return [each for each in found if each][:MOST]


def shown(home: Path, id: str) -> dict[str, str] | None:
    """A session in the list, None for one without pictures or that cannot be read."""
    try:
        kept = read(home, id)
        latest = [asked["pictures"][0] for asked in kept["asked"][-1:] if asked["pictures"]]
        chosen = [*kept["favorites"], *latest][0]
        picture_of(home / id, chosen, small=True)
    except (ColorlabError, OSError, IndexError):
        return None
    return {"id": id, "name": kept["name"], "picture": chosen}
