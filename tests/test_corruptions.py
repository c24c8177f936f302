"""The gate of validity on true colourings in other hues and on deliberately broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from colorlab.color import lab_of
from colorlab.draws import Draws
from colorlab.metrics.corruptions import CORRUPTIONS
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.validity import Limits, measures_of, verdict
from colorlab.storage.files import read_json

SIDE = 64
ROOT = Path(__file__).parent.parent


def drawing(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A true colouring (1, 3, 64, 64) and its lines (1, 1, 64, 64): a box, or two rings."""
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    if kind == "box":
        inside = (rows > 14) & (rows < 50) & (columns > 14) & (columns < 50)
        away = torch.maximum((rows - 32).abs(), (columns - 32).abs()) - 18
    else:
        radius = torch.hypot(rows - 31.5, columns - 31.5)
        inside, away = radius < 22, torch.minimum((radius - 22).abs(), (radius - 9).abs())
    lines = (away.abs() > 1).float()[None, None]
    other = inside & (torch.hypot(rows - 31.5, columns - 31.5) < 9)
    colors = torch.ones(3, SIDE, SIDE)
    colors[:, inside] = torch.tensor([0.9, 0.6, 0.1])[:, None]
    colors[:, other] = torch.tensor([0.2, 0.4, 0.8])[:, None]
    if kind == "box":
        colors[:, inside] = torch.tensor([0.3, 0.7, 0.4])[:, None]
    return colors[None] * lines, lines


def is_valid(pictures: torch.Tensor, true: torch.Tensor, lines: torch.Tensor) -> list[bool]:
    return verdict(measures_of(Drawing(pictures, lines[0], true, 0, "none"), "lines")).tolist()


@pytest.mark.parametrize("kind", ["box", "rings"])
def test_the_gate_lets_other_hues_through_and_stops_what_is_broken(kind: str) -> None:
    true, lines = drawing(kind)
    made = {name: corrupt(true, lines, Draws(0, [3])) for name, corrupt in CORRUPTIONS.items()}
    found = dict(zip(made, is_valid(torch.cat(list(made.values())), true, lines), strict=True))
    assert found["recoloured"] and found["gray"], "colours are no matter of validity"
    assert not any(found[name] for name in ("bleeding", "mush", "stained", "salt")), found


def test_other_hues_keep_lightness_and_are_another_colouring() -> None:
    true, lines = drawing("rings")
    turned = CORRUPTIONS["recoloured"](true, lines, Draws(0, [3]))
    before, after = lab_of(true), lab_of(turned)
    assert (before[:, 0] - after[:, 0]).abs().max() < 1.0
    assert (before[:, 1:] - after[:, 1:]).abs().max() > 20


def test_hues_are_turned_by_one_to_five_radians() -> None:
    pale = torch.tensor([0.55, 0.5, 0.5]).view(1, 3, 1, 1).expand(64, -1, 2, 2)
    turned = CORRUPTIONS["recoloured"](pale, torch.ones(64, 1, 2, 2), Draws(0, range(64)))
    hues = [torch.atan2(lab[:, 2, 0, 0], lab[:, 1, 0, 0]) for lab in (lab_of(turned), lab_of(pale))]
    angles = (hues[0] - hues[1]) % (2 * torch.pi)
    assert 0.98 < angles.min() < 1.4 and 4.6 < angles.max() < 5.02


def test_a_corruption_depends_on_its_draws_alone() -> None:
    true, lines = drawing("box")
    for corrupt in CORRUPTIONS.values():
        both = corrupt(true.expand(2, -1, -1, -1), lines.expand(2, -1, -1, -1), Draws(0, [3, 4]))
        assert (
            torch.equal(corrupt(true, lines, Draws(0, [4])), both[1:])
            and both.min() >= 0
            and both.max() <= 1
        )


def test_the_pages_rates_are_the_files_and_false_alarms_are_below_a_percent_on_lines() -> None:
    found = read_json(ROOT / "results" / "validity.json")
    assert found["limits"] == Limits()._asdict(), (
        "limits changed: run experiments/validity_calibration/run.py again"
    )
    lines = found["lines"]
    true = [lines["recoloured"], lines["other true colourings"]]
    assert (
        sum(each["stopped"] * each["count"] for each in true) / sum(each["count"] for each in true)
        < 0.01
    )
    assert all(lines[kind]["stopped"] > 0.98 for kind in ("bleeding", "mush", "stained", "salt"))
    page = (ROOT / "experiments/validity_calibration/README.md").read_text(encoding="utf-8")
    names = {
        "recoloured": "*true:* other hues",
        "other true colourings": "*true:* other true colourings",
        "bleeding": "*broken:* bleeding",
    }
    for kind, rate in lines.items():
        (row,) = [
            line for line in page.splitlines() if line.startswith(f"| {names.get(kind, kind)} |")
        ]
        of_gray = found["gray"].get(kind)
        told = [
            f"{rate['stopped']:.3f}",
            f"{of_gray['stopped']:.3f}" if of_gray else "",
            str(rate["count"]),
        ]
        assert [cell.strip() for cell in row.split("|")[2:5]] == told


def test_as_many_pixels_turn_white_as_black() -> None:
    lines = torch.ones(1, 1, 200, 200)
    salted = CORRUPTIONS["salt"](torch.full((1, 3, 200, 200), 0.5), lines, Draws(0, [3]))
    shares = [float((salted == level).float().mean()) for level in (0.0, 1.0)]
    assert shares == pytest.approx([0.01, 0.01], abs=0.002)
