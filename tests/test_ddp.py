"""Training in two processes is training in one: the same order, gradients, means; and they end
together."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from colorlab.errors import RankError
from colorlab.training.loaders import PictureData
from colorlab.training.processes import ending_together
from colorlab.training.resume import Checkpoints
from colorlab.training.shells import picture_means
from tests.kill_harness import ROOT, Ended, Started, at_batch, kill, words_for
from tests.test_every_method import METHODS

#: A method whose loss is a mean over pictures, by an optimizer that is continuous in the gradient.
SMOOTH = ["method.learning.stratified=false", "+method.optimizer.eps=1e-2", "trainer.max_steps=4",
          "save_every=2", "trainer.val_check_interval=2"]  # fmt: skip
# s; a busy machine starts processes slowly
TWO = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.timeout=240"]


def in_two(folder: Path, words: list[str], *plants: Any) -> list[Ended]:
    """Train in two processes that meet on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = [Started(folder, [*words, *TWO], plants, rank, 2, port) for rank in range(2)]
    return [each.end() for each in started]


def in_one(folder: Path, words: list[str], *plants: Any) -> list[Ended]:
    return [Started(folder, words, plants).end()]


def largest_difference(one: Path, other: Path) -> float:
    weights = [
        load_file(folder / "runs/x/checkpoints/weights.safetensors") for folder in (one, other)
    ]
    return max(
        (a.double() - b.double()).abs().max().item()
        for a, b in zip(*(w.values() for w in weights), strict=True)
    )


class Drawings:
    """So many pictures to validate, a drawing each."""

    def __init__(self, count: int) -> None:
        self.count = count

    def drawings(self, split: str) -> list[np.ndarray]:
        return [np.array([10 + i]) for i in range(self.count)]

    def __getitem__(self, positions: list[int]) -> list[int]:
        return positions


@pytest.mark.parametrize("count", [0, 1, 9, 33, 100, 200])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_every_picture_is_validated_once_and_all_processes_take_as_many_batches(
    count: int, world: int
) -> None:
    loaders = []
    for rank in range(world):
        data = PictureData(Drawings(count), 4, 0, 0)  # type: ignore[arg-type]
        data.trainer = SimpleNamespace(global_rank=rank, world_size=world)  # type: ignore[assignment]
        loaders.append([tuple(batch) for batch in data.val_dataloader()])
    assert len({len(loader) for loader in loaders}) == 1
    batches = {batch: {"loss": float(np.mean(batch))} for loader in loaders for batch in loader}
    assert sorted(i for batch in batches for i in batch) == [10 + i for i in range(count)]
    expected = (
        {"loss": pytest.approx(np.mean([10 + i for i in range(count)]), abs=1e-10)} if count else {}
    )
    assert picture_means(batches) == expected


def test_means_do_not_depend_on_the_order_of_batches() -> None:
    batches = {tuple(range(k * k, k * k + k + 1)): {"loss": 0.1 * 3**k} for k in range(9)}
    assert picture_means(batches) == picture_means(dict(reversed(batches.items())))


@pytest.mark.parametrize(
    "said", ["[gloo/pair.cc:1] Timed out", "Application timeout caused pair closure"]
)
def test_what_fails_while_a_lost_process_is_dealt_with_is_told_as_its_loss(said: str) -> None:
    trainer = SimpleNamespace(
        world_size=2, is_global_zero=True, strategy=SimpleNamespace(launcher=None)
    )
    with pytest.raises(RankError, match="gave no answer"), ending_together(trainer):
        try:
            raise RuntimeError(said)
        except RuntimeError:
            raise ValueError("an optimizer in an odd state") from None
    with pytest.raises(ValueError, match="of its own"), ending_together(trainer):
        raise ValueError("of its own")


@pytest.mark.slow
def test_two_processes_learn_as_one(tmp_path: Path) -> None:
    words = words_for("gpic", *SMOOTH)
    for name, train in (("one", in_one), ("two", in_two)):
        (tmp_path / name).mkdir()
        assert [ended.code for ended in train(tmp_path / name, words)] == [0] * (
            1 + (name == "two")
        )
    assert largest_difference(tmp_path / "one", tmp_path / "two") < 1e-6


@pytest.mark.slow
def test_two_processes_validate_as_one(tmp_path: Path) -> None:
    words = words_for(
        "gpic", "method.optimizer.lr=1e-30", "trainer.max_steps=2", "trainer.val_check_interval=1"
    )
    rows = []
    for name, train in (("one", in_one), ("two", in_two)):
        (tmp_path / name).mkdir()
        train(tmp_path / name, words)
        text = (tmp_path / name / "runs/x/metrics.jsonl").read_text()
        rows.append([row for row in text.splitlines() if "val/" in row])
    assert rows[0] == rows[1] and len(rows[0]) == 2


def kill_first() -> None:
    if os.environ.get("LOCAL_RANK", "0") == "0":
        kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    "order",
    [(in_two, in_two), (in_two, in_one), (in_one, in_two)],
    ids=["two, then two", "two, then one", "one, then two"],
)
def test_a_run_goes_on_in_another_number_of_processes(
    tmp_path: Path, order: tuple[Any, Any]
) -> None:
    words = words_for("gpic", *SMOOTH)
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    assert in_one(tmp_path / "whole", words)[0].code == 0
    first, *others = order[0](tmp_path / "killed", words, partial(at_batch, 3, kill_first))
    assert first.code == -9
    assert [other.code for other in others] == [1] * len(others)  # no orphans
    assert not any("error" in other.err or "Traceback" in other.err for other in others)  # no word
    second = order[1](tmp_path / "killed", [*words, "resume=auto"])
    assert second[0].code == 0 and "going on from step 2" in second[0].out
    assert largest_difference(tmp_path / "whole", tmp_path / "killed") < 1e-6


def keep_weights() -> None:
    """Each process writes down the weights that it ends with."""
    end = Checkpoints.on_train_end

    def kept(self: Checkpoints, trainer: Any, module: Any) -> None:
        torch.save(dict(module.named_parameters()), f"rank-{trainer.global_rank}.pt")
        end(self, trainer, module)

    Checkpoints.on_train_end = kept  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_both_processes_end_with_the_same_weights(method: str, tmp_path: Path) -> None:
    ended = in_two(tmp_path, words_for(method, "trainer.max_steps=2"), keep_weights)
    assert [each.code for each in ended] == [0, 0], ended
    first, second = (torch.load(tmp_path / f"rank-{rank}.pt") for rank in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "how", "code", "said"),
    [
        (1, "raises", 3, "a.png is damaged (fetch it again)"),
        (1, "is silent", 1, "gave no answer ("),
        (1, "is killed", 1, "another process of this training was killed by SIGKILL (resume=auto"),
        (
            1,
            "is killed before they meet",
            1,
            "another process of this training was killed by SIGKILL (resume=auto",
        ),
        (1, "raises before they meet", 3, "a.png is damaged (fetch it again)"),
        (0, "raises", 3, "a.png is damaged (fetch it again)"),
        (0, "is killed", -9, ""),
        (0, "has started the others and is killed", -9, ""),
    ],
)
def test_when_one_process_fails_all_end_and_its_error_is_told_first(
    tmp_path: Path, rank: int, how: str, code: int, said: str
) -> None:
    timeout = ["trainer.timeout=40"] if how == "is silent" else []
    words = [*words_for("gpic", "trainer.max_steps=9"), *TWO, *timeout]
    line = [sys.executable, "-m", "tests.failing_rank", *words]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "HOW": how,
        "RANK_THAT_ENDS": str(rank),
    }
    environment = {
        name: value
        for name, value in environment.items()
        if name not in ("LOCAL_RANK", "WORLD_SIZE")
    }
    with (tmp_path / "err").open("w") as err:
        done = subprocess.run(
            line, cwd=tmp_path, env=environment, stdout=err, stderr=err, timeout=300
        )
    told = (tmp_path / "err").read_text()
    lines = [line for line in told.splitlines() if line.startswith("colorlab: error: ")]
    assert done.returncode == code, told
    assert (not said and not lines) or said in lines[0], told
    assert (
        "clients joined" not in "".join(lines[:1])
        and "Traceback" not in told
        and "zombies" not in told
    )
    gone_by = time.monotonic() + 120  # one that is still importing notices when it is through
    while (left := orphans(tmp_path)) and time.monotonic() < gone_by:
        time.sleep(0.1)
    assert not left


def orphans(folder: Path) -> list[str]:
    """Processes whose working directory is the folder."""
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and _cwd(pid) == str(folder)]


def _cwd(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def by_torchrun(folder: Path, words: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """A command in two processes of torchrun's."""
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*line, "-m", *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip


@pytest.mark.slow
def test_torchrun_starts_the_processes(tmp_path: Path) -> None:
    words = [*words_for("gpic", "trainer.max_steps=2"), *TWO]
    done = by_torchrun(tmp_path, ["colorlab.train", *words], 300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("training pictures") == 1  # one of them speaks
    assert (tmp_path / "runs/x/checkpoints/weights.safetensors").is_file()
