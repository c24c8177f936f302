"""The cache lies in a place that works and is nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from colorlab.errors import ConfigError
from colorlab.storage.cache import cache_dir

pytestmark = pytest.mark.whole


def test_a_user_without_a_home_has_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("COLORLAB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for home in (nobody, lambda: Path("/")):
        monkeypatch.setattr(Path, "home", staticmethod(home))
        assert (
            cache_dir() == tmp_path / f"colorlab-{os.getuid()}"
            and cache_dir().stat().st_mode & 0o077 == 0
        )
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Path, "home", staticmethod(lambda: tmp_path))
    assert cache_dir() == tmp_path / f"colorlab-{os.getuid()}"


def test_a_cache_that_is_somebody_elses_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COLORLAB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "home", staticmethod(lambda: Path("/")))
    (tmp_path / "there").mkdir()
    (tmp_path / f"colorlab-{os.getuid()}").symlink_to(tmp_path / "there")
    with pytest.raises(ConfigError, match="set COLORLAB_CACHE"):
        cache_dir()


# memory
