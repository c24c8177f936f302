"""Wrong input is refused with the range found, in one place for all judges."""

from __future__ import annotations

import pytest
import torch

from colorlab.metrics.inputs import check_drawings, check_pictures

GOOD = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (GOOD * 255, r"values in \[0\.\d+, 25\d\.\d+\]"),
        (GOOD * 2 - 1, r"values in \[-0\.99"),
        ((GOOD * 255).byte(), r"torch.uint8 in \[\d+, 25\d\]"),
        (GOOD.where(GOOD < 0.99, torch.nan), "NaN"),
        (GOOD / 0, "NaN or infinite"),
        (GOOD[:, :1], r"shape \(2, 1, 32, 32\)"),
        (GOOD.movedim(1, 3), "channels seem to come last"),
        (GOOD[0], r"shape \(3, 32, 32\), want \(N, 3, H, W\) in \[0, 1\]$"),
        (GOOD[..., :8], "32x8 pixels"),
        (GOOD[:0], "is empty"),
    ],
)
def test_pictures_that_are_not_rgb_in_0_1_are_refused(pictures, said):
    with pytest.raises(ValueError, match=said):
        check_pictures("samples", pictures, "N 3 H W")


def test_a_single_candidate_is_refused():
    with pytest.raises(ValueError, match="diversity needs 2"):
        check_drawings(torch.rand(1, 1, 3, 32, 32), torch.rand(1, 1, 32, 32), [GOOD])


def test_truths_of_another_size_are_refused():
    with pytest.raises(ValueError, match="differ in size"):
        check_drawings(
            torch.rand(1, 2, 3, 32, 32), torch.rand(1, 1, 32, 32), [torch.rand(1, 3, 32, 33)]
        )


def test_rounding_of_a_colour_conversion_passes():
    check_pictures("samples", torch.full((1, 3, 16, 16), 1 + 1e-6), "N 3 H W")
