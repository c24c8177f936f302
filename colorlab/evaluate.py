"""Measure a trained run:  python -m colorlab.evaluate run=runs/<name> n=8  (--help lists the keys)."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colorlab.cli.command import hydra_command


def evaluate(cfg: DictConfig) -> None:
    """Make the samples that are missing, judge all of them, write evaluation.json, print the table."""
    from colorlab.sample import must_go_together

    must_go_together(cfg)
    from colorlab.cli.device import settle_allocator
    from colorlab.evaluation.dashboard import log_evaluation, wanted
    from colorlab.evaluation.settings import begin, folder_of, opened_runs, settings_of

    logged = wanted(cfg.logger)
    settle_allocator()
    runs = opened_runs(cfg)
    from colorlab.evaluation.drawings import held_out
    from colorlab.evaluation.folder import read_evaluation
    from colorlab.evaluation.judging import judge_all, judge_of, make_missing

    drawings = held_out(runs[0].pictures(), cfg.split, cfg.limit)
    judge, lacking = judge_of(cfg.lpips, cfg.features, drawings.pictures.condition)
    folder = folder_of(cfg, runs)
    begin(folder, settings_of(cfg, runs))
    make_missing(cfg, folder, drawings)
    judge_all(cfg, runs, folder, drawings, judge)
    tell(folder)
    if logged:
        log_evaluation(cfg.logger, read_evaluation(folder))
    if lacking:
        raise lacking


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
    print(f"{folder / 'evaluation.json'}  (protocol {found.document['protocol_id']})")


def main() -> None:
    """The command."""
    hydra_command(evaluate, "evaluate")


if __name__ == "__main__":
    main()
