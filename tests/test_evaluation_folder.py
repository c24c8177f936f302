"""What an evaluation's protocol, folder and files are called, and which drawings it takes and
shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from colorlab.errors import DataError
from colorlab.evaluation.drawings import held_out
from colorlab.evaluation.folder import missing, read_sample, sample_file, write_sample
from colorlab.evaluation.protocol import differing, protocol_id
from colorlab.evaluation.selection import error_key, worst
from colorlab.evaluation.settings import WITHOUT_EFFECT, folder_name
from colorlab.report.grid import mixture


def test_a_killed_writer_leaves_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(file: Any, array: np.ndarray) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    (tmp_path / "samples").mkdir()
    monkeypatch.setattr(np, "save", torn)
    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path, "a", np.zeros((1, 2, 2, 3), np.uint8))
    assert missing(tmp_path, ["a"]) == ["a"] and not list((tmp_path / "samples").iterdir())


PROTOCOL = {
    "data": "Toy", "size": "32x32", "condition": "lines", "drawings": "a", "pictures": "b", "n": 3,
    "metrics": 1, "weights": {"alex": "x"}, "seed": 0, "versions": {"torch": "2"}, "split": "test",
}  # fmt: skip


@pytest.mark.parametrize(
    "key", ["data", "size", "condition", "drawings", "pictures", "n", "metrics", "weights"]
)
def test_what_makes_numbers_incomparable_changes_the_protocols_name(key: str) -> None:
    other = PROTOCOL | {key: "another"}
    assert protocol_id(other) != protocol_id(PROTOCOL)
    assert [words.split()[0] for words in differing(other, PROTOCOL)] == [key]


@pytest.mark.parametrize("key", ["seed", "versions", "split"])
def test_nothing_else_changes_it(key: str) -> None:
    assert protocol_id(PROTOCOL | {key: "another"}) == protocol_id(PROTOCOL)


def test_a_folder_is_named_by_what_differs_from_training() -> None:
    def name(**changes: Any) -> str:
        return folder_name("test", 8, 0, None, WITHOUT_EFFECT | changes, "")

    assert name() == "test-n8-s0"
    assert re.fullmatch(r"test-n8-s0-steps20-[0-9a-f]{6}", name(steps=20))
    assert re.fullmatch(
        r"test-n8-s0-ddim-[0-9a-f]{6}",
        name(sampler={"scheduler": {"_target_": "diffusers.DDIMScheduler"}}),
    )
    assert name(guide={"bias": {"color": "palette"}}) != name(guide={"bias": {"color": "#ff0000"}})
    assert folder_name("val", 8, 0, 24, WITHOUT_EFFECT, "") == "val-n8-s0-limit24"


def test_any_name_of_a_picture_gives_a_file_of_its_own(tmp_path: Path) -> None:
    names = ["a/b.png", "a%2Fb.png", "../a", "ä\n", "\udcff", "x" * 300, "x" * 301, "a b"]
    (tmp_path / "samples").mkdir()
    for k, name in enumerate(names):
        write_sample(tmp_path, name, np.full((2, 4, 4, 3), k, np.uint8))
    assert [int(read_sample(tmp_path, name)[0, 0, 0, 0]) for name in names] == list(
        range(len(names))
    )
    assert all(path.parent == tmp_path / "samples" for path in tmp_path.rglob("*.npy"))


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"no array"]
)
def test_a_damaged_sample_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    (tmp_path / "samples").mkdir()
    write_sample(tmp_path, "a", np.zeros((2, 8, 8, 3), np.uint8))
    path = sample_file(tmp_path, "a")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"a\.npy .*delete it"):
        read_sample(tmp_path, "a")


def test_a_smaller_sheet_is_a_mixture_of_drawings_with_one_and_several_truths() -> None:
    truths = [1] * 30 + [6] * 10
    chosen = mixture(truths, range(40), 8)
    assert [truths[i] for i in chosen] == [1] * 6 + [6] * 2
    assert mixture([1, 1], range(2), 8) == [0, 1]


def test_a_sheet_has_drawings_at_even_distances_through_the_whole_split() -> None:
    truths = [1, 1, 1, 1, 6] * 8  # several at 4, 9, ..., 39
    assert mixture(truths, range(40), 8) == [0, 6, 12, 20, 26, 32, 4, 24]
    assert mixture(truths, range(20, 40), 4) == [20, 26, 32, 24]
    assert mixture([1, 6, 6, 6, 6], range(5), 4) == [0, 1, 2, 3]


def test_fewer_drawings_are_at_even_distances_through_the_split_and_the_worst_are_named_first() -> (
    None
):
    pictures = SimpleNamespace(
        drawings=lambda split: [np.array([2 * k, 2 * k + 1]) for k in range(10)],
        names=[f"picture {k}" for k in range(20)],
    )
    assert held_out(pictures, "test", 4).names == [f"picture {2 * k}" for k in (0, 2, 5, 7)]
    assert (
        len(held_out(pictures, "test", 10).groups)
        == len(held_out(pictures, "test", None).groups)
        == 10
    )
    key = "truth/best_of_4_delta_e"
    document = {"protocol": {"n": 4}, "values": {}, "per_drawing": {key: [3.0, 9.0, 1.0, 5.0]}}
    assert error_key(document) == key and worst(document, 3) == [1, 3, 0]
