"""What every method is: given what is shown, draw n colour pictures; and given true pictures, a loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from colorlab.draws import Draws
from colorlab.errors import NumericError
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition

OptimizerFactory = Callable[..., torch.optim.Optimizer]
ScheduleFactory = Callable[..., torch.optim.lr_scheduler.LRScheduler]
Validated = dict[tuple[int, ...], dict[str, float]]  # pictures of a batch -> its mean losses by name


class Method(LightningModule):
    """A colorizer under Lightning. A subclass gives ``loss`` and ``sample``.

    seed: of the training draws. optimizer, schedule: factories (Hydra's ``_partial_``). conditions: the kinds of
    ``data.condition`` it can be shown. optimizer_steps: how many a batch takes; more than one with a discriminator.
    takes_text: whether it reads the condition's text; it then has a key ``negative``, the prompt to keep away from, and
    where ``cut`` is set shortens what is too long, instead of a ConfigError."""

    conditions: tuple[str, ...] = ("lines", "gray")
    optimizer_steps = 1
    takes_text, cut = False, False
    batches_seen: Tensor

    def __init__(self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory) -> None:
        super().__init__()
        self.seed, self.optimizer, self.schedule = seed, optimizer, schedule
        self.register_buffer("batches_seen", torch.zeros((), dtype=torch.long))
        self.validated: Validated = {}

    def loss(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        """One number a name; "loss" is minimised, the rest is logged."""
        raise NotImplementedError

    def sample(self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()) -> Tensor:
        """n colourings of each picture shown: (B, n, 3, H, W) in [0, 1]. draws has one row a picture."""
        raise NotImplementedError

    def prepare(self, pictures: Any) -> None:
        """What a method learns from the training pictures before the first step (colour statistics, priors)."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        at = int(self.batches_seen)
        losses = self.loss(batch, Draws(self.seed, batch.index.tolist(), [at] * len(batch.index), "train"))
        self.batches_seen += 1
        if not torch.isfinite(losses["loss"]):
            raise NumericError(
                f"the loss is {losses['loss'].item()} at batch {at}, pictures {batch.index.tolist()[:8]} "
                "(lower method.optimizer.lr, or set trainer.precision=32-true)"
            )
        if self.trainer._results is not None:
            self.trainer._results.clear()  # Lightning repeats the last value of what is no longer logged, until killed
        self.log_dict({f"train/{name}": value.detach() for name, value in losses.items()}, batch_size=len(batch.index))
        return losses["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        losses = self.loss(batch, Draws(self.seed, batch.index.tolist(), purpose="val"))
        self.validated[tuple(batch.index.tolist())] = {name: float(value) for name, value in losses.items()}

    def on_validation_epoch_end(self) -> None:
        means = picture_means(over_processes(self.validated))
        self.log_dict({f"val/{name}": value for name, value in means.items()})
        self.validated.clear()

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Lightning's own refuses fused optimizers under bf16, where no gradient is scaled and none need be."""
        if gradient_clip_val:
            torch.nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer(self.parameters())
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": self.schedule(optimizer), "interval": "step"}}


def over_processes(mine: Validated) -> Validated:
    """What all processes have validated, each batch once even if several had it."""
    if not dist.is_initialized():
        return mine
    everyone: list[Validated] = [{}] * dist.get_world_size()
    dist.all_gather_object(everyone, mine)
    return {pictures: losses for one in everyone for pictures, losses in one.items()}


def picture_means(validated: Validated) -> dict[str, float]:
    """Means over pictures, to the same bits in any order of the batches."""
    names = {name: None for losses in validated.values() for name in losses}
    count = sum(len(pictures) for pictures in validated)
    return {
        name: math.fsum(len(pictures) * losses[name] for pictures, losses in validated.items()) / count
        for name in names
    }


def in_channels_last(net: nn.Module) -> nn.Module:
    """The net with its convolutions' weights in the memory order that both CPU and GPU convolutions are fastest in."""
    return net.to(memory_format=torch.channels_last)
