"""What opens although it was broken by machine can be used: evaluations are compared, kept and
shown, and cards are written."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from colorlab.evaluation import comparison, dashboard
from colorlab.evaluation.comparison import compare_runs
from colorlab.evaluation.folder import read_evaluation
from colorlab.evaluation.options import ComparisonOptions
from colorlab.evaluation.results import keep
from colorlab.evaluation.trained import trained
from colorlab.runs.run import open_run
from colorlab.travel import card
from colorlab.travel.shelf import license_of
from tests import strangers
from tests.evaluations import evaluated
from tests.test_battery_records import an_evaluation, broken, read_or_refused

whole = strangers.whole  # a fixture


def all_doors(folder: Path, other: Path, out: Path) -> None:
    """What is done with an evaluation: comparison, record, card, dashboard."""
    wanted = ComparisonOptions(mixed=True)
    compare_runs([str(folder), str(other)], out, wanted)
    compare_runs([str(other), str(folder)], out, wanted)
    found = read_evaluation(folder)
    keep(found, "kept", out)
    assert [*card.numbers(found), *card.measured_limits(found.document)]
    assert (
        dashboard.scalars(found)
        and dashboard.histogram_rows(found)
        and dashboard.contact_sheet(found)
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_an_evaluation_that_opens_can_be_compared_kept_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """Of what opens, one in so many: all of them take an hour."""
    monkeypatch.setattr(comparison.figure, "png", lambda figure: b"")
    monkeypatch.setattr(comparison.figure, "svg", lambda *given: "")
    file, other = an_evaluation(tmp_path), evaluated(tmp_path / "b", "b", n=2, count=3, shift=0.1)
    doors = file._replace(
        read=lambda path: all_doors(path.parent, other, tmp_path / "out"), names=str(tmp_path)
    )
    opened = [
        (what, content)
        for place, (what, content) in enumerate(broken(file.path.read_text()))
        if place % 11 == part and read_or_refused(file, content, what)
    ]
    tried = [
        read_or_refused(doors, content, what) for what, content in opened[part :: len(opened) // 10]
    ]
    assert len(tried) >= 10 and any(tried)


def test_a_card_is_written_of_any_run_that_opens(whole: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "r"))
    (run / "cost.json").write_text('{"seconds": -3}')
    assert trained([open_run(run)])["parameters"] > 0
    assert card.card_of(open_run(run), None, "", False)


@pytest.mark.parametrize("front", [b"license: mit\n" * 80_000, b"---\n" + b"license: x\n" * 90_000,
                                   b"\xff" * 1000, b"x" * (1 << 21),
                                   b"---\nlicense: m\xc3\xa9\n---\n"])  # fmt: skip
def test_a_card_of_a_strangers_is_looked_at_in_no_time(tmp_path: Path, front: bytes) -> None:
    (tmp_path / "README.md").write_bytes(front)
    began = time.monotonic()
    assert license_of(tmp_path) == ""
    assert time.monotonic() - began < 2
    (tmp_path / "README.md").write_text(
        "---\nlibrary_name: colorlab\nlicense: cc-by-4.0\n---\n\n# r\n"
    )
    assert license_of(tmp_path) == "cc-by-4.0"
