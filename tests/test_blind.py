"""The blind page shows what it says and hides whose it is; answers become rates."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorlab.errors import ConfigError, DataError
from colorlab.evaluation.blind import KEY, REAL, tallied, trials, write_page
from colorlab.evaluation.folder import read_evaluation
from tests.evaluations import evaluated


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Path, list]:
    found = [read_evaluation(evaluated(tmp_path / name, run=name)) for name in ("mine", "other")]
    return tmp_path, found


def test_one_run_stands_against_the_real_pictures_and_two_against_each_other(pages) -> None:
    _, (mine, other) = pages
    real, both = trials([mine], ["mine"], 4, 0), trials([mine, other], ["mine", "other"], 3, 0)
    assert len(real) == 4 and len(both) == 3
    assert {(t.of_a, t.of_b) for t in real} == {("mine", REAL)} and {
        (t.of_a, t.of_b) for t in both
    } == {("mine", "other")}
    assert (real[2].b == 128).all() and (real[2].a == 40).all()
    with pytest.raises(ConfigError, match="one run or two, not 3"):
        trials([mine] * 3, ["a", "b", "c"], 1, 0)


def test_the_page_holds_the_pictures_and_no_name(pages) -> None:
    folder, (mine, _) = pages
    page = write_page(folder / "out", "Which <is> real?", trials([mine], ["secret-method"], 3, 0))
    html = page.read_text()
    said = json.loads(re.search(r'id="trials">(.*?)</script>', html, re.S)[1])
    assert (
        "secret-method" not in html
        and "Which &lt;is&gt; real?" in html
        and "http" not in html.replace("http-equiv", "")
    )
    pixels = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(t["b"].split(",")[1]))))
        for t in said["trials"]
    ]
    assert len(pixels) == 3 and all((each == 128).all() for each in pixels)
    key = json.loads((folder / "out" / KEY).read_text())
    assert key["page"] == said["page"] and key["trials"]["0"]["a"] == "secret-method"


def answered(path: Path, page: str, chosen: str) -> Path:
    answers = [
        {"trial": str(i), "chosen": letter, "seconds": 1.5} for i, letter in enumerate(chosen)
    ]
    path.write_text(json.dumps({"page": page, "answers": answers}))
    return path


def test_answers_become_rates_with_intervals_over_people(pages) -> None:
    folder, (mine, _) = pages
    write_page(folder, "t", trials([mine], ["mine"], 4, 0))
    page = json.loads((folder / KEY).read_text())["page"]
    people = [
        answered(folder / f"{i}.json", page, chosen)
        for i, chosen in enumerate(("aabb", "aaab", "abbb"))
    ]
    (rate,) = tallied(folder / KEY, people).values()
    assert rate.mean == pytest.approx(0.5) and rate.n == 3 and rate.low <= 0.5 <= rate.high
    assert list(tallied(folder / KEY, people)) == [f"mine over {REAL}"]
    assert tallied(folder / KEY, people[1:2])[f"mine over {REAL}"].mean == pytest.approx(0.75)


def test_answers_to_something_else_are_refused_in_one_line(pages) -> None:
    folder, (mine, _) = pages
    write_page(folder, "t", trials([mine], ["mine"], 2, 0))
    page = json.loads((folder / KEY).read_text())["page"]
    for name, path in (
        ("another page", answered(folder / "x.json", "0" * 10, "ab")),
        ("not asked", answered(folder / "y.json", page, "abab")),
    ):
        with pytest.raises(DataError, match=name) as caught:
            tallied(folder / KEY, [path])
        assert "\n" not in str(caught.value)
