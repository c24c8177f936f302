"""Do samplers keep each pixel's distribution? Many colourings of a few held-out pictures, on the
net's own grid: at each pixel the total variation between the bins drawn and the distribution they
are to come from.

    python experiments/marginals_samplers/exactness.py RUN SAMPLER SAMPLER ... [--pictures 6]
    [--draws 1024]

Finite draws vary too: as many are drawn from each distribution straight, pixel by pixel, 99 times
over, and the largest variation of those is the pixel's band. An exact sampler leaves it at 1 % of
the pixels. Colours between bins, such as the variational solver's, count for the nearest bin. Means
over pictures with 95 % intervals."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import Tensor

from colorlab.cli.config import compose
from colorlab.draws import Draws
from colorlab.evaluation.drawings import held_out
from colorlab.metrics.intervals import interval
from colorlab.runs.run import Run, open_run, plain_dict
from colorlab.samplers.marginals import BinSampler, Marginals, tempered

TIMES = 99  # straight draws that the band is made of


@torch.inference_mode()
def main() -> None:
    """A row a sampler."""
    options = parsed()
    run = open_run(options.run)
    print(
        "| sampler | total variation | of straight draws | pixels beyond the band |\n|"
        + " --- |" * 4
    )
    for sampler in options.samplers:
        columns = np.array([*zip(*compared(run, sampler, options), strict=True)])
        print(
            f"| {sampler} | "
            + " | ".join(f"{interval(column, 0):.4f}" for column in columns)
            + " |",
            flush=True,
        )


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="of method=cic or method=marginals")
    parser.add_argument("samplers", nargs="+")
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--draws", type=int, default=1024, help="colourings of each picture")
    return parser.parse_args()


def compared(
    run: Run, sampler: str, options: argparse.Namespace
) -> list[tuple[float, float, float]]:
    """A picture each: total variation, that of straight draws, share of pixels beyond their
    bands."""
    chosen = compose("evaluate", [f"run={run.path}", f"method/sampler={sampler}"]).method.sampler
    method, pictures = run.method(plain_dict(chosen)), run.pictures()
    if isinstance(method.sampler, BinSampler):
        method.sampler.radius = 0.0  # the bins themselves, not means around them
    rows = []
    for group in held_out(pictures, "test", options.pictures).groups:
        batch = pictures[group[:1].tolist()]
        marginals, draws = method.marginals(batch.image), Draws(0, [int(group[0])])
        # (h w, Q)
        p = (
            tempered(marginals.log_p, getattr(method.sampler, "temperature", 1.0))[0]
            .exp()
            .flatten(1)
            .T
        )
        found = distance(bins_of(method.sampler(marginals, options.draws, draws)[0], marginals), p)
        straight = torch.stack(
            [distance(bins, p) for bins in straight_draws(p, options.draws, draws.to("band"))]
        )
        beyond = found > straight.amax(0)
        rows.append((float(found.mean()), float(straight.mean()), float(beyond.float().mean())))
    return rows


def bins_of(ab: Tensor, marginals: Marginals) -> Tensor:
    """(n, 2, h, w) in Lab units -> (h w, n) int64, the nearest bins."""
    return torch.stack([torch.cdist(one.flatten(1).T, marginals.table).argmin(1) for one in ab], 1)


def straight_draws(p: Tensor, n: int, draws: Draws) -> list[Tensor]:
    """TIMES tensors (h w, n) of bins, each pixel by itself; not by the samplers' own code, which is
    on trial."""
    cdf = p.cumsum(1)
    cdf = (cdf / cdf[:, -1:]).contiguous()
    rows = draws.candidates(TIMES)
    uniforms = (rows.rows(k, k + 1).uniform(len(p), n)[0] for k in range(TIMES))
    return [torch.searchsorted(cdf, u.contiguous()).clamp_(max=p.shape[1] - 1) for u in uniforms]


def distance(bins: Tensor, p: Tensor) -> Tensor:
    """(h w, n) int64 and (h w, Q) -> (h w,): half the sum of |share of the draws - p|."""
    shares = torch.zeros_like(p).scatter_add_(1, bins, torch.full(bins.shape, 1 / bins.shape[1]))
    return (shares - p).abs().sum(1) / 2


if __name__ == "__main__":
    main()
