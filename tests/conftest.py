"""What tests share: few threads, a folder of their own, small configurations."""

from __future__ import annotations

import copy
import os

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("WANDB_MODE", "offline")

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from omegaconf import DictConfig

# a shell's background job ignores it, and so would its children
signal.signal(signal.SIGINT, signal.default_int_handler)
ROOT = Path(__file__).parent.parent
TINY = [
    "name=tiny",
    "data.size=32",
    "batch_size=4",
    "trainer.max_steps=2",
    "trainer.precision=32-true",
    "sheet=2",
]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tests run in as many processes as there are cores."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _compose_once() -> Iterator[None]:
    """Of the repository's own yaml files, what Hydra made of some words is given out again, as a
    copy: a fifth of the time. Tests with files of their own compose anew."""
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    compose, made = hydra.compose, {}

    def remembered(
        name: str, overrides: list[str], return_hydra_config: bool = False
    ) -> DictConfig:
        paths = [
            str(each.path)
            for each in GlobalHydra.instance().config_loader().get_search_path().get_path()
        ]
        if paths != ["pkg://hydra.conf", str(ROOT / "conf"), "structured://"]:
            return compose(name, overrides, return_hydra_config=return_hydra_config)
        key = (name, *overrides, return_hydra_config)
        if key not in made:
            made[key] = compose(name, overrides, return_hydra_config=return_hydra_config)
        return copy.deepcopy(made[key])

    hydra.compose = remembered
    yield
    hydra.compose = compose


@pytest.fixture
def tiny() -> Callable[..., DictConfig]:
    """Compose the training configuration with small sizes and some overrides."""
    from colorlab.cli.config import compose

    return lambda *overrides: compose("train", [*TINY, *overrides])


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m colorlab.<words>` in an empty folder."""

    def run(*words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", f"colorlab.{words[0]}", *words[1:]]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        return subprocess.run(
            line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=timeout
        )

    return run


@pytest.fixture
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("COLORLAB_CACHE", str(folder))
    return folder
