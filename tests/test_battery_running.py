"""What must not change what a run comes to: validation, threads, loggers, tiny data sets."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from colorlab.config import build, compose
from colorlab.draws import Draws
from colorlab.errors import DataError
from colorlab.run import weights_of
from colorlab.types import Condition
from tests.kill_harness import train, words_for

TWO_STEPS = ("trainer.max_steps=2", "trainer.val_check_interval=1", "save_every=9")


def weights_after(folder: Path, *words: str) -> bytes:
    """The final weights of a small training."""
    train(folder, words_for("gpic", *TWO_STEPS, *words))
    return weights_of(folder).read_bytes()


def test_validation_does_not_change_what_is_learnt(tmp_path: Path) -> None:
    assert weights_after(tmp_path / "a") == weights_after(tmp_path / "b", "trainer.val_check_interval=9")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["a folder that may not be written", "a file"])
def test_a_dashboard_that_cannot_write_does_not_end_training(tmp_path: Path, monkeypatch, where: str) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("") if where == "a file" else blocked.mkdir(mode=0o555)
    monkeypatch.setenv("WANDB_DIR", str(blocked))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert weights_after(tmp_path / "a", "logger=wandb") == weights_after(tmp_path / "b")


@pytest.mark.parametrize("corrector", [0, 1])
def test_one_thread_and_two_draw_the_same_8_bit_pictures(corrector: int) -> None:
    words = ["name=t", "method.width=4", "method.sampler.steps=5", f"method.sampler.corrector_steps={corrector}"]
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


def test_fewer_pictures_than_a_batch_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    words = ["data=folder", pictures(tmp_path, 1), "trainer.max_steps=2", "trainer.val_check_interval=9"]
    train(tmp_path / "run", words_for("gpic", *words))
    assert weights_of(tmp_path / "run").exists()


def test_an_empty_folder_says_so_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"pictures"):
        train(tmp_path / "run", words_for("gpic", "data=folder", pictures(tmp_path, 0)))
    assert not weights_of(tmp_path / "run").exists()
