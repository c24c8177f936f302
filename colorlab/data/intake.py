"""Opening strangers' pictures: guarded, upright, 8-bit RGB on white paper.

Every failure is a DataError of one line that names the file and the fix, whatever the decoder stumbled over."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from colorlab.errors import DataError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")  # not EPS, PDF, PSD, ...: Pillow opens 43 formats if let
SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"))
WIDE_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # gray of more than 8 bits
WIDEST = 65535  # the white of a 16-bit picture


def open_picture(path: Path, pixel_limit: int) -> np.ndarray:
    """(3, H, W) uint8 RGB: upright (EXIF), alpha laid on white paper, first frame, 16 bits scaled to 8. Profiles (ICC)
    are ignored. pixel_limit: the most pixels that are decoded, checked against the header before anything is."""
    if path.suffix.lower() in (".svg", ".svgz"):
        raise DataError(f"{shown(path)} is a vector drawing (export it as PNG)")
    if path.is_dir():
        raise DataError(f"{shown(path)} is a folder, not a picture (rename it, or name the pictures in it)")
    try:
        with path.open("rb") as file:
            return decoded(file, shown(path), pixel_limit)
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {_reason(error)} (check path and permissions)") from error


def decoded(file: BinaryIO, name: str, pixel_limit: int) -> np.ndarray:
    """As ``open_picture``, from an open file; name: what errors call it."""
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
            _check_size(image, name, pixel_limit)
            return _upright_rgb(image, name)


def _check_size(image: Image.Image, name: str, pixel_limit: int) -> None:
    pixels = image.width * image.height
    if pixels > pixel_limit:
        size = f"{image.width} x {image.height} = {pixels:,} pixels"
        raise DataError(f"{name} has {size}, over the limit of {pixel_limit:,} (make it smaller, or raise pixel_limit)")


def _upright_rgb(image: Image.Image, name: str) -> np.ndarray:
    try:
        image.load()
        rgb = _as_rgb(ImageOps.exif_transpose(image))
    except DataError as error:
        raise DataError(f"{name} {error}") from error
    except Exception as error:  # damaged files raise nearly anything, from struct.error to MemoryError
        raise _damaged(name, error) from error
    return np.ascontiguousarray(np.moveaxis(np.asarray(rgb), 2, 0))


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(f"{name} is damaged or cut short: {_reason(error)} (fetch or export it again)")


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise DataError("holds floating-point numbers of unknown range (save it with 8 or 16 bits)")
    if image.mode in WIDE_MODES:
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _eight_bits(gray: np.ndarray) -> np.ndarray:
    """16-bit gray -> uint8, all 256 levels kept."""
    values = gray.astype(np.int64)
    if values.min() < 0 or values.max() > WIDEST:
        raise DataError("holds whole numbers beyond 16 bits (save it with 8 or 16 bits)")
    return ((values + 128) // 257).astype(np.uint8)


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
