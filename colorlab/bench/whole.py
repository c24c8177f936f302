"""Whole candidates: the paper's loop, its hundred steps by the suite, ten of a better solver, two
of a distilled net; and the paper's 216 candidates by its two nets (GPIC, Fig. 8)."""

from __future__ import annotations

from functools import partial

import torch

from colorlab.bench.nets import gpic, inputs, method, naive
from colorlab.bench.timing import Table, matrix_product, medians, once, share_of_bound
from colorlab.draws import Draws
from colorlab.methods.gpic import Mix
from colorlab.types import Condition

PAPER = 1000  # steps
SWITCH = 0.9919  # alpha_bar of the hand-over, t = 40 of 1000
TIMED = 20  # steps of the naive loop that its thousand are extrapolated from


def measure(table: Table, quick: bool) -> None:
    for size, n in ((64, 8),) if quick else ((64, 1), (64, 8), (64, 64), (256, 8)):
        by_c8(table, size, n)
    paper_216(table, 64, quick)


def by_c8(table: Table, size: int, n: int) -> None:
    """n candidates of one drawing by C8."""
    image, draws = Condition(inputs(1, size)[1]), Draws(0, [0])
    ways = {
        "DPM-Solver++, 10 steps": gpic(8),
        "ancestral, 100 steps": gpic(8, "ancestral", 100),
        "consistency, 2 steps": method("method=consistency", "method.sampler.steps=2"),
    }
    works = {name: partial(way.sample, image, n, draws) for name, way in ways.items()}
    took = medians(works | {"product": matrix_product()}, 3 if n * size**2 <= 8 * 64**2 else 1)
    ten = "DPM-Solver++, 10 steps"
    note = share_of_bound(works[ten], took[ten], took["product"])
    for other in list(works)[1:]:
        table.compare(f"C8: {ten}", f"{size} px, n={n}", other, took[ten], took[other], note)


def paper_216(table: Table, size: int, quick: bool) -> None:
    """216 candidates by C8 and C32: the suite's run whole, but for a quick bench; the naive loop's
    thousand steps are extrapolated."""
    slow = gpic(8, "ancestral", PAPER)
    early = sum(level < SWITCH for level in slow.sampler.levels(SWITCH)[:-1])
    x, image = inputs(1, size)
    steps = {f"C{width}": partial(naive(gpic(width).net), x, image) for width in (8, 32)}
    timed, n = (5, 27) if quick else (TIMED, 216)
    with torch.inference_mode():
        one = medians(steps, timed)
    expected = 216 * (early * one["C8"] + (PAPER - early) * one["C32"])
    note = f"naive from {timed} steps of each net" + (
        f", here from {n} candidates" if quick else ""
    )
    for sampler, count in (
        (("dpm_solver", 10),) if quick else (("dpm_solver", 10), ("ancestral", 100))
    ):
        mix = Mix(gpic(8, sampler, count), gpic(32, sampler, count), SWITCH)
        took = 216 / n * once(partial(mix.sample, Condition(image), n, Draws(0, [0])))
        work = f"C8, then C32: {sampler} {count}"
        table.compare(work, f"{size} px, n=216", f"naive loop, {PAPER} steps", took, expected, note)
