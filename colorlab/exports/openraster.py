"""OpenRaster: layers in a zip archive, as Krita, GIMP, MyPaint and others open them.

https://www.openraster.org, version 0.0.5: file layout, stack.xml, the baseline. Equal documents
give equal bytes. What made it lies in the archive too: ``colorlab/made.json``, and the pictures
that it was made from."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from PIL import Image

from colorlab.errors import DataError
from colorlab.exports.document import Document, Group, Layer, flattened
from colorlab.storage.files import replacing
from colorlab.storage.plain import json_of

MADE, FILES = "colorlab/made.json", "colorlab/"
THUMBNAIL = 256  # px; the longest side, by the specification
# bytes of a picture in an archive that is read, and of what made it
LARGEST, LARGEST_MADE = 1 << 28, 1 << 20
SIGNED = "colorlab-signature"


def write(path: Path, document: Document) -> None:
    """Whole or not at all."""
    pictures: list[tuple[str, bytes]] = []
    stack = stack_of(document, pictures)
    merged = Image.fromarray(flattened(document))
    small = merged.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    entries = [("stack.xml", stack.encode()), *pictures, ("mergedimage.png", png(merged))]
    entries += [
        ("Thumbnails/thumbnail.png", png(small)),
        (MADE, json.dumps(document.made, indent=1).encode()),
    ]
    entries += [(FILES + name, content) for name, content in document.files.items()]
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        put(archive, "mimetype", b"image/openraster")
        for name, content in entries:
            put(archive, name, content)
        if "signature" in document.made:
            archive.comment = f"{SIGNED}={document.made['signature']}".encode()


def put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """One file of the archive, of no date; pictures are packed already."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    packed = name.endswith((".xml", ".json"))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)


def stack_of(document: Document, pictures: list[tuple[str, bytes]]) -> str:
    """The order of the layers, the topmost first, as XML; their pictures are appended. Lines are in
    no group: programs may blend a group by itself."""

    def element(layer: Layer, visible: bool = True) -> str:
        source = f"data/{len(pictures):03}.png"
        pictures.append((source, png(Image.fromarray(layer.pixels))))
        return (
            f'<layer name={quoteattr(layer.name)} src="{source}" x="{layer.left}" y="{layer.top}" '
            f'opacity="1.0" visibility="{visibility(visible)}" '
            f'composite-op="svg:{"multiply" if layer.multiply else "src-over"}"/>'
        )

    def group_of(group: Group) -> str:
        inner = "".join(element(layer) for layer in reversed(group.layers))
        return (
            f'<stack name={quoteattr(group.name)} opacity="1.0" '
            f'visibility="{visibility(group.visible)}" composite-op="svg:src-over">{inner}</stack>'
        )

    overs = [
        (g.over._replace(name=f"{g.name}: {g.over.name}"), g.visible)
        for g in document.groups
        if g.over
    ]
    parts = [element(layer, visible) for layer, visible in overs]
    parts += [element(document.lines)] if document.lines else []
    parts += [*map(group_of, document.groups), element(document.paper)]
    height, width = document.size
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<image version="0.0.5" w="{width}" h="{height}"><stack>{"".join(parts)}</stack></image>\n'
    )


def visibility(visible: bool) -> str:
    """As the specification has it."""
    return "visible" if visible else "hidden"


def png(picture: Image.Image) -> bytes:
    """A PNG file."""
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def read_made(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What made an exported file, and the pictures that it was made from, by their names.
    DataError."""
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no plain file")
        with zipfile.ZipFile(path) as archive:
            made = json_of(content(archive, MADE, LARGEST_MADE))
            names = [name for name in archive.namelist() if name.startswith(FILES) and name != MADE]
            files = {name.removeprefix(FILES): content(archive, name) for name in names[:8]}
        if not isinstance(made, dict):
            raise ValueError("it does not say how it was made")
        return made, files
    except KeyError as error:
        raise DataError(
            f"{path} does not say how it was made (give an .ora that colorlab exported)"
        ) from error
    except (
        OSError,
        ValueError,
        EOFError,
        lzma.LZMAError,
        zlib.error,
        zipfile.BadZipFile,
        RuntimeError,
    ) as error:
        raise DataError(
            f"{path} cannot be read: {' '.join(str(error).split())[:100]} (give an exported .ora)"
        ) from error


def content(archive: zipfile.ZipFile, name: str, largest: int = LARGEST) -> bytes:
    """A file of the archive. ValueError: it is too large."""
    with archive.open(name) as file:
        found = file.read(largest + 1)
    if len(found) > largest:
        raise ValueError(f"{name} is larger than {largest:,} bytes")
    return found
