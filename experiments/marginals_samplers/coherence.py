"""How chroma runs over a picture, in samples and in the truth: on weak and on strong edges of the gray picture.

    python experiments/marginals_samplers/coherence.py NAME=FOLDER NAME=FOLDER ...

A FOLDER is one that `python -m colorlab.evaluate` printed, of a run with data.condition=gray. Means over drawings, in
Lab units."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from colorlab import judging
from colorlab.color import lab_of
from colorlab.config import build
from colorlab.evaluation import read_evaluation, read_sample

WEAK, STRONG = 2.0, 20.0  # of |dL| between neighbours, Lab units
LAG = 8  # px, of the correlation


def steps(lab: Tensor) -> tuple[Tensor, Tensor]:
    """(n, 3, H, W) Lab -> |dL| and |dab| between all horizontal and vertical neighbours, each (n, pairs)."""
    across, down = lab[..., :, 1:] - lab[..., :, :-1], lab[..., 1:, :] - lab[..., :-1, :]
    dL = torch.cat([d[:, 0].abs().flatten(1) for d in (across, down)], 1)
    dab = torch.cat([torch.hypot(d[:, 1], d[:, 2]).flatten(1) for d in (across, down)], 1)
    return dL, dab


def correlation(ab: Tensor) -> float:
    """Of ab minus the picture's mean with itself LAG pixels away; (n, 2, H, W). NaN for one colour everywhere."""
    ab = ab - ab.mean((2, 3), keepdim=True)
    across = (ab[..., :, LAG:] * ab[..., :, :-LAG]).mean()
    down = (ab[..., LAG:, :] * ab[..., :-LAG, :]).mean()
    return float((across + down) / 2 / ab.square().mean())


def measured(pictures: Tensor, truth: Tensor) -> dict[str, float]:
    """pictures (n, 3, H, W), truth (1, 3, H, W) in [0, 1]; edges are the truth's."""
    lab = lab_of(pictures)
    (_, dab), (dL, _) = steps(lab), steps(lab_of(truth))
    weak, strong = dL[0] < WEAK, dL[0] > STRONG
    return {
        "chroma step, weak edges": float(dab[:, weak].mean()),
        "chroma step, strong edges": float(dab[:, strong].mean()),
        "chroma step, all": float(dab.mean()),
        f"correlation at {LAG} px": correlation(lab[:, 1:]),
    }


def both(folder: Path) -> Iterator[tuple[dict[str, float], dict[str, float]]]:
    """The candidates' values and the truth's, drawing by drawing of an evaluation."""
    document = read_evaluation(folder).document
    pictures = build(document["settings"]["data"])
    drawings = judging.held_out(pictures, document["settings"]["split"], None)
    first = {name: int(group[0]) for name, group in zip(drawings.names, drawings.groups, strict=True)}
    for name in document["drawings"]:
        samples = torch.from_numpy(read_sample(folder, name)).permute(0, 3, 1, 2).float() / 255
        truth = pictures[[first[name]]].rgb
        yield measured(samples, truth), measured(truth, truth)


def table(named: Sequence[str]) -> str:
    """Markdown: a row a measure, a column an evaluation, the truth first."""
    found: dict[str, list[dict[str, float]]] = {}
    for name, folder in (each.rsplit("=", 1) for each in named):
        drawn, true = zip(*both(Path(folder)), strict=True)
        found = {"truth": list(true), **found, name: list(drawn)}
    lines = ["| | " + " | ".join(found) + " |", "| --- |" + " --- |" * len(found)]
    for measure in found["truth"][0]:
        columns = [torch.tensor([row[measure] for row in each]) for each in found.values()]
        lines.append(f"| {measure} | " + " | ".join(f"{c[c.isfinite()].mean():.2f}" for c in columns) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(sys.argv[1:]))
