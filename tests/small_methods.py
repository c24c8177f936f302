"""Small untrained methods whose answers depend on everything that they are shown."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws


def stirred(words: list[str], by: float = 0.1) -> Any:
    """The method of a training's words, its weights moved by so much: layers that begin at zero say
    something too."""
    torch.manual_seed(0)
    built = build(compose("train", words).method).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for parameter in built.parameters():
        parameter += by * torch.randn(parameter.shape, generator=generator)
    return built


def image(height: int = 32, width: int = 32) -> Tensor:
    """(1, 1, H, W) in [0, 1]."""
    return Draws(0, [1]).uniform(1, height, width)
