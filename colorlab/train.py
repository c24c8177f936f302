"""Train one method on one data set:  python -m colorlab.train method=gpic  (--help lists the keys)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from colorlab.command import hydra_command


def train(cfg: DictConfig) -> None:
    """Fit, save the averaged weights, draw the contact sheet, print where everything is."""
    from hydra.core.hydra_config import HydraConfig

    from colorlab import run
    from colorlab.checkpoint import save_weights
    from colorlab.device import precision, settle_allocator

    settle_allocator()
    cfg.trainer.precision = precision(cfg.trainer.precision, cfg.trainer.accelerator)
    folder = Path(HydraConfig.get().runtime.output_dir)
    method, pictures = _method_and_pictures(cfg)
    trainer = _trainer(cfg, folder)
    if trainer.is_global_zero:
        run.begin(folder, cfg)
        print(f"{folder}: {_count(method):,} parameters, {len(pictures.splits['train']):,} training pictures")
    method.prepare(pictures)
    _fit(cfg, trainer, method, pictures)
    if trainer.is_global_zero:
        print(f"weights: {save_weights(method, folder / 'checkpoints')}")
        if cfg.sheet:
            _sheet(folder, pictures, cfg.sheet)


def _method_and_pictures(cfg: DictConfig) -> tuple[Any, Any]:
    import torch
    from lightning import seed_everything

    from colorlab.config import build
    from colorlab.errors import ConfigError

    seed_everything(cfg.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("highest")
    method = build(cfg.method)
    if cfg.data.condition not in method.conditions:
        raise ConfigError(
            f"data.condition={cfg.data.condition}, but this method colours {' or '.join(method.conditions)} "
            f"(set data.condition={method.conditions[0]})"
        )
    return method, build(cfg.data)


def _trainer(cfg: DictConfig, folder: Path) -> Any:
    from lightning.pytorch.callbacks import ModelCheckpoint

    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    from colorlab.callbacks import BatchCount, MetricsFile, ProgressLine, WeightEMA
    from colorlab.config import build
    from colorlab.loggers import extra_loggers

    callbacks = [
        BatchCount(),
        ProgressLine(cfg.batch_size * cfg.trainer.accumulate_grad_batches),
        ModelCheckpoint(
            folder / "checkpoints", filename="last", every_n_train_steps=cfg.save_every, enable_version_counter=False
        ),
    ]
    if cfg.ema:
        callbacks.insert(0, WeightEMA(cfg.ema))
    make = build(dict(cfg.trainer) | {"_partial_": True})
    return make(
        callbacks=callbacks, logger=[MetricsFile(folder), *extra_loggers(cfg, folder)], default_root_dir=folder,
        max_epochs=-1, check_val_every_n_epoch=None, log_every_n_steps=50, use_distributed_sampler=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip


def _fit(cfg: DictConfig, trainer: Any, method: Any, pictures: Any) -> None:
    import warnings

    from colorlab.data.module import PictureData
    from colorlab.loggers import finish

    warnings.filterwarnings("ignore", message=".*does not have many workers.*|.*exists and is not empty.*")
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
    ended_well = False
    try:
        trainer.fit(method, datamodule=PictureData(pictures, cfg.batch_size, cfg.workers, cfg.seed))
        ended_well = True
    finally:
        finish(trainer.loggers, ended_well)


def _sheet(folder: Path, pictures: Any, drawings: int) -> None:
    from colorlab.report.grid import save_sheet
    from colorlab.run import open_run
    from colorlab.sample import Wishes, sheet_of_split

    sheet = sheet_of_split(open_run(folder).method(), pictures, "test", drawings, 8, 0, Wishes())
    print(f"contact sheet: {save_sheet(sheet, folder / 'samples' / 'sheet.png')}")


def _count(method: Any) -> int:
    return sum(p.numel() for p in method.parameters())


def main() -> None:
    """The command."""
    hydra_command(train, "train")


if __name__ == "__main__":
    main()
