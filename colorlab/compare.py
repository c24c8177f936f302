"""Put evaluated runs on one page:  python -m colorlab.compare runs=[runs/a,runs/b]
(--help lists the keys).

A sweep's folder stands for all its finished jobs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from omegaconf import DictConfig

from colorlab import api
from colorlab.cli.command import hydra_command
from colorlab.cli.wandb_access import wants_wandb
from colorlab.data.intake import printable
from colorlab.evaluation.options import comparison_options
from colorlab.runs.run import plain_dict


def compare(cfg: DictConfig) -> None:
    """Read the evaluations, refuse what is not comparable, write page, tables and charts, print
    where they are."""
    words = plain_dict(cfg)
    wanted, logged = comparison_options(words), wants_wandb(cfg.logger)
    given = words["runs"] if isinstance(words["runs"], list) else [words["runs"]]
    from colorlab.evaluation.comparison import compare_runs

    page, written = compare_runs([str(each) for each in given], Path(cfg.out), wanted)
    if logged:
        from colorlab.evaluation.dashboard import log_comparison

        log_comparison(cfg.logger, page.title, written)
    print(printable(written["page"]))


class CallableModule(ModuleType):
    """This module: once imported it stands where `colorlab.compare([...])`, the function, did, and
    so is called."""

    __call__ = staticmethod(api.compare)


sys.modules[__name__].__class__ = CallableModule


def main() -> None:
    """The command."""
    hydra_command(compare, "compare")


if __name__ == "__main__":
    main()
