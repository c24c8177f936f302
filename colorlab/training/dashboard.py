"""What dashboards show of a training beside its losses: colourings, how far apart they are, the
learning rate."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from colorlab.progress import silent
from colorlab.report.grid import Sheet, drawn_sheet
from colorlab.sampling.options import SamplingOptions
from colorlab.sampling.splits import sheet_of_split
from colorlab.training.callbacks import averaged
from colorlab.training.chosen import rates
from colorlab.training.resume import steps_done

# fixed, so that the histograms of a training, and of several, lie over each other
EDGES = np.linspace(0, 0.5, 33)


class Dashboard(Callback):
    """Shows a contact sheet of a few validation drawings at every validation, and a histogram of
    the mean absolute RGB distances between the candidates of each; and the learning rate every
    ``every`` steps. Nothing here draws random numbers that training has a part in.

    loggers: W&B's and TensorBoard's. pictures: the data set. drawings: how many, 0 for none.
    candidates: of each."""

    def __init__(
        self, loggers: list[Any], pictures: Any, drawings: int, candidates: int, every: int
    ) -> None:
        self.loggers, self.pictures, self.every = loggers, pictures, every
        self.drawings = min(drawings, len(pictures.splits["val"]))
        self.options = SamplingOptions(n=candidates, seed=0)

    @rank_zero_only
    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, idx: int
    ) -> None:
        step = steps_done(trainer)
        if step % self.every == 0:
            for logger in self.loggers:
                logger.log_metrics(
                    {f"train/{name}": value for name, value in rates(trainer).items()}, step
                )

    @rank_zero_only
    def on_validation_end(self, trainer: Trainer, module: Any) -> None:
        if self.drawings:
            sheet = self.sheet(trainer, module)
            picture = np.asarray(drawn_sheet(sheet, 96))
            for logger in self.loggers:
                show(logger, picture, distances(sheet, self.options.n), steps_done(trainer))

    def sheet(self, trainer: Trainer, module: Any) -> Sheet:
        """Colourings by the weights that are validated."""
        was = {part: part.training for part in module.modules()}
        module.eval()
        with averaged(trainer, module), torch.no_grad(), silent():
            sheet = sheet_of_split(module.method, self.pictures, "val", self.drawings, self.options)
        for part, training in was.items():
            part.training = training
        return sheet


def distances(sheet: Sheet, n: int) -> np.ndarray:
    """Mean absolute RGB distances in [0, 1] of all pairs of candidates of each drawing."""
    rows = [[np.asarray(cell, np.float32) / 255 for cell in row[1 : 1 + n]] for row in sheet.rows]  # type: ignore[arg-type]
    return np.array([np.abs(a - b).mean() for row in rows for a, b in combinations(row, 2)])


def show(logger: Any, picture: np.ndarray, apart: np.ndarray, step: int) -> None:
    """A picture (H, W, 3) uint8 and a histogram in W&B or TensorBoard."""
    counts, _ = np.histogram(apart.clip(EDGES[0], EDGES[-1]), EDGES)
    if type(logger).__name__ == "WandbLogger":
        import wandb

        logger.log_metrics(
            {
                "val/colourings": wandb.Image(picture),
                "val/diversity": wandb.Histogram(np_histogram=(counts, EDGES)),
                "val/diversity_mean": float(apart.mean()),
            },
            step,
        )
        return
    board = logger.experiment
    board.add_image("val/colourings", picture, step, dataformats="HWC")
    board.add_histogram("val/diversity", apart, step, bins=EDGES)
    board.add_scalar("val/diversity_mean", float(apart.mean()), step)
