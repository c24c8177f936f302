"""Pictures in, pictures out: one bad file ends no batch, what is written says how."""

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
from colorlab.data.names import unread_kinds
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


def folder_of(folder: Path, names: list[str]) -> Path:
    for k, name in enumerate(names):
        drawing(
            folder / name, (10 + k, 9), format={"jpg": "JPEG", "bmp": "BMP"}.get(name[-3:], "PNG")
        )
    return folder


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
