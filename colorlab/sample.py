"""Colour drawings with a trained run:  python -m colorlab.sample run=runs/<name> input=drawing.png n=8 seed=0"""

from __future__ import annotations

import sys
from pathlib import Path

from omegaconf import DictConfig

from colorlab.cli.command import exit_on_sigterm, hydra_command, in_sweep
from colorlab.data.intake import shown as printable
from colorlab.data.names import check_there, unread
from colorlab.errors import ConfigError
from colorlab.runs.run import open_runs, plain_dict
from colorlab.sampling.options import picture_options, sampling_options


def sample(cfg: DictConfig) -> None:
    """Write n colourings of every drawing, a contact sheet and the settings that make them again."""
    if (cfg.input is None) == (cfg.split is None):
        raise ConfigError("give either input=<picture or folder> or split=test")
    if cfg.split is not None and (cfg.like is not None or cfg.lock is not None):
        raise ConfigError("like= and lock= are of one picture (give input=<picture> instead of split=)")
    exit_on_sigterm()
    words = plain_dict(cfg)
    options = sampling_options(words, of_truth=cfg.split is not None)
    runs = open_runs(words["run"], words["simplify"])
    out = Path(cfg.out) if cfg.out else runs[0].home / "samples"
    from colorlab.cli.device import settle_allocator

    settle_allocator()
    if cfg.split is not None:
        from colorlab.sampling.splits import write_sheet_of_split

        print(write_sheet_of_split(runs, cfg.split, cfg.limit, out, options, in_sweep()))
        return
    source, wanted = Path(cfg.input), picture_options(words)
    check_there(source)
    if others := unread(source) if source.is_dir() else {}:
        say(f"not read: {', '.join(f'{count} {kind}' for kind, count in others.items())}")
    from colorlab.sampling.files import colour_files

    for sheet in colour_files(runs, source, out, options, wanted, words, say, in_sweep()):
        print(printable(sheet))


def say(line: str) -> None:
    """A line for the user that is no result."""
    print(f"colorlab: {line}", file=sys.stderr)


def main() -> None:
    """The command."""
    hydra_command(sample, "sample")


if __name__ == "__main__":
    main()
