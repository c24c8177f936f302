"""A Piggyback on a tiny prior, and what its tests do with it."""

from __future__ import annotations

import copy
import dataclasses
from functools import cache
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.color import luma
from colorlab.draws import Draws
from colorlab.methods.piggyback import Piggyback
from colorlab.types import Batch, Condition, Hints
from tests.tiny_prior import tiny_folder

RGB = F.interpolate(
    torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(5)), scale_factor=4
)
BATCH = Batch(RGB, luma(RGB), torch.tensor([10, 11]), ["red car", "a"], torch.tensor([-1, -1]))


@cache
def small() -> DictConfig:
    keys = ("latent.prior=none", "sampler.steps=2", "hints.superpixels=20", "micro_batch=2")
    return compose(
        "train",
        ["name=x", "method=piggyback", "trainer.max_steps=4", *(f"method.{key}" for key in keys)],
    )


def made(prior: Path, *overrides: str) -> Piggyback:
    cfg = copy.deepcopy(small())
    cfg.method.merge_with_dotlist([f"latent.prior={prior}", *overrides])
    torch.manual_seed(0)
    return build(cfg.method)


def stirred(method: Piggyback) -> Piggyback:
    """As if it had learned something: new layers moved away from zero."""
    generator = torch.Generator().manual_seed(0)
    for parameter in method.net.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    return method.eval().requires_grad_(False)


def descend(method: Piggyback, steps: int = 2) -> None:
    optimizer = method.optimizers()[0].optimizer
    for at in range(steps):
        optimizer.zero_grad()
        method.loss(BATCH, Draws(0, [10, 11], [at] * 2, "train"))["loss"].backward()
        optimizer.step()


def drawn(method: Piggyback, n: int = 2, guides=(), hints=None, text: str = "red car") -> Tensor:
    """(1, n, 3, 32, 32) of the first picture."""
    shown = hints and Hints(hints.rgb[:1], hints.mask[:1])
    return method.sample(Condition(BATCH.image[:1], shown, [text]), n, Draws(0, [10]), guides)


def put(method: Piggyback, monkeypatch: pytest.MonkeyPatch, group: str, **values) -> None:
    monkeypatch.setattr(method, group, dataclasses.replace(getattr(method, group), **values))


def changed(method: Piggyback, monkeypatch: pytest.MonkeyPatch, group: str, **values) -> Tensor:
    put(method, monkeypatch, group, **values)
    return drawn(method)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("clip"), "clip")


@pytest.fixture(scope="module")
def learned(clip: Path) -> Piggyback:
    return stirred(made(clip))
