"""Rows that need no method, on four made-up training pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from colorlab.color import lab_of, luma
from colorlab.data.pictures import PicturePairs
from colorlab.data.transforms import Augment
from colorlab.evaluation.baselines import as_it_is, other_truths, rows, truths_of

COLORS = ((255, 0, 0), (0, 128, 0), (0, 0, 255), (250, 250, 0))
SIDE = 32


def drawing(row: int) -> np.ndarray:
    """Paper with one stroke across."""
    line = np.full((SIDE, SIDE), 255, np.uint8)
    line[row : row + 2] = 0
    return line


class Toy(PicturePairs):
    """Four training pictures, each of one colour under a stroke of its own, and the first drawing
    again for testing."""

    def __init__(self, condition: str) -> None:
        lines = [drawing(row) for row in (4, 12, 20, 28, 4)]
        flat = [
            np.array(color, np.uint8)[:, None, None] * (line > 0)
            for color, line in zip((*COLORS, COLORS[0]), lines, strict=True)
        ]
        pixels = np.stack(
            [np.concatenate([rgb, line[None]]) for rgb, line in zip(flat, lines, strict=True)]
        )
        super().__init__(pixels, None, condition, Augment(0, 0, 0))
        self.names, self.captions = list("abcde"), [""] * 5
        self.drawing = np.array([0, 1, 2, 3, 0])
        self.splits = {"train": np.arange(4), "val": np.arange(0), "test": np.array([4])}


def drawn(row: str, condition: str = "lines", n: int = 3) -> tuple[Tensor, Tensor]:
    """A row's candidates for the test drawing, and the drawing."""
    pictures = Toy(condition)
    image = pictures[4].image
    return rows(pictures)[row].draw(image, pictures[4].rgb, n), image


def test_the_uncoloured_row_shows_the_condition_n_times() -> None:
    candidates, image = drawn("condition")
    assert torch.equal(candidates, image.expand(3, 3, -1, -1))


def test_the_gray_row_is_the_truth_without_colour_where_the_condition_is_not_that_already() -> None:
    candidates, image = drawn("gray")
    assert torch.allclose(candidates, luma(Toy("lines")[4].rgb).expand(3, 3, -1, -1))
    assert not torch.equal(candidates, image.expand(3, 3, -1, -1))
    assert "gray" not in rows(Toy("gray"))


def test_the_mean_colour_lies_under_the_ink() -> None:
    candidates, image = drawn("mean")
    paper = image[0, 0] == 1
    expected = Toy("lines")[[0, 1, 2, 3]].rgb.mean((0, 2, 3))
    assert torch.allclose(
        candidates[0][:, paper], expected[:, None].expand(-1, int(paper.sum())), atol=1e-6
    )
    assert candidates[:, :, ~paper].max() == 0 and torch.equal(candidates[0], candidates[2])


def test_the_nearest_drawings_colours_come_in_the_order_of_nearness() -> None:
    candidates, image = drawn("nearest")
    paper = image[0, 0] == 1
    for candidate, color in zip(candidates, COLORS, strict=False):
        shown = candidate[:, paper].T
        assert torch.allclose(shown, torch.tensor(color, dtype=torch.float32) / 255)
    assert candidates[:, :, ~paper].max() == 0


def test_nearest_drawings_come_again_where_there_are_fewer_than_candidates() -> None:
    candidates, _ = drawn("nearest", n=6)
    assert torch.equal(candidates[4], candidates[0]) and not torch.equal(
        candidates[3], candidates[0]
    )


@pytest.mark.parametrize("row", ["condition", "mean", "nearest"])
def test_rows_of_a_gray_picture_keep_its_lightness(row: str) -> None:
    candidates, image = drawn(row, "gray")
    L = lab_of(image.expand(1, 3, -1, -1))[:, 0]
    assert (lab_of(candidates)[:, 0] - L).abs().max() < 0.5


def test_other_truths_leave_out_the_judged_one_and_take_turns() -> None:
    truths = torch.arange(3.0)[:, None, None, None].expand(3, 3, 4, 4)
    candidates = other_truths(truths[:1, :1], truths, 5)
    assert candidates[:, 0, 0, 0].tolist() == [1, 2, 1, 2, 1]
    assert other_truths(truths[:1, :1], truths[:1], 5) is None


def test_a_gray_picture_has_the_truths_of_its_own_luma_only() -> None:
    gray = torch.full((1, 3, 4, 4), 0.5)
    # of the same luma
    tinted = gray + torch.tensor([0.587, -0.299, 0.0])[None, :, None, None] * 0.3
    darker = gray * 0.8
    batch = type(
        "Shown",
        (),
        {
            "rgb": torch.cat([gray, darker, tinted]),
            "image": luma(torch.cat([gray, darker, tinted])),
        },
    )
    assert torch.equal(truths_of(batch, "gray"), torch.cat([gray, tinted]))
    assert len(truths_of(batch, "lines")) == 3


def test_a_set_without_training_pictures_has_the_rows_that_need_none() -> None:
    pictures = Toy("lines")
    pictures.splits["train"] = np.arange(0)
    assert list(rows(pictures)) == ["condition", "gray", "others"]
    assert as_it_is(torch.zeros(1, 1, 4, 4), torch.zeros(1, 3, 4, 4), 2).shape == (2, 3, 4, 4)
