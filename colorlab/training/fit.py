"""One training from its beginning, or from where it was left, to the final weights and the contact
sheet."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from colorlab.cli.device import precision, settle_allocator
from colorlab.cli.targets import build
from colorlab.data.splits import described
from colorlab.errors import ConfigError, DataError
from colorlab.methods.base import Method
from colorlab.report.grid import save_sheet
from colorlab.runs import metrics, run
from colorlab.runs.checkpoint import Found, begin_with, newest_state, save_weights
from colorlab.runs.run import open_run, sheet_of
from colorlab.sampling.options import SamplingOptions
from colorlab.sampling.sheets import sheet_of_training
from colorlab.storage.files import held, replacing, sweep
from colorlab.training.callbacks import BatchSeed, CostFile, MetricsFile, ProgressLine, WeightEMA
from colorlab.training.dashboard import Dashboard
from colorlab.training.loaders import PictureData
from colorlab.training.loggers import extra_loggers, finish, start
from colorlab.training.processes import ending_together, is_first, strategy, watch_children
from colorlab.training.resume import Checkpoints
from colorlab.training.shells import shell_of
from colorlab.training.signals import StopRequest

#: Beginnings of warnings about what is meant to be so.
MEANT = (
    ".*does not have many workers",  # cached pictures are fastest without loader processes
    ".*exists and is not empty",  # the run's folder, which has config.yaml by now
    # a folder of pictures without any to validate with
    "Total length of `DataLoader` across ranks is zero",
    # means over all processes are taken before they are logged
    "It is recommended to use `self.log.*sync_dist",
    r"Found \d+ module\(s\) in eval mode",  # networks that stay frozen
    ".*isinstance\\(treespec, LeafSpec\\)",  # Lightning's own use of torch
)


def train_in(folder: Path, cfg: DictConfig) -> None:
    """Fit, save the averaged weights, draw the contact sheet, print where everything is."""

    settle_allocator()
    cfg.trainer.precision = precision(cfg.trainer.precision, cfg.trainer.accelerator)
    if not is_first():
        return _learn(cfg, folder)
    with held(folder):
        goes_on = cfg.resume == "auto" and run.has_begun(folder)
        if goes_on:
            run.require_same(folder, cfg)
        else:
            run.require_none(folder)
        if goes_on and run.is_finished(folder):
            print(f"{folder}: finished already")
        else:
            _learn(cfg, folder)
        print(f"weights: {run.weights_of(folder)}")
        if cfg.sheet and not run.sheet_of(folder).exists():
            _sheet(cfg, folder)


def _learn(cfg: DictConfig, folder: Path) -> None:
    """From the newest checkpoint if the run is to go on and has one, else from the beginning; to
    the final weights."""

    found = (
        newest_state(folder / "checkpoints")
        if cfg.resume == "auto" and run.has_begun(folder)
        else None
    )
    # told before pictures are made
    beginning = open_run(cfg.begin_with) if cfg.begin_with and found is None else None
    method, pictures = _method_and_pictures(cfg)
    stop = StopRequest(announce=is_first())
    trainer = _trainer(cfg, folder, method, pictures, found, stop)
    if found is None:
        method.prepare(pictures)  # what it refuses leaves no run behind
        if beginning is not None:
            _begin_with(method, beginning.path, cfg.begin_with)
    if is_first():
        start(trainer.loggers)
        _begin(cfg, folder, found)
        none = "" if len(pictures.splits["val"]) else ", none to validate with"
        divided = described(pictures.splits, pictures.origin)
        print(
            f"{folder}: {_count(method):,} parameters, {len(pictures.splits['train']):,} training "
            f"pictures{none}"
        )
        print(f"{folder}: {divided}")
    with stop:
        _fit(cfg, trainer, method, pictures, found.state["position"] if found else 0)
    if is_first():
        save_weights(method, folder / "checkpoints")


def _method_and_pictures(cfg: DictConfig) -> tuple[Any, Any]:
    from lightning import seed_everything

    seed_everything(cfg.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("highest")
    method = build(cfg.method)
    if cfg.data.condition not in method.conditions:
        raise ConfigError(
            f"data.condition={cfg.data.condition}, but this method colours "
            f"{' or '.join(method.conditions)} (set data.condition={method.conditions[0]})"
        )
    if method.optimizer_steps > 1 and cfg.trainer.accumulate_grad_batches > 1:
        raise ConfigError(
            f"trainer.accumulate_grad_batches={cfg.trainer.accumulate_grad_batches}, but this "
            "method steps its optimizers at every batch (set a larger batch_size)"
        )
    pictures = build(cfg.data)
    if not len(pictures.splits["train"]):
        said = described(pictures.splits, pictures.origin)
        raise DataError(f"no picture is left to train on: {said} (add some that are not held out)")
    return method, pictures


def _begin_with(method: Method, path: Path, name: str) -> None:
    new = begin_with(method, path)
    if is_first():
        print(
            f"begins with the weights of {name}"
            + (f"; {len(new)} tensors are not among them" if new else "")
        )


def _begin(cfg: DictConfig, folder: Path, found: Found | None) -> None:
    """Make the run folder, or put the one there is into the state that training goes on from; say
    which."""

    if cfg.resume == "never" or not run.has_begun(folder):
        return run.begin(folder, cfg)
    sweep(folder)
    metrics.cut(folder / "metrics.jsonl", found.state["step"] if found else 0)
    if found is None:
        print(f"{folder}: no checkpoint yet, so from the beginning")
    else:
        print(
            *found.damaged,
            f"{folder}: going on from step {found.state['step']:,} ({found.path})",
            sep="\n",
        )


def _trainer(
    cfg: DictConfig,
    folder: Path,
    method: Method,
    pictures: Any,
    found: Found | None,
    stop: StopRequest,
) -> Any:
    # which GPUs there are, which process of how many this is
    for library in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(library).setLevel(logging.WARNING)

    callbacks = [
        Checkpoints(folder / "checkpoints", cfg.save_every, found, stop),
        CostFile(folder, cfg.save_every, goes_on=found is not None),
        BatchSeed(cfg.seed),
        ProgressLine(cfg.trainer.max_steps, cfg.batch_size * cfg.trainer.accumulate_grad_batches),
        *([WeightEMA(cfg.ema)] if cfg.ema else []),
        *(build(node) for node in cfg.callbacks.values()),
    ]
    loggers = extra_loggers(cfg, folder)
    if loggers:
        callbacks.append(
            Dashboard(loggers, pictures, cfg.logger.drawings, cfg.logger.candidates, cfg.log_every)
        )
    make = build(_settings(cfg.trainer, method) | {"_partial_": True})
    try:
        return make(
            callbacks=callbacks, logger=[MetricsFile(folder), *loggers], default_root_dir=folder,
            max_epochs=-1, check_val_every_n_epoch=None, log_every_n_steps=cfg.log_every,
            use_distributed_sampler=False, enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False, num_sanity_val_steps=0,
            strategy=cfg.trainer.get("strategy") or strategy(
                cfg.trainer.devices, cfg.trainer.timeout,
                method.trains_in_turn or method.optimizer_steps > 1
            ),
        )  # fmt: skip
    except (ValueError, TypeError) as error:  # such as an accelerator that Lightning does not know
        raise ConfigError(
            f"trainer: {' '.join(str(error).split())[:200]} (see trainer=)"
        ) from error


def _settings(trainer: DictConfig, method: Method) -> dict[str, Any]:
    """Lightning's arguments. It counts the steps of all optimizers together, validates after so
    many batches (a run that is shorter, at its end), and leaves clipping to methods that step their
    optimizers themselves."""

    several = trainer.devices > 1
    return {str(key): value for key, value in trainer.items() if key != "timeout"} | {
        "max_steps": trainer.max_steps * method.optimizer_steps,
        "val_check_interval": min(trainer.val_check_interval, trainer.max_steps)
        * trainer.accumulate_grad_batches,
        "gradient_clip_val": trainer.gradient_clip_val if method.optimizer_steps == 1 else None,
        # it needs GPUs
        "sync_batchnorm": several and trainer.accelerator != "cpu" and torch.cuda.is_available(),
    }


def _fit(cfg: DictConfig, trainer: Any, method: Any, pictures: Any, start: int) -> None:
    for what in MEANT:
        warnings.filterwarnings("ignore", message=what)
    if trainer.world_size > 1 and is_first():
        watch_children()
    ended_well = False
    try:
        with ending_together(trainer):
            loaders = PictureData(pictures, cfg.batch_size, cfg.workers, cfg.seed, start)
            trainer.fit(shell_of(method, cfg.trainer.gradient_clip_val), datamodule=loaders)
        ended_well = True
    finally:
        finish(trainer.loggers, ended_well)


def _sheet(cfg: DictConfig, folder: Path) -> None:
    opened = open_run(folder, cfg.data.get("simplify"))
    sheet = sheet_of_training(opened, cfg.sheet, SamplingOptions(n=8, seed=0))
    with replacing(sheet_of(folder)) as path:
        save_sheet(sheet, path)
    print(f"contact sheet: {sheet_of(folder)}")


def _count(method: Any) -> int:
    return sum(p.numel() for p in method.parameters())
