"""Colour drawings with a trained run:  python -m colorlab.sample run=runs/<name> input=drawing.png
n=8 seed=0"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omegaconf import DictConfig

from colorlab.cli.command import exit_on_sigterm, hydra_command, in_sweep, leave_at_once
from colorlab.cli.processes import in_processes, is_first
from colorlab.data.intake import printable
from colorlab.data.names import check_there, unread_kinds
from colorlab.errors import ConfigError
from colorlab.runs.run import Run, open_runs, plain_dict
from colorlab.sampling.options import SamplingOptions, picture_options, sampling_options


def sample(cfg: DictConfig) -> None:
    """Write n colourings of every drawing, a contact sheet and the settings that make them
    again."""
    words = plain_dict(cfg)
    if sum(words[key] is not None for key in ("input", "split", "from")) != 1:
        raise ConfigError(
            "give one of input=<picture or folder>, split=test and from=<exported file>"
        )
    if words["split"] is not None and any(
        words[key] for key in ("like", "lock", "edit", "export", "reference")
    ):
        raise ConfigError(
            "like=, lock=, edit=, export=, reference= are of pictures in files (give "
            "input=<picture>, not split=)"
        )
    if words["input"] == "":
        raise ConfigError(
            "input= is empty (give a picture or a folder; . is the one that you are in)"
        )
    exit_on_sigterm()
    if words["from"] is None:
        in_processes(words["devices"], colored, words, in_sweep())
        return
    from colorlab.sampling.exports import words_of

    with TemporaryDirectory(prefix="colorlab-") as folder:
        again = words_of(Path(words["from"]), Path(folder), words)
        in_processes(words["devices"], colored, again, in_sweep())


def colored(words: dict[str, Any], distinct: bool) -> None:
    """One process's share of it. distinct: names carry seed and settings in any case."""
    hinted = words["reference"] is not None
    options = sampling_options(words, of_truth=words["split"] is not None, hinted=hinted)
    runs = open_runs(words["run"], words["simplify"])
    out = Path(words["out"]) if words["out"] else runs[0].home / "samples"
    if words["split"] is not None:
        sheet_of_split(runs, words, out, options, distinct)
        return
    source, wanted = Path(words["input"]), picture_options(words)
    check_there(source)
    if (others := unread_kinds(source) if source.is_dir() else {}) and is_first():
        say(f"not read: {', '.join(f'{count} {kind}' for kind, count in others.items())}")
    from colorlab.cli.device import importing, settle_allocator

    settle_allocator()
    with importing():
        from colorlab.sampling.files import color_files

    if words["from"] is not None:
        from colorlab.sampling.exports import check_same

        check_same(Path(words["from"]), runs)
    asked = {key: value for key, value in words.items() if key != "devices"}
    for sheet in color_files(runs, source, out, options, wanted, asked, say, distinct):
        print(printable(sheet), flush=True)


def sheet_of_split(
    runs: Sequence[Run], words: dict[str, Any], out: Path, options: SamplingOptions, distinct: bool
) -> None:
    """One process's share of a contact sheet."""
    from colorlab.cli.device import settle_allocator
    from colorlab.sampling.splits import write_sheet_of_split

    settle_allocator()
    if sheet := write_sheet_of_split(runs, words["split"], words["limit"], out, options, distinct):
        print(printable(sheet))


def say(line: str) -> None:
    """A line for the user that is no result."""
    print(f"colorlab: {line}", file=sys.stderr)


def main() -> None:
    """The command."""
    hydra_command(sample, "sample")


if __name__ == "__main__":
    main()
    leave_at_once()
