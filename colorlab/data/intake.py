"""Opening strangers' pictures: guarded, upright, 8-bit RGB on white paper.

Every failure is a DataError of one line that names the file and the fix, whatever the decoder
stumbled over."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features

from colorlab.data import svg
from colorlab.data.jpeg import scans
from colorlab.data.png import without_texts
from colorlab.errors import DataError
from colorlab.storage.plain import open_plain

#: Not EPS, PDF, PSD, ...: Pillow opens 43 formats if let.
FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "TIFF",
    "BMP",
    "GIF",
    *(("AVIF",) if features.check("avif") else ()),
)
SUFFIXES = frozenset((
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".svg",
    *((".avif",) if "AVIF" in FORMATS else ()),
))  # fmt: skip
WIDE_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # 16-bit gray
MOST_SCANS = 64  # of a JPEG; each takes as long as the whole picture
BITS, PHOTOMETRIC, MIN_IS_WHITE = 258, 262, 0  # TIFF 6.0, Sec. 8


class Opened(NamedTuple):
    """A picture that was opened, upright, its first frame, 8 bits, in sRGB.

    rgb: (3, H, W) uint8, on white paper. alpha: (H, W) uint8, or None if it has none. colors:
    (3, H, W) uint8, as stored below the alpha. dpi: its resolution (across, down), if it says
    so."""

    rgb: np.ndarray
    alpha: np.ndarray | None
    colors: np.ndarray
    dpi: tuple[float, float] | None

    @property
    def rgba(self) -> np.ndarray:
        """(4, H, W) uint8: colours as stored, alpha 255 where there is none."""
        alpha = np.full_like(self.colors[0], 255) if self.alpha is None else self.alpha
        return np.concatenate([self.colors, alpha[None]])


def open_picture(path: Path, pixel_limit: int) -> np.ndarray:
    """(3, H, W) uint8 RGB: upright (EXIF), alpha laid on white paper, first frame, gray of more
    than 8 bits scaled by its bits, colours with a profile (ICC) converted to sRGB; vector drawings
    (SVG) with a long side of 1024 px.
    pixel_limit: the most pixels that are decoded, checked against the header before anything is."""
    return open_whole(path, pixel_limit).rgb


def open_rgba(path: Path, pixel_limit: int) -> np.ndarray:
    """(4, H, W) uint8: as ``open_picture``, with the colours as stored and their alpha, 255 where
    there is none."""
    return open_whole(path, pixel_limit).rgba


def open_whole(path: Path, pixel_limit: int) -> Opened:
    """As ``open_picture``, with all that a picture file says."""
    if path.suffix.lower() == ".svgz":
        raise DataError(f"{printable(path)} is a packed vector drawing (save it as .svg)")
    try:
        with open_plain(path) as file:
            source = _drawn(file, printable(path)) if path.suffix.lower() == ".svg" else file
            return _decoded(source, printable(path), pixel_limit)
    except IsADirectoryError as error:
        raise DataError(
            f"{printable(path)} is a folder, not a picture (rename it, or name the pictures in it)"
        ) from error
    except OSError as error:
        raise DataError(
            f"{printable(path)} cannot be read: {_reason(error)} (check path and permissions)"
        ) from error


def open_image(image: Image.Image, name: str, pixel_limit: int) -> Opened:
    """As ``open_whole``, of a picture that is open already; name: what errors call it."""
    _check_header(image, name, pixel_limit)
    return _planes(image, name)


def decoded(file: BinaryIO, name: str, pixel_limit: int) -> np.ndarray:
    """As ``open_picture``, from an open file; name: what errors call it."""
    return _decoded(file, name, pixel_limit).rgb


def _drawn(file: BinaryIO, name: str) -> BinaryIO:
    """A vector drawing as a PNG file."""
    try:
        return io.BytesIO(svg.rasterised(file.read(svg.LARGEST_FILE + 1)))
    except ValueError as error:
        raise DataError(f"{name} {error}") from error


def _decoded(file: BinaryIO, name: str, pixel_limit: int) -> Opened:
    if scans(file, MOST_SCANS) > MOST_SCANS:
        raise DataError(
            f"{name} goes through its picture more than {MOST_SCANS} times (export it again)"
        )
    with warnings.catch_warnings():
        # the decoder's warnings (bombs among them) end in our own errors or in nothing
        warnings.simplefilter("ignore")
        try:
            image = Image.open(without_texts(file), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise DataError(
                f"{name} has more pixels than can be opened safely (make it smaller)"
            ) from error
        except UnidentifiedImageError as error:
            raise DataError(
                f"{name} is not a picture ({', '.join(FORMATS)} are read; export it as PNG)"
            ) from error
        except Exception as error:
            raise _damaged(name, error) from error
        with image:
            _check_header(image, name, pixel_limit)
            with _libtiff_silenced(image):
                return _planes(image, name)


@contextmanager
def _libtiff_silenced(image: Image.Image) -> Iterator[None]:
    """libtiff prints errors of its own, which end in ours."""
    if image.format != "TIFF":
        yield
        return
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr to be printed on
        yield
        return
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def _check_header(image: Image.Image, name: str, pixel_limit: int) -> None:
    pixels = image.width * image.height
    if pixels > pixel_limit:
        size = f"{image.width} x {image.height} = {pixels:,} pixels"
        raise DataError(
            f"{name} has {size}, over the limit of {pixel_limit:,} (make it smaller, or raise "
            "pixel_limit)"
        )
    if image.mode == "F" or (image.mode == "I" and image.format != "PNG"):
        raise DataError(f"{name} holds numbers of unknown range (save it with 8 or 16 bits)")


def _planes(image: Image.Image, name: str) -> Opened:
    try:
        image.load()
        profile, dpi = image.info.get("icc_profile"), _resolution(image)
        upright = _in_eight_bits(ImageOps.exif_transpose(image), getattr(image, "tag_v2", {}))
        colors, alpha = _colors(upright, profile)
        if alpha is None:
            planes = _plane(colors)
            return Opened(planes, None, planes, dpi)
        return Opened(_plane(_on_paper(colors, alpha)), np.array(alpha), _plane(colors), dpi)
    # damaged files raise nearly anything, from struct.error to MemoryError
    except Exception as error:
        raise _damaged(name, error) from error


def _plane(image: Image.Image) -> np.ndarray:
    return np.require(np.moveaxis(np.asarray(image), 2, 0), requirements=["C", "W"])


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(f"{name} is damaged or cut short: {_reason(error)} (fetch or export it again)")


def _in_eight_bits(image: Image.Image, tags: Any) -> Image.Image:
    """Gray of 9 to 16 bits as 8 bits, all 256 levels kept. tags: of a TIFF, which say how many bits
    it has and whether 0 is white."""
    if image.mode not in WIDE_MODES:
        return image
    largest = (1 << int(tags.get(BITS, (16,))[0])) - 1
    gray = (np.asarray(image).astype(np.int64) * 255 + largest // 2) // largest
    gray = 255 - gray if tags.get(PHOTOMETRIC) == MIN_IS_WHITE else gray
    return Image.fromarray(gray.clip(0, 255).astype(np.uint8))


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch, across and down, of the upright picture."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if not (0 < across < 1e5 and 0 < down < 1e5):
        return None
    return (down, across) if image.getexif().get(0x0112, 1) in (5, 6, 7, 8) else (across, down)


def _colors(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, Image.Image | None]:
    """RGB in sRGB, and the alpha or None."""
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    plain = (
        image
        if image.mode in ("L", "RGB", "CMYK")
        else image.convert("L" if image.mode == "LA" else "RGB")
    )
    if alpha is not None and image.mode not in ("L", "LA"):
        plain = image.convert("RGBA").convert("RGB")
    return _in_srgb(plain, profile).convert("RGB"), alpha


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Converted by its profile, if it has one that fits; one that is damaged, or is sRGB itself,
    changes nothing."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        return (
            ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            or image
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


def _on_paper(colors: Image.Image, alpha: Image.Image) -> Image.Image:
    image = colors.convert("RGBA")
    image.putalpha(alpha)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def line_drawing(picture: np.ndarray) -> np.ndarray:
    """RGB (3, H, W) uint8 -> its luma (1, H, W) uint8: a scanned or exported drawing as a condition
    picture."""
    return np.array(Image.fromarray(np.moveaxis(picture, 0, 2)).convert("L"))[None]


def squared(picture: np.ndarray, size: int) -> np.ndarray:
    """(C, H, W) uint8 -> (C, size, size): the central square, resized with antialiasing (Lanczos),
    plane by plane."""
    H, W = picture.shape[1:]
    left, top = max(W - H, 0) / 2, max(H - W, 0) / 2
    square = (left, top, W - left, H - top)
    planes = [
        Image.fromarray(plane).resize((size, size), Image.Resampling.LANCZOS, square)
        for plane in picture
    ]
    return np.stack([np.asarray(plane) for plane in planes])


def find_pictures(folder: Path, twice: list[tuple[Path, Path]] | None = None) -> list[Path]:
    """All files with a picture's suffix below a folder, sorted; hidden names are left out. A linked
    folder is entered once; twice: is given each other name of it, and the name by which it was
    entered. A folder named like a picture is listed, not entered: opening it says what is wrong."""
    if not folder.is_dir():
        raise DataError(f"{printable(folder)} is not a folder (check the path)")
    paths = sorted(_walk(folder, {}, [] if twice is None else twice))
    if not paths:
        raise DataError(
            f"{printable(folder)} holds no pictures ({', '.join(sorted(SUFFIXES))} are looked for)"
        )
    return paths


def _walk(
    folder: Path, entered: dict[tuple[int, int], Path], twice: list[tuple[Path, Path]]
) -> Iterator[Path]:
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in entered:
        return twice.append((folder, entered[identity]))
    entered[identity] = folder
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"{printable(folder)} cannot be listed: {_reason(error)} (check its permissions)"
        ) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if Path(entry.name).suffix.lower() in SUFFIXES:
            yield Path(entry.path)
        elif entry.is_dir():
            yield from _walk(Path(entry.path), entered, twice)


def printable(path: Path) -> str:
    """A path on one printable line: newlines and bytes that are no text are escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))


def _reason(error: Exception) -> str:
    text = (
        (error.strerror if isinstance(error, OSError) else None)
        or str(error)
        or type(error).__name__
    )
    return " ".join(text.split())[:120]
