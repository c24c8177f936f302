"""Drawings by code, and the sheet that they are shown on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colorlab.cli.config import compose
from colorlab.conditions.areas import areas_of
from colorlab.data.sketches import Pen, cat, fish, garden, house, scanned, sketches
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.run import begin, open_run
from colorlab.sampling.options import SamplingOptions
from colorlab.sampling.sheets import SIDE, sheet_of_training
from tests.kill_harness import words_for

pytestmark = pytest.mark.whole


def ink_of(drawing: np.ndarray) -> float:
    return float((drawing < 128).mean())


def test_five_drawings_of_the_size_that_is_asked_for_and_none_like_another() -> None:
    drawn = sketches(128)
    assert [each.shape for each in drawn] == [(3, 128, 128)] * 5
    assert all(0.005 < ink_of(each[0]) < 0.25 for each in drawn)
    assert all(abs(a.astype(int) - b).mean() > 5 for i, a in enumerate(drawn) for b in drawn[:i])


def test_lines_are_as_wide_as_the_pen() -> None:
    for width in (0.02, 0.05):
        pen = Pen(200, width)
        pen.line((0.2, 0.5), (0.8, 0.5))
        assert (pen.drawing()[:, 100] < 128).sum() == pytest.approx(200 * width, abs=1)


def test_a_line_with_gaps_loses_the_share_that_is_asked_for() -> None:
    whole, broken = Pen(400, 0.005), Pen(400, 0.005, gaps=0.2)
    for pen in (whole, broken):
        pen.oval(0.5, 0.5, 0.4, 0.4)
    assert ink_of(broken.drawing()) / ink_of(whole.drawing()) == pytest.approx(0.8, abs=0.06)


def test_drawings_have_areas_to_colour_also_where_lines_have_gaps() -> None:
    least = {cat: 8, house: 7, fish: 6, garden: 30}
    for draw, count in least.items():
        assert areas_of(draw(384)).labels.max() + 1 >= count, draw.__name__


def test_a_scan_has_yellowish_paper_that_is_darker_in_the_corners() -> None:
    red, _, blue = scanned(np.full((64, 64), 255, np.uint8)).astype(int)
    assert (red - blue > 20).all() and red[0, 0] < red[32, 32] - 10


@pytest.mark.parametrize("method", ["flats", "gpic"])
def test_a_training_ends_with_held_out_drawings_and_sketches(method: str, tmp_path) -> None:
    from colorlab.cli.targets import build

    cfg = compose("train", words_for(method, "method.micro_batch=2"))
    begin(tmp_path / "run", cfg)
    torch.manual_seed(0)
    save_weights(build(cfg.method), tmp_path / "run" / "checkpoints")
    sheet = sheet_of_training(open_run(tmp_path / "run"), 2, SamplingOptions(n=2))
    assert len(sheet.rows) == 2 + 5 and all(len(row) == len(sheet.columns) for row in sheet.rows)
    held_out, sketched = sheet.rows[0], sheet.rows[-1]
    side = SIDE if method == "flats" else 32
    assert held_out[0].shape == held_out[3].shape == (side, side, 3) and sketched[0].shape == (
        2 * SIDE,
        2 * SIDE,
        3,
    )
    assert all(each is None for each in sketched[3:]) and not np.array_equal(
        sketched[1], sketched[0]
    )
