"""One evaluation from its beginning, or from where it was left, to evaluation.json."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from colorlab.cli.processes import broadcast, is_first, own_share, rank_and_world
from colorlab.errors import DataError
from colorlab.evaluation.drawings import Drawings, held_out
from colorlab.evaluation.folder import (
    PICTURES,
    SETTINGS,
    add_timing,
    missing,
    read_sample,
    sample_file,
    timing,
    write_result,
    write_sample,
)
from colorlab.evaluation.judging import (
    as_pictures,
    curves,
    judge_of,
    judged,
    pictures_shown,
    row_of,
    trivial_rows,
    truth_counts,
)
from colorlab.evaluation.likelihoods import with_likelihood
from colorlab.evaluation.options import EvaluationOptions
from colorlab.evaluation.protocol import protocol_id, protocol_of
from colorlab.evaluation.settings import begin, folder_of, settings_of
from colorlab.evaluation.trained import trained
from colorlab.metrics.drawing import Shown
from colorlab.metrics.judge import Judge
from colorlab.progress import with_progress
from colorlab.runs.run import Run
from colorlab.sampling.options import SamplingOptions
from colorlab.sampling.setup import method_of
from colorlab.sampling.splits import colored, condition_of, to_pixels
from colorlab.storage.files import read_json, write_arrays


class Evaluated(NamedTuple):
    """folder: of the evaluation. lacking: the error to end with where the weights of a judge were
    missing."""

    folder: Path
    lacking: DataError | None


def evaluate_runs(
    runs: Sequence[Run],
    options: SamplingOptions,
    wanted: EvaluationOptions,
    say: Callable[[str], Any],
) -> Evaluated:
    """Make the samples that are missing, judge all of them, write evaluation.json; of
    several processes each does its share. say: is given lines for the user."""
    if not is_first():
        say = str
    drawings = held_out(runs[0].pictures(), wanted.split, wanted.limit)
    judge, lacking = judge_of(wanted.lpips, wanted.features, drawings.pictures.condition)
    folder = folder_of(runs, options, wanted)
    if is_first():
        begin(folder, settings_of(runs, options, wanted.split))
    count = len(drawings.names)
    say(
        f"{folder}: {count - len(missing(folder, drawings.names))} of {count} drawings have their "
        "samples"
    )
    make_missing(runs, options, folder, drawings)
    for note in judge_all(runs, options, wanted, folder, drawings, judge):
        say(f"note: {note}")
    return Evaluated(folder, lacking)


def make_missing(
    runs: Sequence[Run], options: SamplingOptions, folder: Path, drawings: Drawings
) -> None:
    """Sample the drawings that have no candidates in the folder yet."""
    names = drawings.names
    left = broadcast(missing(folder, names))
    if not left:
        return
    todo = own_share(left)
    index = {name: int(group[0]) for name, group in zip(names, drawings.groups, strict=True)}
    drawn = colored(
        method_of(runs, options), drawings.pictures, [index[name] for name in todo], options
    )
    started, made = time.monotonic(), 0
    try:
        for name, candidates in with_progress(zip(todo, drawn, strict=True), len(todo), "sampling"):
            write_sample(folder, name, np.stack([to_pixels(one) for one in candidates]))
            made += 1
    finally:
        add_timing(folder, time.monotonic() - started, made, options.device, rank_and_world()[0])
    broadcast(folder)  # it has all samples


def judge_all(
    runs: Sequence[Run],
    options: SamplingOptions,
    wanted: EvaluationOptions,
    folder: Path,
    drawings: Drawings,
    judge: Judge,
) -> list[str]:
    """Write evaluation.json and what belongs to it, from the samples in the folder. -> what the
    judges warn of."""
    started, configured = time.monotonic(), runs[0].config["method"]
    hints = HintsShown(runs, options, wanted, drawings) if options.hints else None
    made = FromFolder(folder, own_share(drawings.names))
    verdict = judged(judge, drawings, made, options.n, options.device, "judging", hints)
    method = method_of(runs, options)
    verdict = with_likelihood(verdict, method, drawings, options)
    protocol = protocol_of(drawings, runs[0].data, wanted.split, options.n, options.seed, judge)
    trivial = trivial_rows(judge, drawings, protocol, options.device)
    oracle = oracle_row(judge, drawings, method, options)
    if not is_first():
        return []
    document = {
        "run": " + ".join(run.name for run in runs),
        "method": str(configured["_target_"]).rsplit(".", 1)[-1],
        "settings": settings_of(runs, options, wanted.split), "configured": configured,
        "trained": trained(runs), "drawings": drawings.names, "truths": truth_counts(verdict),
        "protocol": protocol, "protocol_id": protocol_id(protocol), "values": verdict.values,
        "per_drawing": verdict.per_drawing, "curves": curves(verdict.values, options.n),
        "trivial": trivial.document["trivial"] | oracle,
        "timing": timing(folder, time.monotonic() - started),
    }  # fmt: skip
    write_arrays(folder / PICTURES, pictures_shown(drawings, document))
    write_result(folder, document, verdict.distances | trivial.distances)
    return verdict.notes


def oracle_row(
    judge: Judge, drawings: Drawings, method: Any, options: SamplingOptions
) -> dict[str, Any]:
    """The row of a method that first draws coarse colours: what it paints of the true ones. No row
    of others."""
    paint = getattr(method, "oracle", None)
    if paint is None:
        return {}

    def draw(image: Tensor, truths: Tensor, n: int) -> Tensor:
        seen = [each.to(options.device) for each in (image, truths[:1])]
        return paint(*seen).cpu().expand(n, -1, -1, -1)

    title = "its oracle: true coarse colours"
    verdict = judged(judge, drawings, draw, options.n, options.device, f"judging: {title}")
    return {"oracle": row_of(title, verdict, options.n)}


class HintsShown:
    """The hints of each drawing, and the candidates of the same seeds without hints, where they
    have been made."""

    def __init__(
        self,
        runs: Sequence[Run],
        options: SamplingOptions,
        wanted: EvaluationOptions,
        drawings: Drawings,
    ) -> None:
        self.options, self.drawings = options, drawings
        plain = replace(options, hints=None)
        folder = folder_of(runs, plain, wanted._replace(out=None))
        known = read_json(folder / SETTINGS, {}) if (folder / SETTINGS).is_file() else None
        self.without = (
            folder
            if known == json.loads(json.dumps(settings_of(runs, plain, wanted.split)))
            else None
        )

    def __call__(self, index: int) -> Shown | None:
        hints = condition_of(self.drawings.pictures, index, self.options).hints
        if hints is None:
            return None
        name, device = str(self.drawings.pictures.names[index]), self.options.device
        there = self.without is not None and not missing(self.without, [name])
        without = (
            as_pictures(read_sample(self.without, name)).to(device)
            if there and self.without
            else None
        )
        return Shown(hints.rgb[0].to(device), hints.mask[0].to(device), without)


class FromFolder:
    """Candidates out of an evaluation folder, drawing after drawing in the order of the names."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.folder, self.names = folder, iter(names)

    def __call__(self, image: Tensor, truths: Tensor, n: int) -> Tensor:
        """(n, 3, H, W) in [0, 1]. DataError: the file holds other pictures."""
        name = next(self.names)
        found = read_sample(self.folder, name)
        if found.shape[:3] != (n, *image.shape[-2:]):
            raise DataError(
                f"{sample_file(self.folder, name)} holds {found.shape}, not {n} candidates of the "
                "drawing's size (delete it and evaluate again)"
            )
        return as_pictures(found)
