"""What W&B gets, read back from its own files; nothing goes to a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from colorlab.cli.yaml_files import conf_dir
from colorlab.evaluation.dashboard import (
    COLUMNS,
    HISTOGRAM,
    histogram_rows,
    log_comparison,
    log_evaluation,
    logged_run,
    scalars,
)
from colorlab.evaluation.folder import read_evaluation
from colorlab.metrics.diversity import BINS
from tests.evaluations import evaluated, made_with

pytestmark = pytest.mark.whole

LOGGER = OmegaConf.merge(OmegaConf.load(conf_dir() / "logger" / "wandb.yaml"), {"mode": "offline"})


def runs(folder: Path) -> list[Path]:
    return sorted((folder / "wandb").glob("offline-run-*"))


def summary(run: Path) -> dict[str, Any]:
    """What `wandb leet inspect` finds in an offline run."""
    line = [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", str(run)]
    return json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two evaluations, logged one after the other as jobs of a sweep are."""
    folders = [
        evaluated(tmp_path_factory.mktemp("wandb") / f"test-n4-s{k}", "c8", shift=0.1 * k)
        for k in range(2)
    ]
    for folder in folders:
        log_evaluation(LOGGER, read_evaluation(folder))
    return folders


@pytest.mark.slow
def test_each_evaluation_is_a_finished_run_of_its_own(logged: list[Path]) -> None:
    found = [summary(run) for folder in logged for run in runs(folder)]
    assert len({run["run_id"] for run in found}) == 2
    assert [(run["state"], run["exit_code"]) for run in found] == [("finished", 0)] * 2


def test_what_is_read_back_is_what_was_evaluated(logged: list[Path]) -> None:
    document = read_evaluation(logged[1]).document
    found = summary(runs(logged[1])[0])
    assert found["summary"]["diversity/lpips"] == pytest.approx(
        document["values"]["diversity/lpips"]["mean"]
    )
    assert found["summary"]["diversity/lpips_low"] == pytest.approx(
        document["values"]["diversity/lpips"]["low"]
    )
    assert (
        found["config"]["protocol_id"] == document["protocol_id"]
        and found["config"]["method"] == "GPIC"
    )
    assert found["summary"]["samples"]["_type"] == "image-file"


def test_runs_overlay_because_key_bins_and_columns_are_the_same(logged: list[Path]) -> None:
    tables = []
    for folder in logged:
        assert f"{HISTOGRAM}_table" in summary(runs(folder)[0])["summary"]
        tables.append(
            json.loads(next(runs(folder)[0].rglob("*histogram_table*.table.json")).read_text())
        )
    assert [table["columns"] for table in tables] == [COLUMNS] * 2
    bins = [[row[:3] for row in table["data"]] for table in tables]
    assert bins[0] == bins[1] and [row[0] for row in bins[0]] == BINS[:-1].tolist()


def test_the_histogram_counts_every_pair_and_has_an_area_of_one(logged: list[Path]) -> None:
    found = read_evaluation(logged[0])
    rows = histogram_rows(found)
    assert sum(row[3] for row in rows) == found.distances["lpips"].size == 36
    assert sum(row[4] * (row[1] - row[0]) for row in rows) == pytest.approx(1)
    assert rows[0][5:] == ["c8", 0, 6, 4]


def test_a_run_that_was_shown_hints_is_marked_in_the_table(tmp_path: Path) -> None:
    found = read_evaluation(made_with(evaluated(tmp_path, "c8"), hints="left"))
    assert {row[5] for row in histogram_rows(found)} == {"c8 with hints=left"}


def test_scalars_have_quantiles_over_drawings(logged: list[Path]) -> None:
    found = scalars(read_evaluation(logged[0]))
    assert found["diversity/lpips_p50"] == pytest.approx(np.median(np.linspace(0.1, 0.4, 6)))
    assert (
        found["diversity/lpips_p10"] < found["diversity/lpips_p50"] < found["diversity/lpips_p90"]
    )


def test_a_run_that_fails_is_marked_as_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyError), logged_run(LOGGER, tmp_path, "broken", "evaluation", None, {}):
        raise KeyError("x")
    assert summary(runs(tmp_path)[0])["exit_code"] == 1


def test_a_comparison_brings_its_page_and_says_that_no_workspace_was_made(
    tmp_path: Path, capsys
) -> None:
    from PIL import Image

    (tmp_path / "index.html").write_text("<p>report</p>")
    for name in ("histogram", "frontier"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.png")
    written = {"page": tmp_path / "index.html"} | {
        name: tmp_path / f"{name}.png" for name in ("histogram", "frontier")
    }
    log_comparison(LOGGER, "title", written)
    assert summary(runs(tmp_path)[0])["summary"]["report"]["_type"] == "html-file"
    assert "no workspace was" in capsys.readouterr().out


def test_the_workspace_asks_for_what_evaluations_log(tmp_path: Path) -> None:
    from colorlab.evaluation.dashboard import workspace

    section = workspace("someone", "colorlab").sections[0]
    chart = next(panel for panel in section.panels if type(panel).__name__ == "CustomChart")
    assert f"'{HISTOGRAM}_table'" in str(chart.query)
    assert set(chart.chart_fields.values()) <= set(COLUMNS)
    scatter = next(panel for panel in section.panels if type(panel).__name__ == "ScatterPlot")
    assert (str(scatter.x), str(scatter.y)) == ("diversity/lpips", "validity/share")
