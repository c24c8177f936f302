"""How chroma runs over a picture, in samples and in the truth: on weak and on strong edges of the
gray picture, and on the net's own grid, before colours are brought to all pixels and smoothed by
that.

    python experiments/marginals_samplers/coherence.py RUN NAME=FOLDER NAME=FOLDER ...

A FOLDER is one that `python -m colorlab.evaluate` printed for the RUN, which is of marginals, with
data.condition=gray. Means over drawings with 95 % intervals, in Lab units.

z is Phi^-1 of the quantile that a colour is of its pixel's marginal: how it agrees from pixel to
pixel in the truth is what a sampler has to copy. Where a quantile stands within its bin is each
pixel's own choice: the correlations are lower than those of a z that could be seen, and 0 for
independent pixels."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.evaluation.drawings import held_out
from colorlab.evaluation.folder import read_evaluation, read_sample
from colorlab.evaluation.judging import as_pictures
from colorlab.metrics.diversity import coherence
from colorlab.metrics.intervals import interval
from colorlab.runs.checkpoint import weights_sha256
from colorlab.runs.run import Run, open_run
from colorlab.samplers.learned_copula import spans_of, true_fields
from colorlab.samplers.marginals import Marginals

WEAK, STRONG = 2.0, 20.0  # of |dL| between neighbours, Lab units
LAG = 8  # px, of the correlation of colours
LAGS = (1, 2, 4, 8)  # points of the net's grid, of the correlation of z
LOW_PASS = "low-pass ratio, net's grid"
Values = dict[str, float]


def steps(lab: Tensor) -> tuple[Tensor, Tensor]:
    """(n, 3, H, W) Lab -> |dL| and |dab| between all horizontal and vertical neighbours, each
    (n, pairs)."""
    across, down = lab[..., :, 1:] - lab[..., :, :-1], lab[..., 1:, :] - lab[..., :-1, :]
    dL = torch.cat([d[:, 0].abs().flatten(1) for d in (across, down)], 1)
    dab = torch.cat([torch.hypot(d[:, 1], d[:, 2]).flatten(1) for d in (across, down)], 1)
    return dL, dab


def correlation(field: Tensor, lag: int) -> float:
    """Of a field of mean 0, (n, 2, H, W), with itself ``lag`` pixels away. NaN for zeros, or a
    picture too small."""
    across = (field[..., :, lag:] * field[..., :, :-lag]).mean()
    down = (field[..., lag:, :] * field[..., :-lag, :]).mean()
    return float((across + down) / 2 / field.square().mean())


def measured(pictures: Tensor, truth: Tensor) -> Values:
    """pictures (n, 3, H, W), truth (1, 3, H, W) in [0, 1]; edges are the truth's."""
    lab = lab_of(pictures)
    (_, dab), (dL, _) = steps(lab), steps(lab_of(truth))
    weak, strong = dL[0] < WEAK, dL[0] > STRONG
    ab = lab[:, 1:] - lab[:, 1:].mean((2, 3), keepdim=True)
    return {
        "chroma step, weak edges": float(dab[:, weak].mean()),
        "chroma step, strong edges": float(dab[:, strong].mean()),
        "chroma step, all": float(dab.mean()),
        f"correlation at {LAG} px": correlation(ab, LAG),
    }


def correlogram(method: Any, marginals: Marginals, ab: Tensor, draws: Draws) -> Values:
    """Of z, at LAGS. marginals: of one picture; ab (n, 2, h, w) in Lab units, colourings of it on
    the net's grid."""
    bins = method.bins.soft(ab.movedim(1, -1), 1, 1.0).index[..., 0]
    shared = (
        part.expand(len(ab), *part.shape[1:])
        for part in (marginals.log_p, marginals.image, marginals.factors)
    )
    log_p, image, factors = shared
    spans = spans_of(Marginals(log_p, marginals.table, image, factors), bins)
    z = true_fields(spans, draws.to("z").candidates(len(ab)))
    return {f"correlation of z at {lag}": correlation(z, lag) for lag in LAGS}


def on_grid(method: Any, marginals: Marginals, n: int, draws: Draws) -> Values:
    """What the evaluation's sampler draws, before it is brought to all pixels."""
    exact = copy(method.sampler)
    exact.radius = 0.0  # where bins are drawn, their own colours: z is then that of the bins
    values = correlogram(method, marginals, exact(marginals, n, draws)[0], draws)
    return {LOW_PASS: float(coherence(method.sampler(marginals, n, draws)[0]))} | values


@torch.inference_mode()
def both(run: Run, folder: Path) -> Iterator[tuple[Values, Values]]:
    """The candidates' values and the truth's, drawing by drawing of an evaluation."""
    document = read_evaluation(folder).document
    settings = document["settings"]
    if [*settings["weights"].values()] != [weights_sha256(run.path)]:
        raise ConfigError(f"{folder} is not of {run.path} (give the run that was evaluated)")
    method = run.method(settings["sampler"], settings["steps"], settings["method"])
    pictures = run.pictures()
    drawings = held_out(pictures, settings["split"], None)
    first = {
        name: int(group[0]) for name, group in zip(drawings.names, drawings.groups, strict=True)
    }
    for name in document["drawings"]:
        batch, draws = pictures[[first[name]]], Draws(settings["seed"], [first[name]])
        marginals = method.marginals(batch.image)
        drawn = measured(as_pictures(read_sample(folder, name)), batch.rgb)
        true = measured(batch.rgb, batch.rgb) | {LOW_PASS: np.nan}
        ab = method.target(batch).movedim(-1, 1)
        yield (
            drawn | on_grid(method, marginals, settings["n"], draws),
            true | correlogram(method, marginals, ab, draws),
        )


def table(run: Run, named: Sequence[str]) -> str:
    """Markdown: a row a measure, a column an evaluation, the truth first."""
    found: dict[str, list[Values]] = {}
    for name, folder in (each.rsplit("=", 1) for each in named):
        drawn, true = zip(*both(run, Path(folder)), strict=True)
        found = {"truth": list(true), **found, name: list(drawn)}
    lines = ["| | " + " | ".join(found) + " |", "| --- |" + " --- |" * len(found)]
    for measure in found["truth"][0]:
        columns = (np.array([row[measure] for row in each]) for each in found.values())
        cells = [
            f"{interval(np.where(np.isfinite(column), column, np.nan), 0):.3f}"
            for column in columns
        ]
        lines.append(f"| {measure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(open_run(sys.argv[1]), sys.argv[2:]))
