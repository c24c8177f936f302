"""Where W&B's files go: to its server if there is an account and a connection, else to the disk,
without waiting."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from colorlab.cli import wandb_access
from colorlab.cli.wandb_access import in_reach, logged_in, stays_offline
from colorlab.cli.yaml_files import conf_dir
from colorlab.errors import ConfigError
from colorlab.evaluation.dashboard import logged_run
from colorlab.runs.run import has_begun, weights_of
from tests.kill_harness import train, words_for

VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "WANDB_MODE",
)


@pytest.fixture(autouse=True)
def _an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)


@pytest.fixture
def taken() -> Iterator[str]:
    """host:port that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """host:port that takes none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_a_server_in_reach_is_used(
    taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", f"http://{taken}")
    assert not stays_offline("auto", tmp_path)


def test_without_a_connection_or_an_account_files_stay_here_and_a_line_says_so(
    closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", f"http://{closed}")
    assert stays_offline("auto", tmp_path)
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    assert stays_offline("auto", tmp_path)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"W&B: no connection to {closed}, so offline in {tmp_path}")
    assert second.startswith("W&B: not logged in, so offline")


@pytest.mark.parametrize("spelling", ["http://{}", "{}"])
def test_behind_a_proxy_the_proxy_is_what_must_be_in_reach(
    spelling: str, taken: str, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", f"https://{closed}")
    monkeypatch.setenv("HTTPS_PROXY", spelling.format(taken))
    assert in_reach()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert not in_reach()


def test_a_name_that_is_never_found_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wandb_access, "PATIENCE", 0.05)
    asked, answered = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        asked.set()
        answered.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    assert not in_reach() and asked.is_set()
    answered.set()


def test_the_account_is_that_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine wandb.example login user password key\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY")
    assert not logged_in()
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example")
    assert logged_in()


@pytest.mark.whole
def test_what_wandb_complains_of_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    def refuse(**_: object) -> None:
        raise wandb.errors.CommError("Timed out\nConsider increasing the init_timeout setting:")

    monkeypatch.setattr(wandb, "init", refuse)
    logger = OmegaConf.merge(
        OmegaConf.load(conf_dir() / "logger" / "wandb.yaml"), {"mode": "online"}
    )
    with pytest.raises(
        ConfigError, match=r"^W&B: Timed out \(set logger.mode=offline, or logger=none\)$"
    ):
        logged_run(logger, tmp_path, "x", "evaluation", None, {}).__enter__()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "online"])
def test_training_goes_on_without_a_connection_and_does_not_begin_if_one_is_demanded(
    mode: str, closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", f"http://{closed}")
    monkeypatch.setattr(wandb_access, "START", 2.0)
    words = words_for("gpic", "trainer.max_steps=1", "logger=wandb", f"logger.mode={mode}")
    if mode == "auto":
        train(tmp_path, words)
        assert weights_of(tmp_path).exists() and list(tmp_path.glob("wandb/offline-run-*"))
    else:
        with pytest.raises(ConfigError, match="W&B"):
            train(tmp_path, words)
        assert not has_begun(tmp_path)
