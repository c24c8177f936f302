"""Taking turns, and the table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

COLUMNS = ("work", "size", "beside", "here", "beside, takes", "ratio", "note")
WIDTHS = (40, 21, 27, 8, 13, 8, 0)
SIDE = 1024  # of the square matrices whose product is the machine's bound

Work = Callable[[], Any]


class Table:
    """Rows of one Markdown table, printed as they come."""

    def __init__(self) -> None:
        self.row(*COLUMNS)
        self.row(*("-" * max(3, width) for width in WIDTHS))

    def row(self, *cells: str) -> None:
        padded = [cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)]
        print(f"| {' | '.join(padded)} |", flush=True)

    def compare(
        self, work: str, size: str, beside: str, here: float, other: float, note: str = ""
    ) -> None:
        """here, other: seconds; other is nan where there is nothing to compare with."""
        ratio = f"{other / here:.3g} x" if other == other else ""
        self.row(work, size, beside, seconds(here), seconds(other) if ratio else "", ratio, note)


def seconds(value: float) -> str:
    """A time in words: three figures, in the unit that suits them."""
    scaled, unit = (1e3 * value, "ms") if value < 1 else (value, "s")
    return f"{scaled:,.0f} {unit}" if scaled >= 100 else f"{scaled:.3g} {unit}"


def medians(works: Mapping[str, Work], repetitions: int) -> dict[str, float]:
    """Seconds of the middle repetition of each work, the works taking turns after one call each to
    warm up."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(repetitions):
        for name, work in works.items():
            spent[name].append(once(work))
    return {name: statistics.median(each) for name, each in spent.items()}


def once(work: Work) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def flops(work: Work) -> int:
    """Multiplications and additions of matrix products and convolutions."""
    with FlopCounterMode(display=False) as counted:
        work()
    return int(counted.get_total_flops())


def matrix_product() -> Work:
    """The fastest arithmetic in float32 that the machine is known to do: 2 ``SIDE``^3
    operations."""
    square = torch.ones(SIDE, SIDE)
    return lambda: torch.mm(square, square)


def share_of_bound(work: Work, took: float, product_took: float) -> str:
    """How near a work comes to the machine's matrix bound, both measured in turns."""
    return f"{100 * flops(work) / (2 * SIDE**3) * product_took / took:.0f} % of the matrix bound"
