"""Colourings of a data set's own drawings, and contact sheets of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlab.cli.processes import gathered, is_first, own_share
from colorlab.color import locked
from colorlab.conditions.hints import of_truth
from colorlab.draws import Draws
from colorlab.errors import NumericError
from colorlab.progress import with_progress
from colorlab.report.grid import Sheet, drawn_sheet, mixture, sheet_of
from colorlab.runs.run import Run
from colorlab.sampling.options import SamplingOptions
from colorlab.sampling.record import paths_of, record_of, start_of, write_png
from colorlab.sampling.setup import guides_of, method_of, says_captions, worded
from colorlab.types import Batch, Condition

COLORED = 0.01  # share of the pixels that a colouring changes, at least, of a drawing that is shown
CHANGED = 0.1  # in [0, 1], of a channel
TRUTHS = 3  # true colourings that are shown, at most


def write_sheet_of_split(
    runs: Sequence[Run],
    split: str,
    limit: int,
    out: Path,
    options: SamplingOptions,
    distinct: bool = False,
) -> Path | None:
    """The contact sheet of a split of the (first) run's data set, as <split>.png in a folder, or
    under another name, see ``record.start_of``. -> its path; None in a process that only had a
    share in it."""
    record = record_of(runs, options, {"limit": limit, "n": options.n})._replace(
        input=f"split={split}", content=split
    )
    (path,) = paths_of(start_of(out / split, [".png"], record, distinct), [".png"])
    sheet = sheet_of_split(method_of(runs, options), runs[0].pictures(), split, limit, options)
    if not is_first():
        return None
    write_png(path, drawn_sheet(sheet), record, None)
    return path


def sheet_of_split(
    method: Any, pictures: Any, split: str, limit: int, options: SamplingOptions
) -> Sheet:
    """n colourings of held-out drawings, in a mix of drawings with one and with several true
    colourings; of those in which there is something to colour, if any are."""
    groups = pictures.drawings(split)
    counts, among = [len(group) for group in groups], dict.fromkeys(range(len(groups)))
    chosen = first = mixture(counts, among, limit)
    while bare := [i for i in chosen if not to_color(pictures[groups[i][:TRUTHS].tolist()])]:
        for i in bare:
            del among[i]
        chosen = mixture(counts, among, limit)
    groups = [groups[i] for i in chosen or first]
    indices = [int(group[0]) for group in groups]
    mine = own_share(indices)
    rows = with_progress(colored(method, pictures, mine, options), len(mine), "colouring")
    drawn = gathered([np.stack([to_pixels(one) for one in row]) for row in rows])
    drawings = [as_shown(condition_of(pictures, index, options)) for index in indices]
    truths = [[to_pixels(one) for one in pictures[group[:TRUTHS].tolist()].rgb] for group in groups]
    return sheet_of(drawings, drawn, truths)


def to_color(batch: Batch) -> bool:
    """Whether any of a drawing's true colourings adds to it; none does to a black square."""
    changed = (batch.rgb - batch.image).abs().amax(1) > CHANGED
    return bool((changed.float().mean((1, 2)) > COLORED).any())


def colored(
    method: Any, pictures: Any, indices: list[int], options: SamplingOptions
) -> Iterator[Tensor]:
    """(n, 3, H, W) in [0, 1] for one picture after the other; those of gray pictures have exactly
    their lightness, whatever the method draws."""
    guides = guides_of(options, options.hints is not None)
    method.cut = says_captions(options.text)  # nobody can shorten the captions of a data set
    for index in indices:
        condition = condition_of(pictures, index, options).to(options.device)
        draws = Draws(options.seed, [index], alike=options.same_noise)
        drawn = method.sample(condition, options.n, draws, guides)[0]
        check_finite(drawn)
        yield (locked(drawn, condition.image) if pictures.condition == "gray" else drawn).cpu()


def condition_of(pictures: Any, index: int, options: SamplingOptions) -> Condition:
    """What a method is shown of a picture of the data set."""
    batch = pictures[index]
    hints = (
        of_truth(options.hints, batch.rgb, Draws(options.seed, [index])) if options.hints else None
    )
    return Condition(batch.image, hints, worded(options.text, batch.text), batch.label)


def as_shown(condition: Condition) -> np.ndarray:
    """(H, W, 3) uint8: the drawing, the hints over it."""
    drawing = condition.image[0].expand(3, -1, -1)
    return to_pixels(
        drawing
        if condition.hints is None
        else torch.lerp(drawing, *(h[0] for h in condition.hints))
    )


def to_pixels(picture: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] -> (H, W, 3) uint8. NumericError: not all are numbers, which would be
    shown as black."""
    check_finite(picture)
    return (
        (picture * 255).round_().clamp_(0, 255).byte().permute(1, 2, 0).contiguous().cpu().numpy()
    )


def check_finite(pictures: Tensor) -> None:
    """NumericError if colourings hold NaN or infinity."""
    if not pictures.isfinite().all():
        raise NumericError(
            "a colouring has values that are not finite (try precision=fp32; else train again)"
        )
