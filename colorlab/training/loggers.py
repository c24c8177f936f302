"""Loggers beside metrics.jsonl: W&B (offline unless logged in and in reach; never a prompt),
TensorBoard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colorlab.cli import wandb_access
from colorlab.cli.wandb_access import stays_offline, wandb_errors
from colorlab.errors import ConfigError
from colorlab.training.processes import is_first


def extra_loggers(cfg: DictConfig, folder: Path) -> list[Any]:
    """The loggers that ``logger=`` names, none for ``none``."""
    match cfg.logger.kind:
        case "none":
            return []
        case "wandb":
            return [_wandb(cfg, folder)]
        case "tensorboard":
            return [_tensorboard(cfg, folder)]
    raise ConfigError(f"logger.kind={cfg.logger.kind} (choose from none, wandb, tensorboard)")


def _wandb(cfg: DictConfig, folder: Path) -> Any:
    import wandb
    from lightning.pytorch.loggers import WandbLogger

    offline = stays_offline(cfg.logger.mode, folder)
    os.environ.setdefault("WANDB_SILENT", "true")
    logger = WandbLogger(
        name=cfg.name, save_dir=folder, project=cfg.logger.project, entity=cfg.logger.entity,
        group=cfg.logger.group, offline=offline, config=OmegaConf.to_container(cfg, resolve=True),
        reinit="finish_previous", mode="offline" if offline else "online",
        settings=wandb.Settings(init_timeout=wandb_access.START),
    )  # fmt: skip
    # Lightning gives it unset, and W&B warns that it has no effect
    logger._wandb_init.pop("anonymous", None)
    return logger


def start(loggers: list[Any]) -> None:
    """Make the W&B run now, while a signal still ends the process and nothing has begun, rather
    than at step 1."""
    for logger in loggers:
        if _is_wandb(logger):
            with wandb_errors():
                _ = logger.experiment


def _tensorboard(cfg: DictConfig, folder: Path) -> Any:
    from lightning.pytorch.loggers import TensorBoardLogger

    try:
        logger = TensorBoardLogger(folder, name="tensorboard", version="")
        if is_first():
            logger.experiment.add_text(
                "config", f"```yaml\n{OmegaConf.to_yaml(cfg, resolve=True)}```"
            )
        return logger
    except ModuleNotFoundError as error:
        raise ConfigError(
            "logger=tensorboard needs TensorBoard (pip install 'colorlab-suite[tensorboard]')"
        ) from error


def finish(loggers: list[Any], ended_well: bool) -> None:
    """Close what must be closed, so that the next job of a sweep gets a W&B run of its own."""
    if any(map(_is_wandb, loggers)):
        import wandb

        wandb.finish(exit_code=0 if ended_well else 1)


def _is_wandb(logger: Any) -> bool:
    return type(logger).__name__ == "WandbLogger"
