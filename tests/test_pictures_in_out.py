"""Pictures in, pictures out: nothing of a user's is replaced, one bad file ends no batch, what is
written says how."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from colorlab.cli.config import compose
from colorlab.cli.free_text import as_text
from colorlab.data.names import output_names, unread_kinds
from colorlab.errors import ConfigError
from colorlab.sample import sample
from colorlab.sampling.record import RECORD, SIGNATURE
from tests.conftest import ROOT
from tests.test_evaluate import trained_looking

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "r")


def drawing(path: Path, size: tuple[int, int] = (12, 10), **more: object) -> Path:
    """A dot on paper."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).point((size[0] // 2, size[1] // 2), "black")
    picture.save(path, **more)
    return path


def draw(run: Path, source: Path, out: Path, *words: str) -> dict[str, bytes]:
    """Colour; the PNGs in the folder."""
    sample(
        compose(
            "sample",
            as_text([f"run={run}", f"input={source}", f"out={out}", "n=2", "steps=1", *words]),
        )
    )
    return contents(out)


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*.png")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# outputs never replace inputs or each other


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


def folder_of(folder: Path, names: list[str]) -> Path:
    for k, name in enumerate(names):
        drawing(
            folder / name, (10 + k, 9), format={"jpg": "JPEG", "bmp": "BMP"}.get(name[-3:], "PNG")
        )
    return folder


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


# one bad file does not end a batch


def test_one_bad_file_does_not_end_a_batch(run: Path, tmp_path: Path, command) -> None:
    folder_of(tmp_path / "in", ["a.png", "c.png"])
    (tmp_path / "in" / "b.png").write_bytes(b"\x89PNG")
    (tmp_path / "in" / "d.png").mkdir()
    done = command("sample", f"run={run}", "input=in", "out=out", "n=1", "steps=1")
    assert (
        done.returncode == 3
        and "b.png is not a picture" in done.stderr
        and "d.png is a folder" in done.stderr
    )
    assert done.stderr.splitlines()[-1].startswith(
        "colorlab: error: 2 of 4 pictures could not be coloured"
    )
    assert sorted(contents(tmp_path / "out")) == [
        "a-1.png",
        "a-sheet.png",
        "c-1.png",
        "c-sheet.png",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_whole_files(run: Path, tmp_path: Path, number: int, code: int) -> None:
    for k in range(40):
        drawing(tmp_path / "in" / f"{k:02}.png")
    line = [
        sys.executable,
        "-m",
        "colorlab.sample",
        f"run={run}",
        "input=in",
        "out=out",
        "n=2",
        "steps=2",
    ]
    process = subprocess.Popen(
        line, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 200
    while (
        not list((tmp_path / "out").glob("*-1.png"))
        and time.monotonic() < deadline
        and process.poll() is None
    ):
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(60) == code
    made = list((tmp_path / "out").iterdir())
    assert made and all(path.suffix == ".png" for path in made)
    for path in made:
        Image.open(path).load()


# decoding


def test_what_a_folder_holds_and_is_not_read_is_counted_by_kind(
    run: Path, tmp_path: Path, capsys
) -> None:
    folder_of(tmp_path / "in", ["a.png"])
    for name in ("b.psd", "sub/c.PSD", "d.heic", "README", ".hidden", ".git/e.psd"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).touch()
    assert unread_kinds(tmp_path / "in") == {".psd": 2, ".heic": 1, "no suffix": 1}
    draw(run, tmp_path / "in", tmp_path / "out")
    assert "not read: 2 .psd, 1 .heic, 1 no suffix" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1200, 3), (400, 1), (3, 1200)])
def test_a_strip_has_its_colourings_and_its_sheet(
    run: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    made = draw(run, drawing(tmp_path / "a.png", size), tmp_path / "out")
    assert Image.open(tmp_path / "out" / "a-1.png").size == size and "a-sheet.png" in made


@pytest.mark.parametrize("size", ["trained", "input", "20"])
def test_the_ink_of_a_drawing_comes_back_exactly(run: Path, tmp_path: Path, size: str) -> None:
    picture = Image.new("RGB", (32, 32), "white")
    ImageDraw.Draw(picture).rectangle((6, 6, 24, 24), outline="black", width=2)
    picture.save(tmp_path / "a.png")
    draw(run, tmp_path / "a.png", tmp_path / "out", f"size={size}")
    ink = np.asarray(picture.convert("L")) == 0
    assert (np.asarray(Image.open(tmp_path / "out" / "a-1.png"))[ink] == 0).all()


# what is written says how


def test_a_picture_says_how_it_was_made(run: Path, tmp_path: Path) -> None:
    source = drawing(tmp_path / os.fsdecode(b"\xff\xe9.png"), dpi=(300, 150), format="PNG")
    draw(run, source, tmp_path / "out", "seed=3", "guide=flat", "bias=ff0000")
    made = Image.open(next((tmp_path / "out").glob("*-2.png")))
    said = json.loads(made.text[RECORD])
    assert made.text["Software"].startswith("colorlab ") and len(made.text[SIGNATURE]) == 64
    assert (
        said["run"] == ["r"]
        and (said["seed"], said["k"]) == (3, 2)
        and said["input"] == source.name
    )
    assert (
        said["settings"]["bias"] == "ff0000"
        and said["settings"]["steps"] == 1
        and "flat" in said["settings"]["guide"]
    )
    assert said["version"] and len(said["weights"][0]) == 64
    assert np.allclose(made.info["dpi"], (300, 150), atol=0.1)
    sheet = Image.open(next((tmp_path / "out").glob("*-sheet.png")))
    assert json.loads(sheet.text[RECORD])["k"] is None


def test_transparency_is_given_back_where_it_is_asked_for(run: Path, tmp_path: Path) -> None:
    alpha = np.tile(np.arange(0, 240, 20, dtype=np.uint8), (10, 1))
    clear = np.dstack([np.full((10, 12, 3), 255, np.uint8), alpha])
    Image.fromarray(clear).save(tmp_path / "a.png")
    draw(run, tmp_path / "a.png", tmp_path / "out")
    draw(run, tmp_path / "a.png", tmp_path / "kept", "alpha=keep")
    opaque, kept = (Image.open(tmp_path / folder / "a-1.png") for folder in ("out", "kept"))
    assert (opaque.mode, kept.mode) == ("RGB", "RGBA") and np.array_equal(
        np.asarray(kept)[..., 3], alpha
    )
    assert np.array_equal(np.asarray(kept)[..., :3], np.asarray(opaque))
    draw(run, drawing(tmp_path / "b.png"), tmp_path / "kept", "alpha=keep")
    assert Image.open(tmp_path / "kept" / "b-1.png").mode == "RGB"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_hints_without_transparency_ask_for_a_mask(run: Path, tmp_path: Path, mode: str) -> None:
    Image.new("RGB", (12, 10), "red").convert(mode).save(tmp_path / "h.png")
    with pytest.raises(
        ConfigError, match=r"h\.png has no transparent pixels \(give a mask"
    ) as error:
        draw(run, drawing(tmp_path / "a.png"), tmp_path / "out", f"hints={tmp_path}/h.png")
    assert "\n" not in str(error.value) and not contents(tmp_path / "out")


# a cache in a place that works


PEAK = """
import sys
from pathlib import Path
from colorlab.cli.config import compose
from colorlab.cli.free_text import as_text
from colorlab.sample import sample
import colorlab.sampling.files, colorlab.sampling.splits
def line(name):
    text = Path("/proc/self/status").read_text()
    return int(next(l.split()[1] for l in text.splitlines() if l.startswith(name))) / 1024
Path("/proc/self/clear_refs").write_text("5")
before = line("VmRSS")
sample(compose("sample", as_text(sys.argv[1:])))
print("grown", line("VmHWM") - before)
"""


def tiles(count: int) -> Image.Image:
    """A page of 12 megapixels with so many closed areas, in rows of 52."""
    page = Image.new("L", (4000, 3000), 255)
    for k in range(count):
        x, y = 76 * (k % 52) + 22, 74 * (k // 52) + 15
        ImageDraw.Draw(page).rectangle((x, y, x + 58 - k % 7, y + 55 - k % 5), outline=0, width=6)
    return page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("named", "n", "areas"),
    [("", 1, 1), ("", 8, 1), ("pretrained/gpic-openmoji-c8", 32, 1), ("pretrained/flats", 1, 2080)],
)
def test_a_picture_of_12_megapixels_takes_less_than_a_gigabyte_whatever_n_is(
    run: Path, tmp_path: Path, named: str, n: int, areas: int
) -> None:
    if areas == 1:
        drawing(tmp_path / "a.png", (4000, 3000))
    else:
        tiles(areas).save(tmp_path / "a.png")
    line = [
        sys.executable,
        "-c",
        PEAK,
        f"run={named or run}",
        f"input={tmp_path}/a.png",
        f"out={tmp_path}/out",
        f"n={n}",
        *(["steps=1"] if areas == 1 else []),
    ]
    done = subprocess.run(
        line,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    grown = float(done.stdout.split("grown")[1])
    assert grown < (1000 if areas == 1 else 950), grown
