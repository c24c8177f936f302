from __future__ import annotations

import pytest
import torch

from colorlab.conditions.hints import of_truth
from colorlab.draws import Draws


def test_hints_of_the_truth_show_what_their_name_says() -> None:
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    shares = {what: of_truth(what, rgb, Draws(0, [0, 1])).mask.mean() for what in ("left", "centre", "surround")}
    assert shares == {"left": 0.5, "centre": 0.25, "surround": 0.75}
    few, many = (of_truth(f"dots{count}", rgb, Draws(0, [0, 1])) for count in (2, 6))
    assert (few.mask <= many.mask).all() and 0 < few.mask.mean() < many.mask.mean()


def test_unknown_hints_of_the_truth_name_the_choices() -> None:
    with pytest.raises(ValueError, match="surround"):
        of_truth("dots", torch.zeros(1, 3, 8, 8), Draws(0, [0]))
