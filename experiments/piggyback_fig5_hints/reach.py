"""How far clicks carry: the colour error around them and beyond, against that of the same places
without clicks.

    python experiments/piggyback_fig5_hints/reach.py RUN NAME=FOLDER NAME=FOLDER ...

The first FOLDER is an evaluation of the RUN without hints, the others have hints=dots<count>.
Around a click are the pixels of the superpixels that it touches, without those of the click itself,
which are pasted; beyond are all others. CIEDE2000 to the true colouring, mean over a drawing's
candidates; means over drawings with 95 % intervals."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colorlab.color import lab_of
from colorlab.conditions.hint_maps import of_hints
from colorlab.conditions.hints import of_truth
from colorlab.draws import Draws
from colorlab.evaluation.drawings import held_out
from colorlab.evaluation.folder import Evaluation, read_evaluation, read_sample
from colorlab.evaluation.judging import as_pictures
from colorlab.metrics.delta_e import delta_e
from colorlab.metrics.intervals import interval
from colorlab.runs.run import Run, open_run


def main() -> None:
    """A row an evaluation with hints."""
    run, base, *others = open_run(sys.argv[1]), *(word.rsplit("=", 1) for word in sys.argv[2:])
    without = read_evaluation(Path(base[1]))
    print(
        "| clicks | share around | around, no clicks | change | beyond, no clicks | change |\n|"
        + " --- |" * 6
    )
    for name, folder in others:
        share, *columns = compared(run, without, read_evaluation(Path(folder)))
        cells = [
            f"{np.mean(share):.2f}",
            *(
                f"{interval(c, 0):{form}}"
                for c, form in zip(columns, (".2f", "+.2f") * 2, strict=True)
            ),
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


def compared(run: Run, without: Evaluation, clicked: Evaluation) -> np.ndarray:
    """(5, drawings): the share of the pixels that is around the clicks, the error there and its
    change by them, the error beyond and its change; NaN where there are no such pixels."""
    settings, pictures = clicked.document["settings"], run.pictures()
    drawings = held_out(pictures, settings["split"], None)
    first = {
        name: int(group[0]) for name, group in zip(drawings.names, drawings.groups, strict=True)
    }
    rows = []
    for name in clicked.document["drawings"]:
        batch = pictures[first[name]]
        hints = of_truth(settings["hints"], batch.rgb, Draws(settings["seed"], [first[name]]))
        clicks = hints.mask[0, 0] > 0
        around = (
            of_hints(hints, batch.image, run.config["method"]["superpixels"])[0, 3] > 0
        ) & ~clicks
        free, bound = (
            error(read_sample(each.path, name), batch.rgb) for each in (without, clicked)
        )
        row = [around.float().mean()]
        for where in (around, ~around & ~clicks):
            row += [free[where].mean(), (bound - free)[where].mean()]
        rows.append([float(value) for value in row])
    return np.array(rows).T


def error(samples: np.ndarray, truth: Tensor) -> Tensor:
    """(n, H, W, 3) uint8 and (1, 3, H, W) in [0, 1] -> (H, W): mean CIEDE2000 over the samples."""
    lab = lab_of(torch.cat([as_pictures(samples), truth])).movedim(1, -1)
    return delta_e(lab[:-1], lab[-1:]).mean(0)


if __name__ == "__main__":
    main()
