"""Loggers beside metrics.jsonl: Weights & Biases (offline unless logged in; never a prompt), TensorBoard."""

from __future__ import annotations

import netrc
import os
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colorlab.errors import ConfigError


def extra_loggers(cfg: DictConfig, folder: Path) -> list[Any]:
    """The loggers that ``logger=`` names, none for ``none``."""
    match cfg.logger.kind:
        case "none":
            return []
        case "wandb":
            return [_wandb(cfg, folder)]
        case "tensorboard":
            return [_tensorboard(folder)]
    raise ConfigError(f"logger.kind={cfg.logger.kind} (choose from none, wandb, tensorboard)")


def _wandb(cfg: DictConfig, folder: Path) -> Any:
    from lightning.pytorch.loggers import WandbLogger

    offline = cfg.logger.mode == "offline" or (cfg.logger.mode == "auto" and not logged_in())
    if offline:
        print(f"W&B: not logged in, so offline in {folder / 'wandb'} (upload later with `wandb sync`)")
    os.environ["WANDB_MODE"] = "offline" if offline else "online"
    os.environ.setdefault("WANDB_SILENT", "true")
    return WandbLogger(
        name=cfg.name, save_dir=folder, project=cfg.logger.project, entity=cfg.logger.entity, group=cfg.logger.group,
        offline=offline, config=OmegaConf.to_container(cfg, resolve=True), reinit="finish_previous",
    )  # fmt: skip


def logged_in() -> bool:
    """Whether W&B has a key: in the environment or in ~/.netrc. Nothing is asked and no network is touched."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    path = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    try:
        return path.is_file() and netrc.netrc(str(path)).authenticators("api.wandb.ai") is not None
    except netrc.NetrcParseError:
        return False


def _tensorboard(folder: Path) -> Any:
    from lightning.pytorch.loggers import TensorBoardLogger

    try:
        return TensorBoardLogger(folder, name="tensorboard", version="")
    except ModuleNotFoundError as error:
        raise ConfigError("logger=tensorboard needs TensorBoard (pip install 'colorlab[tensorboard]')") from error


def finish(loggers: list[Any], ended_well: bool) -> None:
    """Close what must be closed, so that the next job of a sweep gets a W&B run of its own."""
    if any(type(logger).__name__ == "WandbLogger" for logger in loggers):
        import wandb

        wandb.finish(exit_code=0 if ended_well else 1)
