"""What must not change what a run comes to, or must end it in order: validation, threads, loggers,
tiny data sets, a run folder that is in use or gone, numbers that are not finite, processes that
share a training."""

from __future__ import annotations

import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, DataError, DiskError, NumericError
from colorlab.runs.checkpoint import FORMAT, LAST, _plain
from colorlab.runs.run import weights_of
from colorlab.storage.files import held
from colorlab.training.loaders import PictureData, TrainingOrder
from colorlab.types import Condition
from tests.kill_harness import Started, at_batch, train, words_for

TWO_STEPS = ("trainer.max_steps=2", "trainer.val_check_interval=1", "save_every=9")


def weights_after(folder: Path, *words: str) -> bytes:
    """The final weights of a small training."""
    train(folder, words_for("gpic", *TWO_STEPS, *words))
    return weights_of(folder).read_bytes()


@pytest.mark.whole
def test_validation_does_not_change_what_is_learnt(tmp_path: Path) -> None:
    assert weights_after(tmp_path / "a") == weights_after(
        tmp_path / "b", "trainer.val_check_interval=9"
    )


@pytest.mark.slow
@pytest.mark.parametrize("where", ["a folder that may not be written", "a file"])
def test_a_dashboard_that_cannot_write_does_not_end_training(
    tmp_path: Path, monkeypatch, where: str
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("") if where == "a file" else blocked.mkdir(mode=0o555)
    monkeypatch.setenv("WANDB_DIR", str(blocked))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert weights_after(tmp_path / "a", "logger=wandb") == weights_after(tmp_path / "b")


@pytest.mark.slow
@pytest.mark.parametrize("corrector", [0, 1])
def test_one_thread_and_two_draw_the_same_8_bit_pictures(corrector: int) -> None:
    words = [
        "name=t",
        "method.width=4",
        "method.sampler.steps=5",
        f"method.sampler.corrector_steps={corrector}",
    ]
    torch.manual_seed(0)
    method = build(compose("train", words).method).eval()
    stream = torch.Generator().manual_seed(1)
    for parameter in method.parameters():
        parameter.data.add_(torch.randn(parameter.shape, generator=stream), alpha=0.02)
    image = torch.rand(1, 1, 48, 48, generator=stream)
    drawn, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        drawn.append((method.sample(Condition(image), 2, Draws(0, [0])) * 255).round())
    torch.set_num_threads(before)
    assert torch.equal(*drawn)


def pictures(folder: Path, count: int) -> str:
    """data.root of a folder of training pictures."""
    from PIL import Image

    (folder / "pictures" / "train").mkdir(parents=True)
    for n in range(count):
        image = Image.new("RGB", (40, 40), "white")
        image.paste((200, 40 * n, 90), (8, 8, 30, 30))
        image.save(folder / "pictures" / "train" / f"{n}.png")
    return f"data.root={folder / 'pictures'}"


@pytest.mark.whole
@pytest.mark.filterwarnings("error:Total length")
def test_fewer_pictures_than_a_batch_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    words = [
        "data=folder",
        pictures(tmp_path, 1),
        "trainer.max_steps=2",
        "trainer.val_check_interval=9",
    ]
    train(tmp_path / "run", words_for("gpic", *words))
    assert weights_of(tmp_path / "run").exists()
    assert "1 training pictures, none to validate with" in capsys.readouterr().out


@pytest.mark.whole
def test_an_empty_folder_says_so_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"pictures"):
        train(tmp_path / "run", words_for("gpic", "data=folder", pictures(tmp_path, 0)))
    assert not weights_of(tmp_path / "run").exists()


@pytest.mark.whole
def test_training_of_which_all_is_held_out_says_so_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "set"
    for name in ("train/a.png", "test/b.png"):
        (root / name).parent.mkdir(parents=True)
        Image.new("RGB", (40, 40), "red").save(root / name)
    with pytest.raises(
        DataError, match=r"no picture is left to train on: train 0 .*less 1 that are held out too"
    ):
        train(tmp_path / "run", words_for("gpic", "data=folder", f"data.root={root}"))
    assert not (tmp_path / "run" / "config.yaml").exists()


@pytest.mark.parametrize("world", [2, 3, 4])
def test_any_number_of_processes_shares_the_same_batches(world: int) -> None:
    for pictures in (np.arange(100), np.arange(2)):  # fewer pictures than processes come again
        alone = TrainingOrder(
            lambda random, some=pictures: random.permutation(some), 12, 7, 0, 0, 1
        )
        shared = [TrainingOrder(alone.one_pass, 12, 7, 5, rank, world) for rank in range(world)]
        for at, *parts in zip(range(5, 30), *shared, strict=False):
            assert all(part[0] == at and len(part[1]) == 12 // world for part in parts)
            assert sorted(i for _, part in parts for i in part) == sorted(alone.batch(at).tolist())


def test_a_batch_that_does_not_divide_among_the_processes_is_told() -> None:
    data = PictureData(SimpleNamespace(splits={"train": np.arange(9)}), 4, 0, 0)  # type: ignore[arg-type]
    data.trainer = SimpleNamespace(global_rank=0, world_size=3)  # type: ignore[assignment]
    with pytest.raises(
        DataError, match=r"batch_size=4 does not divide among 3 processes \(choose a multiple\)"
    ):
        data.train_dataloader()


@pytest.mark.whole
def test_a_run_in_use_is_left_alone(tmp_path: Path) -> None:
    pid = os.fork()
    if not pid:
        with held(tmp_path):
            (tmp_path / "ready").touch()
            time.sleep(60)
    try:
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        with pytest.raises(CheckpointError, match=f"in use by process {pid}"):
            train(tmp_path, words_for("gpic", *TWO_STEPS, "resume=auto"))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "ready"]


@pytest.mark.whole
@pytest.mark.parametrize("every", [1, 9])
def test_a_run_whose_folder_vanishes_ends_and_does_not_come_back(
    tmp_path: Path, every: int
) -> None:
    words = words_for(
        "gpic", "trainer.max_steps=4", f"save_every={every}", "trainer.val_check_interval=9"
    )
    with pytest.raises((DiskError, FileNotFoundError)):
        train(tmp_path / "x", words, partial(at_batch, 3, partial(shutil.rmtree, tmp_path / "x")))
    assert not (tmp_path / "x").exists()


@pytest.mark.whole
def test_the_layout_of_a_state_belongs_to_its_format(tmp_path: Path) -> None:
    """Whoever changes one raises the other, so that an older state is told from a damaged one."""
    train(tmp_path, words_for("gpic", *TWO_STEPS))
    state = _plain(tmp_path / "checkpoints" / LAST)
    expected = {"format", "step", "position", "state_dict", "optimizers", "schedules", "callbacks",
                "current_model_state", "averaging_state"}  # fmt: skip
    assert (state.keys(), state["format"], FORMAT) == (expected, 1, 1)


@pytest.mark.whole
def test_an_infinite_gradient_ends_training_at_the_next_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from colorlab.training.shells import Shell

    clip = Shell.configure_gradient_clipping

    def spoiled(
        self: Any,
        optimizer: Any,
        gradient_clip_val: Any = None,
        gradient_clip_algorithm: Any = None,
    ) -> None:
        if int(self.method.batches_seen) == 4:
            self.method.net.head.weight.grad.fill_(float("inf"))
        clip(self, optimizer, gradient_clip_val, gradient_clip_algorithm)

    monkeypatch.setattr(Shell, "configure_gradient_clipping", spoiled)
    words = words_for("gpic", "trainer.max_steps=6", "save_every=3", "trainer.val_check_interval=9")
    with pytest.raises(NumericError, match=r"the loss is nan at batch 4, pictures \[\d+") as ended:
        train(tmp_path, words)
    assert ended.value.exit_code == 5 and _plain(tmp_path / "checkpoints" / LAST)["step"] == 3


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.slow
def test_a_terminated_process_says_so_in_a_line_and_ends_with_143(tmp_path: Path) -> None:
    words = words_for("gpic", "trainer.max_steps=9", "trainer.val_check_interval=9", "save_every=9")
    ended = Started(tmp_path, words, [partial(at_batch, 3, terminate)]).end()
    lines = [line for line in ended.err.splitlines() if line.startswith("colorlab: error: ")]
    assert ended.code == 143 and "Traceback" not in ended.err
    assert lines == [
        "colorlab: error: stopped by SIGTERM after step 4 (resume=auto goes on from there)"
    ]
