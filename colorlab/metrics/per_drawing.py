"""What every judge is: a torchmetrics.Metric that keeps its values drawing by drawing.

A mean over drawings can then be taken in one fixed order whatever the batches and processes were, a
drawing that a distributed loader repeats to fill its last batch counts once, and intervals can be
had by resampling drawings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from colorlab.metrics.drawing import Drawing, drawings_of


class PerDrawing(Metric):
    """Subclasses give ``topic`` and ``measure``; ``summary`` where a plain mean over drawings is
    not the answer."""

    topic: str
    full_state_update = False
    is_differentiable = False
    rows: Any  # list of (1 + K,) float64: the drawing's index, then its values

    def __init__(self) -> None:
        super().__init__()
        self.set_dtype(torch.float64)
        self.add_state("rows", default=[], dist_reduce_fx="cat")
        self.layout: dict[str, tuple[int, ...]] = {}  # name -> shape of its value: () or (length,)

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """Values of one drawing: numbers, or vectors that ``summary`` uses; NaN where a value is
        not defined."""
        raise NotImplementedError

    def summary(self, table: dict[str, np.ndarray]) -> dict[str, float]:
        """The topic's numbers: the mean of each number over the drawings that have it; left out if
        none has."""
        return mean_of(self.numbers(table))

    def bounds(self, table: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
        """95 % bounds of those numbers of the summary that are no means over drawings."""
        return {}

    def update(
        self,
        samples: Tensor | Sequence[Drawing],
        image: Tensor | None = None,
        truths: Sequence[Tensor] = (),
        index: Sequence[int] = (),
        lpips: str = "none",
    ) -> None:
        """Judge some drawings, all with equally many candidates: tensors as ``drawings_of`` takes
        them, or in place of samples, alone, the drawings that it makes, which several judges can
        share."""
        if isinstance(samples, Tensor):
            if image is None:
                raise ValueError("samples without their image (give samples, image, truths, index)")
            samples = drawings_of(samples, image, truths, index, lpips)
        for drawing in samples:
            values = {
                name: torch.as_tensor(v, dtype=torch.float64)
                for name, v in self.measure(drawing).items()
            }
            layout = {name: tuple(value.shape) for name, value in values.items()}
            if self.layout and layout != self.layout:
                raise ValueError(
                    f"{self.topic}: drawing {drawing.index} has {drawing.n} candidates, others "
                    "have not"
                )
            self.layout = layout
            number = torch.tensor([drawing.index], dtype=torch.float64, device=self.device)
            self.rows.append(
                torch.cat([number, *(v.flatten().to(self.device) for v in values.values())])
            )

    def seen(self) -> tuple[dict[str, tuple[int, ...]], list[np.ndarray]]:
        """What this process has judged, plain data: the layout and the rows, for another's
        ``take_in``."""
        return self.layout, [row.cpu().numpy() for row in self.rows]

    def take_in(
        self, others: Sequence[tuple[dict[str, tuple[int, ...]], list[np.ndarray]]]
    ) -> None:
        """Know what other processes have seen as well; from now on nothing more is gathered from
        them."""
        self.distributed_available_fn = lambda: False
        for layout, rows in others:
            self.layout = self.layout or layout
            self.rows += [torch.from_numpy(row).to(self.device) for row in rows]

    def compute(self) -> dict[str, float]:
        """`topic/name` -> value over all drawings of all processes; nothing without drawings."""
        table = self._table()
        values = self.summary(table) if len(table["index"]) else {}
        return {f"{self.topic}/{name}": value for name, value in values.items()}

    def table(self) -> dict[str, np.ndarray]:
        """All values of all drawings of all processes: name -> (drawings,) or (drawings, length)
        float64, in the order of the drawings' indices, which are under "index"."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            return self._table()

    def numbers(self, table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The part of a table that has one number per drawing."""
        return {
            name: column for name, column in table.items() if column.ndim == 1 and name != "index"
        }

    def _table(self) -> dict[str, np.ndarray]:
        if not len(self.rows):
            return {"index": np.zeros(0)}
        lengths = [int(np.prod(shape)) for shape in self.layout.values()]
        rows = dim_zero_cat(self.rows).cpu().numpy().reshape(-1, 1 + sum(lengths))
        _, once = np.unique(rows[:, 0], return_index=True)
        columns = np.split(rows[once, 1:], np.cumsum(lengths)[:-1], axis=1)
        named = {
            name: c.reshape(-1, *shape)
            for (name, shape), c in zip(self.layout.items(), columns, strict=True)
        }
        return {"index": rows[once, 0], **named}


def mean_of(numbers: dict[str, np.ndarray]) -> dict[str, float]:
    """name -> mean of the values that are not NaN; names without any are left out."""
    kept = {name: column[~np.isnan(column)] for name, column in numbers.items()}
    return {name: float(column.mean()) for name, column in kept.items() if len(column)}
