"""Measure a trained run:  python -m colorlab.evaluate run=runs/<name> n=8  (--help lists the keys)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from colorlab.command import hydra_command
from colorlab.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from colorlab.judging import Drawings
    from colorlab.metrics.judge import Judge
    from colorlab.run import Run


def evaluate(cfg: DictConfig) -> None:
    """Make the samples that are missing, judge all of them, write evaluation.json, print the table."""
    from colorlab.sample import must_go_together

    must_go_together(cfg)
    from colorlab.device import settle_allocator
    from colorlab.wandb_report import log_evaluation, wanted

    logged = wanted(cfg.logger)
    settle_allocator()
    runs = opened_runs(cfg)
    from colorlab import evaluation, judging  # after the runs: a mistake in their names is told at once

    drawings = judging.held_out(runs[0].pictures(), cfg.split, cfg.limit)
    judge, lacking = judging.judge_of(cfg.lpips, cfg.features, drawings.pictures.condition)
    folder = folder_of(cfg, runs)
    evaluation.begin(folder, settings_of(cfg, runs))
    make_missing(cfg, folder, drawings)
    judge_all(cfg, runs, folder, drawings, judge)
    tell(folder)
    if logged:
        log_evaluation(cfg.logger, evaluation.read_evaluation(folder))
    if lacking:
        raise lacking


def judge_all(cfg: DictConfig, runs: list[Run], folder: Path, drawings: Drawings, judge: Judge) -> None:
    """Write evaluation.json and what belongs to it, from the samples in the folder."""
    from colorlab import evaluation, judging

    started, method = time.monotonic(), runs[0].config["method"]
    verdict = judging.judged(judge, drawings, FromFolder(folder, drawings.names), cfg.n, cfg.device, "judging")
    for note in verdict.notes:
        print(f"note: {note}")
    protocol = judging.protocol_of(drawings, runs[0].config["data"], cfg.split, cfg.n, cfg.seed, judge)
    trivial = judging.trivial_rows(judge, drawings, protocol, cfg.device)
    document = {
        "run": " + ".join(run.name for run in runs), "method": str(method["_target_"]).rsplit(".", 1)[-1],
        "settings": settings_of(cfg, runs), "configured": method, "drawings": drawings.names,
        "truths": judging.truth_counts(verdict), "protocol": protocol, "protocol_id": evaluation.protocol_id(protocol),
        "values": verdict.values, "per_drawing": verdict.per_drawing, "curves": judging.curves(verdict.values, cfg.n),
        "trivial": trivial.document["trivial"], "timing": evaluation.timing(folder, time.monotonic() - started),
    }  # fmt: skip
    evaluation.write_arrays(folder / evaluation.PICTURES, judging.pictures_shown(drawings, document))
    evaluation.write_result(folder, document, verdict.distances | trivial.distances)


class FromFolder:
    """Candidates out of an evaluation folder, drawing after drawing in the order of the names."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.folder, self.names = folder, iter(names)

    def __call__(self, image: Tensor, truths: Tensor, n: int) -> Tensor:
        """(n, 3, H, W) in [0, 1]."""
        from colorlab.evaluation import read_sample
        from colorlab.judging import as_pictures

        return as_pictures(read_sample(self.folder, next(self.names)))


def opened_runs(cfg: DictConfig) -> list[Run]:
    """The run, or the two of a mix model."""
    from colorlab.run import open_run

    names = list(cfg.run) if isinstance(cfg.run, ListConfig) else [cfg.run]
    if not 1 <= len(names) <= 2:
        raise ConfigError(f"run={cfg.run} (give one run, or two for the mix model)")
    return [open_run(str(name)) for name in names]


def sampling_of(cfg: DictConfig) -> dict[str, Any]:
    """All that changes the samples, apart from run, split, n and seed; plain containers."""
    from colorlab.device import previews_in_bf16
    from colorlab.sample import changed_values

    return {
        "method": changed_values(cfg),
        "sampler": OmegaConf.to_container(cfg.method.sampler, resolve=True),
        "steps": cfg.steps,
        "switch_at": cfg.switch_at if isinstance(cfg.run, ListConfig) and len(cfg.run) > 1 else None,
        "bias": OmegaConf.to_container(cfg.bias) if OmegaConf.is_config(cfg.bias) else cfg.bias,
        "guide": OmegaConf.to_container(cfg.guide, resolve=True) or {},
        "hints": cfg.hints,
        "same_noise": cfg.same_noise,
        "text": str(cfg.text),
        "precision": "bf16" if previews_in_bf16(cfg.precision, cfg.device) else "fp32",
    }


def settings_of(cfg: DictConfig, runs: list[Run]) -> dict[str, Any]:
    """How the samples come about: equal settings give equal samples."""
    from colorlab.evaluation import weights_sha256

    weights = {run.name: weights_sha256(run.path) for run in runs}
    data = {key: value for key, value in runs[0].config["data"].items() if key != "augment"}
    return {"split": cfg.split, "n": cfg.n, "seed": cfg.seed, "weights": weights, "data": data, **sampling_of(cfg)}


def folder_of(cfg: DictConfig, runs: list[Run]) -> Path:
    """out=, or a folder of its own for these settings below the (first) run; below runs/ for one that is shipped."""
    from colorlab.evaluation import folder_name

    if cfg.out:
        return Path(cfg.out)
    partner = runs[1].name if len(runs) > 1 else ""
    return runs[0].home / "evaluation" / folder_name(cfg.split, cfg.n, cfg.seed, cfg.limit, sampling_of(cfg), partner)


def make_missing(cfg: DictConfig, folder: Path, drawings: Drawings) -> None:
    """Sample the drawings that have no candidates in the folder yet, and say how many had."""
    import numpy as np

    from colorlab import evaluation
    from colorlab.judging import told
    from colorlab.sample import coloured, opened, to_pixels, wishes_of

    names = drawings.names
    todo = evaluation.missing(folder, names)
    print(f"{folder}: {len(names) - len(todo)} of {len(names)} drawings have their samples")
    if not todo:
        return
    index = {name: int(group[0]) for name, group in zip(names, drawings.groups, strict=True)}
    chosen = [index[name] for name in todo]
    drawn = coloured(opened(cfg)[1], drawings.pictures, chosen, cfg.n, cfg.seed, wishes_of(cfg))
    started, made = time.monotonic(), 0
    try:
        for name, candidates in told(zip(todo, drawn, strict=True), len(todo), "sampling"):
            evaluation.write_sample(folder, name, np.stack([to_pixels(one) for one in candidates]))
            made += 1
    finally:
        evaluation.add_timing(folder, time.monotonic() - started, made, cfg.device)


def tell(folder: Path) -> None:
    """Print the run's row and the trivial ones."""
    from rich.console import Console

    from colorlab.evaluation import read_evaluation, titled
    from colorlab.report.table import headline, terminal
    from colorlab.rows import row_of, trivial_rows

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
