"""A stranger's weights and states: nothing in them runs, fills the memory or takes all day; each is
refused in one line."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from colorlab.errors import CheckpointError
from colorlab.runs import checkpoint
from colorlab.runs.checkpoint import LAST, WEIGHTS, save_state
from colorlab.storage.tensors import must_hold_files
from tests import strangers
from tests.strangers import SECONDS, opened

whole, run = strangers.whole, strangers.run  # fixtures

WEIGHTS_EDITED: dict[str, Callable[[dict[str, torch.Tensor]], Any]] = {
    "whole numbers": lambda t: {name: each.int() for name, each in t.items()},
    "double precision": lambda t: {name: each.double() for name, each in t.items()},
    "another half precision": lambda t: {name: each.bfloat16() for name, each in t.items()},
    "one of another shape": lambda t: t | {min(t): t[min(t)][..., None].contiguous()},
    "one less": lambda t: {name: each for name, each in t.items() if name != min(t)},
    "one more": lambda t: t | {"more": torch.zeros(1)},
    "none": lambda t: {},
}


@pytest.mark.parametrize("what", WEIGHTS_EDITED)
@pytest.mark.parametrize("file", [WEIGHTS, LAST])
def test_weights_of_another_kind_are_refused_in_a_line(run: Path, what: str, file: str) -> None:
    path = run / "checkpoints" / WEIGHTS
    tensors = WEIGHTS_EDITED[what](load_file(path))
    path.unlink()
    if file == WEIGHTS:
        save_file(tensors, path)
    else:
        save_state({"format": 1, "step": 3, "state_dict": tensors}, path.parent)
    assert file in opened(run)


def outlined(outline: str, numbers: bytes = b"") -> bytes:
    """A file of tensors."""
    return len(outline.encode()).to_bytes(8, "little") + outline.encode() + numbers


ONE = '{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
NONE = '{"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}'
OUTLINES: dict[str, bytes] = {
    "nothing": b"",
    "half a length": b"abc",
    "more than there is": outlined("{}")[:-1],
    "a length beyond all": (1 << 62).to_bytes(8, "little") + b"{}",
    "no JSON": outlined("{"),
    "no mapping": outlined("[]"),
    "a name twice": outlined(f'{{"a": {ONE}, "a": {ONE}}}', bytes(4)),
    "a name twice, spelled otherwise": outlined(f'{{"a": {ONE}, "\\u0061": {ONE}}}', bytes(4)),
    "a name that a terminal obeys": outlined(f'{{"a\\u001b[2J": {ONE}}}', bytes(4)),
    "a hundred thousand tensors": outlined(
        "{" + ", ".join(f'"{k}": {NONE}' for k in range(100_000)) + "}"
    ),
    "a small hundred thousand": outlined(
        "{" + ",".join(f'"{k}":{{"shape":[]}}' for k in range(100_000)) + "}"
    ),
    "a hundred thousand words": outlined(
        '{"__metadata__": {' + ",".join(f'"{k}":""' for k in range(100_000)) + "}}"
    ),
    "a thousand axes": outlined(f'{{"a": {ONE.replace("[1]", str([1] * 1000))}}}', bytes(4)),
    "depth": outlined('{"a": ' + "[" * 100_000),
    "tensors over one another": outlined(f'{{"a": {ONE}, "b": {ONE}}}', bytes(4)),
}


@pytest.mark.parametrize("what", OUTLINES)
def test_tensors_out_of_bounds_are_refused_in_a_line(run: Path, what: str) -> None:
    (run / "checkpoints" / WEIGHTS).write_bytes(OUTLINES[what])
    assert WEIGHTS in opened(run)
    (run / "prior").mkdir()
    (run / "prior" / "model.safetensors").write_bytes(OUTLINES[what])
    # which the library names
    if what not in ("a name that a terminal obeys", "tensors over one another"):
        with pytest.raises(ValueError, match=r"\w"):
            must_hold_files(run / "prior")


STATES: dict[str, Any] = {
    "a list": [1, 2],
    "no tensors": {"state_dict": 3},
    "numbers for tensors": {"state_dict": {"net.head.weight": 3}},
    "keys that are no words": {"state_dict": {3: torch.zeros(1)}},
    "sparse tensors": {"state_dict": {"w": torch.eye(3).to_sparse()}},
}


@pytest.mark.parametrize("what", STATES)
def test_a_state_of_another_shape_is_refused_in_a_line(run: Path, what: str) -> None:
    (run / "checkpoints" / WEIGHTS).unlink()
    torch.save(STATES[what], run / "checkpoints" / LAST)
    assert LAST in opened(run)


def packed(parts: dict[str, bytes], times: int) -> bytes:
    """An archive whose parts are packed, its last one named so many times."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in parts.items():
            archive.writestr(f"archive/{name}", data)
        archive.filelist += archive.filelist[-1:] * (times - 1)
    return file.getvalue()


def lying_over_one_another(times: int) -> bytes:
    """An archive of one large part, that its directory names over and over."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data/0", bytes(4_000_000))
        archive.filelist += archive.filelist[-1:] * (times - 1)
    return file.getvalue()


def repacked(state: dict[str, Any]) -> bytes:
    """What torch.save writes, packed."""
    file = io.BytesIO()
    torch.save(state, file)
    with zipfile.ZipFile(file) as archive:
        return packed(
            {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}, 1
        )


BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros, packed": lambda: repacked(
        {"step": 1, "format": 1, "state_dict": {"a": torch.zeros(5_000_000)}}
    ),
    "parts that nothing names": lambda: packed(
        {"version": b"3", "data/0": bytes(20_000_000)}, 1000
    ),
    "one part, over and over": lambda: lying_over_one_another(10_000),
}


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("what", BOMBS)
def test_a_state_that_takes_all_memory_or_all_day_is_refused_unread(
    run: Path, what: str, sealed: bool
) -> None:
    (run / "checkpoints" / WEIGHTS).unlink()
    bomb = BOMBS[what]()
    seal = checkpoint.SEAL + hashlib.sha256(bomb).digest() if sealed else b""
    (run / "checkpoints" / LAST).write_bytes(bomb + seal)
    assert "its parts are packed, or lie in one another" in opened(run)
    began = time.monotonic()
    with pytest.raises(CheckpointError, match=LAST):
        checkpoint.newest_state(run / "checkpoints")
    assert time.monotonic() - began < SECONDS


def test_tensors_without_numbers_are_refused_by_name(run: Path) -> None:
    learned = load_file(run / "checkpoints" / WEIGHTS)
    (run / "checkpoints" / WEIGHTS).unlink()
    empty = {name: each.to("meta") for name, each in learned.items()}
    save_state({"format": 1, "step": 3, "state_dict": empty}, run / "checkpoints")
    assert "holds no numbers of" in opened(run)
