"""What sample exports beside its pictures, and makes again from the file alone."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import colorlab
from colorlab.cli.config import compose
from colorlab.cli.free_text import as_text
from colorlab.errors import CheckpointError, ColorlabError, ConfigError, DataError
from colorlab.exports.openraster import MADE, read_made
from colorlab.sample import sample
from tests.test_evaluate import trained_looking


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "r")


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (30, 24), "white")
    ImageDraw.Draw(picture).rectangle((8, 6, 20, 18), outline="black")
    picture.save(tmp_path / "fish.png")
    return tmp_path / "fish.png"


def draw(*words: str) -> None:
    sample(compose("sample", as_text(list(words))))


def pngs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


@pytest.mark.whole
@pytest.mark.parametrize(
    "more", [[], ["method/sampler=heun"]], ids=["the run's sampler", "another sampler"]
)
def test_an_exported_file_is_made_again_to_the_same_bits(
    run: Path, drawing: Path, tmp_path: Path, more: list[str]
) -> None:
    hints = Image.new("RGBA", (30, 24))
    hints.putpixel((12, 12), (255, 0, 0, 255))
    hints.save(tmp_path / "h.png")
    words = [
        f"run={run}",
        "n=3",
        "seed=5",
        "steps=1",
        f"hints={tmp_path / 'h.png'}",
        "export=[ora,gpl]",
        *more,
    ]
    draw(f"input={drawing}", f"out={tmp_path / 'a'}", *words)
    made = tmp_path / "a" / "fish.ora"
    draw(f"from={made}", f"run={run}", f"out={tmp_path / 'b'}", "export=ora")
    assert len(pngs(tmp_path / "a")) == 4 and pngs(tmp_path / "b") == pngs(tmp_path / "a")
    assert (tmp_path / "b" / "fish.ora").read_bytes() == made.read_bytes()
    assert len(list((tmp_path / "a").glob("fish-?.gpl"))) == 3


@pytest.mark.whole
def test_what_is_exported_is_not_made_twice(
    run: Path, drawing: Path, tmp_path: Path, capsys
) -> None:
    words = [
        f"run={run}",
        f"input={drawing}",
        f"out={tmp_path / 'a'}",
        "n=2",
        "steps=1",
        "export=[ora,svg,gpl]",
    ]
    draw(*words)
    draw(*words)
    assert "1 of 1 pictures were finished already" in capsys.readouterr().err
    draw(*words, "seed=1")
    assert len(list((tmp_path / "a").glob("fish*.ora"))) == 2


@pytest.mark.whole
def test_another_runs_file_is_refused(run: Path, drawing: Path, tmp_path: Path) -> None:
    draw(f"run={run}", f"input={drawing}", f"out={tmp_path / 'a'}", "n=1", "steps=1", "export=ora")
    with pytest.raises(CheckpointError, match="other weights"):
        draw(f"from={tmp_path / 'a' / 'fish.ora'}", "run=pretrained/gpic-openmoji-c8")


def changed(path: Path, key: str, value: object) -> Path:
    """The file with another value of what made it."""
    made, files = read_made(path)
    made["settings" if key in made["settings"] else key] = (
        made["settings"] | {key: value} if key in made["settings"] else value
    )
    with zipfile.ZipFile(path.with_name("changed.ora"), "w") as archive:
        archive.writestr(MADE, json.dumps(made))
        for name, content in files.items():
            archive.writestr(f"colorlab/{name}", content)
    return path.with_name("changed.ora")


@pytest.mark.whole
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run", ["../../etc"]), ("input", 3), ("seed", "x"), ("size", [1]), ("steps", -1),
        ("size", 100_000), ("guide", {"x": 5}), ("guide", {"x": {}}), ("guide", [1]), ("guide", 5),
        ("guide", {"x": {"_target_": [1]}}), ("values", {"width": 16}),
        ("values", {"_target_": "os.system"}), ("values", {"none": 1}), ("values", [1]),
        ("sampler", {"_target_": "os.system"}), ("sampler", {"steps": 3}), ("sampler", [1]),
        ("sampler", {"_target_": "colorlab.samplers.ancestral.Ancestral", "steps": -1}),
        ("guide", {"inpaint": {"_target_": "os.system", "command": "true"}}),
    ],
)  # fmt: skip
def test_a_strangers_file_says_nothing_that_runs(
    run: Path, drawing: Path, tmp_path: Path, key: str, value: object
) -> None:
    draw(f"run={run}", f"input={drawing}", f"out={tmp_path / 'a'}", "n=1", "steps=1", "export=ora")
    file = changed(tmp_path / "a" / "fish.ora", key, value)
    with pytest.raises(ColorlabError):
        draw(f"from={file}", f"run={run}", f"out={tmp_path / 'b'}")
    assert not (tmp_path / "b").exists()


@pytest.mark.whole
def test_a_strangers_file_says_neither_where_pictures_go_nor_what_runs(tmp_path: Path) -> None:
    """It is refused before anything is opened: what decides on that is the user's to say."""
    foreign = {"out": str(tmp_path / "b"), "simplify": "net.pt", "again": True, "debug": True,
               "export": ["ora"], "split": "test", "limit": 3, "from": "x.ora", "n": 3,
               "pixel_limit": 10**12, "x": {}}  # fmt: skip
    for key, value in foreign.items():
        path = tmp_path / f"{key}.ora"
        settings = {"seed": 0, "sampler": {}, "values": {}, key: value}
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                MADE,
                json.dumps(
                    {"run": ["flats"], "weights": [], "settings": settings, "input": "a", "n": 1}
                ),
            )
            archive.writestr("colorlab/input.png", b"x")
        with pytest.raises(DataError, match=f"'{key}' is no setting of pictures"):
            draw(f"from={path}")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a bomb", "a flipped bit", "a cut"])
def test_a_hostile_archive_is_refused_in_a_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            MADE,
            " " * 5_000_000
            if kind == "a bomb"
            else json.dumps({"run": list(map(str, range(999)))}),
        )
    content = bytearray(path.read_bytes())
    if kind in ("a flipped bit", "a cut"):
        content[60:70] = bytes(10)
        path.write_bytes(content if kind == "a flipped bit" else content[:-9])
    if kind in ("a pipe", "a folder"):
        path.unlink()
        os.mkfifo(path) if kind == "a pipe" else path.mkdir()
    with pytest.raises(DataError, match="cannot be read") as error:
        read_made(path)
    assert str(error.value).isprintable()


def test_one_source_is_given(drawing: Path) -> None:
    with pytest.raises(ConfigError, match="give one of"):
        draw(f"input={drawing}", "from=x.ora")


def test_python_exports_what_it_sampled(run: Path, drawing: Path, tmp_path: Path) -> None:
    came: list[Image.Image] = []
    pictures = colorlab.open_run(run).sample(drawing, n=2, steps=1, seed=4, each=came.append)
    assert came == pictures
    (path,) = colorlab.export(pictures, drawing, tmp_path / "x.ora")
    with zipfile.ZipFile(path) as archive:
        merged = np.asarray(Image.open(archive.open("mergedimage.png"))).astype(int)
    assert np.abs(merged - np.asarray(pictures[0])).max() <= 1
    assert read_made(path)[0]["settings"]["seed"] == 4
    with pytest.raises(ConfigError, match="give the drawing"):
        colorlab.export(
            [picture.resize((9, 9)) for picture in pictures], drawing, tmp_path / "x.ora"
        )
