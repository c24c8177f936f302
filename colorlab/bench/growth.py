"""How time grows with candidates, pixels and pictures. Beside each stands what it would be in proportion."""

from __future__ import annotations

from functools import partial

import torch

from colorlab.bench.nets import gpic, inputs
from colorlab.bench.timing import Table, medians
from colorlab.draws import Draws
from colorlab.types import Condition


def measure(table: Table, quick: bool) -> None:
    few, many = (8, 32) if quick else (8, 64)
    grown(table, f"candidates, {few} -> {many}", (64, few, 1), (64, many, 1))
    grown(table, "side, 64 -> 128", (64, 8, 1), (128, 8, 1))
    grown(table, "drawings, 1 -> 4", (64, 8, 1), (64, 8, 4))


def grown(table: Table, what: str, small: tuple[int, int, int], large: tuple[int, int, int]) -> None:
    """small, large: side, candidates, drawings."""
    works, method = {}, gpic(8)
    for size, n, drawings in (small, large):
        image = inputs(1, size)[1].expand(drawings, -1, -1, -1)
        works[size, n, drawings] = partial(method.sample, Condition(image), n, Draws(0, list(range(drawings))))
    took = medians({str(key): work for key, work in works.items()}, 3)
    more = torch.tensor(large).double() / torch.tensor(small)
    expected = took[str(small)] * float(more[0] ** 2 * more[1] * more[2])
    table.compare("C8: DPM-Solver++, 10 steps", what, "in proportion", took[str(large)], expected)
