"""PSD files, by psd-tools (extra ``psd``), as Photoshop, Clip Studio Paint, Krita and others open
them.

Adobe Photoshop File Formats Specification. The merged picture is laid together here: psd-tools
would do it again, in seconds and a gigabyte for a large page. For that its record is written as it
is, which is why its version is pinned."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image

from colorlab.errors import ConfigError
from colorlab.exports.document import Document, Layer, flattened
from colorlab.storage.files import write_bytes

XMP = 1060  # the image resource of metadata


def write(path: Path, document: Document) -> None:
    """Whole or not at all. ConfigError: psd-tools is missing."""
    try:
        from psd_tools import PSDImage
    except ImportError as error:
        raise ConfigError(
            "export=psd needs psd-tools (pip install 'colorlab-suite[psd]', or export=ora)"
        ) from error

    height, width = document.size
    # in an RGB one, each layer's alpha becomes a mask
    psd = PSDImage.new("RGBA", (width, height), color=(255,) * 4)
    add(psd, document.paper)
    for group in document.groups:
        folder = psd.create_group(name="Group")
        folder.name, folder.visible = group.name, group.visible
        for layer in group.layers:
            add(folder, layer)
    if document.lines:
        add(psd, document.lines)
    for group in document.groups:
        if group.over:
            add(
                psd, group.over._replace(name=f"{group.name}: {group.over.name}")
            ).visible = group.visible
    psd.image_resources[XMP] = resource(metadata(document.made))
    write_bytes(path, packed(psd, flattened(document)))


def add(parent: Any, layer: Layer) -> Any:
    """A pixel layer, the topmost of its parent. Its name is set afterwards: only so may it have any
    letters."""
    from psd_tools.constants import BlendMode

    mode = BlendMode.MULTIPLY if layer.multiply else BlendMode.NORMAL
    made = parent.create_pixel_layer(
        Image.fromarray(layer.pixels), name="Layer", top=layer.top, left=layer.left, blend_mode=mode
    )
    made.name = layer.name
    return made


def packed(psd: Any, merged: np.ndarray) -> bytes:
    """The file, with a merged picture (H, W, 3) uint8 that is ours."""
    from psd_tools.constants import Compression
    from psd_tools.psd.image_data import ImageData

    psd._update_record()
    record, opaque = psd._record, np.full(merged.shape[:2], 255, np.uint8)
    record.image_data = ImageData(compression=Compression.RLE)
    record.image_data.set_data(
        [plane.tobytes() for plane in (*np.moveaxis(merged, 2, 0), opaque)], record.header
    )
    out = io.BytesIO()
    record.write(out)
    return out.getvalue()


def resource(data: bytes) -> Any:
    """An image resource of metadata."""
    from psd_tools.psd.image_resources import ImageResource

    return ImageResource(key=XMP, data=data)


def metadata(made: dict[str, Any]) -> bytes:
    """XMP that says how it was made, in Dublin Core's words where it has some."""
    said = escape(json.dumps(made))
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt><rdf:li '
        'xml:lang="x-default">'
        f"{said}</rdf:li></rdf:Alt></dc:description>"
        f"<dc:identifier>colorlab-signature={made.get('signature', '')}</dc:identifier>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()
