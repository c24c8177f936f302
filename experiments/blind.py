"""A blind comparison by people, see colorlab/evaluation/blind.py.

    python experiments/blind.py page OUT 30 NAME=FOLDER [NAME=FOLDER]
    python experiments/blind.py tally OUT/blind-key.json ANSWERS.json ANSWERS.json ...

30 drawings, each beside the real colouring; of two folders, which of them is better. A FOLDER is
one that `python -m colorlab.evaluate` printed. Give OUT/blind.html away, keep the key."""

from __future__ import annotations

import sys
from pathlib import Path

from colorlab.evaluation.blind import tallied, trials, write_page
from colorlab.evaluation.folder import read_evaluation

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["page", out, count, *named] if named:
            names, folders = zip(*(word.rsplit("=", 1) for word in named), strict=True)
            asked = trials(
                [read_evaluation(Path(folder)) for folder in folders], names, int(count), 0
            )
            print(write_page(Path(out), "Which colouring?", asked))
        case ["tally", key, *answers] if answers:
            print("| | chosen | people |\n| --- | --- | --- |")
            for pair, rate in tallied(Path(key), [Path(each) for each in answers]).items():
                print(f"| {pair} | {rate:.2f} | {len(answers)} |")
        case _:
            sys.exit(__doc__)
