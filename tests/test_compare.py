"""Comparing evaluations: same protocol or refused, numbers as they were written, differences
drawing by drawing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from colorlab.cli.config import compose
from colorlab.compare import compare
from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.comparison import binning, settings_table, strip_of
from colorlab.evaluation.folder import located, read_evaluation
from colorlab.evaluation.naming import distinct_names
from colorlab.evaluation.rows import compared, leaders
from colorlab.evaluation.settings import WITHOUT_EFFECT, additions
from colorlab.report.table import Column
from tests.evaluations import SIDE, evaluated, made_with

HIGHER = Column("validity/share", "valid", "", "higher", 2)
LOWER = Column("truth/best_of_4_lpips", "error", "", "lower", 3)


def report(tmp_path: Path, *folders: Path, **keys: object) -> Path:
    """The report's folder."""
    words = [f"{key}={value}" for key, value in keys.items()]
    compare(
        compose(
            "compare",
            [f"runs=[{','.join(map(str, folders))}]", f"out={tmp_path / 'report'}", *words],
        )
    )
    return tmp_path / "report"


@pytest.mark.whole
def test_the_page_and_the_tables_name_every_run(tmp_path: Path) -> None:
    out = report(
        tmp_path,
        evaluated(tmp_path / "1", "one run"),
        evaluated(tmp_path / "2", "another", shift=0.05),
    )
    assert {path.name for path in out.iterdir()} >= {
        "index.html",
        "table.md",
        "table.csv",
        "table.tex",
        "histogram.png",
        "frontier.png",
    }
    for name in ("index.html", "table.md", "table.csv", "table.tex"):
        text = (out / name).read_text()
        assert "one run" in text and "another" in text and "nearest training drawing" in text
    page = (out / "index.html").read_text()
    assert page.count("picture 0") >= 1 and "http" not in page


@pytest.mark.whole
def test_numbers_in_the_table_are_those_of_the_evaluations(tmp_path: Path) -> None:
    folder = evaluated(tmp_path / "1", "a")
    rows = list(csv.DictReader((report(tmp_path, folder) / "table.csv").open()))
    values = json.loads((folder / "evaluation.json").read_text())["values"]
    found = {row["measure"]: row for row in rows if row["row"] == "a"}
    assert found.keys() == values.keys()
    for key, value in values.items():
        assert [float(found[key][part]) for part in ("mean", "low", "high", "n")] == [
            value[p] for p in ("mean", "low", "high", "n")
        ]


@pytest.mark.whole
def test_rows_of_different_protocols_are_refused_and_the_difference_is_named(
    tmp_path: Path,
) -> None:
    folders = evaluated(tmp_path / "1", "a"), evaluated(tmp_path / "2", "b", data="Other")
    with pytest.raises(
        ConfigError, match=r"b is not comparable with a: data is Other, not Toy .*mixed=true"
    ):
        report(tmp_path, *folders)
    out = report(tmp_path, *folders, mixed="true")
    assert (
        "b†" in (out / "table.md").read_text()
        and "data is Other, not Toy" in (out / "index.html").read_text()
    )


def test_a_row_of_another_protocol_has_no_differences_and_leads_nothing(tmp_path: Path) -> None:
    a, b = (
        read_evaluation(evaluated(tmp_path / name, name, shift=s, **c))
        for name, s, c in (("a", 0, {}), ("b", 0.3, {"size": "9x9"}))
    )
    _, other, *_ = compared([a, b], ["a", "b"], 0, [HIGHER])
    assert other.mark == "†" and not other.differences and not other.leading


def test_differences_are_paired_by_drawing(tmp_path: Path) -> None:
    folders = [evaluated(tmp_path / "1", "a"), evaluated(tmp_path / "2", "b", shift=0.125)]
    first, second, *_ = compared([read_evaluation(f) for f in folders], ["a", "b"], 0, [HIGHER])
    assert not first.differences
    found = second.differences["diversity/lpips"]
    assert (
        found.mean == pytest.approx(0.125)
        and found.low == pytest.approx(0.125)
        and found.high == pytest.approx(0.125)
    )
    # two of six drawings have several truths
    assert second.differences["modes/coverage_lpips_0.1"].n == 2


@pytest.mark.whole
def test_the_best_run_leads_and_so_does_one_that_is_not_told_from_it(tmp_path: Path) -> None:
    paths = [evaluated(tmp_path / str(shift), "r", shift=shift) for shift in (0.0, 0.2, -0.0)]
    found = leaders(
        [read_evaluation(path) for path in paths],
        [HIGHER, LOWER, Column("diversity/lpips", "", "", "", 3)],
    )
    assert [sorted(found[str(path)]) for path in paths] == [[LOWER.key], [HIGHER.key], [LOWER.key]]
    assert leaders([read_evaluation(paths[0])], [HIGHER]) == {str(paths[0]): frozenset()}


def test_histograms_have_the_same_bins_whatever_the_data(tmp_path: Path) -> None:
    near, far = (
        read_evaluation(evaluated(tmp_path / str(shift), shift=shift)) for shift in (0.0, 0.4)
    )
    kinds, edges, _ = zip(binning([near]), binning([near, far]), strict=True)
    assert kinds == ("lpips", "lpips") and np.array_equal(edges[0], edges[1])
    assert np.array_equal(edges[0], np.linspace(0, 1, 65))


@pytest.mark.whole
def test_equal_runs_are_told_apart_by_what_differs_in_their_evaluations(tmp_path: Path) -> None:
    folders = [
        "test-n8-s0",
        "test-n8-s0-ddim-0a1b2c",
        "test-n8-s0-steps9-111111",
        "test-n8-s0-steps9-222222",
    ]
    made = [read_evaluation(evaluated(tmp_path / name, "c8")) for name in folders]
    assert distinct_names(made) == ["c8", "c8 ddim", "c8 steps9 111111", "c8 steps9 222222"]
    assert distinct_names(made[:1]) == ["c8"]
    with pytest.raises(ConfigError, match="each evaluation once"):
        distinct_names([made[0], made[0]])


@pytest.mark.whole
def test_rows_can_be_given_names(tmp_path: Path) -> None:
    folders = evaluated(tmp_path / "1", "a"), evaluated(tmp_path / "2", "a")
    assert (
        "as trained"
        in (report(tmp_path, *folders, names="[as trained,DDIM]") / "table.md").read_text()
    )
    with pytest.raises(ConfigError, match="2 different names"):
        report(tmp_path, *folders, names="[x,x]")


def test_a_run_with_several_evaluations_asks_which(tmp_path: Path) -> None:
    for name in ("test-n4-s0", "test-n4-s1"):
        evaluated(tmp_path / "run" / "evaluation" / name)
    with pytest.raises(ConfigError, match="several evaluations: test-n4-s0, test-n4-s1"):
        located(str(tmp_path / "run"), None)
    assert located(str(tmp_path / "run"), "test-n4-s1").name == "test-n4-s1"
    with pytest.raises(ConfigError, match="it has test-n4-s0, test-n4-s1"):
        located(str(tmp_path / "run"), "none")


@pytest.mark.whole
@pytest.mark.parametrize(
    ("keys", "said"),
    [({"baseline": 1}, "there are 1 runs"), ({"quality": "no/such"}, "choose from")],
)
def test_a_key_that_does_not_fit_is_named(
    tmp_path: Path, keys: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        report(tmp_path, evaluated(tmp_path / "1"), **keys)


@pytest.mark.parametrize("name", ["evaluation.json", "distances.npz"])
def test_a_damaged_evaluation_is_named(tmp_path: Path, name: str) -> None:
    folder = evaluated(tmp_path / "1")
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(DataError, match=name):
        read_evaluation(folder)


def test_the_same_drawings_are_shown_for_all_runs_even_if_one_has_fewer(tmp_path: Path) -> None:
    from colorlab.evaluation.comparison import same_drawings

    many, few = (read_evaluation(evaluated(tmp_path / str(count), count=count)) for count in (9, 4))
    cases = same_drawings(8, [many, few], ["many", "few"])
    assert [case.name for case in cases] == [f"picture {i}" for i in (0, 1, 3, 2)]
    assert [strip.name for strip in cases[0].strips] == ["many", "few"]
    assert cases[3].truths.shape[0] == 2


CHANGES = {
    "hints": "dots8", "same_noise": True, "text": "a {}", "switch_at": 0.9, "bias": "ff8800",
    "method": {"start_from": "mean", "negative": "gray"}, "guide": {"flat": {"_target_": "x"}},
}  # fmt: skip


def test_the_page_says_all_that_was_changed_in_sampling(tmp_path: Path) -> None:
    made = read_evaluation(made_with(evaluated(tmp_path / "1"), **CHANGES))
    heading, line = settings_table([made], ["a"])
    assert line[heading.index("added")] == (
        "flat, bias=ff8800, hints=dots8, same_noise=true, text=a {}, switch_at=0.9, "
        "start_from=mean, negative=gray"
    )
    assert (
        settings_table([read_evaluation(evaluated(tmp_path / "2"))], ["a"])[1][
            heading.index("added")
        ]
        == "–"
    )


def test_every_setting_of_sampling_is_told_on_the_page() -> None:
    elsewhere = {"sampler", "steps", "precision"}
    assert CHANGES.keys() == WITHOUT_EFFECT.keys() - elsewhere
    assert all(additions({key: value}) for key, value in CHANGES.items()) and not additions({})


@pytest.mark.whole
@pytest.mark.parametrize("names", ["null", "[x,y]"])
def test_a_run_that_was_shown_hints_is_marked_wherever_it_is_named(
    tmp_path: Path, names: str
) -> None:
    plain = evaluated(tmp_path / "1", "x")
    shown = made_with(evaluated(tmp_path / "2", "y"), hints="dots8")
    out = report(tmp_path, plain, shown, names=names)
    for name in ("index.html", "table.md", "table.csv", "table.tex"):
        text = (out / name).read_text()
        assert "y with hints=dots8" in text and "x with" not in text
    # charts, legend and sheets too
    assert (out / "index.html").read_text().count("y with hints=dots8") > 10


def test_the_map_of_hue_uncertainty_is_dark_where_hues_disagree_and_pale_without_colour() -> None:
    first, second = np.full((2, SIDE, SIDE, 3), 255, np.uint8)
    first[:8], second[:8] = (255, 0, 0), (0, 180, 180)  # opposite hues
    first[8:12], second[8:12] = (255, 0, 0), (255, 120, 120)  # one hue
    first[12:14], second[12:14] = (255, 254, 254), (254, 255, 255)  # as good as white
    found = strip_of("", np.stack([first, second])).hue_uncertainty
    assert (
        found[:8].min() > 0.4
        and found[8:12].max() < 0.1
        and found[12:14].max() < 0.1
        and not found[14:].any()
    )
