"""What the studio offers: runs that can take a picture, and drawings to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from colorlab.errors import ColorlabError
from colorlab.runs.config import CONFIG
from colorlab.runs.run import colors_pictures, is_finished, open_run
from colorlab.storage.files import PACKAGE, PRETRAINED

DRAWINGS = Path(__file__).parent / "static" / "drawings"
FIRST = f"{PRETRAINED}/flats"
MOST = 100  # runs


def runs() -> list[dict[str, Any]]:
    """Those that ship, then the finished ones in ./runs, the newest first: path, name, condition
    ("lines" or "gray"), whether it colours areas and takes text, and the styles it knows."""
    ours = [
        f"{PRETRAINED}/{path.parent.name}"
        for path in sorted((PACKAGE / PRETRAINED).glob(f"*/{CONFIG}"))
    ]
    here = sorted(
        Path("runs").glob(f"*/{CONFIG}"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    finished = [str(path.parent) for path in here if is_finished(path.parent)]
    found = [
        offered(path) for path in [*sorted(ours, key=lambda path: path != FIRST), *finished][:MOST]
    ]
    return [each for each in found if each]


def offered(path: str) -> dict[str, Any] | None:
    """None for what is no run that colours pictures."""
    try:
        run = open_run(path)
        method = run.config["method"]
        target = str(method["_target_"])
    except (ColorlabError, KeyError, OSError):
        return None
    if not colors_pictures(run.config):
        return None
    hand, reading = method.get("hand", {}), method.get("reading", method.get("net", {}))
    return {
        "path": path, "name": run.name, "condition": run.config["data"].get("condition", "lines"),
        "areas": "choice" in method and "hand" in method,
        "text": bool(reading.get("text_encoder") or "piggyback" in target),
        "styles": list(hand.get("styles", [])),
    }  # fmt: skip


def drawings() -> list[str]:
    """Names of the drawings that ship."""
    return sorted(path.stem for path in DRAWINGS.glob("*.svg"))


def drawing(name: str) -> bytes | None:
    """One of them, as an SVG file."""
    return (DRAWINGS / f"{name}.svg").read_bytes() if name in drawings() else None
