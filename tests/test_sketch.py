"""Starting from a picture: all of it, none of it, and what lies between."""

from __future__ import annotations

import pytest
import torch

from colorlab.draws import Draws
from colorlab.samplers.sketch import Sketch
from colorlab.types import Condition
from tests.toy import FlatColors, noisy_start, sampler_of

COLORS = torch.tensor([[0.8, -0.8, -0.8], [-0.8, 0.8, -0.8]])


def sampled(picture: torch.Tensor, at: float, n: int = 8) -> torch.Tensor:
    """Pictures (n, 3, 8, 8) of a model that knows two colours, from a flat picture in [-1, 1]."""
    sampler, draws = sampler_of("ddim"), Draws(0, [0]).candidates(n)
    pictures = ((picture[None, :, None, None] + 1) / 2).expand(1, -1, 8, 8)
    guide = Sketch(pictures, at)
    denoise = guide.edit(FlatColors(COLORS).denoise, Condition(torch.ones(1, 1, 8, 8)), draws)
    return sampler(denoise, noisy_start(sampler, torch.zeros(n, 3, 8, 8), draws), draws)


def test_at_one_the_picture_comes_back_whatever_the_model_knows() -> None:
    picture = torch.tensor([0.1, 0.2, 0.3])
    assert (sampled(picture, 1.0) - picture[:, None, None]).abs().max() < 1e-4


def test_at_zero_the_model_alone_decides() -> None:
    nearest = FlatColors(COLORS).nearest(sampled(COLORS[0], 0.0, 32))
    assert len(nearest.unique()) == 2


def test_between_the_model_finishes_what_the_picture_begins() -> None:
    near_red = torch.tensor([0.5, -0.5, -0.5])
    pictures = sampled(near_red, 0.5, 32)
    assert (FlatColors(COLORS).nearest(pictures) == 0).all()
    assert (pictures.mean((2, 3)) - COLORS[0]).abs().max() < 0.1


def test_candidates_take_the_pictures_in_turn() -> None:
    pictures = torch.stack([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)])
    draws = Draws(0, [0]).candidates(3)
    denoise = Sketch(pictures, 1.0).edit(lambda x, a: x, Condition(torch.ones(1, 1, 4, 5)), draws)
    assert denoise(torch.zeros(3, 3, 4, 5), 0.5)[:, 0, 0, 4].tolist() == [-1.0, 1.0, -1.0]
    with pytest.raises(ValueError, match="level"):
        Sketch(pictures, 1.5)
