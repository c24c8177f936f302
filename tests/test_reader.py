"""Decoding files: once into the cache or on access, and what becomes of bad ones."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

from colorlab.cli.targets import build
from colorlab.cli.yaml_files import composed
from colorlab.data.folder import Folder
from colorlab.errors import DataError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path_factory.mktemp("cache")))


def fill(root: Path) -> None:
    """Twelve flat pictures of different colours."""
    root.mkdir()
    for k in range(12):
        Image.new("RGB", (20, 16), (20 * k, 255 - 20 * k, 90)).save(root / f"{k}.png")


def opened(root: Path, *changes: str) -> Folder:
    """The folder as a data set, filled first if it is not there."""
    if not root.exists():
        fill(root)
    own = {"root": str(root), "size": 8}
    return build(
        OmegaConf.merge(
            OmegaConf.create(composed("data", "folder")), own, OmegaConf.from_dotlist(list(changes))
        )
    )


def test_a_bad_file_stops_the_set_and_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "set")
    (tmp_path / "set/0.png").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"picture 0: .*0\.png is not a picture.*data check.*on_bad=skip"
    ):
        opened(tmp_path / "set")


@pytest.mark.parametrize("cache", ["true", "false"])
def test_bad_files_are_skipped_if_that_is_wished_and_counted(
    tmp_path: Path, cache: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = opened(tmp_path / "set", f"cache={cache}")
    (tmp_path / "set" / whole.names[2]).write_bytes(b"text")
    rest = opened(tmp_path / "set", "on_bad=skip", f"cache={cache}")
    assert (
        rest.names == [name for name in whole.names if name != whole.names[2]] and len(rest) == 11
    )
    assert torch.equal(rest[[2]].rgb, whole[[3]].rgb)
    assert "1 of 12" in caplog.text


def test_nothing_usable_is_an_error_even_when_skipping(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/a.png").write_bytes(b"")
    with pytest.raises(DataError, match="none of the pictures"):
        opened(tmp_path / "set", "on_bad=skip")


def test_a_file_that_turns_bad_later_is_named_with_its_number(tmp_path: Path) -> None:
    pictures = opened(tmp_path / "set", "cache=false")
    (tmp_path / "set" / pictures.names[7]).write_bytes(b"")
    with pytest.raises(DataError, match=rf"picture 7: .*{pictures.names[7]}"):
        pictures[[3, 7]]


def test_a_file_that_turns_bad_later_is_named_from_a_worker_too(tmp_path: Path) -> None:
    pictures = opened(tmp_path / "set", "cache=false")
    (tmp_path / "set" / pictures.names[7]).write_bytes(b"")
    loader = torch.utils.data.DataLoader(pictures, batch_size=None, sampler=[[7]], num_workers=1)
    with pytest.raises(DataError, match=rf"picture 7: .*{pictures.names[7]}"):
        next(iter(loader))


@pytest.mark.whole
def test_a_cached_set_opens_no_picture_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(tmp_path / "set")[[0]]
    monkeypatch.setattr(Folder, "read", lambda *_: pytest.fail("a picture was opened"))
    second = opened(tmp_path / "set")
    assert isinstance(second.pixels, np.memmap) and torch.equal(second[[0]].rgb, first.rgb)


@pytest.mark.whole
def test_a_changed_file_is_decoded_again(tmp_path: Path) -> None:
    before = opened(tmp_path / "set")
    Image.new("RGB", (20, 16), (1, 2, 3)).save(tmp_path / "set" / before.names[3])
    os.utime(tmp_path / "set" / before.names[3], ns=(1, 1))
    assert not torch.equal(opened(tmp_path / "set")[[3]].rgb, before[[3]].rgb)


def stored(root: Path, seed: int) -> None:
    """Pictures whose names, sizes and times do not depend on their pixels."""
    root.mkdir()
    for k in range(3):
        pixels = np.random.default_rng([seed, k]).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{k}.bmp")
        os.utime(root / f"{k}.bmp", ns=(10**18, 10**18))
    os.utime(root, ns=(10**18, 10**18))


def test_folders_with_equal_names_sizes_and_times_have_pixels_of_their_own(tmp_path: Path) -> None:
    for seed in (1, 2):
        stored(tmp_path / str(seed), seed)
    one, other = opened(tmp_path / "1"), opened(tmp_path / "2")
    assert not torch.equal(one[[0]].rgb, other[[0]].rgb)


def test_a_folder_in_another_ones_place_has_pixels_of_its_own(tmp_path: Path) -> None:
    stored(tmp_path / "set", 1)
    before = opened(tmp_path / "set")[[0, 1, 2]].rgb
    shutil.rmtree(tmp_path / "set")
    stored(tmp_path / "set", 2)
    assert not torch.equal(opened(tmp_path / "set")[[0, 1, 2]].rgb, before)


@pytest.mark.whole
def test_many_pictures_are_decoded_in_order_by_several_processes(tmp_path: Path) -> None:
    for k in range(260):
        path = tmp_path / f"set/{k:03d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (2, 2), (k % 256, k // 256, 0)).save(path)
    rgb = opened(tmp_path / "set", "size=8").pixels
    assert (rgb[:, 0, 0, 0] + 256 * rgb[:, 1, 0, 0].astype(int)).tolist() == list(range(260))
