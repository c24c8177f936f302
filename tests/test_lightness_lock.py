"""Whatever a method draws, colourings of a gray picture have exactly its lightness: in evaluations
and from files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from colorlab.color import lab_of, luma
from colorlab.draws import Draws
from colorlab.sampling.options import SamplingOptions
from colorlab.sampling.pictures import Shown, colorings
from colorlab.sampling.splits import colored
from colorlab.types import Batch

RGB = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
OPTIONS = SamplingOptions(n=3, seed=0)


class Noise:
    """A method in RGB that does not care for what it is shown."""

    own_size = cut = False

    def sample(self, condition: Any, n: int, draws: Draws, guides: Any) -> torch.Tensor:
        return draws.candidates(n).uniform(3, *condition.image.shape[-2:])[None]


class Pictures:
    """Two pictures."""

    def __init__(self, condition: str) -> None:
        self.condition = condition

    def __getitem__(self, index: int) -> Batch:
        rgb = RGB[index : index + 1]
        return Batch(rgb, luma(rgb), torch.tensor([index]), [""], torch.zeros(1))


def off(pictures: torch.Tensor, gray: torch.Tensor) -> float:
    """Largest difference in lightness, L*."""
    return float((lab_of(pictures)[:, 0] - lab_of(gray.expand(1, 3, -1, -1))[:, 0]).abs().max())


@pytest.mark.parametrize(("condition", "kept"), [("gray", True), ("lines", False)])
def test_evaluations_judge_colourings_of_the_gray_pictures_lightness(
    condition: str, kept: bool
) -> None:
    for index, drawn in enumerate(colored(Noise(), Pictures(condition), [0, 1], OPTIONS)):
        assert drawn.shape == (3, 3, 32, 32)
        assert (off(drawn, luma(RGB[index : index + 1])) < 0.3) == kept


def test_a_gray_file_of_the_trained_size_keeps_its_lightness() -> None:
    gray = luma(RGB[:1])
    for pixels in colorings(Shown(gray, None, (32, 32), True, None), Noise(), [], OPTIONS):
        assert off(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255, gray) < 1
        assert isinstance(pixels, np.ndarray)
