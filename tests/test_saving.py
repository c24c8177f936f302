"""Saving that dies at every file operation: some state always opens, and training ends in the same
bits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from colorlab.runs.checkpoint import LAST, PREVIOUS, newest_state, save_state
from colorlab.storage.files import sweep
from tests.dying_files import dying_at

pytestmark = pytest.mark.whole

STEPS = 4


def learned(step: int, w: torch.Tensor) -> torch.Tensor:
    """A training step that no other order of steps, and no repeated one, ends in the bits of."""
    return torch.sin(w * 1.7 + step)


def train(folder: Path, until: int = STEPS) -> torch.Tensor:
    """Go on from the newest state, saving each step, as training does. -> the weights."""
    sweep(folder)
    found = newest_state(folder)
    step, w = (
        (found.state["step"], found.state["state_dict"]["w"])
        if found
        else (0, torch.linspace(0, 1, 50))
    )
    while step < until:
        w, step = learned(step, w), step + 1
        save_state({"format": 1, "step": step, "state_dict": {"w": w}}, folder)
    return w


def deaths(folder: Path, until: int) -> Iterator[tuple[Path, str]]:
    """What a process leaves that dies at its first, second, ... file operation while it trains
    until a step; each outcome once, in a copy of the folder, with the operation's name."""
    seen, at = set(), 0
    while True:
        copy = folder.with_name(f"{folder.name}-{at}")
        shutil.copytree(folder, copy)
        with dying_at(at) as operations:
            train(copy, until)
        if operations.at >= 0:  # it came to the end
            assert at > 20 and {"open", "write", "fsync", "replace", "unlink"} <= set(
                operations.done
            )
            return
        sweep(copy)
        left = tuple(sorted((path.name, path.read_bytes()) for path in copy.iterdir()))
        if left not in seen:
            seen.add(left)
            yield copy, f"operation {at}"
        else:
            shutil.rmtree(copy)
        at += 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "checkpoints"


@pytest.fixture
def whole(tmp_path: Path) -> torch.Tensor:
    """What training ends in that nothing interrupts."""
    (tmp_path / "whole" / "checkpoints").mkdir(parents=True)
    return train(tmp_path / "whole" / "checkpoints")


@pytest.mark.parametrize("saved", range(STEPS - 1))
def test_a_process_may_die_at_every_operation_of_a_save_and_of_the_one_after_a_resume(
    folder: Path, whole: torch.Tensor, saved: int
) -> None:
    folder.mkdir(parents=True)
    train(folder, saved)
    outcomes = 0
    for once, where in deaths(folder, saved + 1):
        for twice, there in deaths(once, saved + 2):
            found = newest_state(twice)
            assert (found.state["step"] if found else 0) >= saved, (where, there)
            assert torch.equal(train(twice), whole), (where, there)
            outcomes += 1
    assert outcomes >= 4


@pytest.mark.parametrize("name", [LAST, PREVIOUS])
def test_one_death_one_save_another_death_and_a_flipped_bit_lose_nothing_but_steps(
    folder: Path, whole: torch.Tensor, name: str
) -> None:
    folder.mkdir(parents=True)
    train(folder, 2)
    for once, _ in deaths(folder, 3):
        train(once, 3)
        for twice, where in deaths(once, 4):
            path = twice / name
            if path.exists() and len([*twice.glob("*.ckpt")]) == 2:
                flip(path)
            assert newest_state(twice) is not None, where
            assert torch.equal(train(twice), whole), where


def test_a_damaged_state_and_a_death_in_the_next_save_leave_the_state_before(
    folder: Path, whole: torch.Tensor
) -> None:
    folder.mkdir(parents=True)
    train(folder, 2)
    flip(folder / LAST)
    for left, where in deaths(folder, 3):
        assert newest_state(left) is not None, where
        assert torch.equal(train(left), whole), where


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
