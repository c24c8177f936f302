"""The ranked table: the least error first, and no difference told that trainings or drawings do not
carry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from colorlab.evaluation.folder import RESULT, read_evaluation
from colorlab.evaluation.ranking import HEADINGS, common_name, notes, on_frontier, ranking
from colorlab.storage.files import read_json, write_json
from tests.evaluations import evaluated

COUNT = 30


def training(folder: Path, method: str, seed: int, shift: float) -> Path:
    """An evaluation of one of several trainings of a method."""
    evaluated(folder, f"{method} seed={seed}", count=COUNT, shift=shift)
    document = read_json(folder / RESULT)
    document["method"], document["settings"]["weights"] = method, {"run": f"{method}{seed}"}
    document["trained"] = {
        "seed": seed,
        "pictures": 32_000,
        "parameters": 940_000,
        "minutes": 10.0 + seed,
    }
    write_json(folder / RESULT, document)
    return folder


def ranked(folders: list[Path]) -> dict[str, list[str]]:
    found = [read_evaluation(folder) for folder in folders]
    heading, *lines = ranking(found, [each.document["run"] for each in found], 0)
    assert heading == HEADINGS
    return {line[0]: line[1:] for line in lines}


def trainings(tmp_path: Path, **shifts: tuple[float, ...]) -> list[Path]:
    return [
        training(tmp_path / f"{method}{seed}", method, seed, shift)
        for method, each in shifts.items() for seed, shift in enumerate(each)
    ]  # fmt: skip


@pytest.mark.whole
def test_trainings_of_one_configuration_are_one_line_and_the_least_error_comes_first(
    tmp_path: Path,
) -> None:
    found = ranked(trainings(tmp_path, far=(0.31, 0.3, 0.29), near=(0.001, 0.0, -0.001)))
    assert list(found) == ["near", "nearest training drawing", "far"]
    assert found["near"][0] == "" and found["far"][0] == ">"
    assert found["near"][4:8] == ["3", "940,000", "32,000", "10"]
    assert found["nearest training drawing"][4:8] == ["–"] * 4
    assert found["near"][1].startswith("0.062 [")


@pytest.mark.whole
def test_a_difference_within_the_spread_of_trainings_is_none(tmp_path: Path) -> None:
    found = ranked(trainings(tmp_path, a=(0.0, 0.1, -0.1), b=(0.02, 0.12, -0.08)))
    assert found["b"][0] == "="


def test_single_trainings_are_not_ranked_and_it_is_said_why(tmp_path: Path) -> None:
    folders = trainings(tmp_path, a=(0.0,), b=(0.4,))
    found = [read_evaluation(folder) for folder in folders]
    lines = ranking(found, ["a", "b"], 0)
    assert [line[1] for line in lines[1:]] == ["", "=", "="]
    assert "one training" in notes(lines, 120)[0] and "carry no ranking" in notes(lines, 34)[0]


@pytest.mark.whole
def test_the_nearest_drawings_are_told_from_three_trainings_that_agree(tmp_path: Path) -> None:
    found = ranked(trainings(tmp_path, good=(-0.05, -0.0501, -0.0499)))
    assert found["nearest training drawing"][0] == ">"


def test_the_same_weights_judged_twice_are_not_two_trainings(tmp_path: Path) -> None:
    one = training(tmp_path / "1", "a", 0, 0.0)
    again = training(tmp_path / "2", "a", 0, 0.01)
    lines = ranking([read_evaluation(folder) for folder in (one, again)], ["a", "a again"], 0)
    assert {line[0]: line[-5] for line in lines[1:]} == {
        "a": "1",
        "a again": "1",
        "nearest training drawing": "–",
    }


def test_the_frontier_is_what_no_other_line_beats_on_both() -> None:
    class Line:
        def __init__(self, error: float, earned: float) -> None:
            self.error, self.earned = np.array([[error]]), np.array([[earned]])

    lines = [Line(1, 1), Line(2, 3), Line(3, 2), Line(0.5, 0)]
    assert [on_frontier(line, lines) for line in lines] == [True, True, False, True]  # type: ignore[arg-type,list-item]


def test_evaluations_from_before_the_measure_have_no_ranking(tmp_path: Path) -> None:
    folder = evaluated(tmp_path)
    document = read_json(folder / RESULT)
    document["per_drawing"] = {k: v for k, v in document["per_drawing"].items() if "gated" not in k}
    write_json(folder / RESULT, document)
    assert ranking([read_evaluation(folder)], ["a"], 0) == []


@pytest.mark.parametrize(
    ("names", "shared"),
    [
        (["gpic seed=0", "gpic seed=1"], "gpic"),
        (["a-s0", "a-s1"], "a-s"),
        (["x", "y"], "x + y"),
        (["one"], "one"),
    ],
)
def test_a_line_is_named_by_what_its_trainings_names_share(names: list[str], shared: str) -> None:
    assert common_name(names) == shared
