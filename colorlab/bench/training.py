"""Training: pictures a second, and how much of the time is spent on loading them."""

from __future__ import annotations

from typing import Any

import torch

from colorlab.bench.nets import method
from colorlab.bench.timing import Table, once
from colorlab.cli.config import compose
from colorlab.cli.device import has_bf16_units
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.training.loaders import TrainingOrder

WARM_UP = 1  # steps that are not counted
METHODS = (("method=gpic", "method.width=8"), ("method=gpic", "method.width=32"))


def measure(table: Table, quick: bool) -> None:
    steps = 1 if quick else 40
    for words in METHODS:
        cfg = compose("train", ["name=bench", *words])
        pictures, trained = build(cfg.data), method(*words).train().requires_grad_(True)
        optimizer = torch.optim.AdamW(trained.parameters(), 1e-4, fused=True)
        order = iter(TrainingOrder(pictures.one_pass, cfg.batch_size, 0, 0, 0, 1))
        spent = [step(trained, optimizer, pictures, *next(order)) for _ in range(WARM_UP + steps)][
            WARM_UP:
        ]
        loading, working = (sum(each) / steps for each in zip(*spent, strict=True))
        rate = cfg.batch_size / (loading + working)
        note = f"{rate:.0f} pictures/s; loading {100 * loading / (loading + working):.1f} %"
        what, size = f"a step of training {' '.join(words)}", f"64 px, batch {cfg.batch_size}"
        table.compare(
            what.replace("method.", "").replace("method=", ""),
            size,
            "",
            loading + working,
            float("nan"),
            note,
        )


def step(
    trained: Any, optimizer: Any, pictures: Any, at: int, positions: list[int]
) -> tuple[float, float]:
    """-> seconds of loading, seconds of everything else."""
    draws = Draws(0, positions, [at] * len(positions))
    batch = []
    loading = once(lambda: batch.append(pictures.training_batch(positions, draws)))

    def work() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16_units()):
            loss = trained.loss(batch[0], draws)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return loading, once(work)
