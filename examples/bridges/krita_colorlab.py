"""Krita: colourings of the drawing that is open, as a new document with lines on top and a group
for each colouring.

1. python -m colorlab.studio
2. In Krita: Tools > Scripts > Scripter, open this file, with studio_client.py beside it, and run
it.

The drawing is what is seen of the open document. A layer named "hints" is not: where it is opaque,
colours are known, and every colouring has them there exactly."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from studio_client import ADDRESS, Drawing

# the layer's name; px between the dots that it is told by, and how many at most
HINTS, STEP, MOST = "hints", 8, 500


def color_document(
    krita: Any, info: Any, n: int = 8, seed: int = 0, address: str = ADDRESS
) -> Path:
    """Open n colourings of the active document as a new one; -> its file. krita:
    ``Krita.instance()``; info: an InfoObject, how a PNG file is written."""
    document = krita.activeDocument()
    hints = next((node for node in document.topLevelNodes() if node.name() == HINTS), None)
    strokes = dots(hints, document.width(), document.height()) if hints else []
    folder = Path(tempfile.mkdtemp(prefix="colorlab-"))
    drawing = Drawing(seen(document, hints, info, folder / "drawing.png"), "krita.png", address)
    for _ in drawing.color(n=n, seed=seed, strokes=strokes):
        pass
    layers = folder / "colourings.ora"
    layers.write_bytes(drawing.export("ora"))
    krita.activeWindow().addView(krita.openDocument(str(layers)))
    return layers


def seen(document: Any, hints: Any, info: Any, path: Path) -> bytes:
    """What is seen of a document without its hints, as a PNG file."""
    show(document, hints, False)
    document.setBatchmode(True)  # no questions
    document.exportImage(str(path), info)
    document.setBatchmode(False)
    show(document, hints, True)
    return path.read_bytes()


def show(document: Any, layer: Any, on: bool) -> None:
    """Or hide a layer, if there is one."""
    if layer is not None:
        layer.setVisible(on)
        document.refreshProjection()


def dots(layer: Any, width: int, height: int) -> list[dict[str, Any]]:
    """Strokes for the studio: a dot wherever a layer of 8-bit RGBA is opaque, every STEP pixels or
    fewer."""
    pixels = bytes(layer.pixelData(0, 0, width, height))  # blue, green, red, alpha
    found = []
    for y in range(0, height, STEP):
        for x in range(0, width, STEP):
            blue, green, red, alpha = pixels[4 * (y * width + x) :][:4]
            if alpha == 255:
                found.append(
                    {
                        "color": f"#{bytes((red, green, blue)).hex()}",
                        "width": STEP,
                        "points": [[x, y]],
                    }
                )
    return found[:: -(-len(found) // MOST) or 1]


if __name__ == "__main__":
    from krita import InfoObject, Krita

    print(color_document(Krita.instance(), InfoObject()))
