"""Train one method on one data set:  python -m colorlab.train method=gpic  (--help lists the
keys)."""

from __future__ import annotations

import os
from pathlib import Path

from omegaconf import DictConfig

from colorlab.cli.clauses import check_needs
from colorlab.cli.command import hydra_command
from colorlab.cli.device import has_no_driver
from colorlab.errors import ConfigError
from colorlab.runs.run import is_finished, open_run, require_same, sheet_of, weights_of


def train(cfg: DictConfig) -> float | None:
    """Train in the folder that Hydra has made. -> the objective, for a sweeper that searches."""
    from hydra.core.hydra_config import HydraConfig

    check_compatible(cfg)
    folder = Path(HydraConfig.get().runtime.output_dir)
    first = int(os.environ.get("LOCAL_RANK", 0)) == 0
    if first and is_done(folder, cfg):
        print(f"{folder}: finished already", f"weights: {weights_of(folder)}", sep="\n")
    else:
        from colorlab.training.fit import train_in

        train_in(folder, cfg)
    return last_value(folder / "metrics.jsonl", cfg.objective) if cfg.objective and first else None


def is_done(folder: Path, cfg: DictConfig) -> bool:
    """Whether the run that is to go on is finished, contact sheet and all; told without torch.

    CheckpointError: it is of another configuration."""
    sheet_left = cfg.sheet and not sheet_of(folder).exists()
    if cfg.resume != "auto" or not is_finished(folder) or sheet_left:
        return False
    wanted = cfg.copy()
    if wanted.trainer.precision == "auto":  # what that means here takes torch to say
        wanted.trainer.precision = open_run(folder).config["trainer"]["precision"]
    require_same(folder, wanted)
    return True


def check_compatible(cfg: DictConfig) -> None:
    """ConfigError for what cannot be trained, where that can be told without torch."""
    check_needs(cfg)
    if cfg.ema and "strategy" in cfg.trainer:
        raise ConfigError(
            f"ema={cfg.ema}, but this trainer divides the weights among GPUs (set ema=0)"
        )
    accelerator = cfg.trainer.accelerator
    if accelerator in ("gpu", "cuda") and has_no_driver():
        raise ConfigError(
            f"trainer.accelerator={accelerator}, but there is no GPU here (set trainer=cpu)"
        )


def last_value(record: Path, metric: str) -> float:
    """Of a metric in a run's record. ConfigError if it was never measured."""
    from colorlab.runs import metrics

    rows = list(metrics.rows(record))
    values = [row[metric] for row in rows if row.get(metric) is not None]
    if not values:
        known = ", ".join(sorted({key for row in rows for key in row} - {"step"})) or "nothing"
        raise ConfigError(
            f"objective={metric} was never measured ({known} was; see trainer.val_check_interval)"
        )
    return float(values[-1])


def main() -> None:
    """The command."""
    hydra_command(train, "train")


if __name__ == "__main__":
    main()
