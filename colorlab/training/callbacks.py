"""Training-time plumbing: the weight average, the progress line, random states, the records of
metrics and of time."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from colorlab.draws import stream_seed
from colorlab.errors import DiskError, StoppedError
from colorlab.runs.cost import read_seconds, write_seconds
from colorlab.storage.files import open_own
from colorlab.training.resume import batches_done, steps_done


class WeightEMA(WeightAveraging):
    """An exponential moving average of the weights from the first step on, with the decay warmed up
    as min(decay, (1 + n) / (10 + n)) after n updates; it is what is validated, sampled and saved.

    Buffers are copied, not averaged. Lightning's own delayed start is not used: it can end with
    untrained weights."""

    def __init__(self, decay: float) -> None:
        self.decay = decay
        super().__init__(use_buffers=False, multi_avg_fn=self.average)

    @torch.no_grad()
    def average(self, averaged: Any, current: Any, n: Tensor | int) -> None:
        """averaged <- averaged + (1 - decay_n) (current - averaged), in place."""
        n = int(n)
        torch._foreach_lerp_(list(averaged), list(current), 1 - min(self.decay, (1 + n) / (10 + n)))


@contextmanager
def averaged(trainer: Trainer, module: LightningModule) -> Iterator[None]:
    """Within, the module has the weights that are validated and saved: their average, if there is
    one."""
    average = next((each for each in trainer.callbacks if isinstance(each, WeightEMA)), None)  # type: ignore[attr-defined]
    if average is None:
        yield
        return
    average._swap_models(module)
    try:
        yield
    finally:
        average._swap_models(module)


class BatchSeed(Callback):
    """Gives each batch its own global random state, which dropout draws from: a resumed run goes on
    with the numbers that it would have had."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        own = stream_seed(self.seed, "global", batches_done(trainer), trainer.global_rank)
        seed_everything(own % 2**32, workers=True, verbose=False)


class ProgressLine(Callback):
    """Tells steps, images per second, time left and the loss in one line; where there is no
    terminal, once per minute.

    steps: of the whole training. pictures: a step."""

    def __init__(self, steps: int, pictures: int, console: Console | None = None) -> None:
        self.steps, self.pictures = steps, pictures
        self.console = console or Console(stderr=True)
        self.started, self.first_step, self.last_print, self.loss = 0.0, 0, 0.0, math.nan

    @rank_zero_only
    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self.started = self.last_print = time.monotonic()
        self.first_step = steps_done(trainer)
        columns = (
            TextColumn("training"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps"),
            TextColumn("{task.fields[rate]:.0f} images/s"),
            TimeRemainingColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
        )
        self.bar = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.task = self.bar.add_task(
            "", total=self.steps, completed=self.first_step, rate=0.0, loss=math.nan
        )
        self.bar.start()

    @rank_zero_only
    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, idx: int
    ) -> None:
        step = steps_done(trainer)
        if step % 20:
            return
        loss = (
            float(outputs["loss"]) if isinstance(outputs, dict) and "loss" in outputs else math.nan
        )
        self.loss = loss if math.isnan(self.loss) else 0.9 * self.loss + 0.1 * loss
        now = time.monotonic()
        rate = (step - self.first_step) * self.pictures / (now - self.started)
        self.bar.update(self.task, completed=step, rate=rate, loss=self.loss)
        if not self.console.is_terminal and now - self.last_print > 60:
            self.last_print = now
            left = (self.steps - step) * self.pictures / max(rate, 1e-9) / 60
            done = f"step {step}/{self.steps}"
            self.console.print(
                f"{done}  {rate:.0f} images/s  {left:.0f} min left  loss {self.loss:.4f}"
            )

    @rank_zero_only
    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self.bar.stop()

    @rank_zero_only
    def on_exception(
        self, trainer: Trainer, module: LightningModule, exception: BaseException
    ) -> None:
        if hasattr(self, "bar"):
            self.bar.stop()


class CostFile(Callback):
    """cost.json in the run folder: seconds of training, those of the parts before this one too, up
    to the last save.

    every: steps between saves."""

    def __init__(self, folder: Path, every: int, goes_on: bool) -> None:
        self.folder, self.every, self.goes_on = folder, every, goes_on
        self.started: float | None = None

    @rank_zero_only
    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        before = (read_seconds(self.folder) or 0.0) if self.goes_on else 0.0
        self.started = time.monotonic() - before

    @rank_zero_only
    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, idx: int
    ) -> None:
        if steps_done(trainer) % self.every == 0:
            self.write()

    @rank_zero_only
    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self.write()

    @rank_zero_only
    def on_exception(
        self, trainer: Trainer, module: LightningModule, exception: BaseException
    ) -> None:
        if self.started is not None and isinstance(exception, StoppedError):
            self.write()

    def write(self) -> None:
        """Up to now; a folder that has vanished does not come back."""
        assert self.started is not None
        if self.folder.is_dir():
            write_seconds(self.folder, time.monotonic() - self.started)


class MetricsFile(Logger):
    """metrics.jsonl in the run folder: the record of a run, one JSON object per row, flushed as it
    is written.

    step counts from 0, whatever the number of optimizers. Rows hold nothing but what was computed,
    so that two runs of one configuration have the same file. Of several processes, train/ is of the
    first one's pictures, val/ of all."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "metrics.jsonl"

    @property
    def name(self) -> str:
        return "metrics"

    @property
    def version(self) -> str:
        return "0"

    @property
    @rank_zero_experiment
    def experiment(self) -> MetricsFile:
        return self

    @rank_zero_only
    # Lightning's signature
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """The configuration is in config.yaml; nothing is repeated here."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        row = {"step": step} | {key: value for key, value in metrics.items() if key != "epoch"}
        before = self.path.stat().st_size if self.path.exists() else 0
        try:
            with os.fdopen(
                open_own(self.path, os.O_WRONLY | os.O_APPEND), "a", encoding="utf-8"
            ) as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            os.truncate(self.path, before)
            raise DiskError(
                f"{self.path} could not be written: {error.strerror} (free some space, then "
                "resume=auto)"
            ) from error
