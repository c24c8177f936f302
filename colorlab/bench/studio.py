"""The studio as a page meets it, over HTTP: from the command to the page and to the first
colouring, then a large page, fresh and asked again; and its memory. Beside each stands what a
person was promised."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from colorlab.bench.timing import Table
from colorlab.bench.waits import a_page

PAGE, MODEL, FIRST, EIGHT, MANY, MEMORY = 2.0, 7.0, 2.0, 4.0, 30.0, 2048.0  # promised: seconds, MiB
AT_ONCE = 27  # candidates of a request, of 216


class Studio(NamedTuple):
    """A running one. begun: when its command was given, by ``time.perf_counter``."""

    address: str
    pid: int
    begun: float

    def send(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """The answer, a file of bytes."""
        request = urllib.request.Request(self.address + path, body, {"content-type": kind})
        return urllib.request.urlopen(request)

    def session(self, page: Image.Image) -> str:
        """Of a drawing: its number."""
        out = io.BytesIO()
        page.save(out, "PNG")
        return str(json.load(self.send("/api/sessions", out.getvalue(), "image/png"))["id"])

    def waits(self, session: str, n: int, seed: int) -> list[float]:
        """Seconds until each of n candidates came."""
        asked, begun = json.dumps({"n": n, "seed": seed}).encode(), time.perf_counter()
        answer = self.send(f"/api/sessions/{session}/candidates", asked)
        return [time.perf_counter() - begun for line in answer if b'"picture"' in line]


def measure(table: Table, quick: bool) -> None:
    page = a_page(300 if quick else 1500)
    with tempfile.TemporaryDirectory() as home, studio_at(Path(home)) as studio:
        table.compare(
            "studio: the page is there", "", "promised", time.perf_counter() - studio.begun, PAGE
        )
        studio.waits(studio.session(a_page(150)), 1, 0)
        table.compare(
            "studio: a first colouring is",
            "",
            "promised",
            time.perf_counter() - studio.begun,
            MODEL,
        )
        session = studio.session(page)
        for seed, word in enumerate(("fresh", "asked again")):
            waits, size = studio.waits(session, 8, seed), f"{page.width} x {page.height}"
            table.compare(f"studio: first candidate, {word}", size, "promised", waits[0], FIRST)
            table.compare(f"studio: eight candidates, {word}", size, "promised", waits[-1], EIGHT)
        many(table, studio, page.resize((page.width // 3, page.height // 3)), quick)
        if (status := Path(f"/proc/{studio.pid}/status")).exists():  # Linux
            lines = status.read_text().splitlines()
            peak = next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
            cells = f"{peak:.0f} MiB", f"{MEMORY:.0f} MiB", f"{MEMORY / peak:.3g} x", "memory"
            table.row("studio: all of it", "", "promised", *cells)


def many(table: Table, studio: Studio, page: Image.Image, quick: bool) -> None:
    """216 candidates, in requests of AT_ONCE; a quick bench asks once."""
    session, requests = studio.session(page), 216 // AT_ONCE
    begun = time.perf_counter()
    for seed in range(1 if quick else requests):
        studio.waits(session, AT_ONCE, seed)
    took = (time.perf_counter() - begun) * (requests if quick else 1)
    table.compare("studio: 216 candidates", f"{page.width} x {page.height}", "promised", took, MANY)


@contextmanager
def studio_at(home: Path) -> Iterator[Studio]:
    """Begun by its command, once it answers; ended afterwards."""
    begun = time.perf_counter()
    words = [sys.executable, "-m", "colorlab.studio", "--port", "0", "--home", str(home)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            studio = Studio(line.split(" is at ")[1].split()[0], process.pid, begun)
            wait_for(studio)
            yield studio
        finally:
            process.terminate()


def wait_for(studio: Studio) -> None:
    """Until it answers. OSError: it does not in a minute."""
    while True:
        try:
            studio.send("/").read()
            return
        except OSError:
            if time.perf_counter() - studio.begun > 60:
                raise
            time.sleep(0.02)
