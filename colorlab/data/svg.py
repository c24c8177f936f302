"""Vector drawings as pixels: looked through for what reaches beyond the file, drawn by resvg in a
process of its own.

resvg runs no scripts and opens no addresses, but it opens files that a drawing links to, and
nothing bounds the memory and time that a drawing can ask for. So drawings that link or declare
anything are refused unread, and the process has bounds: what breaks it is one drawing's error."""

from __future__ import annotations

import subprocess
import sys
from xml.parsers import expat

LONG_SIDE = 1024  # pixels of a drawing's longer side
LARGEST_FILE = 20_000_000  # bytes
MEMORY = 1_000_000_000  # bytes that drawing may take; an ordinary drawing takes 60 MB
PROCESSOR_TIME = 10  # seconds; an ordinary drawing takes 0.05
PATIENCE = 120  # seconds, on a machine that is busy with other things


def rasterised(drawing: bytes, size: int = LONG_SIDE) -> bytes:
    """An SVG file's contents -> a PNG with transparency. ValueError says what is wrong with it.
    size: of its longer side, px.

    Text is left out: it would look different on every machine."""
    look_through(drawing)
    try:
        done = subprocess.run(
            [sys.executable, "-I", __file__, str(size)],
            input=drawing,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError("takes too long to draw (simplify it, or export it as PNG)") from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode == 1:
        raise ValueError(
            f"cannot be drawn: {done.stderr.decode(errors='replace').strip()[:120]} (export it as "
            "PNG)"
        )
    raise ValueError("takes too much time or memory to draw (simplify it, or export it as PNG)")


def look_through(drawing: bytes) -> None:
    """ValueError unless it is XML in UTF-8 of a bearable size that declares no entities and links
    to nothing but itself."""
    if len(drawing) > LARGEST_FILE:
        raise ValueError(f"has over {LARGEST_FILE:,} bytes (simplify it, or export it as PNG)")
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _doctype
    parser.StartElementHandler = _element
    try:
        parser.Parse(drawing, True)
    except expat.ExpatError as error:
        raise ValueError(f"is not an SVG in UTF-8: {error} (export it again)") from error


def _doctype(name: str, system: str | None, public: str | None, has_declarations: bool) -> None:
    if has_declarations:
        raise ValueError("declares entities (save it as plain SVG)")


def _element(name: str, attributes: dict[str, str]) -> None:
    """A hyperlink may lead anywhere: nobody follows it."""
    for key, value in attributes.items():
        outside = not value.strip().startswith(("#", "data:image/png", "data:image/jp"))
        if key.split(" ")[-1] == "href" and name.split(" ")[-1] != "a" and outside:
            raise ValueError("links to something outside of itself (embed it or take it out)")


def _main() -> None:
    """The process's work: SVG from stdin, PNG to stdout."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_TIME, PROCESSOR_TIME))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import resvg_py

    try:
        drawing, size = sys.stdin.buffer.read().decode("utf-8-sig"), int(sys.argv[1])
        png = resvg_py.svg_to_bytes(
            svg_string=drawing, width=size, height=size, dpi=96, skip_system_fonts=True
        )
    except ValueError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(bytes(png))


if __name__ == "__main__":
    _main()
