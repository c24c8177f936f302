"""The page of the package on an index: the README, whose pictures and links must lead somewhere
from there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)\s]+)\)")


class LongDescription(MetadataHookInterface):
    """Called by hatchling for `dynamic = ["readme"]`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme of a project's metadata."""
        home = metadata.get("urls", {}).get("Repository", "")
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": described(readme, home)}


def described(readme: str, home: str) -> str:
    """The README with links into the repository made absolute. Without a repository there is
    nowhere to lead: links become their words, and a picture goes with the italic line below it."""
    if not home:
        readme = re.sub(
            r"^!\[[^\]]*\]\((?!https?://)[^)]*\)\n\n\*.*?\*\n(\n|$)", "", readme, flags=re.M | re.S
        )

    def absolute(found: re.Match[str]) -> str:
        picture, words, path = found.groups()
        if not home:
            return "" if picture else words
        return f"{picture}[{words}]({home.rstrip('/')}/{'raw' if picture else 'blob'}/main/{path})"

    return LINK.sub(absolute, readme)
