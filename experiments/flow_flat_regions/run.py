"""Train flows on 450 line drawings with and without dequantisation; draw their losses and samples
beside this file.

python experiments/flow_flat_regions/run.py [steps]"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.report.figure import DOTS, add_legend, empty, looks, styled
from colorlab.report.grid import Sheet, save_sheet
from colorlab.training.loaders import TrainingOrder
from colorlab.types import Batch, Condition

HERE = Path(__file__).parent
ARMS = {  # dequantise, noise and clamp of the method, the largest norm of a gradient
    "none": ("false", 0.0, 100.0, math.inf),
    "uniform": ("true", 0.0, 100.0, math.inf),
    "uniform + normal": ("true", 0.05, 100.0, math.inf),
    "uniform + normal, bounded": ("true", 0.05, 1.5, 1.0),
}
# as many drawings as GPIC's authors had
DRAWINGS, BATCH, EVERY, SHOWN, CANDIDATES = 450, 16, 50, 3, 4


class Trace(NamedTuple):
    """Of one training: the loss of every batch, of the held-out drawings after so many steps, and
    samples of some."""

    train: list[float]
    held_out: dict[int, float]
    samples: Tensor  # (SHOWN, CANDIDATES, 3, H, W)
    finite: float  # share of the samples' numbers


def trained(pictures: Any, node: Any, steps: int, norm: float) -> Trace:
    """One arm: the suite's own loss; norm: the most of a gradient. Ends early where the loss is not
    finite any more."""
    torch.manual_seed(0)
    method = build(node)
    method.prepare(pictures)
    optimizer = method.optimizer(method.parameters())
    schedule = method.schedule(optimizer)
    held_out = pictures[[int(group[0]) for group in pictures.drawings("val")][:64]]
    losses, validated = [], {}
    train = pictures.splits["train"]
    few = train[torch.linspace(0, len(train) - 1, DRAWINGS).long().numpy()]
    for at, positions in TrainingOrder(few, BATCH, 0, 0, 0, 1):
        if at % EVERY == 0:
            validated[at] = loss_of(
                method.eval(), held_out, Draws(0, held_out.index.tolist(), purpose="val")
            ).item()
        if at == steps or not math.isfinite(([0.0, *losses])[-1]):
            break
        loss = loss_of(
            method.train(), pictures[positions], Draws(0, positions, [at] * BATCH, "train")
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), norm)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return Trace(losses, validated, *sampled(method.eval(), held_out))


def loss_of(method: Any, batch: Batch, draws: Draws) -> Tensor:
    with torch.set_grad_enabled(method.training):
        return method.loss(batch, draws)["loss"]


def sampled(method: Any, batch: Batch) -> tuple[Tensor, float]:
    """Samples of the first drawings, and how many of their numbers are finite."""
    drawn = method.sample(
        Condition(batch.image[:SHOWN]), CANDIDATES, Draws(0, batch.index[:SHOWN].tolist())
    )
    return drawn.nan_to_num(0.5), drawn.isfinite().float().mean().item()


def save_curves(traces: dict[str, Trace]) -> None:
    """Held-out loss, solid, and training loss, dotted; what leaves the axis has diverged."""
    with styled():
        figure, axes = empty()
        for (name, trace), look in zip(traces.items(), looks([False] * len(traces)), strict=True):
            axes.plot(trace.train, color=look.color, linestyle=":", linewidth=0.8)
            axes.plot(
                list(trace.held_out), list(trace.held_out.values()), color=look.color, label=name
            )
        axes.set_ylim(-4, 4)
        axes.set_xlabel("steps")
        axes.set_ylabel("-log p, nats a dimension")
        add_legend(figure, axes)
        figure.savefig(HERE / "curves.png", dpi=DOTS)


def save_samples(traces: dict[str, Trace], held_out: Batch) -> None:
    """A row an arm and drawing: the drawing, its candidates, the true colouring."""
    rows: list[list[np.ndarray | None]] = []
    for trace in traces.values():
        for b in range(SHOWN):
            shown = [held_out.image[b].expand(3, -1, -1), *trace.samples[b], held_out.rgb[b]]
            rows.append([(each * 255).round().byte().permute(1, 2, 0).numpy() for each in shown])
    save_sheet(
        Sheet(rows, ["drawing", *map(str, range(1, CANDIDATES + 1)), "true"]),
        HERE / "samples.png",
        64,
    )


def main(steps: int) -> None:
    """All arms; a row of the page's table for each."""
    words = ["name=flat", "method=cinn", "method.space=rgb", "method.net.shrink=1",
             "method.width=8", "method.net.blocks=[4,4]", "data.size=32",
             "method/schedule=constant", f"trainer.max_steps={steps}"]  # fmt: skip
    pictures = build(compose("train", words).data)
    traces = {}
    print(
        "| dequantisation | training, last 20 | held out, last | held out, worst | samples finite |"
    )
    for name, (dequantise, noise, clamp, norm) in ARMS.items():
        own = [
            f"method.learning.dequantise={dequantise}",
            f"method.learning.noise={noise}",
            f"method.net.clamp={clamp}",
        ]
        trace = traces[name] = trained(pictures, compose("train", words + own).method, steps, norm)
        values = list(trace.held_out.values())
        last = sum(trace.train[-20:]) / len(trace.train[-20:])
        print(
            f"| {name} | {last:.2f} | {values[-1]:.3g} | {max(values):.3g} | {trace.finite:.2f} |",
            flush=True,
        )
    save_curves(traces)
    save_samples(traces, pictures[[int(group[0]) for group in pictures.drawings("val")][:SHOWN]])


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["2500"])[0]))
