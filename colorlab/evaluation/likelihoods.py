"""How likely a method finds the true colours of held-out drawings, for methods that know it
exactly.

`likelihood/<numbers>` is -log2 of the joint probability over the count of numbers, "bits per
dimension"; `alone/<numbers>` the same of the marginals: what lies between them is what places tell
of one another. <numbers> says which they are, so that only what is comparable has one name, see
``colorlab.types.Likelihood``."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from colorlab.cli.processes import gathered, own_share
from colorlab.draws import Draws
from colorlab.evaluation.drawings import Drawings
from colorlab.evaluation.judging import Verdict
from colorlab.metrics.intervals import intervals
from colorlab.sampling.options import SamplingOptions
from colorlab.types import Batch, Likelihood


def with_likelihood(
    verdict: Verdict, method: Any, drawings: Drawings, options: SamplingOptions
) -> Verdict:
    """The verdict with the likelihood of each drawing's first true colouring beside it; the same
    for a method that has none. Of several processes each looks at its share, and all come to the
    same."""
    indices = [int(group[0]) for group in own_share(drawings.groups)]
    found = gathered([_of_one(method, drawings, index, options) for index in indices])
    columns: dict[str, list[float]] = {}
    for likelihood in found:
        if likelihood is not None:
            bits, alone, numbers = likelihood
            columns.setdefault(f"likelihood/{numbers}", []).append(bits)
            columns.setdefault(f"alone/{numbers}", []).append(alone)
    return _beside(verdict, columns, [int(group[0]) for group in drawings.groups])


def _beside(verdict: Verdict, columns: dict[str, list[float]], indices: list[int]) -> Verdict:
    """The verdict with more columns, whose values are in the order of the pictures' indices; those
    that are NaN throughout are left out."""
    order = np.argsort(indices, kind="stable")  # as the judge's columns are
    known = {
        key: np.array(bits)[order] for key, bits in columns.items() if not np.isnan(bits).all()
    }
    values = {}
    for key, interval in intervals(known, 0).items():
        values[key] = {
            "mean": interval.mean,
            "low": interval.low,
            "high": interval.high,
            "n": interval.n,
        }
    per_drawing = {key: column.tolist() for key, column in known.items()}
    return verdict._replace(
        values=verdict.values | values, per_drawing=verdict.per_drawing | per_drawing
    )


def _of_one(
    method: Any, drawings: Drawings, index: int, options: SamplingOptions
) -> tuple[float, float, str] | None:
    """Bits of a picture by the joint and by the marginals, and which numbers they are of."""
    batch = drawings.pictures[[index]]
    parts: Any = (part.to(options.device) if isinstance(part, Tensor) else part for part in batch)
    found: Likelihood | None = method.likelihood(Batch(*parts), Draws(options.seed, [index]))
    if found is None:
        return None
    return float(found.bits), float(found.alone), found.of
