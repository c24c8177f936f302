"""What one candidate is exported as: colours without lines, a palette, outlines."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from xml.sax.saxutils import escape

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorlab.exports.document import Document, color_titles, colors_alone
from colorlab.storage.files import write_bytes, write_text


def write_png(path: Path, document: Document, k: int) -> None:
    """The colours of candidate k, from 0 on, to under the ink, transparent where the paper is."""
    texts = PngInfo()
    texts.add_text("colorlab-signature", str(document.made.get("signature", "")))
    texts.add_text("colorlab", json.dumps(document.made))
    out = io.BytesIO()
    Image.fromarray(colors_alone(document, k)).save(out, "PNG", pnginfo=texts)
    write_bytes(path, out.getvalue())


def write_gpl(path: Path, document: Document, k: int) -> None:
    """Its palette, as GIMP, Krita and Inkscape read it, the commonest colour first."""
    colors = document.groups[k].colors
    rows = [
        f"{r:3} {g:3} {b:3}\t{name}"
        for (r, g, b), name in zip(colors, color_titles(colors), strict=True)
    ]
    name = " ".join(f"{path.stem}".split())
    head = [
        "GIMP Palette",
        f"Name: {name}",
        "Columns: 8",
        f"# colorlab-signature={document.made.get('signature', '')}",
    ]
    write_text(path, "\n".join([*head, *rows]) + "\n")


def write_svg(path: Path, document: Document, k: int) -> None:
    """Its flat areas as outlines, a path a colour, and the lines above them as a picture."""
    (height, width), group = document.size, document.groups[k]
    paths = [
        f'<path id="color-{i + 1}" fill="#{hexed}" stroke="#{hexed}" '
        f'd="{outlines(group.rooms == i)}">'
        f"<title>{escape(name)}</title></path>"
        for i, (hexed, name) in enumerate(
            zip(map(_hexed, group.colors), color_titles(group.colors), strict=True)
        )
    ]
    lines = ""
    if document.lines:
        data = base64.b64encode(_png(document.lines.pixels[..., :3])).decode()
        lines = (
            f'<image id="lines" width="{width}" height="{height}" style="mix-blend-mode:multiply" '
            f'href="data:image/png;base64,{data}"/>'
        )
    write_text(
        path,
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 '
        f'{width} {height}">\n'
        f"<!-- colorlab-signature={document.made.get('signature', '')} -->\n"
        f"<metadata>{escape(json.dumps(document.made))}</metadata>\n"
        f'<rect id="paper" width="{width}" height="{height}" fill="#ffffff"/>\n'
        '<g id="colors" fill-rule="evenodd" stroke-width="1" stroke-linejoin="miter">\n'
        + "\n".join(paths)
        + f"\n</g>\n{lines}\n</svg>\n",
    )


def outlines(mask: np.ndarray) -> str:
    """The path data of (H, W) bool, through the middles of its outermost pixels: a stroke one pixel
    wide reaches their edges."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [[f"{x + 0.5:g} {y + 0.5:g}" for x, y in ring[:, 0].tolist()] for ring in found]
    return "".join(f"M{'L'.join(ring)}Z" for ring in rings)


def _hexed(color: tuple[int, int, int]) -> str:
    return bytes(color).hex()


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
