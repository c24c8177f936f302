"""Hints: are they obeyed where they are, and what do they change where they are not?"""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.color import lab_of
from colorlab.metrics.delta_e import delta_e
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.per_drawing import PerDrawing


class HintErrors(PerDrawing):
    """Means over candidates of CIEDE2000. inside: to the hint, where one is. beside: to the first
    truth, where none is.
    leak: where none is, to the candidate of the same seed without hints; wanted as far as a hint
    speaks for its area, unwanted beyond. NaN where there are no such pixels, or no such
    candidate."""

    topic = "hints"

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """See the class."""
        missing = torch.full((), torch.nan, dtype=torch.float64)
        values = dict.fromkeys(("inside", "beside", "leak"), missing)
        if drawing.shown is None:
            return values
        hint, mask, without = drawing.shown
        hinted = mask.flatten() > 0.5
        lab = drawing.lab[: drawing.n]
        values |= {
            "inside": _mean(lab, lab_of(hint[None]).flatten(2), hinted),
            "beside": _mean(lab, drawing.lab[drawing.n : drawing.n + 1], ~hinted),
        }
        return (
            values
            if without is None
            else values | {"leak": _mean(lab, lab_of(without).flatten(2), ~hinted)}
        )


def _mean(lab: Tensor, other: Tensor, where: Tensor) -> Tensor:
    """(n, 3, P), (n or 1, 3, P), (P,) bool -> mean CIEDE2000 there; NaN for an empty ``where``."""
    return delta_e(lab[..., where].movedim(1, -1), other[..., where].movedim(1, -1)).mean(
        dtype=torch.float64
    )
