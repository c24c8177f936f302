"""What every method is: given what is shown, draw n colour pictures; and given true pictures, a
loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from colorlab.draws import Draws
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition, Likelihood

OptimizerFactory = Callable[..., torch.optim.Optimizer]
ScheduleFactory = Callable[..., torch.optim.lr_scheduler.LRScheduler]
Losses = dict[str, Tensor]  # one number per name; "loss" is minimised, the rest is logged


class Optimized(NamedTuple):
    """An optimizer of some of a method's parameters, and the schedule of its learning rate, a step
    per batch."""

    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler


class Method(nn.Module):
    """A colorizer. A subclass gives ``loss`` and ``sample``; ``colorlab.training.shells`` trains
    it.

    seed: of the training draws. optimizer, schedule: factories, as a configuration's ``_partial_``
    makes them.

    A class says about itself:
        conditions       kinds of ``data.condition`` that it can be shown
        optimizer_steps  how many a batch takes; two with a discriminator
        trains_in_turn   whether a batch may leave some parameters that learn without a gradient
        takes_text       whether it reads the condition's text
        own_size         whether it colours drawings of any size at their own, under their lines
    and whoever samples with it may set:
        cut              shorten a text that is too long, instead of a ConfigError
        bf16             sample in bfloat16 where the method can: previews

    batches_seen () int64: batches trained on, saved with the weights."""

    conditions: tuple[str, ...] = ("lines", "gray")
    optimizer_steps = 1
    trains_in_turn = False
    takes_text = False
    own_size = False
    cut = False
    bf16 = False
    batches_seen: Tensor

    def __init__(self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory) -> None:
        super().__init__()
        self.seed, self.optimizer, self.schedule = seed, optimizer, schedule
        self.register_buffer("batches_seen", torch.zeros((), dtype=torch.long))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.batches_seen.device

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """What training minimises, "loss", and what it logs beside it. draws: one row per
        picture."""
        raise NotImplementedError

    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """n colourings of each picture shown: (B, n, 3, H, W) in [0, 1]. draws has one row per
        picture."""
        raise NotImplementedError

    def prepare(self, pictures: Any) -> None:
        """What a method learns from the training pictures before the first step
        (colour statistics, priors)."""

    def begin_training(self) -> None:
        """What is settled before the first batch of a training or of its resumption, on the device
        that trains."""

    def likelihood(self, batch: Batch, draws: Draws) -> Likelihood | None:
        """Of a batch's true colours. None for a method without an exact one. draws: one row per
        picture."""
        return None

    def validate(self, batch: Batch, draws: Draws) -> Losses:
        """What is logged of a held-out batch: the loss, unless a method has more to say."""
        return self.loss(batch, draws)

    def optimizers(self) -> list[Optimized]:
        """Which parameters each optimizer owns: one for all, unless a method has several."""
        return [self.optimized(self.parameters())]

    def optimized(self, parameters: Iterable[nn.Parameter]) -> Optimized:
        """The configured optimizer of some parameters, with the configured schedule."""
        optimizer = self.optimizer(parameters)
        return Optimized(optimizer, self.schedule(optimizer))

    def export(self, folder: Path) -> None:
        """What a finished run's folder holds besides the weights."""


def evenly_spread(positions: np.ndarray, count: int) -> list[int]:
    """``count`` of the positions (N,), from the first to the last at equal distances; of fewer,
    some repeatedly."""
    return positions[torch.linspace(0, len(positions) - 1, count).long().numpy()].tolist()


def in_channels_last(net: nn.Module) -> nn.Module:
    """The net with its convolutions' weights in the memory order that both CPU and GPU convolutions
    are fastest in."""
    return net.to(memory_format=torch.channels_last)


def rates_of(optimizer: OptimizerFactory, schedule: ScheduleFactory, steps: int) -> list[float]:
    """What a schedule makes of the rate at each step, in units of the optimizer's."""
    probe = optimizer([nn.Parameter(torch.zeros(1))])
    rate = probe.param_groups[0]["lr"]
    stepped, rates = schedule(probe), []
    for _ in range(steps):
        rates.append(probe.param_groups[0]["lr"] / rate)
        probe.step()
        stepped.step()
    return rates


def slowed(optimized: Optimized, group: int, share: float) -> Optimized:
    """The same with a group of parameters that learns at a share of the rate, at every step."""
    optimizer, schedule = optimized
    for key in {"lr", "initial_lr", "max_lr", "min_lr"} & optimizer.param_groups[group].keys():
        optimizer.param_groups[group][key] *= share
    schedule.base_lrs[group] *= share
    return optimized
