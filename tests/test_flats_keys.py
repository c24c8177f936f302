"""Keys of sampling that speak of areas (palette, like, vary, lock, a weaker run), by the command
and from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import colorlab
from colorlab.cli.config import compose
from colorlab.cli.free_text import as_text
from colorlab.cli.targets import build
from colorlab.errors import ConfigError, DataError
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.run import begin
from colorlab.sample import sample
from tests.test_area_guides import untrained
from tests.test_flats import SMALL

SIZE = (120, 100)
ROOMS = ((10, 10, 50, 90), (50, 10, 110, 50), (50, 50, 110, 90))
INSIDE = ((30, 60), (80, 30), (80, 70))  # x, y in each room
RED, BLUE = (224, 80, 48), (32, 64, 128)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flats that were never trained, whose answers differ from area to area."""
    folder = tmp_path_factory.mktemp("runs") / "flats"
    cfg = compose("train", ["name=flats", "method=flats", "data.size=32", *SMALL])
    made = build(cfg.method)
    made.load_state_dict(untrained("flats", 0).state_dict())
    begin(folder, cfg)
    save_weights(made, folder / "checkpoints")
    return folder


@pytest.fixture(scope="module")
def drawing(run: Path) -> Path:
    """Three rooms in ink."""
    picture = Image.new("RGB", SIZE, "white")
    for room in ROOMS:
        ImageDraw.Draw(picture).rectangle(room, outline="black", width=2)
    picture.save(run.parent / "rooms.png")
    return run.parent / "rooms.png"


def made(run: Path, drawing: Path, tmp_path: Path, *words: str, **keywords: Any) -> np.ndarray:
    """(3, H, W, 3) uint8: three colourings by the command, which are those from Python."""
    line = as_text([f"run={run}", f"input={drawing}", f"out={tmp_path}", "n=3", *words])
    sample(compose("sample", line))
    written = np.stack([np.asarray(Image.open(tmp_path / f"rooms-{k}.png")) for k in (1, 2, 3)])
    assert np.array_equal(
        written, np.stack(colorlab.open_run(run).sample(drawing, n=3, **keywords))
    )
    return written


def colors_of(pictures: np.ndarray) -> list[list[tuple[int, ...]]]:
    """Of each colouring, the colours in the three rooms."""
    return [[tuple(map(int, picture[y, x])) for x, y in INSIDE] for picture in pictures]


@pytest.mark.whole
@pytest.mark.parametrize("form", ["list", "gpl", "txt", "picture", "guide"])
def test_a_palette_is_a_list_a_file_or_a_picture(
    form: str, run: Path, drawing: Path, tmp_path: Path
) -> None:
    names = ["#e05030", "204080"]
    (tmp_path / "two.gpl").write_text("GIMP Palette\n224 80 48 red\n32 64 128 blue\n")
    (tmp_path / "two.txt").write_text("e05030\n204080\n")
    picture = Image.new("RGB", (8, 4), RED)
    picture.paste(BLUE, (4, 0, 8, 4))
    picture.save(tmp_path / "two.png")
    given: Any = (
        names
        if form in ("list", "guide")
        else str(tmp_path / f"two.{form.replace('picture', 'png')}")
    )
    word = "[#e05030,204080]" if isinstance(given, list) else given
    if form == "guide":
        words = ["guide=palette", f"guide.palette.colors={word}"]
        keywords = {"guide": {"palette": {"colors": given}}}
    else:
        words, keywords = [f"palette={word}"], {"palette": given}
    pictures = made(run, drawing, tmp_path / "out", *words, **keywords)
    found = np.array([color for rooms in colors_of(pictures) for color in rooms])
    off = np.abs(found[:, None] - np.array([RED, BLUE, (255,) * 3])).max(2)
    # of a picture, colours are counted in steps
    assert off.min(1).max() <= (2 if form == "picture" else 0)
    assert len({*off.argmin(1)}) > 1


@pytest.mark.whole
def test_a_candidate_is_varied_but_for_what_is_locked(
    run: Path, drawing: Path, tmp_path: Path
) -> None:
    first = made(run, drawing, tmp_path / "a")[0]
    candidate = tmp_path / "a" / "rooms-1.png"
    words = [f"like={candidate}", "vary=0.4", "lock=[[80,30]]", "seed=5"]
    varied = made(
        run, drawing, tmp_path / "b", *words, like=candidate, vary=0.4, lock=[[80, 30]], seed=5
    )
    left, top, right, bottom = ROOMS[1]
    locked = (slice(None), slice(top, bottom + 1), slice(left, right + 1))
    assert (varied[locked] == first[locked[1:]]).all()
    (old,) = colors_of(first[None])
    kept = [
        [new == each for new, each in zip(rooms, old, strict=True)] for rooms in colors_of(varied)
    ]
    assert all(each[1] and sum(each) > 1 for each in kept) and any(sum(each) == 2 for each in kept)


@pytest.mark.whole
def test_a_lock_may_be_painted_on_nothing_or_in_white_on_black(
    run: Path, drawing: Path, tmp_path: Path
) -> None:
    candidate = Image.fromarray(made(run, drawing, tmp_path / "a")[0])
    clear, opaque = Image.new("RGBA", SIZE), Image.new("L", SIZE)
    ImageDraw.Draw(clear).ellipse((70, 20, 90, 40), fill=(0, 0, 0, 255))
    ImageDraw.Draw(opaque).ellipse((70, 20, 90, 40), fill=255)
    opened = colorlab.open_run(run)
    clicked, *masked = (
        np.stack(opened.sample(drawing, n=3, like=candidate, vary=0.4, lock=lock))
        for lock in ([[80, 30]], clear, opaque)
    )
    assert all(np.array_equal(clicked, each) for each in masked)


@pytest.mark.whole
def test_a_weaker_run_leads_away(run: Path, drawing: Path, tmp_path: Path) -> None:
    weak = run.parent / "weak"
    if not weak.exists():
        cfg = compose("train", ["name=weak", "method=flats", "data.size=32", *SMALL])
        method = build(cfg.method)
        method.load_state_dict(untrained("flats", 1).state_dict())
        begin(weak, cfg)
        save_weights(method, weak / "checkpoints")
    words = [
        "guide=autoguidance",
        f"guide.autoguidance.run={weak}",
        "guide.autoguidance.strength=3",
    ]
    led = made(
        run,
        drawing,
        tmp_path / "a",
        *words,
        guide={"autoguidance": {"run": str(weak), "strength": 3.0}},
    )
    assert colors_of(led) != colors_of(np.stack(colorlab.open_run(run).sample(drawing, n=3)))


@pytest.mark.whole
def test_the_settings_of_a_picture_tell_what_it_is_like(
    run: Path, drawing: Path, tmp_path: Path
) -> None:
    made(run, drawing, tmp_path / "a")
    candidate = tmp_path / "a" / "rooms-1.png"
    line = [f"run={run}", f"input={drawing}", "n=1", f"like={candidate}", f"out={tmp_path / 'a'}"]
    for vary in (0.2, 0.6):
        sample(compose("sample", [*line, f"vary={vary}"]))
    # neither replaces the candidate or the other
    assert len(list((tmp_path / "a").glob("rooms-s0-*-1.png"))) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"palette": []}, "palette is empty"),
        ({"palette": "nowhere.png"}, "palette=nowhere.png is not there"),
        ({"palette": ["red"]}, "palette holds 'red'"),
        ({"palette": [(2, 0, 0)]}, r"palette holds \(2, 0, 0\)"),
        ({"guide": {"palette": {"colors": ["red"]}}}, "guide.palette.colors holds 'red'"),
        ({"like": "nowhere.png"}, "like=nowhere.png is not there"),
        ({"like": np.zeros((5, 4), np.uint8)}, "like= is 4x5 pixels, the drawing 120x100"),
        ({"lock": [[1, 2]]}, "there is none .give like="),
        (
            {"like": np.zeros((100, 120), np.uint8), "lock": [[120, 2]]},
            "is outside of the picture, 120x100",
        ),
        ({"like": np.zeros((100, 120), np.uint8), "lock": [1, 2]}, "give points in pixels"),
        (
            {"like": np.zeros((100, 120), np.uint8), "lock": np.zeros((5, 4), np.uint8)},
            "lock= is 4x5 pixels",
        ),
        ({"like": np.zeros((100, 120), np.uint8), "vary": 1.5}, r"vary is in \[0, 1\]"),
        ({"guide": "autoguidance"}, "guide.autoguidance.run is not set"),
        ({"text": "a red house"}, "reads no text"),
    ],
)
def test_a_mistake_is_told_in_a_line(
    run: Path, drawing: Path, words: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        colorlab.open_run(run).sample(drawing, n=1, **words)
    assert "\n" not in str(error.value)


def test_a_file_without_colours_and_a_split_with_a_candidate_are_refused(
    run: Path, tmp_path: Path
) -> None:
    (tmp_path / "none.txt").write_text("nothing\n")
    with pytest.raises(DataError, match="holds no colours"):
        sample(compose("sample", [f"run={run}", "split=val", f"palette={tmp_path / 'none.txt'}"]))
    with pytest.raises(ConfigError, match=r"like=, lock=.* are of pictures in files"):
        sample(compose("sample", [f"run={run}", "split=val", "like=a.png"]))


def test_pixels_take_no_palette_and_no_candidate(drawing: Path) -> None:
    opened = colorlab.open_run("pretrained/gpic-openmoji-c8")
    with pytest.raises(ConfigError, match="palette= is for methods that colour areas"):
        opened.sample(drawing, n=1, steps=1, palette=["e05030"])


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("palette=[#1e0050, 204080]", ["#1e0050", "204080"]),
        ("palette=1e0050", "1e0050"),
        ("palette=my (1).gpl", "my (1).gpl"),
        ("palette=[[0.5,0,1]]", [[0.5, 0, 1]]),
        ("guide.palette.colors=[000000]", ["000000"]),
    ],
)
def test_colours_in_a_list_are_what_was_typed(word: str, expected: Any) -> None:
    cfg = compose("sample", as_text(["run=a", "guide=palette", word]))
    found = cfg.palette if word.startswith("palette") else cfg.guide.palette.colors
    assert found == expected
