"""What a stranger may have done to a run, and what opening it then says."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.errors import CheckpointError
from colorlab.runs.checkpoint import save_weights
from colorlab.runs.run import begin, open_run

SECONDS = 20.0  # in which any refusal comes, on a busy machine


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder as training leaves it, of width 4."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    cfg = compose(
        "train",
        ["name=r", "data=folder", "data.root=none", "method.width=4", "trainer.max_steps=10"],
    )
    begin(folder, cfg)
    save_weights(build(cfg.method), folder / "checkpoints")
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "r"))


def nested(text: str, levels: int) -> str:
    return f"{'[' * levels}{text}{']' * levels}"


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, levels)]
    return "\n".join(lines)


def put(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        for key in keys[:-1]:
            config = config[key]
        config[keys[-1]] = value

    return change


def without(*keys: str) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        for key in keys[:-1]:
            config = config[key]
        del config[keys[-1]]

    return change


OPTIMIZER, SAMPLER = ("method", "optimizer"), ("method", "sampler")


def opened(folder: Path) -> str:
    """What is said of a run that cannot be opened and built."""
    began = time.monotonic()
    with pytest.raises(CheckpointError) as refused:
        open_run(folder).method()
        open_run(folder).pictures()
    assert time.monotonic() - began < SECONDS
    assert (
        "\n" not in str(refused.value)
        and str(refused.value).isprintable()
        and len(str(refused.value)) < 600
    )
    return str(refused.value)
