"""Callbacks that a training has on request: callbacks=[early_stopping,best,learning_rate]."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping

from colorlab.errors import ConfigError
from colorlab.runs.checkpoint import fill, read_weights, save_weights
from colorlab.training.callbacks import averaged
from colorlab.training.resume import steps_done


class EarlyEnd(EarlyStopping):
    """Lightning's early stopping, which survives a kill after its decision.

    monitor: a metric of validation; mode: min or max; patience: validations without a better value
    than the best by min_delta, after which training ends. ConfigError: the metric is never
    measured."""

    def __init__(self, monitor: str, mode: str, patience: int, min_delta: float) -> None:
        super().__init__(monitor, min_delta, patience, mode=mode, check_on_train_epoch_end=False)
        self.said = False

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if self.wait_count >= self.patience:
            trainer.should_stop = True

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        measured(trainer, self.monitor, "early_stopping")
        super().on_validation_end(trainer, module)
        if trainer.should_stop and trainer.is_global_zero and not self.said:
            self.said = True
            print(f"stopped after step {steps_done(trainer)}: {self.monitor} was best at "
                  f"{float(self.best_score):.4g}, {self.wait_count} validations ago")  # fmt: skip


class BestWeights(Callback):
    """Keeps the (averaged) weights of the best validation in checkpoints/best, and ends training
    with them.

    It must come after the weight average, which ends by replacing the weights."""

    def __init__(self, monitor: str, mode: str) -> None:
        self.monitor, self.mode, self.best = monitor, mode, math.nan

    @property
    def state_key(self) -> str:
        return f"BestWeights {self.monitor} {self.mode}"

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = state_dict["best"]

    def on_validation_end(self, trainer: Trainer, module: Any) -> None:
        value = measured(trainer, self.monitor, "best")
        if not math.isnan(self.best) and not (
            value < self.best if self.mode == "min" else value > self.best
        ):
            return
        self.best = value
        if trainer.is_global_zero:
            with averaged(trainer, module):
                save_weights(module.method, folder_of(trainer))

    def on_train_end(self, trainer: Trainer, module: Any) -> None:
        trainer.strategy.barrier()
        if not math.isnan(self.best):
            path = folder_of(trainer)
            fill(module.method, read_weights(path), path)


class LearningRate(Callback):
    """Logs train/learning_rate; of several optimizers train/learning_rate/0, train/learning_rate/1,
    ..."""

    def on_train_batch_end(
        self, trainer: Trainer, module: Any, outputs: Any, batch: Any, idx: int
    ) -> None:
        module.log_dict({f"train/{name}": value for name, value in rates(trainer).items()})


def rates(trainer: Trainer) -> dict[str, float]:
    """The learning rate by name, of the first group of each optimizer."""
    values = [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers]
    return {
        "learning_rate" + f"/{k}" * (len(values) > 1): float(value)
        for k, value in enumerate(values)
    }


def measured(trainer: Trainer, metric: str, who: str) -> float:
    """The value of a metric at the validation that has just ended. ConfigError: it has none."""
    values = trainer.callback_metrics
    if metric not in values:
        known = ", ".join(sorted(name for name in values if name.startswith("val/"))) or "nothing"
        raise ConfigError(
            f"callbacks.{who}.monitor={metric} is not measured in validation ({known} is)"
        )
    return float(values[metric])


def folder_of(trainer: Trainer) -> Path:
    """Where the best weights of a training lie."""
    return Path(trainer.default_root_dir) / "checkpoints" / "best"
