"""Writing a document as files of whatever kind."""

from __future__ import annotations

from pathlib import Path

from colorlab.exports import openraster, photoshop
from colorlab.exports.document import Document
from colorlab.exports.plain_files import write_gpl, write_png, write_svg

WRITE_ALL = {"ora": openraster.write, "psd": photoshop.write}
WRITE_EACH = {"png": write_png, "gpl": write_gpl, "svg": write_svg}


def write(paths: list[Path], kind: str, document: Document) -> None:
    """The files of a kind. paths: as many as ``kinds.endings_of`` gives."""
    if kind in WRITE_ALL:
        WRITE_ALL[kind](paths[0], document)
        return
    for k, path in enumerate(paths):
        WRITE_EACH[kind](path, document, k)
