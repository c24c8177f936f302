"""Tables of README, docs and experiments from files:

python -m colorlab.results                        writes every table anew
python -m colorlab.results check                  only says which are stale; exit code 3
python -m colorlab.results keep NAME=FOLDER ...   keeps evaluations: results/NAME.json and
                                                  results/NAME.csv"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from colorlab.errors import ConfigError, DataError


def main(argv: list[str]) -> None:
    """See the module; in the folder of the sources."""
    parser = argparse.ArgumentParser(
        prog="python -m colorlab.results",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", nargs="?", choices=["write", "check", "keep"], default="write")
    parser.add_argument("evaluations", nargs="*", metavar="NAME=FOLDER")
    args = parser.parse_args(argv)
    from colorlab.evaluation.folder import located, read_evaluation
    from colorlab.evaluation.results import keep, stale
    from colorlab.storage.files import write_text

    if (args.action == "keep") != bool(args.evaluations):
        parser.error("keep takes NAME=FOLDER ..., and nothing else does")
    for word in args.evaluations:
        name, given, folder = word.partition("=")
        if not given:
            raise ConfigError(
                f"{word} is no NAME=FOLDER (such as gpic-c8=runs/gpic/evaluation/test-n8-s0)"
            )
        print(keep(read_evaluation(located(folder, None)), name, Path("results")))
    if args.action == "keep":
        return
    found = stale(Path())
    for path, text in found.items():
        print(path)
        if args.action == "write":
            write_text(path, text)
    if found and args.action == "check":
        raise DataError(
            f"{len(found)} documents have other tables than results/ (python -m colorlab.results)"
        )


if __name__ == "__main__":
    from colorlab.cli.command import run

    run(main, sys.argv[1:])
