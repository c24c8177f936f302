"""A truth is valid; each way of being broken is told apart."""

from __future__ import annotations

import pytest
import torch

from colorlab.color import lab_of, luma
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.validity import Validity, background, measures_of, noise, verdict

LINE = torch.ones(1, 48, 48)
LINE[:, 10:38, 10:38], LINE[:, 12:36, 12:36] = 0, 1  # the outline of a box


def colored(rgb):
    """The box filled with a colour."""
    picture = LINE.expand(3, -1, -1).clone()
    picture[:, 12:36, 12:36] = torch.tensor(rgb)[:, None, None]
    return picture


TRUTHS = torch.stack([colored((0.9, 0.2, 0.2)), colored((0.2, 0.3, 0.9))])
FLOODED = torch.minimum(LINE, torch.tensor([0.9, 0.8, 0.1])[:, None, None])
PATCHY = colored((0.9, 0.2, 0.2))
PATCHY[:, 18:30, 18:30] = torch.tensor([0.2, 0.8, 0.3])[:, None, None]


def measured(*samples, condition="lines", image=LINE):
    drawing = Drawing(torch.stack(samples), image, TRUTHS, 0, "none")
    measures = measures_of(drawing, condition)
    return measures, verdict(measures).tolist()


def test_truths_other_colours_and_the_bare_drawing_are_valid():
    measures, valid = measured(*TRUTHS, colored((0.1, 0.8, 0.3)), LINE.expand(3, -1, -1))
    assert valid == [True] * 4
    assert (
        measures["lines_kept"].tolist()
        == measures["lines_true"].tolist()
        == measures["paper_kept"].tolist()
        == [1] * 4
    )


def test_noise_is_not_valid_and_its_strength_is_measured():
    noisy = (
        TRUTHS[0] + 0.1 * torch.randn(3, 48, 48, generator=torch.Generator().manual_seed(0))
    ).clamp(0, 1)
    measures, valid = measured(noisy, TRUTHS[0])
    assert valid == [False, True] and measures["noise"][0] > 0.04 and measures["noise"][1] < 1e-6


def test_the_high_pass_of_white_noise_keeps_eight_ninths_of_its_variance():
    white = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    inner = torch.zeros(64, 64, dtype=torch.bool)
    inner[2:-2, 2:-2] = True
    assert noise(white, inner).tolist() == pytest.approx([(8 / 9) ** 0.5] * 2, rel=0.02)
    assert noise(white, ~inner & inner).isnan().all()


def test_a_coloured_background_is_not_valid():
    measures, valid = measured(FLOODED, TRUTHS[1])
    assert valid == [False, True] and measures["paper_kept"].tolist() == [0, 1]


def test_lost_lines_are_not_valid():
    blurred = torch.nn.functional.avg_pool2d(TRUTHS[:1], 9, 1, 4, count_include_pad=False)[0]
    measures, valid = measured(blurred, TRUTHS[0])
    assert valid == [False, True] and measures["lines_kept"][0] < 0.5


def test_lines_that_nobody_drew_are_not_valid():
    striped = TRUTHS[0].clone()
    striped[:, 14:34:4, 14:34] = 0
    measures, valid = measured(striped, TRUTHS[0])
    assert valid == [False, True] and measures["lines_true"][0] < 0.85


def test_colour_that_changes_away_from_the_ink_is_bleeding():
    measures, _ = measured(PATCHY, TRUTHS[0])
    assert measures["bleeding"][0] > 0.2 and measures["bleeding"][1] == 0


def test_bleeding_is_the_share_of_visible_change_of_chroma():
    red, green = (
        lab_of(torch.tensor(rgb)[None, :, None, None])[0, 1:, 0, 0]
        for rgb in ((0.9, 0.2, 0.2), (0.2, 0.8, 0.3))
    )

    def around(side: int, step: float) -> float:
        """Forward differences around a square; one pixel has both. 3 Lab units are not seen."""
        return (4 * side - 2) * (step - 3) + (2**0.5 * step - 3)

    patch, outline = around(12, float((red - green).norm())), around(24, float(red.norm()))
    assert measured(PATCHY)[0]["bleeding"].item() == pytest.approx(
        patch / (patch + outline), rel=1e-4
    )


def test_the_background_ends_at_the_ink():
    inside = background(LINE[0] < 0.5)
    assert inside[0, 0] and inside[9, 9] and not inside[20, 20] and not inside[11, 11]


@pytest.mark.parametrize(
    ("name", "limit", "at_least"),
    [("lines_kept", 0.85, True), ("lines_true", 0.85, True), ("paper_kept", 0.95, True),
     ("bleeding", 0.35, False), ("noise", 0.015, False), ("luminance_error", 2.0, False)],
)  # fmt: skip
def test_the_verdict_keeps_each_limit(name: str, limit: float, at_least: bool):
    kept = {"lines_kept": 1.0, "lines_true": 1.0, "paper_kept": 1.0, "bleeding": 0.0, "noise": 0.0}
    measures = {key: torch.full((2,), value) for key, value in kept.items()} | {
        "luminance_error": torch.zeros(2)
    }
    measures[name] = torch.tensor([0.999 * limit, 1.001 * limit])
    assert verdict(measures).tolist() == ([False, True] if at_least else [True, False])


@pytest.mark.parametrize(("gray", "inked"), [(0.48, True), (0.52, False)])
def test_a_pixel_of_a_drawing_is_ink_below_a_half(gray: float, inked: bool):
    drawing, blank = torch.where(LINE < 0.5, gray, 1.0), TRUTHS.clone()
    # white in all truths: paper, unless ink shuts it off from the border
    blank[:, :, 12:36, 12:36] = 1
    kept = measures_of(Drawing(TRUTHS, drawing, blank, 0, "none"), "lines")["paper_kept"]
    inside, outside = 24**2, 48**2 - 28**2
    assert kept.tolist() == pytest.approx([1.0 if inked else outside / (outside + inside)] * 2)


def test_a_gray_condition_is_held_to_its_luminance():
    gray = luma(TRUTHS[0])
    darker = TRUTHS[0] * 0.8
    measures, valid = measured(gray.expand(3, -1, -1), darker, condition="gray", image=gray)
    assert (
        measures["luminance_error"][0] < 1e-4
        and measures["luminance_error"][1] > 5
        and valid == [True, False]
    )


def test_broken_pairs_earn_nothing():
    metric = Validity("lines")
    samples = torch.stack([TRUTHS[0], TRUTHS[1], FLOODED])
    metric.update([Drawing(samples, LINE, TRUTHS, 0, "none")])
    values = metric.compute()
    assert values["validity/share"] == pytest.approx(2 / 3)
    assert values["validity/earned_delta_e"] == pytest.approx(
        values["validity/diversity_delta_e"] / 3
    )
    assert metric.table()["valid"].tolist() == [[1, 1, 0]]


def test_an_unknown_condition_names_the_choices():
    with pytest.raises(ValueError, match="lines or gray"):
        Validity("sketch")


def test_a_blurred_candidate_is_less_sharp_than_the_truth() -> None:
    blurred = torch.nn.functional.avg_pool2d(TRUTHS, 3, 1, 1)
    sharpness = measured(TRUTHS[0], blurred[0])[0]["sharpness"]
    assert sharpness[0] == 1 and 0.2 < sharpness[1] < 0.8
