"""Peak memory of a net and one step of it, each in a process of its own; of Linux alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from colorlab.bench.nets import LEVEL, gpic, inputs, naive
from colorlab.bench.timing import Table

# width, size, candidates
CELLS = ((8, 64, 32), (8, 256, 8), (8, 256, 32), (32, 64, 32), (32, 256, 8))


def measure(table: Table, quick: bool) -> None:
    if not Path("/proc/self/clear_refs").exists():
        return
    for width, size, n in CELLS[:1] if quick else CELLS:
        here, beside = (peak_of_child(kind, width, size, n) for kind in ("here", "naive"))
        cells = f"{here:.0f} MiB", f"{beside:.0f} MiB", f"{beside / here:.3g} x", "memory"
        table.row(f"a step of C{width}", f"{size} px, n={n}", "naive loop", *cells)


def peak_of_child(kind: str, width: int, size: int, n: int) -> float:
    """MiB, see ``peak``."""
    line = [sys.executable, "-m", "colorlab.bench.memory", kind, *map(str, (width, size, n))]
    return float(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


@torch.inference_mode()
def peak(kind: str, width: int, size: int, n: int) -> float:
    """MiB that a net and a step of sampling add to a process that has its libraries loaded; Linux's
    own count."""
    naive(gpic(8).net)(*inputs(1, 16))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, (x, image) = resident("VmRSS"), inputs(n, size)
    method = gpic(width)
    _ = naive(method.net)(x, image) if kind == "naive" else method.denoiser(image)(x, LEVEL)
    return resident("VmHWM") - before


def resident(line: str) -> float:
    """A line of /proc/self/status in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(text.split()[1]) for text in lines if text.startswith(line)) / 1024


if __name__ == "__main__":
    from colorlab.cli.device import settle_allocator

    settle_allocator()
    print(peak(sys.argv[1], *map(int, sys.argv[2:])))
