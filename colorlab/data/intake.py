"""Opening strangers' pictures: guarded, upright, 8-bit RGB on white paper.

Every failure is a DataError of one line that names the file and the fix, whatever the decoder stumbled over."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from colorlab.data import svg
from colorlab.errors import DataError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")  # not EPS, PDF, PSD, ...: Pillow opens 43 formats if let
SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".svg"))
LONGEST_NAME = 200  # bytes; file systems take 255
WIDE_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # 16-bit gray


def open_picture(path: Path, pixel_limit: int) -> np.ndarray:
    """(3, H, W) uint8 RGB: upright (EXIF), alpha laid on white paper, first frame, 16 bits scaled to 8; vector drawings
    (SVG) with a long side of 1024 px. Profiles (ICC) are ignored. pixel_limit: the most pixels that are decoded,
    checked against the header before anything is."""
    return _opened(path, pixel_limit, _on_paper)


def open_rgba(path: Path, pixel_limit: int) -> np.ndarray:
    """(4, H, W) uint8: as ``open_picture``, with the colours as stored and their alpha, 255 where there is none."""
    return _opened(path, pixel_limit, _with_alpha)


def picture_in(image: Image.Image, name: str, pixel_limit: int) -> np.ndarray:
    """As ``open_picture``, of a picture that is open already; name: what errors call it."""
    _check_header(image, name, pixel_limit)
    return _planes(image, name, _on_paper)


def rgba_in(image: Image.Image, name: str, pixel_limit: int) -> np.ndarray:
    """As ``open_rgba``, of a picture that is open already; name: what errors call it."""
    _check_header(image, name, pixel_limit)
    return _planes(image, name, _with_alpha)


def decoded(file: BinaryIO, name: str, pixel_limit: int) -> np.ndarray:
    """As ``open_picture``, from an open file; name: what errors call it."""
    return _decoded(file, name, pixel_limit, _on_paper)


def _opened(path: Path, pixel_limit: int, finish: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    if path.suffix.lower() == ".svgz":
        raise DataError(f"{shown(path)} is a packed vector drawing (save it as .svg)")
    try:
        with path.open("rb") as file:
            source = _drawn(file, shown(path)) if path.suffix.lower() == ".svg" else file
            return _decoded(source, shown(path), pixel_limit, finish)
    except IsADirectoryError as error:
        raise DataError(f"{shown(path)} is a folder, not a picture (rename it, or name the pictures in it)") from error
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {_reason(error)} (check path and permissions)") from error


def _drawn(file: BinaryIO, name: str) -> BinaryIO:
    """A vector drawing as a PNG file."""
    try:
        return io.BytesIO(svg.rasterised(file.read(svg.LARGEST_FILE + 1)))
    except ValueError as error:
        raise DataError(f"{name} {error}") from error


def _decoded(file: BinaryIO, name: str, pixel_limit: int, finish: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the decoder's warnings (bombs among them) end in our own errors or in nothing
        try:
            image = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise DataError(f"{name} has more pixels than can be opened safely (make it smaller)") from error
        except UnidentifiedImageError as error:
            raise DataError(f"{name} is not a picture ({', '.join(FORMATS)} are read; export it as PNG)") from error
        except Exception as error:
            raise _damaged(name, error) from error
        with image:
            _check_header(image, name, pixel_limit)
            return _planes(image, name, finish)


def _check_header(image: Image.Image, name: str, pixel_limit: int) -> None:
    pixels = image.width * image.height
    if pixels > pixel_limit:
        size = f"{image.width} x {image.height} = {pixels:,} pixels"
        raise DataError(f"{name} has {size}, over the limit of {pixel_limit:,} (make it smaller, or raise pixel_limit)")
    if image.mode == "F" or (image.mode == "I" and image.format != "PNG"):
        raise DataError(f"{name} holds numbers of unknown range (save it with 8 or 16 bits)")


def _planes(image: Image.Image, name: str, finish: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode in WIDE_MODES:
            upright = Image.fromarray(_eight_bits(np.asarray(upright)))
        pixels = np.asarray(finish(upright))
    except Exception as error:  # damaged files raise nearly anything, from struct.error to MemoryError
        raise _damaged(name, error) from error
    return np.require(np.moveaxis(pixels, 2, 0), requirements=["C", "W"])


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(f"{name} is damaged or cut short: {_reason(error)} (fetch or export it again)")


def _eight_bits(gray: np.ndarray) -> np.ndarray:
    """16-bit gray -> uint8, all 256 levels kept."""
    return ((gray.astype(np.int64) + 128) // 257).astype(np.uint8)


def _on_paper(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _with_alpha(image: Image.Image) -> Image.Image:
    return image.convert("RGBA")


def line_drawing(picture: np.ndarray) -> np.ndarray:
    """RGB (3, H, W) uint8 -> its luma (1, H, W) uint8: a scanned or exported drawing as a condition picture."""
    return np.array(Image.fromarray(np.moveaxis(picture, 0, 2)).convert("L"))[None]


def squared(picture: np.ndarray, size: int) -> np.ndarray:
    """(C, H, W) uint8 -> (C, size, size): the central square, resized with antialiasing (Lanczos), plane by plane."""
    H, W = picture.shape[1:]
    left, top = max(W - H, 0) / 2, max(H - W, 0) / 2
    square = (left, top, W - left, H - top)
    planes = [Image.fromarray(plane).resize((size, size), Image.Resampling.LANCZOS, square) for plane in picture]
    return np.stack([np.asarray(plane) for plane in planes])


def find_pictures(folder: Path) -> list[Path]:
    """All files with a picture's suffix below a folder, sorted; hidden names are left out. A linked folder is entered
    once. A folder named like a picture is listed, not entered: opening it says what is wrong."""
    if not folder.is_dir():
        raise DataError(f"{shown(folder)} is not a folder (check the path)")
    paths = sorted(_walk(folder, set()))
    if not paths:
        raise DataError(f"{shown(folder)} holds no pictures ({', '.join(sorted(SUFFIXES))} are looked for)")
    return paths


def check_there(source: Path) -> None:
    """DataError if there is no such file or folder."""
    if not source.exists():
        raise DataError(f"{shown(source)} cannot be read: No such file or directory (check path and permissions)")


def named(source: Path) -> dict[Path, Path]:
    """A picture, or those in a folder -> what the names of files made from it begin with, relative to their folder: its
    own name without the suffix, where that is enough, and short enough for an ending."""
    paths = find_pictures(source) if source.is_dir() else [source]
    inside = [path.relative_to(source if source.is_dir() else source.parent) for path in paths]
    plain = [path.with_suffix("") for path in inside]
    distinct = [each if plain.count(each) == 1 else path for each, path in zip(plain, inside, strict=True)]
    return {path: each.with_name(_shortened(each.name)) for path, each in zip(paths, distinct, strict=True)}


def _shortened(name: str) -> str:
    encoded = os.fsencode(name)
    if len(encoded) <= LONGEST_NAME:
        return name
    return f"{os.fsdecode(encoded[: LONGEST_NAME - 9])}-{hashlib.sha256(encoded).hexdigest()[:8]}"


def _walk(folder: Path, entered: set[tuple[int, int]]) -> Iterator[Path]:
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in entered:
        return
    entered.add(identity)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{shown(folder)} cannot be listed: {_reason(error)} (check its permissions)") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if Path(entry.name).suffix.lower() in SUFFIXES:
            yield Path(entry.path)
        elif entry.is_dir():
            yield from _walk(Path(entry.path), entered)


def shown(path: Path) -> str:
    """A path on one printable line: newlines and bytes that are no text are escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))


def _reason(error: Exception) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join(text.split())[:120]
