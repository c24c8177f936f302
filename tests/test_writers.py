"""Whatever writes a file that matters may die at any of its file operations: what was there before
is there, or what was to be written, whole; and a file that was cut short afterwards stands in
nobody's way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import nn

from colorlab.data.archives import About, Vector, write_archive
from colorlab.errors import DataError
from colorlab.evaluation.blind import write_page
from colorlab.evaluation.folder import (
    RESULT,
    TIMING,
    add_timing,
    timing,
    write_result,
    write_sample,
)
from colorlab.evaluation.settings import begin
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.sweeps import Job, Sweep
from colorlab.sampling.record import Record, write_png
from colorlab.storage.cache import array_cache
from colorlab.storage.files import replacing_folder, sweep, write_arrays, write_json, write_text
from colorlab.studio import palettes
from tests.dying_files import dying_at


def picture(folder: Path, k: int) -> None:
    record = Record(["a"], [""], {"seed": 0}, "", "a.png")
    write_png(folder / "a.png", Image.new("RGB", (8, 8), (k, k, k)), record, 1)


def weights(folder: Path, k: int) -> None:
    net = nn.Linear(2, 2)
    nn.init.constant_(net.weight, k)
    nn.init.constant_(net.bias, k)
    save_weights(net, folder)  # type: ignore[arg-type]


ABOUT = About("t", "a", "u", "l", "v")
WRITERS: dict[str, Callable[[Path, int], object]] = {
    "a record": lambda folder, k: write_json(folder / "a.json", {"k": k}),
    "text": lambda folder, k: write_text(folder / "a.md", f"{k}" * 100),
    "arrays": lambda folder, k: write_arrays(folder / "a.npz", {"a": np.full(9, k)}),
    "candidates of a drawing": lambda folder,
    k: write_sample(folder, "a", np.full((2, 4, 4, 3), k, np.uint8)),
    "what candidates cost": lambda folder, k: add_timing(folder, k, 1, "cpu"),
    "a sweep": lambda folder, k: Sweep(folder, [Job("h", k, "0", {})]).save(),
    "a set of drawings": lambda folder,
    k: write_archive(folder / "a.xz", ABOUT, [Vector([f"n{k}"], "", "<svg/>")]),
    "a page of questions": lambda folder, k: write_page(folder, f"title {k}", []),
    "the studio's palettes": lambda folder, k: palettes.keep(folder, "p", [f"#00000{k}"]),
    "a picture": picture, "weights": weights,
}  # fmt: skip


def held_by(folder: Path) -> dict[str, bytes]:
    """What is in a folder once what dead processes were writing is swept."""
    sweep(folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.whole
@pytest.mark.parametrize("what", WRITERS)
def test_a_writer_may_die_at_every_operation(tmp_path: Path, what: str) -> None:
    write, at, ended = WRITERS[what], 0, False
    write(tmp_path / "whole", 1)
    before = held_by(tmp_path / "whole")
    write(tmp_path / "whole", 2)
    after = held_by(tmp_path / "whole")
    assert before != after
    while not ended:
        folder = tmp_path / str(at)
        write(folder, 1)
        with dying_at(at) as operations:
            write(folder, 2)
            ended = True
        found = held_by(folder)
        assert found.keys() == before.keys()
        assert all(found[name] in (before[name], after[name]) for name in found), operations.done
        at += 1
    assert at > 3 and found == after


def test_a_folder_that_is_replaced_is_lost_at_no_operation(tmp_path: Path) -> None:
    def write(folder: Path, k: int) -> None:
        with replacing_folder(folder / "net") as made:
            made.mkdir()
            (made / "a.txt").write_text(f"{k}")

    at, ended = 0, False
    while not ended:
        folder = tmp_path / str(at)
        write(folder, 1)
        with dying_at(at):
            write(folder, 2)
            ended = True
        found = {
            name: content for name, content in held_by(folder).items() if ".before-" not in name
        }
        kept = [content for name, content in held_by(folder).items() if ".before-" in name]
        assert found.get("net/a.txt") in (b"1", b"2") or kept == [b"1"]
        at += 1
    assert at > 4 and found == {"net/a.txt": b"2"} and not kept


CUT = {
    "nothing": lambda whole: b"", "its first half": lambda whole: whole[: len(whole) // 2],
    "all but a byte": lambda whole: whole[:-1], "zeros": lambda whole: bytes(len(whole)),
    "its first half and zeros": lambda whole: whole[: len(whole) // 2].ljust(len(whole), b"\0"),
    "more": lambda whole: whole + b"\0" * 64,
}  # fmt: skip


@pytest.mark.parametrize(
    "what", [name for name in CUT if name not in ("its first half and zeros", "more")]
)
def test_a_cache_that_was_cut_short_is_made_anew(tmp_path: Path, what: str) -> None:
    path, made = tmp_path / "a.npy", np.arange(1000)
    array_cache(path, lambda: made)
    path.write_bytes(CUT[what](path.read_bytes()))
    assert np.array_equal(array_cache(path, lambda: made), made)
    assert np.array_equal(array_cache(path, lambda: np.zeros(1)), made)  # it is kept


@pytest.mark.parametrize("what", CUT)
def test_a_record_of_cost_that_was_cut_short_stops_no_evaluation(tmp_path: Path, what: str) -> None:
    add_timing(tmp_path, 3.0, 2, "cpu")
    path = tmp_path / TIMING
    path.write_bytes(CUT[what](path.read_bytes()))
    add_timing(tmp_path, 1.0, 1, "cpu")
    assert timing(tmp_path, 0.5)["sampling_seconds"] in (1.0, 4.0)


def test_settings_that_were_cut_short_are_told_with_what_helps(tmp_path: Path) -> None:
    begin(tmp_path, {"n": 2})
    (tmp_path / "settings.json").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"settings\.json cannot be read .*remove the folder, or give another out="
    ):
        begin(tmp_path, {"n": 2})


def test_a_result_comes_after_all_that_belongs_to_it(tmp_path: Path) -> None:
    at, ended = 0, False
    while not ended:
        folder = tmp_path / str(at)
        folder.mkdir()
        with dying_at(at):
            write_result(folder, {"values": {}}, {"a": np.zeros(3)})
            ended = True
        assert (folder / "distances.npz").exists() or not (folder / RESULT).exists()
        at += 1
    assert (folder / RESULT).exists()
