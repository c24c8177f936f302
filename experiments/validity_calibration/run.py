"""How often does the gate of validity stop a true colouring, and how often does it let a broken one
through?

    python experiments/validity_calibration/run.py [--split test] [--limit 102]
    [--out results/validity.json]

Every drawing is judged against its first true colouring alone. True: its other true colourings, and
itself in other hues. Broken: colorlab/metrics/corruptions.py."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from colorlab.color import luma
from colorlab.data.openmoji import OpenMoji
from colorlab.data.transforms import Augment
from colorlab.draws import Draws
from colorlab.evaluation.drawings import held_out
from colorlab.metrics.corruptions import CORRUPTIONS
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.validity import Limits, measures_of, verdict
from colorlab.progress import with_progress
from colorlab.storage.files import write_json

SIZE = 64
OTHERS = 6  # other true colourings of a drawing, at most


def main() -> None:
    """Print the table of rates for both conditions, and write it with what each limit stopped."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--out", type=Path, default=Path("results/validity.json"))
    options = parser.parse_args()
    found = {
        condition: rates(condition, options.split, options.limit) for condition in ("lines", "gray")
    }
    write_json(
        options.out, found | {"limits": Limits()._asdict(), "split": options.split, "size": SIZE}
    )
    print(
        "| | stopped, on lines | stopped, on gray | pictures | by |\n| --- | --- | --- | --- | "
        "--- |"
    )
    for kind, of_lines in found["lines"].items():
        by = ", ".join(
            f"{name} {share:.2f}" for name, share in of_lines["by"].items() if share >= 0.005
        )
        of_gray = found["gray"].get(kind, {"stopped": float("nan")})
        print(
            f"| {kind} | {of_lines['stopped']:.3f} | {of_gray['stopped']:.3f} | "
            f"{of_lines['count']} | {by} |"
        )


def rates(condition: str, split: str, limit: int | None) -> dict[str, dict[str, Any]]:
    """kind of picture -> count, the share that is stopped, and the share that each limit stops."""
    drawings = held_out(OpenMoji(SIZE, condition, Augment(0.0, 0.0, 0.0)), split, limit)
    stopped: dict[str, list[dict[str, bool]]] = {}
    for group in with_progress(drawings.groups, len(drawings.groups), condition):
        batch = drawings.pictures[group[: OTHERS + 1].tolist()]
        true, image, draws = batch.rgb[:1], batch.image[:1], Draws(0, [int(group[0])])
        others = batch.rgb[1:] if condition == "lines" else batch.rgb[:0]
        kinds = ["other true colourings"] * len(others) + list(CORRUPTIONS)
        ink = _ink(image, condition)
        broken = (_made(each(true, ink, draws), image, condition) for each in CORRUPTIONS.values())
        pictures = torch.cat([others, *broken])
        measures = measures_of(Drawing(pictures, image[0], true, 0, "none"), condition)
        valid = verdict(measures)
        for i, kind in enumerate(kinds):
            alone = {name: not _kept(name, measures[name][i].item()) for name in Limits._fields}
            stopped.setdefault(kind, []).append({"": not valid[i].item(), **alone})
    return {kind: _summed(each) for kind, each in stopped.items()}


def _ink(image: torch.Tensor, condition: str) -> torch.Tensor:
    """What is laid over broken colours: lines; nothing over a gray picture."""
    return image if condition == "lines" else torch.ones_like(image)


def _made(pictures: torch.Tensor, image: torch.Tensor, condition: str) -> torch.Tensor:
    return pictures if condition == "lines" else (pictures + image - luma(pictures)).clamp(0, 1)


def _kept(name: str, value: float) -> bool:
    limit = getattr(Limits(), name)
    least = name in ("lines_kept", "lines_true", "paper_kept")
    return not (value < limit if least else value > limit)


def _summed(each: list[dict[str, bool]]) -> dict[str, Any]:
    share = {name: sum(one[name] for one in each) / len(each) for name in each[0]}
    return {"count": len(each), "stopped": share.pop(""), "by": share}


if __name__ == "__main__":
    main()
