"""Measure a trained run:  python -m colorlab.evaluate run=runs/<name> n=8  (--help lists the
keys)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from colorlab.cli.command import exit_on_sigterm, hydra_command
from colorlab.cli.processes import in_processes
from colorlab.cli.wandb_access import wants_wandb
from colorlab.data.intake import printable
from colorlab.errors import ColorlabError
from colorlab.evaluation.options import evaluation_options
from colorlab.runs.run import open_runs, plain_dict
from colorlab.sampling.options import sampling_options


def evaluate(cfg: DictConfig) -> None:
    """Make the samples that are missing, judge all of them, write evaluation.json, print the
    table."""
    exit_on_sigterm()
    words = plain_dict(cfg)
    logged = wants_wandb(cfg.logger)
    folder, lacking = in_processes(words["devices"], evaluated, words)
    tell(folder)
    if logged:
        from colorlab.evaluation.dashboard import log_evaluation
        from colorlab.evaluation.folder import read_evaluation

        log_evaluation(cfg.logger, read_evaluation(folder))
    if lacking:
        raise lacking


def evaluated(words: dict[str, Any]) -> tuple[Path, ColorlabError | None]:
    """One process's share of it. -> the folder, and the error to end with where the weights of a
    judge were missing."""
    options, wanted = sampling_options(words, of_truth=True), evaluation_options(words)
    runs = open_runs(words["run"], words["simplify"])
    runs = [run.on(data) for run in runs] if (data := words.get("data")) else runs
    from colorlab.cli.device import settle_allocator
    from colorlab.evaluation.evaluating import evaluate_runs

    settle_allocator()
    folder, lacking = evaluate_runs(
        runs, options, wanted, lambda line: print(printable(Path(line)))
    )
    return folder, lacking


def tell(folder: Path) -> None:
    """Print the run's row and the trivial ones."""
    from rich.console import Console

    from colorlab.evaluation.folder import read_evaluation
    from colorlab.evaluation.rows import row_of, trivial_rows
    from colorlab.evaluation.settings import titled
    from colorlab.report.table import headline, terminal

    found = read_evaluation(folder)
    count, n = found.document["protocol"]["count"], found.document["protocol"]["n"]
    columns = headline(n, set(found.document["values"]))
    title = f"{count} drawings, {n} candidates each; means and 95 % intervals"
    row = row_of(found, titled(found.document["run"], found.document["settings"]))
    Console().print(terminal(columns, row, trivial_rows(found), title))
    print(f"{printable(folder / 'evaluation.json')}  (protocol {found.document['protocol_id']})")


def main() -> None:
    """The command."""
    hydra_command(evaluate, "evaluate")


if __name__ == "__main__":
    main()
