"""Training that can be killed at any moment and goes on to the same bits.

A state is taken between two steps: after a step's metrics are written and its validation is done,
before the next batch. Everything else follows from how many batches have been seen: the order of
the pictures, all random numbers, the rows of metrics.jsonl. Lightning's own resuming is not used:
it has rules of its own for each place where a checkpoint can be made, which lose or repeat batches,
validations and rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from colorlab.errors import CheckpointError, ColorlabError, NumericError, StoppedError
from colorlab.runs.checkpoint import FORMAT, Found, fill, nbytes, save_state
from colorlab.storage.files import require_space
from colorlab.training.signals import SIGTERM, StopRequest


def batches_done(trainer: Trainer) -> int:
    """Batches trained on, by the one count there is: the method's own, which is saved with its
    weights."""
    return int(trainer.lightning_module.method.batches_seen)  # type: ignore[arg-type,union-attr]


def steps_done(trainer: Trainer) -> int:
    """Steps of one optimizer; what trainer.max_steps counts."""
    return batches_done(trainer) // trainer.accumulate_grad_batches


def state_of(trainer: Trainer, module: LightningModule) -> dict[str, Any]:
    """All that training changes, as plain containers."""
    state = {
        "format": FORMAT,
        "step": steps_done(trainer),
        "position": batches_done(trainer),
        "state_dict": module.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
        "schedules": [config.scheduler.state_dict() for config in trainer.lr_scheduler_configs],
        "callbacks": {
            callback.state_key: callback.state_dict() for callback in _callbacks(trainer)
        },
    }
    for callback in _callbacks(trainer):
        callback.on_save_checkpoint(trainer, module, state)
    return state


def restore(trainer: Trainer, module: Any, found: Found) -> None:
    """Put a state back, after Lightning's setup and before the first batch."""
    try:
        _put_back(trainer, module, found)
    except ColorlabError:
        raise
    except Exception as error:  # what is in it is whole, but another training's, or a stranger's
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise CheckpointError(f"{found.path} does not fit this training: {reason}") from error


def _put_back(trainer: Trainer, module: Any, found: Found) -> None:
    state = found.state
    fill(module, state.get("current_model_state", state["state_dict"]), found.path)
    for optimizer, its in zip(trainer.optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(its)
    for config, its in zip(trainer.lr_scheduler_configs, state["schedules"], strict=True):
        config.scheduler.load_state_dict(its)
    for callback in _callbacks(trainer):
        callback.on_load_checkpoint(trainer, module, state)
        callback.load_state_dict(state["callbacks"][callback.state_key])
    _count_from(trainer, module, state["position"])


def _callbacks(trainer: Trainer) -> list[Callback]:
    return [callback for callback in trainer.callbacks if callback.state_dict()]  # type: ignore[attr-defined]


def _count_from(trainer: Trainer, module: Any, batches: int) -> None:
    """Let Lightning's counters say that so many batches are behind. They decide on the end of
    training, validations, rows of metrics and the weight average; all else of a fresh fit is right
    as it is."""
    loop, steps = trainer.fit_loop.epoch_loop, batches // trainer.accumulate_grad_batches
    loop.batch_progress.total.increment_by(batches)
    loop._batches_that_stepped = steps
    by_lightning = loop.automatic_optimization.optim_progress
    by_hand = loop.manual_optimization.optim_step_progress
    taken = by_lightning.optimizer.step if module.automatic_optimization else by_hand
    taken.total.increment_by(steps * module.method.optimizer_steps)


class Checkpoints(Callback):
    """Saves the state every ``every`` steps, at the end and when a signal asks to stop; puts
    ``found`` back to begin.

    It must come before callbacks that count steps, and before the weight average, which ends by
    replacing the weights. Of several processes, the first saves."""

    def __init__(self, folder: Path, every: int, found: Found | None, stop: StopRequest) -> None:
        self.folder, self.every, self.found, self.stop = folder, every, found, stop
        self.saved = found.state["step"] if found else 0

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if self.found:
            restore(trainer, module, self.found)
            self.found = None
        elif trainer.is_global_zero:
            moments = 2 * nbytes(list(module.parameters()))  # of the optimizer, still to come
            # the last two, and the next before one goes
            needed = 3 * (nbytes(state_of(trainer, module)) + moments)
            require_space(self.folder.parent, needed)
        self.stop.listen()

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if batches_done(trainer) % trainer.accumulate_grad_batches:
            return
        stopped = trainer.strategy.reduce_boolean_decision(self.stop.number is not None, all=False)
        if stopped or steps_done(trainer) % self.every == 0:
            self.save(trainer, module)
        if stopped:
            name = "SIGTERM" if self.stop.number in (None, SIGTERM) else "SIGINT"
            raise StoppedError(
                f"stopped by {name} after step {steps_done(trainer)} (resume=auto goes on from "
                "there)",
                self.stop.number or SIGTERM,
            )

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self.save(trainer, module)

    def save(self, trainer: Trainer, module: LightningModule) -> None:
        """Unless this step is saved already. NumericError: the weights are not finite; the last
        good ones are kept."""
        step = steps_done(trainer)
        if step == self.saved:
            return
        if not torch.stack([p.isfinite().all() for p in module.parameters()]).all():
            raise NumericError(
                f"weights are not finite after step {step}; the last good checkpoint is of step "
                f"{self.saved} (lower method.optimizer.lr, or set trainer.precision=32-true)"
            )
        if trainer.is_global_zero:
            save_state(state_of(trainer, module), self.folder)
        self.saved = step
