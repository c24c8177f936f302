"""Tints: a small net paints the drawing anew from each code; of a few colourings only the best one
learns.

Multiple choice learning (Guzman-Rivera, Batra and Kohli, 2012): the loss is that of the best of
several guesses, so the net keeps several good answers instead of their mean."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import Method, OptimizerFactory, ScheduleFactory
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition


class Tint(Method):
    """A small net from a drawing and a code to a colouring.

    width: channels. codes: numbers in a code. guesses: colourings of a picture, of which the best
    one learns."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        codes: int,
        guesses: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        self.codes, self.guesses = codes, guesses
        self.net = nn.Sequential(
            nn.Conv2d(1 + codes, width, 5, padding=2), nn.SiLU(),
            nn.Conv2d(width, width, 5, padding=2), nn.SiLU(),
            nn.Conv2d(width, 3, 1), nn.Sigmoid(),
        )  # fmt: skip

    def loss(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        """The mean absolute error of the best guess; beside it that of the first."""
        guesses = torch.stack([self.paint(batch.image, draws) for _ in range(self.guesses)], dim=1)
        errors = (guesses - batch.rgb[:, None]).abs().mean(dim=(2, 3, 4))  # (B, guesses)
        return {"loss": errors.amin(dim=1).mean(), "first": errors[:, 0].mean()}

    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """(B, n, 3, H, W) in [0, 1], painted one by one: the same bits in any batch.

        ConfigError: there are guides or hints."""
        if guides or condition.hints is not None:
            raise ConfigError(
                "tints take no guides and no hints (leave guide=, bias= and hints= out)"
            )
        rows = draws.candidates(n)
        painted = [
            self.paint(condition.image[r // n][None], rows.rows(r, r + 1)) for r in range(len(rows))
        ]
        return torch.cat(painted).unflatten(0, (-1, n))

    def paint(self, image: Tensor, draws: Draws) -> Tensor:
        """(B, 1, H, W) in [0, 1] -> (B, 3, H, W) in [0, 1], from the next code of each row."""
        code = draws.normal(self.codes, device=image.device)[:, :, None, None]
        return self.net(torch.cat([image, code.expand(-1, -1, *image.shape[-2:])], dim=1))
