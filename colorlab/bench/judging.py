"""LPIPS of all pairs beside its package, all judges of a drawing, coherent samplers beside
independent pixels."""

from __future__ import annotations

from functools import partial

import torch

from colorlab.ab_bins import table_of
from colorlab.bench.nets import inputs
from colorlab.bench.timing import Table, medians
from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.metrics.judge import Judge
from colorlab.metrics.lpips import package_model, pairwise_lpips
from colorlab.samplers.marginals import Marginals, MarginalSampler

SAMPLERS = ("quantile_field", "learned_copula", "gumbel_field", "variational")
SIDE = 56  # of CIC's answer
BATCH = 8  # pairs that the package compares together


@torch.inference_mode()
def measure(table: Table, quick: bool) -> None:
    judged(table, 64)
    lpips_pairs(table, 54 if quick else 216, 64 if quick else 256)
    marginals(table)


def judged(table: Table, size: int) -> None:
    """A drawing with eight candidates before all judges."""
    (noise, image), judge = inputs(9, size), Judge("alex", "lite0", "lines")
    pictures = noise.sigmoid()
    works = {"judge": partial(judge.update, pictures[None, :8], image, [pictures[8:]])}
    table.compare("all judges", f"{size} px, n=8", "", medians(works, 5)["judge"], float("nan"))


def lpips_pairs(table: Table, n: int, size: int) -> None:
    """All pairs of n pictures: the lpips package by batches of pairs, and features once."""
    images = torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(4))
    package, pairs = package_model("alex"), n * (n - 1) // 2
    left, right = 2 * images[:BATCH] - 1, 2 * images[BATCH : 2 * BATCH] - 1
    took = medians(
        {"here": partial(pairwise_lpips, images, "alex"), "package": partial(package, left, right)},
        3,
    )
    found = pairwise_lpips(images, "alex")[range(BATCH), range(BATCH, 2 * BATCH)]
    apart = float((found - package(left, right).flatten()).abs().max())
    note = f"extrapolated from {BATCH} pairs; {apart:.0e} apart"
    expected = took["package"] / BATCH * pairs
    table.compare(
        f"LPIPS (Alex), {pairs:,} pairs",
        f"{size} px, {n} pictures",
        "package",
        took["here"],
        expected,
        note,
    )


def marginals(table: Table) -> None:
    """8 candidates of one picture from the same distributions of its pixels."""
    generator, bins = torch.Generator().manual_seed(2), table_of("reachable")
    log_p = torch.log_softmax(3 * torch.randn(1, len(bins), SIDE, SIDE, generator=generator), 1)
    image = torch.rand(1, 1, SIDE, SIDE, generator=generator)
    factors = torch.randn(1, 2, 16, SIDE, SIDE, generator=generator)
    given, draws = Marginals(log_p, bins, image, factors), Draws(0, [0])
    works = {name: partial(_sampler(name), given, 8, draws) for name in ("independent", *SAMPLERS)}
    took = medians(works, 3)
    for name in SAMPLERS:
        table.compare(
            name, f"{SIDE} x {SIDE}, n=8", "independent pixels", took[name], took["independent"]
        )


def _sampler(name: str) -> MarginalSampler:
    words = ["name=bench", "method=cic", f"method/sampler={name}"]
    sampler: MarginalSampler = build(compose("train", words).method.sampler)
    return sampler
