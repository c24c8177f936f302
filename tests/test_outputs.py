"""Outputs never replace inputs or each other: what was made otherwise keeps its name and its
pixels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from colorlab.data.names import output_names
from colorlab.errors import ConfigError
from tests.test_evaluate import trained_looking
from tests.test_pictures_in_out import contents, draw, drawing, folder_of

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "r")


def test_final_names_are_all_different(run: Path, tmp_path: Path) -> None:
    names = ["a.png", "a.jpg", "a.png.png", "A.PNG.bmp", "b-1.png", "b.png", "sub/a.png"]
    made = draw(run, folder_of(tmp_path / "in", names), tmp_path / "out")
    assert len(made) == 3 * len(names)


@pytest.mark.parametrize(
    "names",
    [
        ["a.png", "a.jpg", "a.png.png", "a.jpg.png"],
        ["a.png", "a.png.png", "a.png.png.png", "a.gif"],
        ["é.png", "e\u0301.png", "É.jpg"],
        ["x" * 250 + ".png", "x" * 249 + "y.png", "x" * 250 + ".jpg"],
        ["a.png", "a-1.png/a.png", "a-sheet.png/b.png"],
        ["a.png", "a.png/b.png"],
    ],
)
def test_no_two_names_are_equal_to_any_file_system(names: list[str], tmp_path: Path) -> None:
    found = [
        str(name) for name in output_names([tmp_path / name for name in names], tmp_path).values()
    ]
    files = [f"{name}{ending}" for name in found for ending in ("-1.png", "-2.png", "-sheet.png")]
    folded = {file.casefold().replace("e\u0301", "é") for file in files}
    assert len(folded) == 3 * len(names)
    assert not folded & {
        parent for file in folded for parent in (str(p) for p in Path(file).parents)
    }


@pytest.mark.parametrize(
    "way", ["a name", "a linked folder", "a linked file", "a hard link", "hints"]
)
def test_an_output_that_would_fall_on_an_input_is_refused_before_anything_is_drawn(
    run: Path, tmp_path: Path, way: str
) -> None:
    folder, words = folder_of(tmp_path / "in", ["a.png", "b.png"]), []
    out = folder
    if way == "a linked folder":
        (tmp_path / "out").symlink_to(folder)
        drawing(folder / "b-1.png")
        out = tmp_path / "out"
    elif way in ("a linked file", "a hard link"):
        out = tmp_path / "out"
        out.mkdir()
        make = os.symlink if way == "a linked file" else os.link
        make(folder / "a.png", out / "b-1.png")
    elif way == "hints":
        Image.new("RGBA", (10, 9)).save(folder / "b-2.png")
        (folder / "a.png").unlink()
        words = [f"hints={folder}/b-2.png"]
    else:
        drawing(folder / "b-1.png")
    before = contents(folder)
    with pytest.raises(ConfigError, match=r"b-[12]\.png would replace a picture that is read"):
        draw(run, folder, out, *words)
    assert contents(folder) == before and not list(tmp_path.rglob("*-sheet.png"))


def test_a_users_own_file_of_the_same_name_is_left_alone(run: Path, tmp_path: Path) -> None:
    drawing(tmp_path / "in" / "a.png")
    mine = drawing(tmp_path / "out" / "a-2.png").read_bytes()
    made = draw(run, tmp_path / "in" / "a.png", tmp_path / "out")
    assert made["a-2.png"] == mine and len([name for name in made if name.startswith("a-s0-")]) == 3


def test_a_rerun_skips_what_is_finished_and_takes_no_output_for_an_input(
    run: Path, tmp_path: Path, capsys
) -> None:
    folder = folder_of(tmp_path, ["a.png", "b.png"])
    first = draw(run, folder, folder)
    assert len(first) == 2 + 6
    (folder / "b-2.png").unlink()
    (folder / "b-sheet.png").unlink()
    (folder / ".colorlab-99999999-00000000.tmp").write_bytes(b"half")
    stamp = (folder / "a-1.png").stat().st_mtime_ns
    capsys.readouterr()
    assert draw(run, folder, folder) == first
    assert (folder / "a-1.png").stat().st_mtime_ns == stamp
    told = capsys.readouterr()
    assert "1 of 2 pictures were finished already" in told.err and told.out.count("\n") == 1
    draw(run, folder, folder, "again=true")
    assert (folder / "a-1.png").stat().st_mtime_ns != stamp and contents(folder) == first


def test_more_candidates_go_on_from_those_that_are_there(run: Path, tmp_path: Path) -> None:
    two = draw(run, drawing(tmp_path / "a.png"), tmp_path / "out")
    four = draw(run, tmp_path / "a.png", tmp_path / "out", "n=4")
    assert set(four) == {*two, "a-3.png", "a-4.png"} and four["a-1.png"] == two["a-1.png"]


CHANGES = {
    "a seed": ["seed=1"],
    "a number of steps": ["steps=2"],
    "a guide": ["guide=flat"],
    "a bias": ["bias=ff0000"],
    "a size": ["size=20"],
    "lines": ["lines=never"],
    "a value": ["++method.start_from=mean"],
    "alpha": ["alpha=keep"],
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_made_otherwise_keeps_its_name_and_its_pixels(
    run: Path, tmp_path: Path, change: str
) -> None:
    first = draw(run, drawing(tmp_path / "a.png"), tmp_path / "out")
    both = draw(run, tmp_path / "a.png", tmp_path / "out", *CHANGES[change])
    assert {name: both[name] for name in first} == first and len(both) == 2 * len(first)
    assert draw(run, tmp_path / "a.png", tmp_path / "out", *CHANGES[change]) == both


def test_another_run_or_another_drawing_of_the_same_name_is_another_picture(
    run: Path, tmp_path: Path
) -> None:
    first = draw(run, drawing(tmp_path / "a.png"), tmp_path / "out")
    other = trained_looking(tmp_path / "other")
    weights = other / "checkpoints" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    both = draw(other, tmp_path / "a.png", tmp_path / "out")
    assert {name: both[name] for name in first} == first and len(both) == 2 * len(first)
    drawing(tmp_path / "a.png", (13, 10))
    assert len(draw(run, tmp_path / "a.png", tmp_path / "out")) == 3 * len(first)


@pytest.mark.slow
def test_a_sweep_of_seeds_makes_both(run: Path, tmp_path: Path, command) -> None:
    drawing(tmp_path / "a.png")
    done = command(
        "sample", "-m", f"run={run}", "input=a.png", "out=made", "n=1", "steps=1", "seed=0,1"
    )
    assert done.returncode == 0, done.stderr
    names = [path.name for path in (tmp_path / "made").glob("*-1.png")]
    assert len(names) == 2 and {name[:5] for name in names} == {"a-s0-", "a-s1-"}
