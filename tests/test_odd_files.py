"""What is no plain file is refused at once, wherever a file is named, and files of two processes
keep apart."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from diffusers import AutoencoderKL  # noqa: F401 - what is imported late is imported here, out of the tests' time
from PIL import Image
from transformers import CLIPTextModel, Dinov2Model  # noqa: F401

from colorlab.ab_bins import table_of
from colorlab.cli.config import compose
from colorlab.cli.free_text import as_text
from colorlab.data.add import add
from colorlab.data.folder import Folder, captions
from colorlab.data.intake import open_picture
from colorlab.data.reader import _stamp
from colorlab.errors import CheckpointError, ColorlabError, ConfigError, DataError, DiskError
from colorlab.metrics.own_features import own_features
from colorlab.nets.latent.prior import load_vae
from colorlab.nets.latent.text import load_text
from colorlab.runs.run import open_run
from colorlab.sample import sample
from colorlab.sampling.files import color_files
from colorlab.sampling.options import PictureOptions, SamplingOptions
from colorlab.sampling.record import is_ours, sha256_of
from colorlab.storage.cache import array_cache
from colorlab.storage.files import replacing
from colorlab.weights.published import read_tensors
from tests.test_evaluate import trained_looking
from tests.test_pictures_in_out import contents, draw, drawing
from tests.test_reader import opened

PATIENCE = 60  # s


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """A test that waits for a pipe fails."""

    def late(*_: object) -> None:
        raise TimeoutError("it waits for a pipe, or reads what never ends")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "r")


def pipe(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def endless(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/dev/zero")
    return path


def in_a_folder(name: str, make: Callable[[Path], Path], folder: Path) -> Path:
    """A folder that holds nothing else."""
    return make(folder / name).parent


ODD = {"pipe": pipe, "endless": endless}
READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a picture": ("a.png", lambda path: open_picture(path, 1000)),
    "a drawing": ("a.svg", lambda path: open_picture(path, 1000)),
    "captions": ("a.txt", lambda path: captions(path.parent, [path.with_suffix(".png")])),
    "a package": ("p.tgz", lambda path: add(str(path), "x", path.parent / "out")),
    "bins": ("b.npy", lambda path: table_of(str(path))),
    "published weights": ("w.pth", read_tensors),
    "a network": ("diffusion_pytorch_model.safetensors", lambda path: load_vae(str(path.parent))),
    "a text encoder": ("config.json", lambda path: load_text(path.parent, path.parent)),
    "a judge": ("config.json", lambda path: own_features(None, path.parent)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("kind", "what"), list(product(ODD, READERS)))
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path: Path, kind: str, what: str) -> None:
    name, read = READERS[what]
    with pytest.raises(ColorlabError):
        read(ODD[kind](tmp_path / "in" / name))


@pytest.mark.parametrize("kind", ODD)
def test_what_looks_at_a_file_takes_a_pipe_for_no_file(tmp_path: Path, kind: str) -> None:
    path = ODD[kind](tmp_path / "a.png")
    assert sha256_of(path) == "" and not is_ours(path)


@pytest.mark.whole
@pytest.mark.parametrize("kind", ODD)
def test_a_batch_colours_the_pictures_among_odd_files(
    run: Path, tmp_path: Path, kind: str, capsys
) -> None:
    drawing(tmp_path / "in" / "b.png")
    ODD[kind](tmp_path / "in" / "a.png")
    (tmp_path / "in" / "c.png").mkdir()
    (tmp_path / "in" / "d.png").symlink_to("nowhere")
    with pytest.raises(DataError, match="3 of 4 pictures could not be coloured"):
        draw(run, tmp_path / "in", tmp_path / "out")
    assert sorted(contents(tmp_path / "out")) == ["b-1.png", "b-2.png", "b-sheet.png"]
    said = capsys.readouterr().err
    assert all(f"{name}.png " in said for name in "acd")


@pytest.mark.whole
def test_what_is_no_plain_file_is_not_replaced(run: Path, tmp_path: Path) -> None:
    pipe(tmp_path / "out" / "a-2.png")
    pipe(tmp_path / "out" / "b.psd")
    for name in "ab":
        draw(run, drawing(tmp_path / f"{name}.png"), tmp_path / "out", "export=psd")
    made = contents(tmp_path / "out")
    assert len([name for name in made if name.startswith("a-s0-")]) == 3
    assert len([name for name in made if name.startswith("b-s0-")]) == 3
    assert not (tmp_path / "out" / "b.psd").is_file()


@pytest.mark.whole
@pytest.mark.parametrize(
    "name", ["checkpoints/last.ckpt", "metrics.jsonl", "samples/a-1.png", "evaluation/x/y"]
)
def test_a_run_that_holds_a_pipe_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    folder = trained_looking(tmp_path / "r")
    (folder / name).unlink(missing_ok=True)
    pipe(folder / name)
    with pytest.raises(CheckpointError, match=f"{name} is no plain file"):
        open_run(folder)


def test_training_tells_of_links_that_lead_nowhere_or_leaves_them_out(tmp_path: Path) -> None:
    for k in range(3):
        drawing(tmp_path / f"{k}.png", (8 + k, 8))
    (tmp_path / "gone.png").symlink_to("nowhere")
    pipe(tmp_path / "pipe.png")
    assert _stamp(tmp_path / "gone.png")
    with pytest.raises(DataError, match=r"gone\.png cannot be read: No such file"):
        opened(tmp_path)
    assert len(opened(tmp_path, "on_bad=skip")) == 3


def test_a_cache_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="COLORLAB_CACHE"):
        array_cache(tmp_path / "file" / "a.npy", lambda: np.zeros(1))


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_is_to_be_new_replaces_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refused)
    with replacing(tmp_path / "a", only_new=True) as temporary:
        temporary.write_bytes(b"first")
    with pytest.raises(FileExistsError), replacing(tmp_path / "a", only_new=True) as temporary:
        temporary.write_bytes(b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"first")]


@pytest.mark.whole
def test_two_processes_that_colour_into_one_folder_keep_what_both_make(
    run: Path, tmp_path: Path
) -> None:
    for name in "ab":
        drawing(tmp_path / "in" / f"{name}.png")
    out = tmp_path / "out"
    options = [SamplingOptions(n=2, seed=seed, steps=1) for seed in (0, 1)]
    both = [
        color_files(
            [open_run(run)], tmp_path / "in", out, each, PictureOptions(), {}, lambda _: None
        )
        for each in options
    ]
    # both have chosen a name for b when that is drawn
    sheets = [next(each) for _ in range(2) for each in both]
    assert len(set(sheets)) == 4
    made = contents(out)
    assert len(made) == 12
    seeds = [json.loads(Image.open(out / name).text["colorlab"])["seed"] for name in made]
    assert sorted(seeds) == [0] * 6 + [1] * 6


@pytest.mark.whole
def test_equal_colourings_of_two_processes_are_one(run: Path, tmp_path: Path) -> None:
    source, out = drawing(tmp_path / "a.png"), tmp_path / "out"
    for _ in range(2):
        wanted = PictureOptions(again=True)
        list(
            color_files(
                [open_run(run)],
                source,
                out,
                SamplingOptions(n=2, steps=1),
                wanted,
                {},
                lambda _: None,
            )
        )
    assert len(contents(out)) == 3


@pytest.mark.parametrize("mine", [b"{}", b'["mine"]', b"mine"])
def test_a_users_own_record_is_left_alone(run: Path, tmp_path: Path, mine: bytes) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sample.json").write_bytes(mine)
    draw(run, drawing(tmp_path / "a.png"), tmp_path / "out")
    assert (tmp_path / "out" / "sample.json").read_bytes() == mine


def test_an_empty_name_is_not_the_folder_that_one_is_in(run: Path) -> None:
    with pytest.raises(ConfigError, match="input= is empty"):
        sample(compose("sample", as_text([f"run={run}", "input="])))
    with pytest.raises(DataError, match=r"data\.root is not set"):
        Folder.located("")
