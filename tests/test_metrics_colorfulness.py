"""Colourfulness against numpy, and its known answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from colorlab.metrics.colorfulness import Colorfulness, colorfulness
from colorlab.metrics.drawing import Drawing


def by_numpy(rgb, absolute):
    r, g, b = np.moveaxis(rgb.astype(np.float64), 2, 0)
    rg, yb = r - g, (r + g) / 2 - b
    rg, yb = (abs(rg), abs(yb)) if absolute else (rg, yb)
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


@pytest.mark.parametrize(("absolute", "known"), [(False, 72.61), (True, 71.37)])
def test_a_photograph_has_the_known_value(absolute, known):
    picture = torch.from_numpy(astronaut()).movedim(2, 0)[None].double() / 255
    value = colorfulness(picture, absolute).item()
    assert value == pytest.approx(by_numpy(astronaut(), absolute), rel=1e-9)
    assert value == pytest.approx(known, abs=0.005)


def test_gray_has_none_and_a_flat_red_has_its_mean_only():
    red = torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1).expand(1, 3, 16, 16)
    assert colorfulness(red, False).item() == pytest.approx(0.3 * np.hypot(255, 127.5))
    assert colorfulness(
        red.mean(1, keepdim=True).expand(1, 3, 16, 16), False
    ).item() == pytest.approx(0, abs=1e-5)


def test_the_difference_is_to_the_first_truth():
    pictures = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    values = Colorfulness().measure(
        Drawing(pictures[:2], torch.ones(1, 16, 16), pictures[2:], 0, "none")
    )
    for name in ("signed", "absolute", "chroma"):
        assert values[f"{name}_delta"].item() == pytest.approx(
            (values[name] - values[f"{name}_truth"]).item()
        )
    assert values["signed_truth"].item() == pytest.approx(colorfulness(pictures[2:3], False).item())
