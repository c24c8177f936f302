"""What validation said at the end of each training: does the guider follow the gray picture and the hints?

python experiments/piggyback_grid/obedience.py runs/piggyback_grid ...     sweeps or runs"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from colorlab.run import open_run

KEYS = ("guider", "mix", "sites", "rank")
VALUES = {"val/loss": 4, "val/luma_rmse": 4, "val/hint_hit": 3}


def main() -> None:
    """A row a run."""
    print("| " + " | ".join([*KEYS, *VALUES]) + " |\n|" + " --- |" * (len(KEYS) + len(VALUES)))
    for word in sys.argv[1:]:
        for file in sorted(Path(word).glob("**/metrics.jsonl")):
            method, last = open_run(file.parent).config["method"], last_values(file)
            cells = [str(method[key]) for key in KEYS] + [f"{last[key]:.{digits}f}" for key, digits in VALUES.items()]
            print("| " + " | ".join(cells) + " |")


def last_values(file: Path) -> dict[str, Any]:
    """Of each metric the last."""
    values: dict[str, Any] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        values |= json.loads(line)
    return values


if __name__ == "__main__":
    main()
