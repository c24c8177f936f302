"""Train one method on one data set:  python -m colorlab.train method=gpic  (--help lists the keys)."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colorlab.cli.clauses import check_needs
from colorlab.cli.command import hydra_command
from colorlab.cli.device import has_no_driver
from colorlab.errors import ConfigError


def train(cfg: DictConfig) -> float | None:
    """Train in the folder that Hydra has made. -> the objective, for a sweeper that searches."""
    from hydra.core.hydra_config import HydraConfig

    must_go_together(cfg)
    folder = Path(HydraConfig.get().runtime.output_dir)
    from colorlab.training.fit import train_in
    from colorlab.training.processes import is_first

    train_in(folder, cfg)

    return last_value(folder / "metrics.jsonl", cfg.objective) if cfg.objective and is_first() else None


def must_go_together(cfg: DictConfig) -> None:
    """ConfigError for what cannot be trained, where that can be told without torch."""
    check_needs(cfg)
    if cfg.ema and "strategy" in cfg.trainer:
        raise ConfigError(f"ema={cfg.ema}, but this trainer divides the weights among GPUs (set ema=0)")
    accelerator = cfg.trainer.accelerator
    if accelerator in ("gpu", "cuda") and has_no_driver():
        raise ConfigError(f"trainer.accelerator={accelerator}, but there is no GPU here (set trainer=cpu)")


def last_value(record: Path, metric: str) -> float:
    """Of a metric in a run's record. ConfigError if it was never measured."""
    from colorlab.runs import metrics

    rows = list(metrics.rows(record))
    values = [row[metric] for row in rows if row.get(metric) is not None]
    if not values:
        known = ", ".join(sorted({key for row in rows for key in row} - {"step"})) or "nothing"
        raise ConfigError(f"objective={metric} was never measured ({known} was; see trainer.val_check_interval)")
    return float(values[-1])


def main() -> None:
    """The command."""
    hydra_command(train, "train")


if __name__ == "__main__":
    main()
