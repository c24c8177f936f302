"""Colour drawings with a trained run:  python -m colorlab.sample run=runs/<name> input=drawing.png n=8 seed=0"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colorlab.cli.command import hydra_command
from colorlab.data.intake import check_there
from colorlab.data.intake import shown as printable
from colorlab.errors import ConfigError
from colorlab.runs.run import open_runs, plain_dict
from colorlab.sampling.options import picture_options, sampling_options


def sample(cfg: DictConfig) -> None:
    """Write n colourings of every drawing, a contact sheet and the settings that make them again."""
    if (cfg.input is None) == (cfg.split is None):
        raise ConfigError("give either input=<picture or folder> or split=test")
    words = plain_dict(cfg)
    options = sampling_options(words, of_truth=cfg.split is not None)
    runs = open_runs(words["run"], words["simplify"])
    out = Path(cfg.out) if cfg.out else runs[0].home / "samples"
    from colorlab.cli.device import settle_allocator

    settle_allocator()
    if cfg.split is not None:
        from colorlab.sampling.splits import write_sheet_of_split

        print(write_sheet_of_split(runs, cfg.split, cfg.limit, out, options))
        return
    source, wanted = Path(cfg.input), picture_options(words)
    check_there(source)
    from colorlab.sampling.files import colour_files

    for sheet in colour_files(runs, source, out, options, wanted, words):
        print(printable(sheet))


def main() -> None:
    """The command."""
    hydra_command(sample, "sample")


if __name__ == "__main__":
    main()
