"""What every measure keeps of each drawing: by number, once, and means of what is defined."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from colorlab.metrics.drawing import Drawing
from colorlab.metrics.per_drawing import PerDrawing, mean_of


class Brightness(PerDrawing):
    """A number, a number that dark drawings lack, and a vector of one value a candidate."""

    topic = "brightness"

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        each = drawing.samples.mean((1, 2, 3))
        return {
            "mean": each.mean(),
            "bright": each.mean() if each.mean() > 0.5 else torch.tensor(torch.nan),
            "each": each,
        }


def drawing(index: int, *values: float) -> Drawing:
    """One of as many plain candidates."""
    samples = torch.stack([torch.full((3, 4, 4), value) for value in values])
    return Drawing(samples, torch.ones(1, 4, 4), samples[:1], index, "none")


def judged(*drawings: Drawing) -> Brightness:
    metric = Brightness()
    metric.update(drawings)
    return metric


def test_means_are_over_drawings_that_have_a_value() -> None:
    found = judged(drawing(0, 0.2, 0.4), drawing(1, 0.9, 0.7), drawing(2, 0.6, 0.6)).compute()
    assert found == {
        "brightness/mean": pytest.approx(17 / 30),
        "brightness/bright": pytest.approx(0.7),
    }
    assert mean_of({"none": np.array([np.nan]), "one": np.array([np.nan, 3.0])}) == {"one": 3.0}


def test_the_table_has_each_drawing_once_in_the_order_of_their_numbers() -> None:
    table = judged(drawing(7, 0.5, 0.1), drawing(2, 0.2, 0.4), drawing(7, 0.5, 0.1)).table()
    assert table["index"].tolist() == [2, 7] and table["mean"].tolist() == pytest.approx([0.3, 0.3])
    assert np.allclose(table["each"], [[0.2, 0.4], [0.5, 0.1]])
    assert judged().compute() == {} and judged().table()["index"].size == 0


def test_the_order_of_drawings_changes_no_bit() -> None:
    drawings = [drawing(k, 0.1 * 3**-k, 0.7) for k in range(9)]
    assert judged(*drawings).compute() == judged(*reversed(drawings)).compute()


def test_only_numbers_are_numbers_and_a_drawing_of_other_candidates_is_refused() -> None:
    metric = judged(drawing(0, 0.2, 0.4))
    assert metric.numbers(metric.table()).keys() == {"mean", "bright"}
    with pytest.raises(ValueError, match="drawing 4 has 3 candidates"):
        metric.update([drawing(4, 0.1, 0.2, 0.3)])
    with pytest.raises(ValueError, match="without their image"):
        metric.update(torch.zeros(1, 2, 3, 4, 4))
