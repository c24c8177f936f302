"""From drawings and candidates to a row of a table: what was judged on what, the numbers, their
intervals."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from colorlab.cli.processes import all_gather, broadcast, is_first, own_share, rank_and_world
from colorlab.errors import DataError
from colorlab.evaluation.baselines import Draw, rows, truths_of
from colorlab.evaluation.document import must_be_trivial
from colorlab.evaluation.drawings import Drawings
from colorlab.evaluation.folder import RESULT, Evaluation, read_evaluation, write_result
from colorlab.evaluation.protocol import protocol_id
from colorlab.evaluation.ranking import RANKED
from colorlab.evaluation.selection import worst
from colorlab.metrics.drawing import Shown
from colorlab.metrics.intervals import intervals
from colorlab.metrics.judge import Judge
from colorlab.progress import with_progress
from colorlab.report.grid import mixture
from colorlab.storage.cache import cache_dir
from colorlab.storage.files import json_digest

#: Pictures kept for contact sheets: of so many drawings, so many worst ones; truths each.
SHOWN, WORST, TRUTHS = 24, 12, 3


#: the first picture's position in the data set -> what was shown of it
HintsOf = Callable[[int], Shown | None]


class Verdict(NamedTuple):
    """What the judges say. values: measure -> mean, low, high, n; per_drawing: measure -> a number
    per drawing; distances: between the candidates of each drawing; notes: what the judges warn
    of."""

    values: dict[str, dict[str, Any]]
    per_drawing: dict[str, list[float]]
    distances: dict[str, np.ndarray]
    notes: list[str]


def judge_of(lpips: str, features: str, condition: str) -> tuple[Judge, DataError | None]:
    """The judge; where weights are missing, one that does without, and the error to end with when
    the rest is done."""
    lacking = None
    wanted = {"lpips": lpips, "features": features}
    for part, net in wanted.items():
        try:
            Judge(**{"lpips": "none", "features": "none", part: net}, condition=condition)
        except DataError as error:
            if is_first():
                print(
                    f"colorlab: the weights of {part}={net} are missing, going on without",
                    file=sys.stderr,
                )
            wanted[part], lacking = "none", error
    return Judge(wanted["lpips"], wanted["features"], condition), lacking


def judged(
    judge: Judge,
    drawings: Drawings,
    draw: Draw,
    n: int,
    device: str,
    what: str,
    hints: HintsOf | None = None,
) -> Verdict:
    """The verdict on what draw gives for each drawing; drawings for which it gives None are left
    out. device: where the judges compute, in full float32. what: for the progress bar. hints: what
    of each drawing was shown.

    Of several processes each looks at its share, and all come to the same verdict."""
    torch.backends.cudnn.allow_tf32 = False
    judge.reset()
    seen, groups = 0, own_share(drawings.groups)
    for group in with_progress(groups, len(groups), what):
        batch = drawings.pictures[group.tolist()]
        truths, image = truths_of(batch, drawings.pictures.condition), batch.image[:1]
        candidates = draw(image, truths, n)
        if candidates is not None:
            shown = [part.to(device) for part in (candidates[None], image, truths)]
            hinted = [hints(int(group[0]))] if hints else []
            judge.update(shown[0], shown[1], [shown[2]], [int(group[0])], hinted)
            seen += 1
    others = all_gather((judge.seen(), seen))
    if len(others) > 1:
        judge.take_in([rows for k, (rows, _) in enumerate(others) if k != rank_and_world()[0]])
    return _verdict(judge) if any(count for _, count in others) else Verdict({}, {}, {}, [])


def _verdict(judge: Judge) -> Verdict:
    """The judge's numbers with their intervals: a bootstrap of means, a jackknife of what belongs
    to the set."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        totals = judge.compute()
    per_drawing = judge.per_drawing()
    found, bounds, count = intervals(per_drawing, 0), judge.bounds(), int(totals.pop("drawings"))
    values = {}
    for key, mean in totals.items():
        low, high = (
            (found[key].low, found[key].high) if key in found else bounds.get(key, (None, None))
        )
        values[key] = {
            "mean": mean,
            "low": low,
            "high": high,
            "n": found[key].n if key in found else count,
        }
    columns = {key: column.tolist() for key, column in per_drawing.items() if key != "index"}
    notes = list(dict.fromkeys(str(warning.message) for warning in said))
    return Verdict(values, columns, judge.distances(), notes)


def truth_counts(verdict: Verdict) -> list[int]:
    """How many true colourings each drawing has."""
    return [1 if np.isnan(count) else int(count) for count in verdict.per_drawing["modes/truths"]]


def curves(values: dict[str, dict[str, Any]], n: int) -> dict[str, dict[str, list[float]]]:
    """best_of_k (to the first truth) and nearest_best_of_k (to the nearest one): error -> its means
    for k = 1 to n."""
    found: dict[str, dict[str, list[float]]] = {}
    for kind in ("best_of", "nearest_best_of"):
        first = f"truth/{kind}_1_"
        errors = [key.removeprefix(first) for key in values if key.startswith(first)]
        found[f"{kind}_k"] = {
            e: [values[f"truth/{kind}_{k}_{e}"]["mean"] for k in range(1, n + 1)] for e in errors
        }
    return found


def trivial_rows(
    judge: Judge, drawings: Drawings, protocol: dict[str, Any], device: str
) -> Evaluation:
    """The trivial rows under a protocol: under "trivial" in the document, distances as
    `trivial/<row>/<distance>`. Judged once, then kept in the cache: they do not depend on the
    method, only on the protocol, the training pictures' names and the code that computes them."""
    train = [str(drawings.pictures.names[i]) for i in drawings.pictures.splits["train"]]
    key = f"{protocol_id(protocol)}-{json_digest([train, _code()])[:10]}"
    folder = cache_dir() / "trivial" / key
    if broadcast((folder / RESULT).is_file()):
        return read_evaluation(folder, must_be_trivial)
    documents, n = {}, protocol["n"]
    distances: dict[str, np.ndarray] = {}
    for name, row in rows(drawings.pictures).items():
        verdict = judged(judge, drawings, row.draw, n, device, f"judging: {row.title}")
        if verdict.values:
            documents[name] = row_of(row.title, verdict, n)
            distances |= {f"trivial/{name}/{d}": found for d, found in verdict.distances.items()}
    document = {
        "protocol_id": protocol_id(protocol),
        "values": {},
        "per_drawing": {},
        "trivial": documents,
    }
    if is_first():
        folder.mkdir(parents=True, exist_ok=True)
        write_result(folder, document, distances)
    broadcast(folder)  # it is written
    return read_evaluation(folder, must_be_trivial)


def row_of(title: str, verdict: Verdict, n: int) -> dict[str, Any]:
    """A row that is no run's, as evaluation.json holds it."""
    kept = {key: verdict.per_drawing[key] for key in RANKED if key in verdict.per_drawing}
    return {
        "title": title,
        "values": verdict.values,
        "curves": curves(verdict.values, n),
        "per_drawing": kept,
    }


def _code() -> list[str]:
    """The sources of judges and trivial rows: what an older version computed is not taken for this
    one's."""
    package = Path(__file__).parent.parent
    paths = [
        *sorted(package.glob("metrics/*.py")),
        *(
            package / name
            for name in ("evaluation/baselines.py", "color.py", "conditions/resize.py")
        ),
    ]
    return [path.read_text(encoding="utf-8") for path in paths]


def pictures_shown(drawings: Drawings, document: dict[str, Any]) -> dict[str, np.ndarray]:
    """What contact sheets need of the data: for some drawings and the worst ones
    `<position>/drawing` (H, W) and `<position>/truths` (up to 3, H, W, 3), uint8."""
    sheet = mixture(document["truths"], range(len(drawings.names)), SHOWN)
    found = {}
    for position in dict.fromkeys([*sheet, *worst(document, WORST)]):
        batch = drawings.pictures[drawings.groups[position].tolist()]
        truths = truths_of(batch, drawings.pictures.condition)[:TRUTHS]
        found[f"{position}/drawing"] = (batch.image[0, 0] * 255).round().byte().numpy()
        found[f"{position}/truths"] = (truths * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return found


def as_pictures(pixels: np.ndarray) -> torch.Tensor:
    """(n, H, W, 3) uint8 -> (n, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
