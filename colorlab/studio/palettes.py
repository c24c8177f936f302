"""Palettes that a person keeps under names of their own, in one file beside the sessions."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

from colorlab.errors import ConfigError, DataError
from colorlab.storage.files import read_json, write_json
from colorlab.studio.requests import COLOR, MOST_COLORS, matching, several

ONE_AT_A_TIME = Lock()  # the file is read, changed and written
MOST, LONGEST = 100, 60  # palettes; letters of a name


def kept(home: Path) -> dict[str, list[str]]:
    """'#rrggbb' each, by name. DataError: the file is not what was written."""
    path = home / "palettes.json"
    return read_json(path, {"palettes": {str: [str]}})["palettes"] if path.is_file() else {}


def keep(home: Path, name: str, colors: Any) -> dict[str, list[str]]:
    """-> all, with this one; none of its name is left without colours. ConfigError."""
    if not 1 <= len(name.strip()) <= LONGEST:
        raise ConfigError(f"a palette's name has 1 to {LONGEST} letters")
    chosen = [
        matching("palette", color, COLOR) for color in several("palette", colors, MOST_COLORS)
    ]
    with ONE_AT_A_TIME:
        found = kept(home)
        found.pop(name, None)
        if chosen:
            found[name] = chosen
        if len(found) > MOST:
            raise DataError(f"{MOST} palettes are kept already (take one out)")
        write_json(home / "palettes.json", {"palettes": found})
    return found
