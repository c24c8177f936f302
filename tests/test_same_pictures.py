"""The shipped models draw what they drew, on any machine: three small pictures are kept, and may
differ by two 8-bit steps. After a change that is meant to change them:  python -m
tests.test_same_pictures"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from colorlab.draws import Draws
from colorlab.runs.run import open_run
from colorlab.samplers.guides import Bias, Inpaint
from colorlab.types import Condition, Hints

HERE = Path(__file__).parent / "pictures"
SIDE = 32
KEPT = ("c8", "c16", "c8-hints")
STEPS = {"c8": 4, "c16": 3, "c8-hints": 4}
SEED = 6


def drawing() -> Tensor:
    """(1, 1, SIDE, SIDE): a disc in a box, one on the paper."""
    y, x = torch.meshgrid(torch.arange(SIDE) - 15.5, torch.arange(SIDE) - 15.5, indexing="ij")
    ring = ((x.square() + y.square()).sqrt() - 7).abs() < 1
    box = (torch.maximum(x.abs(), y.abs()) - 12).abs() < 1
    return 1 - (ring | box).float()[None, None]


def drawn(name: str) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8."""
    method = open_run(f"pretrained/gpic-openmoji-{name.split('-')[0]}").method(steps=STEPS[name])
    condition, guides = Condition(drawing()), []
    if name.endswith("hints"):
        mask = torch.zeros(1, 1, SIDE, SIDE)
        mask[..., 14:18, 14:18] = 1
        red = torch.tensor([0.9, 0.2, 0.1])[None, :, None, None].expand(1, 3, SIDE, SIDE)
        condition, guides = (
            condition._replace(hints=Hints(red, mask)),
            [Bias("#3366ff"), Inpaint("noised", 1, 0.04)],
        )
    rgb = method.sample(condition, 2, Draws(SEED, [0]), guides)[0, 1]
    return (rgb * 255).round().byte().permute(1, 2, 0).numpy()


@pytest.mark.parametrize("name", KEPT)
def test_a_shipped_model_draws_the_picture_that_is_kept(name: str) -> None:
    kept = np.asarray(Image.open(HERE / f"{name}.png"), int)
    assert np.abs(drawn(name).astype(int) - kept).max() <= 2


def test_the_kept_pictures_are_coloured_and_differ() -> None:
    kept = [np.asarray(Image.open(HERE / f"{name}.png"), int) for name in KEPT]
    assert all((each.max(2) - each.min(2) > 60).mean() > 0.1 for each in kept)
    assert min(np.abs(a - b).max() for a, b in pairwise(kept)) > 60


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for each in KEPT:
        Image.fromarray(drawn(each)).save(HERE / f"{each}.png", optimize=True)
