"""DivColor's Fig. 5 (Deshpande et al., CVPR 2017): what each loss makes of the same pictures, side
by side.

    python experiments/divcolor_tables/figure5.py OUT.png L2=RUN Mah=RUN all=RUN [--count 8]

A RUN is the folder of a VAE that run.py has trained, runs/divcolor_tables/runs/vae-L2-s0 and the
like. Columns: the gray picture, the reconstruction of its true colours by each, from the same
random numbers, and the true colours."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from colorlab.draws import Draws
from colorlab.evaluation.drawings import held_out
from colorlab.report.grid import Sheet, save_sheet
from colorlab.runs.run import open_run
from colorlab.types import Batch


def main() -> None:
    """Read the words, write the sheet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    parser.add_argument(
        "--count", type=int, default=8, help="pictures, evenly spread over the held-out ones"
    )
    options = parser.parse_args()
    named = {
        name: Path(folder) for name, _, folder in (word.partition("=") for word in options.runs)
    }
    print(save_sheet(sheet(named, options.count), options.out))


def sheet(runs: Mapping[str, Path], count: int) -> Sheet:
    """A row a picture. runs: column -> folder; their data sets are one."""
    methods = {name: open_run(folder).method() for name, folder in runs.items()}
    drawings = held_out(open_run(next(iter(runs.values()))).pictures(), "test", count)
    batch = drawings.pictures[[int(group[0]) for group in drawings.groups]]
    draws = Draws(0, batch.index.tolist(), purpose="reconstruction")
    columns = [
        batch.image.expand(-1, 3, -1, -1),
        *(painted(each, batch, draws) for each in methods.values()),
        batch.rgb,
    ]
    rows = [[pixels(column[i]) for column in columns] for i in range(len(batch.index))]
    return Sheet(rows, ["gray", *methods, "true"])


def painted(method: Any, batch: Batch, draws: Draws) -> torch.Tensor:
    """Reconstructions, (B, 3, H, W) in [0, 1], each picture's alone: in a batch of another size
    bits may differ."""
    alone = (Batch(*(part[i : i + 1] for part in batch[:5])) for i in range(len(batch.index)))
    return torch.cat([method.reconstruct(one, draws.rows(i, i + 1)) for i, one in enumerate(alone)])


def pixels(picture: torch.Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] -> (H, W, 3) uint8."""
    return (255 * picture.clamp(0, 1)).round().byte().movedim(0, -1).numpy()


if __name__ == "__main__":
    main()
