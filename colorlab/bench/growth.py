"""How time grows with candidates, pixels and pictures. Beside each stands what it would be in
proportion."""

from __future__ import annotations

from functools import partial

from colorlab.bench.nets import gpic, inputs
from colorlab.bench.timing import Table, Work, medians
from colorlab.draws import Draws
from colorlab.types import Condition


def measure(table: Table, quick: bool) -> None:
    few, many = (8, 32) if quick else (8, 64)
    grown(table, f"candidates, {few} -> {many}", (64, few, 1), (64, many, 1))
    grown(table, "side, 64 -> 128", (64, 8, 1), (128, 8, 1))
    grown(table, "drawings, 1 -> 4", (64, 8, 1), (64, 8, 4))


def grown(
    table: Table, what: str, small: tuple[int, int, int], large: tuple[int, int, int]
) -> None:
    """small, large: side, candidates, drawings."""
    method = gpic(8)

    def work(size: int, n: int, drawings: int) -> Work:
        image = inputs(1, size)[1].expand(drawings, -1, -1, -1)
        return partial(method.sample, Condition(image), n, Draws(0, list(range(drawings))))

    took = medians({"small": work(*small), "large": work(*large)}, 3)
    side, n, drawings = (more / less for less, more in zip(small, large, strict=True))
    expected = took["small"] * side**2 * n * drawings
    table.compare("C8: DPM-Solver++, 10 steps", what, "in proportion", took["large"], expected)
