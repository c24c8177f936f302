"""Drawings whose right colours are known: an outlined square on white paper, filled red or blue
with equal odds."""

from __future__ import annotations

import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.types import Batch, Condition

SIDE, ROWS = 16, 16
RED, BLUE = torch.tensor([0.9, 0.1, 0.1]), torch.tensor([0.1, 0.2, 0.9])
INSIDE = (slice(5, 11), slice(5, 11))


def drawings(step: int) -> Batch:
    """Sixteen of them; the same for the same step."""
    draws = Draws(0, range(ROWS), [step] * ROWS, "toy")
    red = draws.uniform() < 0.5
    image, rgb = torch.ones(ROWS, 1, SIDE, SIDE), torch.ones(ROWS, 3, SIDE, SIDE)
    image[..., 4:12, 4:12], rgb[..., 4:12, 4:12] = 0, 0
    image[..., 5:11, 5:11] = 1
    rgb[..., 5:11, 5:11] = torch.where(red[:, None], RED, BLUE)[:, :, None, None]
    return Batch(rgb, image, torch.arange(ROWS), [""] * ROWS, torch.zeros(ROWS))


def trained(name: str, steps: int, *overrides: str, seed: int = 0):
    """A small adversarial method after so many batches, without Lightning."""
    words = [
        "method.width=8",
        "method.critic.width=8",
        "method.optimizer.lr=2e-3",
        f"trainer.max_steps={steps}",
    ]
    torch.manual_seed(seed)
    method = build(compose("train", ["name=t", f"method={name}", *words, *overrides]).method)
    optimizers, schedules = zip(*method.optimizers(), strict=True)
    for step in range(steps):
        batch, draws = drawings(step), Draws(0, range(ROWS), [step] * ROWS, "train")
        made = method.made(batch, draws)
        seen = {key: value.detach() for key, value in made.items()}
        descend(optimizers[1], method.discriminator_loss(batch, seen, draws)["loss"])
        descend(optimizers[0], method.generator_loss(batch, made)["loss"])
        for schedule in schedules:
            schedule.step()
    return method.eval()


def descend(optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def fillings(method, n: int) -> torch.Tensor:
    """(n, 3) the mean colours that n candidates of the square have inside."""
    drawn = method.sample(Condition(drawings(0).image[:1]), n, Draws(0, [0]))[0]
    return drawn[..., INSIDE[0], INSIDE[1]].mean((2, 3))


def share_of_red(method, n: int = 32) -> tuple[float, float]:
    """Among candidates that are nearer than 0.25 to one of the colours: the share of red. And the
    share of those."""
    colors = torch.cdist(fillings(method, n), torch.stack([RED, BLUE]))
    right = colors.amin(1) < 0.25
    return float((colors.argmin(1)[right] == 0).float().mean()), float(right.float().mean())
