"""Does a guider follow the gray picture and the hints? What validation measures, of the
final weights of each training.

    python experiments/piggyback_grid/obedience.py runs/piggyback_mix ...     sweeps or runs

Loss (Eq. 3); luma_rmse, of lightness in [0, 1]; hint_hit, the share of coloured hinted pixels that
have about their colour. Means over groups of eight validation drawings with 95 % intervals."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from colorlab.draws import Draws
from colorlab.metrics.intervals import interval
from colorlab.runs.run import Run, is_finished, open_run

KEYS = ("guider", "mix", "sites", "rank")
VALUES = {"loss": 4, "luma_rmse": 4, "hint_hit": 3}
GROUP = 8  # drawings at a time; each group is one value of the mean


def main() -> None:
    """A row a run."""
    print(
        "| " + " | ".join([*KEYS, *VALUES]) + " |\n|" + " --- |" * (len(KEYS) + len(VALUES)),
        flush=True,
    )
    for word in sys.argv[1:]:
        for file in sorted(Path(word).glob("**/config.yaml")):
            if is_finished(file.parent):
                run = open_run(file.parent)
                cells = [str(run.config["method"][key]) for key in KEYS]
                cells += [
                    f"{interval(values, 0):.{VALUES[name]}f}"
                    for name, values in measured(run).items()
                ]
                print("| " + " | ".join(cells) + " |", flush=True)


@torch.no_grad()
def measured(run: Run) -> dict[str, np.ndarray]:
    """Of each of VALUES one number a group of validation drawings."""
    method, pictures = run.method(), run.pictures()
    rows = []
    chosen = pictures.splits["val"]
    for start in range(0, len(chosen), GROUP):
        batch = pictures[chosen[start : start + GROUP].tolist()]
        index = batch.index.tolist()
        found = method.loss(batch, Draws(method.seed, index, purpose="val"))
        found |= method.obedience(batch, Draws(method.seed, index, purpose="obedience"))
        rows.append({name: float(found[name]) for name in VALUES})
    return {name: np.array([row[name] for row in rows]) for name in VALUES}


if __name__ == "__main__":
    main()
