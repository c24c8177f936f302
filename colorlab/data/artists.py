"""The drawings of one artist or studio, rendered once: what is painted below the ink, the lines,
and their areas.

Sets come with the package (``art/``, see ``art/ATTRIBUTION.md``; ``everyday``, by code), from
OpenMoji's own package, or from what ``python -m colorlab.data add`` prepared."""

from __future__ import annotations

import hashlib
import re
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from colorlab.conditions.areas import areas_of
from colorlab.data import openmoji, svg
from colorlab.data.archives import SUFFIX, Archive
from colorlab.data.concepts import is_flag, plain, stripped
from colorlab.data.everyday import EVERYDAY, archive
from colorlab.data.vectors import guarded, pairs, rendered
from colorlab.data.workers import workers
from colorlab.draws import stream_seed
from colorlab.errors import DataError
from colorlab.storage.cache import array_cache, cache_dir
from colorlab.storage.packed import Packed, pack, packed_picture

ART = Path(__file__).parent / "art"
OPENMOJI = "openmoji"
NAME = re.compile(r"[\w-]{1,80}")  # of a set
# widths of outlines, of the side; one for all colourings of a drawing
PENS = (0.012, 0.016, 0.02, 0.024)
INK = (0.01, 0.45)  # share of a picture that may be ink
MOST_AREAS = 256
PLANES = 5  # of a picture: paint (3), lines, areas
CHUNK = 16  # concepts that a process renders at a time
# to be raised when ``pairs``, ``areas_of`` or what is here changes: pictures are rendered anew
RECIPE = 5


class Drawing(NamedTuple):
    """One drawing of a set, before it is rendered."""

    names: list[str]
    code: str  # "" if the set lists none
    concept: str  # drawings of one concept in one set are colourings of one drawing
    place: int  # in the set's archive


class Artist:
    """A set of drawings by one hand, flags left out, those of a concept together; DataError if
    there is no such set."""

    def __init__(self, name: str) -> None:
        self.name = name
        if name == OPENMOJI:
            listed = [([path.stem], path.stem) for path in openmoji.svg_paths()]
            self.version = openmoji.VERSION
        else:
            archive = Archive(archive_path(name))
            listed = list(zip(archive.names, archive.codes, strict=True))
            self.version = archive.digest()
        found = [
            Drawing(*each, stripped(each[1]) or plain(each[0][0]), place)
            for place, each in enumerate(listed)
        ]
        kept = [each for each in found if each.concept and not is_flag(each.concept)]
        self.drawings = sorted(kept, key=lambda each: each.concept)

    def rendered(self, size: int) -> Packed:
        """A picture (5, size, size) uint8 for each drawing: paint, lines and areas; or none, where
        the drawing makes no usable pair. Made once on all cores and kept in the cache."""
        key = f"{self.version}-{RECIPE}-{self.order()}"
        path = cache_dir() / "illustrations" / f"{self.name}-{size}px-{key}.npy"
        return Packed(array_cache(path, lambda: self._render(size)), (PLANES, size, size))

    def order(self) -> str:
        """Eight hex digits of which drawing is which: rows of a cache made in another order are
        another's pictures."""
        listed = "\n".join(f"{each.concept} {each.place}" for each in self.drawings)
        return hashlib.sha256(listed.encode()).hexdigest()[:8]

    def _render(self, size: int) -> np.ndarray:
        if self.name == OPENMOJI:
            svgs = [str(path) for path in openmoji.svg_paths()]
        else:
            svgs = Archive(archive_path(self.name)).svgs()
        concepts = groupby(self.drawings, key=lambda each: each.concept)
        ours = self.name in (OPENMOJI, EVERYDAY)
        trusted = ours or archive_path(self.name).parent == ART
        sheets = [
            _Sheet(self.name, key, [svgs[each.place] for each in group], trusted)
            for key, group in concepts
        ]
        chunks = [sheets[i : i + CHUNK] for i in range(0, len(sheets), CHUNK)]
        if len(chunks) < 3:
            return pack(chain.from_iterable(_drawn(chunk, size) for chunk in chunks))
        with workers() as pool:
            return pack(chain.from_iterable(pool.map(_drawn, chunks, [size] * len(chunks))))


def archive_path(name: str) -> Path:
    """The archive of a set, that of the package first; DataError if there is none."""
    if name == EVERYDAY:
        return archive()
    for folder in (ART, added_folder()) if NAME.fullmatch(name) else ():
        if (path := folder / f"{name}{SUFFIX}").is_file():
            return path
    raise DataError(
        f"there is no set {name!r} (choose from {', '.join(known())}, or see python -m "
        "colorlab.data add)"
    )


def added_folder() -> Path:
    """Where added sets lie."""
    return cache_dir() / "art"


def known() -> list[str]:
    """The names of all sets that are there."""
    found = [path for folder in (ART, added_folder()) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    names = [path.name.removesuffix(SUFFIX) for path in found]
    return list(dict.fromkeys([OPENMOJI, EVERYDAY, *filter(NAME.fullmatch, names)]))


class _Sheet(NamedTuple):
    """All colourings of one drawing."""

    artist: str
    concept: str
    svgs: list[str]  # paths, of OpenMoji's
    trusted: bool  # drawn in this process

    def pictures(self, size: int) -> list[np.ndarray]:
        """(4, size, size) uint8 each; ValueError if they cannot be drawn."""
        if self.artist == OPENMOJI:
            return [openmoji.layers(Path(drawing), size) for drawing in self.svgs]
        if not self.trusted:
            for drawing in self.svgs:
                svg.look_through(drawing.encode())
        pen = PENS[stream_seed(0, f"pen/{self.artist}/{self.concept}", 0, 0) % len(PENS)]
        return pairs(self.svgs, size, pen, rendered if self.trusted else guarded)


def _drawn(sheets: list[_Sheet], size: int) -> list[bytes]:
    return [packed_picture(planes) for sheet in sheets for planes in _planes(sheet, size)]


def _planes(sheet: _Sheet, size: int) -> list[np.ndarray | None]:
    """(5, size, size) uint8 each; None where there is no usable pair."""
    try:
        pictures = sheet.pictures(size)
    except ValueError:
        return [None] * len(sheet.svgs)
    known: dict[bytes, np.ndarray | None] = {}
    for picture in pictures:
        if (line := picture[3].tobytes()) not in known:
            known[line] = _labels(picture[3])
    labels = [known[picture[3].tobytes()] for picture in pictures]
    pairs_of = zip(pictures, labels, strict=True)
    return [
        None if areas is None else np.concatenate([picture, areas[None]])
        for picture, areas in pairs_of
    ]


def _labels(line: np.ndarray) -> np.ndarray | None:
    """The areas of lines (H, W), uint8; None if there are too many, or too little or too much
    ink."""
    if not INK[0] < (line < 128).mean() < INK[1]:
        return None
    labels = areas_of(line).labels
    return labels.astype(np.uint8) if labels.max() < MOST_AREAS else None
