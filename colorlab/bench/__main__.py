"""Measure speed as ratios, everything in one run:

python -m colorlab.bench                 one table; a quarter of an hour
python -m colorlab.bench quick           the same rows at small sizes; three minutes
python -m colorlab.bench steps waits     some of its parts:
    steps, memory, whole, growth, judging, training, waits, studio

A row is one piece of work, done by the suite ("here") and by something else ("beside"). What stands
in a row took turns in one process, and the middle one of its repetitions counts, so that a busy
machine troubles both alike. Times depend on the machine; ratios much less."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from colorlab.cli.command import run
from colorlab.errors import ConfigError

PARTS = ("steps", "memory", "whole", "growth", "judging", "training", "waits", "studio")


def main(argv: list[str]) -> None:
    """argv: quick, parts' names, both or neither."""
    if argv[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return
    unknown = [word for word in argv if word not in ("quick", *PARTS)]
    if unknown:
        raise ConfigError(
            f"{unknown[0]} is no part of the bench (choose from quick, {', '.join(PARTS)})"
        )
    from colorlab.bench.timing import Table
    from colorlab.cli.device import settle_allocator

    settle_allocator()
    table = Table()
    for name in [word for word in argv if word in PARTS] or PARTS:
        measure: Callable[[Table, bool], None] = import_module(f"colorlab.bench.{name}").measure
        measure(table, "quick" in argv)


if __name__ == "__main__":
    run(main, sys.argv[1:])
