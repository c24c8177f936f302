"""Pictures of users, whatever they are called and whatever is in them, from the command to what it
writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from colorlab.cli.config import compose
from colorlab.data.intake import open_picture
from colorlab.draws import Draws
from colorlab.errors import ConfigError, DataError, NumericError
from colorlab.runs.run import plain_dict
from colorlab.sample import sample
from colorlab.sampling.options import sampling_options
from colorlab.sampling.setup import guides_of
from tests.conftest import ROOT
from tests.kill_harness import files_of_at_most
from tests.test_evaluate import trained_looking
from tests.test_intake import header_only

BIASES = ["bias={}", "guide=bias guide.bias.color={}"]


def biased(words: str, command: str = "sample") -> torch.Tensor:
    """V (3, 8, 8) of the first candidate, as a command builds it."""
    options = sampling_options(
        plain_dict(compose(command, ["run=a", *words.split()])), of_truth=False
    )
    guides = guides_of(options, hinted=False)
    return guides[-1].start(torch.zeros(1, 3, 8, 8), Draws(0, [0]))[0]


@pytest.mark.parametrize("words", BIASES)
@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_a_sketch_given_for_a_colour_lies_on_white_paper(
    tmp_path: Path, words: str, command: str
) -> None:
    sketch = Image.new("RGBA", (40, 20), (0, 0, 255, 255))
    sketch.paste((0, 0, 0, 0), (20, 0, 40, 20))
    sketch.save(tmp_path / "sketch.png")
    V = biased(words.format(tmp_path / "sketch.png"), command)
    torch.testing.assert_close(V[:, 4, [0, 7]], torch.tensor([[-1.0, 1], [-1, 1], [1, 1]]))


@pytest.mark.parametrize("words", BIASES)
def test_a_bomb_given_for_a_colour_is_refused_by_its_header(tmp_path: Path, words: str) -> None:
    path = header_only(tmp_path / "bomb.png", 12_000, 12_000)
    with pytest.raises(DataError, match=r"bomb\.png has 12000 x 12000"):
        biased(words.format(path))


@pytest.mark.whole
@pytest.mark.parametrize("words", BIASES)
def test_a_colour_that_is_neither_colour_nor_picture_is_a_mistake(
    tmp_path: Path, words: str
) -> None:
    with pytest.raises(ConfigError, match=r"palette or a picture, not 'nothing\.png'"):
        biased(words.format("nothing.png"))
    (tmp_path / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"torn\.png is not a picture"):
        biased(words.format(tmp_path / "torn.png"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small run that was never trained."""
    return trained_looking(tmp_path / "run")


def colored(run: Path, source: Path, *words: str) -> list[str]:
    """The names of the colourings of a picture or a folder, and of nothing else."""
    sample(
        compose(
            "sample",
            [f"run={run}", f"input='{source}'", f"out='{run}/out'", "n=1", "steps=1", *words],
        )
    )
    return sorted(str(path.relative_to(run / "out")) for path in (run / "out").rglob("*-1.png"))


@pytest.mark.whole
def test_pictures_of_any_name_are_coloured_and_none_in_place_of_another(
    run: Path, tmp_path: Path, capsys
) -> None:
    names = ["été.png", "絵 1.png", "new\nline.png", os.fsdecode(b"\xff.png"), "x" * 251 + ".png",
             "y" * 251 + ".png", "a.png", "a.bmp", "sub/a.png"]  # fmt: skip
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True, parents=True)
        Image.new("RGB", (9, 7), "white").save(
            os.fsencode(tmp_path / "in" / name), format=name[-3:]
        )
    made = colored(run, tmp_path / "in")
    assert len(made) == len(names)
    assert {
        "été-1.png",
        "a.png-1.png",
        "a.bmp-1.png",
        "sub/a-1.png",
        os.fsdecode(b"\xff-1.png"),
    } <= set(made)
    assert len(capsys.readouterr().out.splitlines()) == len(names) and not list(
        (run / "out").rglob("*.tmp*")
    )
    assert json.loads((run / "out" / "sample.json").read_text())["input"] == str(tmp_path / "in")


@pytest.mark.whole
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (17, 16), (90, 45)])
def test_colourings_have_the_size_of_the_drawing(
    run: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    Image.new("L", size, 255).save(tmp_path / "a.png")
    (made,) = colored(run, tmp_path / "a.png")
    assert Image.open(run / "out" / made).size == size


def test_a_full_disk_leaves_no_torn_colouring(run: Path, tmp_path: Path) -> None:
    Image.effect_noise((60, 60), 90).save(tmp_path / "a.png")
    with files_of_at_most(500), pytest.raises(OSError, match="File too large"):
        colored(run, tmp_path / "a.png")
    assert not [path for path in (run / "out").rglob("*") if path.is_file()]


@pytest.mark.whole
def test_a_vector_drawing_is_coloured(run: Path, tmp_path: Path) -> None:
    circle = '<circle cx="10" cy="10" r="7" fill="none" stroke="black"/>'
    (tmp_path / "a.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">{circle}</svg>'
    )
    (made,) = colored(run, tmp_path / "a.svg")
    assert Image.open(run / "out" / made).size == (1024, 512)


def test_numbers_that_are_no_colours_are_never_shown_as_black(run: Path, tmp_path: Path) -> None:
    weights = load_file(run / "checkpoints" / "weights.safetensors")
    save_file(
        weights | {"net.head.bias": torch.full((3,), torch.nan)},
        run / "checkpoints" / "weights.safetensors",
    )
    Image.new("L", (9, 9), 255).save(tmp_path / "a.png")
    with pytest.raises(NumericError, match="not finite") as ended:
        colored(run, tmp_path / "a.png")
    assert ended.value.exit_code == 5 and not list((run / "out").rglob("*.png"))


def test_a_picture_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    user = os.geteuid()
    with pytest.raises(
        DataError, match=r"a\.png cannot be read: Permission denied \(check path and permissions\)"
    ):
        try:
            os.seteuid(user or 65534)  # root may read everything
            open_picture(tmp_path / "a.png", 100)
        finally:
            os.seteuid(user)


FLIPS = """
import pathlib, random, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
from colorlab.data.intake import open_picture
from colorlab.errors import DataError
path, count, rng = pathlib.Path(sys.argv[1]), int(sys.argv[2]), random.Random(0)
whole = path.read_bytes()
for _ in range(count):
    data = bytearray(whole)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    try:
        assert open_picture(path, 1_000_000).shape[0] == 3
    except DataError as error:
        assert path.name in str(error) and str(error).isprintable()
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "gif", "svg"])
def test_flipped_bits_never_crash_hang_or_fill_the_memory(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "svg":
        path.write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="9mm" viewBox="0 0 9 9"><path d="M1 1 '
            '8 7"/></svg>'
        )
    else:
        Image.effect_noise((40, 30), 90).convert("RGB").save(path)
    line = [sys.executable, "-c", FLIPS, str(path), "60" if suffix == "svg" else "200"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
