"""What a person waits for: flats of a large page by a warm model, its layers, many candidates, and
a command from its start to its end."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

import colorlab
from colorlab.bench.timing import Table, once, seconds

NOTHING = float("nan")
COMMANDS = (
    ("flats",),
    ("gpic-openmoji-c8",),
    ("gpic-openmoji-c8", "method/sampler=dpm_solver", "steps=10"),
)


def measure(table: Table, quick: bool) -> None:
    page = a_page(300 if quick else 1500)
    with tempfile.TemporaryDirectory() as folder:
        warm(table, page, Path(folder))
        from_the_start(table, page, Path(folder))


def a_page(width: int) -> Image.Image:
    """A drawing of 3 by 4 with eighty figures."""
    page = Image.new("L", (width, width * 4 // 3), 255)
    pen, step = ImageDraw.Draw(page), width // 10
    for k in range(80):
        x, y = k % 9 * step + step // 2, k // 9 * step + step
        pen.ellipse((x, y, x + step * 0.9, y + step * 0.7), outline=0, width=max(2, width // 300))
    return page


def warm(table: Table, page: Image.Image, folder: Path) -> None:
    """Flats in a process that has drawn before. Eight stand beside eight times one."""
    run, size = colorlab.open_run("pretrained/flats"), f"{page.width} x {page.height}"
    run.sample(page, n=1)
    one, pictures = once(partial(run.sample, page, n=1)), []
    eight = once(lambda: pictures.extend(run.sample(page, n=8)))
    layers = once(lambda: colorlab.export(pictures, page, folder / "page.ora"))
    small = page.resize((page.width // 3, page.height // 3))
    many = once(partial(run.sample, small, n=216))
    table.compare("flats, warm: 8 candidates", size, "8 times 1 candidate", eight, 8 * one)
    table.compare("flats: their layers, .ora", size, "", layers, NOTHING)
    table.compare(
        "flats, warm: 216 candidates",
        f"{small.width} x {small.height}",
        "216 / 8 times 8",
        many,
        27 * eight,
    )


def from_the_start(table: Table, page: Image.Image, folder: Path) -> None:
    """Processor seconds of `sample` from the command to its end, beside those of importing torch
    alone."""
    drawing = folder / "drawing.png"
    page.save(drawing)
    floor = processor_seconds(["-c", "import torch"])
    for run, *words in COMMANDS:
        line = [
            "-m",
            "colorlab.sample",
            f"run=pretrained/{run}",
            f"input={drawing}",
            *words,
            f"out={folder / run}",
        ]
        took = processor_seconds([*line, "again=true"])
        work = " ".join([f"sample, cold: {run}", *words[1:]])
        note = f"processor seconds; {seconds(took - floor)} over it"
        table.compare(
            work, f"{page.width} x {page.height}, n=8", "importing torch", took, floor, note
        )


def processor_seconds(arguments: list[str]) -> float:
    """Of a Python process, the system's included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - sum(before[:2])
