"""The weight average and the progress line."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import torch
from rich.console import Console

from colorlab.training.callbacks import ProgressLine, WeightEMA


def test_the_average_follows_its_recursion_with_the_decay_warmed_up() -> None:
    weights = [torch.tensor([float(k)]) for k in range(1, 40)]
    average, expected = torch.zeros(1), 0.0
    for n, weight in enumerate(weights):
        WeightEMA(0.5).average([average], [weight], n)
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * float(weight)
    assert abs(float(average) - expected) < 1e-4


def test_the_progress_line_tells_steps_of_one_optimizer() -> None:
    said = io.StringIO()
    line = ProgressLine(60, 8, Console(file=said, width=100))
    method = SimpleNamespace(batches_seen=0)
    trainer: Any = SimpleNamespace(
        lightning_module=SimpleNamespace(method=method),
        accumulate_grad_batches=3,
        is_global_zero=True,
        global_step=-1,
    )
    line.on_train_start(trainer, None)  # type: ignore[arg-type]
    line.last_print -= 61
    method.batches_seen = 3 * 20
    line.on_train_batch_end(trainer, None, {"loss": torch.tensor(0.25)}, None, 0)  # type: ignore[arg-type]
    line.on_train_end(trainer, None)  # type: ignore[arg-type]
    assert "step 20/60" in said.getvalue() and "loss 0.2500" in said.getvalue()
