from __future__ import annotations

import pytest
import torch

from colorlab.conditions.hints import of_truth
from colorlab.draws import Draws


def test_hints_of_the_truth_show_what_their_name_says() -> None:
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    shares = {
        what: of_truth(what, rgb, Draws(0, [0, 1])).mask.mean()
        for what in ("left", "centre", "surround")
    }
    assert shares == {"left": 0.5, "centre": 0.25, "surround": 0.75}
    few, many = (of_truth(f"dots{count}", rgb, Draws(0, [0, 1])) for count in (2, 6))
    assert (few.mask <= many.mask).all() and 0 < few.mask.mean() < many.mask.mean()


@pytest.mark.parametrize(("width", "pixels"), [(64, 13), (96, 29)])
def test_a_click_is_a_disc_of_a_thirty_second_of_the_width(width: int, pixels: int) -> None:
    """13 points of a grid lie within 2 of one of them, 29 within 3."""
    shown = of_truth("dots1", torch.rand(1, 3, width, width), Draws(3, [0])).mask[0, 0]
    rows, columns = (shown.amax(side).nonzero() for side in (1, 0))
    # not cut off
    assert min(rows.min(), columns.min()) > 0 and max(rows.max(), columns.max()) < width - 1
    assert shown.sum() == pixels


def test_unknown_hints_of_the_truth_name_the_choices() -> None:
    with pytest.raises(ValueError, match="surround"):
        of_truth("dots", torch.zeros(1, 3, 8, 8), Draws(0, [0]))
