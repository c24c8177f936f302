"""The picture beside: five drawings by code on pens of their own, by both GPICs.

python experiments/gpic_hands/sheet.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import colorlab
from colorlab.data.sketches import sketches
from colorlab.report.grid import Sheet, drawn_sheet

RUNS = ("pretrained/gpic-openmoji-c8", "pretrained/gpic-illustrations-c8")


def main() -> None:
    rows: list[list[np.ndarray | None]] = []
    for each in sketches(256):
        drawing = Image.fromarray(each.transpose(1, 2, 0))
        row = [drawing]
        for name in RUNS:
            row += colorlab.open_run(name).sample(drawing, n=4, seed=0, sampler="ddim", steps=10)
        rows.append([np.asarray(one.convert("RGB")) for one in row])
    titles = ["drawing", *(f"{hand} {k}" for hand in ("OpenMoji", "eleven") for k in range(1, 5))]
    drawn_sheet(Sheet(rows, titles), 106).save(Path(__file__).with_name("sheet.png"), optimize=True)


if __name__ == "__main__":
    main()
