"""Methods under Lightning: a shell trains the plain module within it, with one optimizer or with
several in turn.

All that is training and not method is here: the draws of each batch, what is logged, means over
held-out pictures, clipping, the averaging of gradients over processes. The weights of a shell are
the method's, under their own names."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from colorlab.draws import Draws
from colorlab.errors import NumericError
from colorlab.methods.adversarial import Adversarial
from colorlab.methods.base import Losses, Method
from colorlab.types import Batch

# pictures of a batch -> its mean losses by name
Validated = dict[tuple[int, ...], dict[str, float]]


def shell_of(method: Method, clip: float | None = None) -> Shell:
    """The shell that trains a method. clip: the largest norm of each optimizer's gradients where a
    shell steps by hand, None = any; elsewhere it is Lightning's ``gradient_clip_val``."""
    return AlternatingShell(method, clip) if isinstance(method, Adversarial) else Shell(method)


class Shell(LightningModule):
    """Trains a method with one optimizer."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method
        self.validated: Validated = {}
        self.register_state_dict_post_hook(_without_prefix)
        self.register_load_state_dict_pre_hook(_with_prefix)

    def configure_optimizers(self) -> Any:
        ((optimizer, schedule),) = self.method.optimizers()
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_fit_start(self) -> None:
        self.method.begin_training()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        losses = self.method.loss(batch, self.training_draws(batch))
        self.require_finite(losses["loss"], batch)
        self.method.batches_seen += 1
        self.log_losses(losses, batch)
        return losses["loss"]

    def training_draws(self, batch: Batch) -> Draws:
        """Random numbers of the next batch, a row per picture."""
        at = int(self.method.batches_seen)
        return Draws(self.method.seed, batch.index.tolist(), [at] * len(batch.index), "train")

    def require_finite(self, loss: Tensor, batch: Batch) -> None:
        """NumericError: the loss is NaN or infinite."""
        if not torch.isfinite(loss):
            raise NumericError(
                f"the loss is {loss.item()} at batch {int(self.method.batches_seen)}, pictures "
                f"{batch.index.tolist()[:8]} (lower method.optimizer.lr, or set "
                "trainer.precision=32-true)"
            )

    def log_losses(self, losses: Losses, batch: Batch) -> None:
        """As train/<name>."""
        if self.trainer._results is not None:
            # Lightning repeats the last value of what is no longer logged, until killed
            self.trainer._results.clear()
        self.log_dict(
            {f"train/{name}": value.detach() for name, value in losses.items()},
            batch_size=len(batch.index),
        )

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        losses = self.method.validate(
            batch, Draws(self.method.seed, batch.index.tolist(), purpose="val")
        )
        self.validated[tuple(batch.index.tolist())] = {
            name: float(value) for name, value in losses.items()
        }

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
        """Lightning's own refuses fused optimizers under bf16, where no gradient is scaled and none
        need be."""
        if gradient_clip_val:
            nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)

    def on_fit_end(self) -> None:
        """A run's folder gets what its method exports; a training without a run has none."""
        folder = Path(self.trainer.default_root_dir)
        if self.trainer.is_global_zero and (folder / "config.yaml").is_file():
            self.method.export(folder)


class AlternatingShell(Shell):
    """Trains a method with a discriminator: one step of it, then one of all else, from one
    colouring of each batch."""

    method: Adversarial

    def __init__(self, method: Adversarial, clip: float | None) -> None:
        super().__init__(method)
        self.automatic_optimization, self.clip = False, clip

    def configure_optimizers(self) -> Any:
        pairs = self.method.optimizers()
        return [pair.optimizer for pair in pairs], [pair.schedule for pair in pairs]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        method, draws = self.method, self.training_draws(batch)
        made = method.made(batch, draws)
        seen = {name: value.detach() for name, value in made.items()}
        judged = self.descend(1, lambda: method.discriminator_loss(batch, seen, draws), batch)
        losses = self.descend(0, lambda: method.generator_loss(batch, made), batch)
        for schedule in self.lr_schedulers():  # type: ignore[union-attr]
            schedule.step()  # type: ignore[call-arg]
        method.batches_seen += 1
        self.log_losses(losses | {"discriminator": judged["loss"]}, batch)
        return losses["loss"]

    def descend(self, which: int, losses_of: Callable[[], Losses], batch: Batch) -> Losses:
        """One step of one optimizer; the parameters of the other are constants meanwhile.

        Processes average their gradients here: DDP's reducer would wait for those that have no part
        in the loss."""
        optimizer: Any = self.optimizers()[which]  # type: ignore[index]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        with optimizer.toggle_model(sync_grad=False):
            losses = losses_of()
            self.require_finite(losses["loss"], batch)
            optimizer.zero_grad()
            self.manual_backward(losses["loss"])
        self.average_gradients(parameters)
        if self.clip:
            nn.utils.clip_grad_norm_(parameters, self.clip)
        optimizer.step()
        return {name: value.detach() for name, value in losses.items()}

    def average_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Over all processes, in one message."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.trainer.world_size == 1 or not gradients:
            return
        flat = torch.cat([g.reshape(-1) for g in gradients])
        mean = self.trainer.strategy.reduce(flat, reduce_op="mean")
        for gradient, part in zip(
            gradients, mean.split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))


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
        name: math.fsum(len(pictures) * losses[name] for pictures, losses in validated.items())
        / count
        for name in names
    }


def _without_prefix(shell: nn.Module, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    """After a shell's tensors are listed: those of its method, under the method's own names."""
    for name in [name for name in state if name.startswith(f"{prefix}method.")]:
        state[prefix + name.removeprefix(f"{prefix}method.")] = state.pop(name)


def _with_prefix(shell: nn.Module, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    """The inverse of ``_without_prefix``, before a shell is filled."""
    for name in [name for name in state if name.startswith(prefix)]:
        state[f"{prefix}method.{name.removeprefix(prefix)}"] = state.pop(name)
