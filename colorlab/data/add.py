"""Further sets of drawings: an npm package of coloured icons, or a folder of SVG, made into an
archive."""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import subprocess
import tarfile
import zlib
from pathlib import Path

from colorlab.data import svg
from colorlab.data.archives import SUFFIX, About, Vector, write_archive
from colorlab.data.artists import NAME, known
from colorlab.data.iconify import FILES, read_package
from colorlab.data.intake import printable
from colorlab.errors import DataError
from colorlab.storage.plain import Line, must_fit, open_plain
from colorlab.storage.scratch import check_room, scratch_folder

# of npm, perhaps with a version
PACKAGE = re.compile(r"(@\w[\w.-]*/)?\w[\w.-]*(@\w[\w.-]*)?", re.ASCII)
LONGEST_NAME = 214  # letters of a package's name
PATIENCE = 300  # seconds for npm
LARGEST_PACKAGE = 400_000_000  # bytes that it unpacks to
LARGEST_SVG = 2_000_000  # bytes of one drawing


def add(source: str, name: str | None, out: Path) -> tuple[Path, About, int, int]:
    """Write the archive of a set. source: an npm package's name, its .tgz, or a folder
    (a package's, or of SVG files).
    name: of the set; None: the source's own. out: folder that archives are in.

    -> the archive, whose drawings they are, how many, and how many were refused. DataError if there
      are none."""
    with scratch_folder() as scratch:
        folder = _located(source, scratch)
        about, drawings = (
            read_package(folder) if (folder / "icons.json").is_file() else _read_folder(folder)
        )
    name = name or re.sub(r"\.tgz$", "", source.rstrip("/")).split("/")[-1]
    if not NAME.fullmatch(name):
        raise DataError(f"{name!r} is no name for a set: letters, digits and hyphens (name=NAME)")
    if name in known() and not (out / f"{name}{SUFFIX}").is_file():
        raise DataError(f"there is a set {name} already (choose another: name=NAME)")
    usable = [drawing for drawing in drawings if _is_harmless(drawing)]
    if not usable:
        raise DataError(
            f"{source} holds no drawings that can be used ({len(drawings)} were refused)"
        )
    path = out / f"{name}{SUFFIX}"
    try:
        write_archive(path, about, usable)
    except ValueError as error:
        raise DataError(
            f"{printable(Path(source))} is no set of drawings: {error} (mend its names)"
        ) from error
    return path, about, len(usable), len(drawings) - len(usable)


def _located(source: str, scratch: Path) -> Path:
    """The folder that holds the drawings; a package is unpacked into ``scratch``."""
    path = Path(os.path.expanduser(source))
    if os.path.isdir(path):
        return path
    if not os.path.isfile(path):
        path = _fetched(source, scratch)
    try:
        with open_plain(path) as file, gzip.open(file) as packed:
            unpacked = packed.read(LARGEST_PACKAGE + 1)
        if len(unpacked) > LARGEST_PACKAGE:
            raise ValueError(f"it unpacks to over {LARGEST_PACKAGE:,} bytes")
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            members = [each for each in archive if each.isfile() and Path(each.name).name in FILES]
            kept = {Path(each.name).name: archive.extractfile(each).read() for each in members}  # type: ignore[union-attr]
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise DataError(
            f"{printable(path)} is no package: {error} (give an npm package, its .tgz, or a folder)"
        ) from error
    for name, content in kept.items():
        (scratch / name).write_bytes(content)
    return scratch


def _fetched(package: str, scratch: Path) -> Path:
    """The package's .tgz, by npm."""
    if not PACKAGE.fullmatch(package) or len(package) > LONGEST_NAME:
        raise DataError(
            f"{printable(Path(package[:200]))} is neither a folder nor an npm package's name "
            "(check the path)"
        )
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(
            f"{package} is no folder, and npm is not there to fetch it (give a folder or a .tgz)"
        )
    line = [npm, "pack", "--ignore-scripts", "--pack-destination", str(scratch), "--", package]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"npm did not fetch {package} within {PATIENCE} s (try again)") from error
    found = list(scratch.glob("*.tgz"))
    if done.returncode or not found:
        check_room(done.stderr, scratch)
        said = next(
            (line for line in done.stderr.splitlines() if " error " in line or "ERR!" in line), ""
        )
        raise DataError(
            f"npm does not fetch {package}: {said.strip()[:120]} (check the name and the network)"
        )
    return found[0]


def _read_folder(folder: Path) -> tuple[About, list[Vector]]:
    drawings = []
    for path in sorted(folder.rglob("*.svg")):
        if path.is_file() and path.stat().st_size <= LARGEST_SVG:
            text = path.read_bytes().decode("utf-8-sig", errors="replace")
            drawings.append(
                Vector([re.sub(r"[\W_]+", "-", path.stem).strip("-").lower()], "", text)
            )
    if not drawings:
        raise DataError(f"{printable(folder)} holds no SVG files (check the path)")
    return About(printable(Path(folder.name)), "", "", "as the folder says", ""), drawings


def _is_harmless(drawing: Vector) -> bool:
    """Whether a drawing is XML that reaches for nothing outside of itself, under names of one
    line."""
    try:
        must_fit(drawing.names, [Line])
        svg.look_through(drawing.svg.encode())
    except ValueError:
        return False
    return bool(drawing.names[0])
