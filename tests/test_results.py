"""Tables of documents come from files, and those that are committed are those of the files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.folder import read_evaluation
from colorlab.evaluation.results import TABLES, documents, keep, rewritten, stale, tables
from colorlab.results import main
from tests.evaluations import evaluated

ROOT = Path(__file__).parent.parent
LIST = """toy:
  columns: {ours: a, nearest: a/nearest}
  measures: {pairwise LPIPS: "diversity/lpips:3", none: "no/such:2"}
"""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a record, a list of tables and a README with a mark."""
    keep(read_evaluation(evaluated(tmp_path / "run", shift=0.125)), "a", tmp_path / "results")
    (tmp_path / "results" / TABLES).write_text(LIST)
    (tmp_path / "README.md").write_text(
        "before\n<!-- results:toy -->\nold\n<!-- /results -->\nafter\n"
    )
    return tmp_path


def test_a_table_has_the_evaluations_numbers_and_says_of_what(kept: Path) -> None:
    heading, _, lpips, none, _, told = tables(kept / "results")["toy"].splitlines()
    assert heading == "| | ours | nearest |" and none == "| none | – | – |"
    ours, nearest = (cell.split()[0] for cell in lpips.split("|")[2:4])
    assert (ours, nearest) == ("0.375", "0.260")
    assert told.startswith("*6 drawings, 4 candidates each;") and "protocol" in told


@pytest.mark.whole
def test_what_stands_between_the_marks_is_replaced_and_nothing_else(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(kept)
    with pytest.raises(DataError, match="1 documents have other tables"):
        main(["check"])
    main([])
    text = (kept / "README.md").read_text()
    assert text.startswith("before\n<!-- results:toy -->\n| |") and text.endswith(
        "*\n<!-- /results -->\nafter\n"
    )
    assert "old" not in text
    main(["check"])
    assert capsys.readouterr().out == "README.md\nREADME.md\n"


def test_numbers_drawing_by_drawing_are_published_beside(kept: Path) -> None:
    rows = list(csv.DictReader((kept / "results" / "a.csv").open()))
    assert [row["drawing"] for row in rows] == [f"picture {i}" for i in range(6)]
    assert float(rows[0]["diversity/lpips"]) == pytest.approx(0.225)
    assert "truth/best_of_4_lpips" in rows[0] and "truth/best_of_2_lpips" not in rows[0]


def test_a_record_is_small(kept: Path) -> None:
    assert (kept / "results" / "a.json").stat().st_size < 40_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<!-- results:none -->\n<!-- /results -->\n", "there is no table none"),
        ("<!-- results:toy -->\nnever ended\n", "has no end"),
    ],
)
def test_a_mark_that_leads_nowhere_is_named(kept: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        rewritten(text, tables(kept / "results"), "README.md")


def test_what_a_table_lacks_is_named(kept: Path) -> None:
    (kept / "results" / TABLES).write_text(LIST.replace("ours: a", "ours: b"))
    with pytest.raises(ConfigError, match="keep b=FOLDER"):
        tables(kept / "results")
    (kept / "results" / TABLES).write_text(LIST.replace("a/nearest", "a/farthest"))
    with pytest.raises(ConfigError, match="no row farthest"):
        tables(kept / "results")


def test_rows_of_different_protocols_make_no_table(kept: Path) -> None:
    keep(read_evaluation(evaluated(kept / "other", data="Other")), "b", kept / "results")
    (kept / "results" / TABLES).write_text(LIST.replace("ours: a", "ours: b"))
    with pytest.raises(ConfigError, match="different protocols"):
        tables(kept / "results")


def test_the_committed_tables_are_those_of_the_files() -> None:
    assert not stale(ROOT)
    marked = [
        path for path in documents(ROOT) if "<!-- results:" in path.read_text(encoding="utf-8")
    ]
    told = "".join(path.read_text(encoding="utf-8") for path in marked)
    assert marked and all(f"<!-- results:{name} -->" in told for name in tables(ROOT / "results"))


def test_several_trainings_are_one_column_with_their_spread(kept: Path) -> None:
    """Two trainings .1 apart on every drawing: the mean lies between, and the bounds are at least
    as far apart."""
    keep(read_evaluation(evaluated(kept / "other", shift=0.225)), "b", kept / "results")
    listed = LIST.replace("{ours: a,", "{one: a, other: b, both: [a, b],")
    (kept / "results" / TABLES).write_text(listed)
    row = tables(kept / "results")["toy"].splitlines()[2].split("|")[2:5]
    one, other, both = ([float(word.strip("[],")) for word in cell.split()] for cell in row)
    assert both[0] == pytest.approx((one[0] + other[0]) / 2, abs=1e-3)
    assert both[1] <= min(one[0], other[0]) + 1e-3 and both[2] >= max(one[0], other[0]) - 1e-3


def test_trainings_of_other_protocols_make_no_column(kept: Path) -> None:
    record = (kept / "results" / "a.json").read_text()
    keep(read_evaluation(evaluated(kept / "other", shift=0.225)), "b", kept / "results")
    (kept / "results" / "b.json").write_text(
        record.replace('"protocol_id": "', '"protocol_id": "x')
    )
    (kept / "results" / TABLES).write_text(LIST.replace("ours: a,", "both: [a, b],"))
    with pytest.raises(ConfigError, match="different protocols"):
        tables(kept / "results")
