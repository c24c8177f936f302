"""Sets of the true layout from training to a judged table, and what an experiment makes of such
runs."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.layouts import lfw, lsun_church

FIGURE = runpy.run_path(str(ROOT / "experiments" / "divcolor_tables" / "figure5.py"))
SMALL = ["data.condition=gray", "data.size=32", "batch_size=2", "trainer.max_steps=2",
         "method=divcolor", "method.stages.stage=vae", "method.width=4",
         "trainer.precision=32-true", "sheet=0"]  # fmt: skip


def command(name: str, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"colorlab.{name}", *words],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("layout", [lfw, lsun_church], ids=lambda layout: layout.__name__)
def test_a_set_is_trained_on_and_judged(
    layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    layout(tmp_path / "set")
    run, data = tmp_path / "run", [f"data={layout.__name__}", f"data.root={tmp_path / 'set'}"]
    command("train", f"hydra.run.dir={run}", "name=whole", *data, *SMALL)
    command(
        "evaluate", f"run={run}", f"out={tmp_path / 'judged'}", "n=2", "lpips=none", "features=none"
    )
    found = json.loads((tmp_path / "judged" / "evaluation.json").read_text())
    held_out = 4 if layout is lfw else 2
    assert (
        len(found["drawings"]) == held_out
        and found["values"]["truth/best_of_1_mae"]["n"] == held_out
    )
    sheet = FIGURE["sheet"]({"L2": run, "all": run}, 2)
    assert sheet.columns == ["gray", "L2", "all", "true"] and len(sheet.rows) == 2
    for gray, one, same, truth in sheet.rows:
        assert (one == same).all() and one.shape == truth.shape == gray.shape == (32, 32, 3)
        assert (gray[..., 0] == gray[..., 1]).all() and (one != truth).any()
