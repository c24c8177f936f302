"""Painted portraits without background, as GPIC's own data: those of Battle for Wesnoth
(GPL-2+ and CC BY-SA 4.0)."""

from __future__ import annotations

import re
from pathlib import Path

from colorlab.data.folder import Listing, PictureFiles
from colorlab.data.intake import find_pictures, printable
from colorlab.errors import DataError


class Portraits(PictureFiles):
    """Every picture below a folder called portraits; transparent paper becomes white. Captions are
    the words of the file's name and of the folder's, if that is not portraits itself."""

    advice = (
        "apt-get download wesnoth-1.16-data && dpkg -x wesnoth-1.16-data_*.deb FOLDER, then "
        "data.root=FOLDER"
    )

    @classmethod
    def listing(cls, root: Path) -> Listing:
        paths = [
            path for path in find_pictures(root) if "portraits" in path.relative_to(root).parts[:-1]
        ]
        if not paths:
            raise DataError(
                f"{printable(root)} has no pictures in folders called portraits ({cls.advice})"
            )
        return Listing(paths, ["train"] * len(paths), captions=[_words(path) for path in paths])


def _words(path: Path) -> str:
    kind = "" if path.parent.name == "portraits" else path.parent.name
    return " ".join(re.findall(r"[^\W\d_]+", f"{kind} {path.stem}"))
