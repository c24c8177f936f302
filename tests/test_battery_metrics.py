"""What a number may rest on: pictures in range, enough of them, and their count beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from colorlab.cli.config import compose
from colorlab.compare import compare
from colorlab.evaluate import tell
from colorlab.metrics.judge import Judge
from tests.evaluations import evaluated
from tests.test_metrics_inputs import GOOD

WRONG = {
    "0 to 255": lambda x: 255 * x,
    "-1 to 1": lambda x: 2 * x - 1,
    "bytes": lambda x: (255 * x).byte(),
    "not a number": lambda x: x.where(x < 0.99, torch.nan),
    "channels last": lambda x: x.movedim(-3, -1),
}
CASE = {"samples": GOOD.expand(1, 2, 3, 32, 32), "image": GOOD[:1, :1], "truths": GOOD[:1]}


@pytest.mark.parametrize("what", CASE)
@pytest.mark.parametrize("wrong", WRONG)
def test_the_judges_refuse_what_is_out_of_range_and_count_nothing(what: str, wrong: str) -> None:
    judge, case = Judge("none", "none", "lines"), CASE | {what: WRONG[wrong](CASE[what])}
    with pytest.raises(ValueError, match=rf"{what}: .*want \("):
        judge.update(case["samples"], case["image"], [case["truths"]])
    judge.update(CASE["samples"], CASE["image"], [CASE["truths"]])
    assert judge.compute()["drawings"] == 1


@pytest.mark.whole
def test_tables_say_of_how_many_drawings_and_candidates_they_are(tmp_path: Path, capsys) -> None:
    folder = evaluated(tmp_path / "1", n=5, count=7)
    tell(folder)
    assert "7 drawings, 5 candidates each" in " ".join(capsys.readouterr().out.split())
    compare(compose("compare", [f"runs=[{folder}]", f"out={tmp_path / 'out'}"]))
    page = (tmp_path / "out" / "index.html").read_text()
    assert "7 drawings" in page and "5 candidates each" in page
