"""How likely a method finds the true colours of held-out drawings, for methods that know it exactly.

`likelihood/<numbers>` is -log2 of the joint probability over the count of numbers, "bits per dimension";
`alone/<numbers>` the same of the marginals: what lies between them is what places tell of one another. <numbers> says
which they are, so that only what is comparable has one name, see ``colorlab.types.Likelihood``."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from colorlab.cli.processes import share, whole
from colorlab.draws import Draws
from colorlab.evaluation.drawings import Drawings
from colorlab.evaluation.judging import Verdict
from colorlab.metrics.intervals import intervals
from colorlab.sampling.options import SamplingOptions
from colorlab.types import Batch, Likelihood


def with_likelihood(verdict: Verdict, method: Any, drawings: Drawings, options: SamplingOptions) -> Verdict:
    """The verdict with the likelihood of each drawing's first true colouring beside it; the same for a method that has
    none. Of several processes each looks at its share, and all come to the same."""
    found = whole([_of_one(method, drawings, int(group[0]), options) for group in share(drawings.groups)])
    columns: dict[str, list[float]] = {}
    for each in (likelihood for likelihood in found if likelihood is not None):
        for kind, bits in (("likelihood", each[0]), ("alone", each[1])):
            columns.setdefault(f"{kind}/{each[2]}", []).append(bits)
    order = np.argsort([int(group[0]) for group in drawings.groups], kind="stable")  # as the judge's columns are
    own = {key: np.array(bits)[order] for key, bits in columns.items() if not np.isnan(bits).all()}
    values = {key: {"mean": e.mean, "low": e.low, "high": e.high, "n": e.n} for key, e in intervals(own, 0).items()}
    per_drawing = {key: column.tolist() for key, column in own.items()}
    return verdict._replace(values=verdict.values | values, per_drawing=verdict.per_drawing | per_drawing)


def _of_one(method: Any, drawings: Drawings, index: int, options: SamplingOptions) -> tuple[float, float, str] | None:
    """Bits of a picture by the joint and by the marginals, and which numbers they are of."""
    batch = drawings.pictures[[index]]
    parts: Any = (part.to(options.device) if isinstance(part, Tensor) else part for part in batch)
    found: Likelihood | None = method.likelihood(Batch(*parts), Draws(options.seed, [index]))
    return None if found is None else (float(found.bits), float(found.alone), found.of)
