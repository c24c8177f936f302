"""Files of weights as their authors published them: fetched, held to their digest, read as plain
tensors, renamed."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from colorlab.errors import CheckpointError, DataError
from colorlab.storage.cache import cache_dir
from colorlab.storage.files import write_bytes
from colorlab.storage.plain import open_plain
from colorlab.weights.catalog import PublishedNet

WAIT = 30  # seconds for an answer of the authors' server


def published_file(net: PublishedNet, given: Path | None) -> Path:
    """The authors' file, from a path that the user gives, the cache, or their address. DataError:
    it is none of them, or another file."""
    kept = cache_dir() / "weights" / net.url.rpartition("/")[2]
    path = given or kept
    if given is None and not kept.is_file():
        _download(net, kept)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}; give the file of {net.url})"
        ) from error
    if not digest.startswith(net.digest):
        raise DataError(
            f"{path} has sha256 {digest[:8]}..., not {net.digest}... (give the file of {net.url})"
        )
    return path


def _download(net: PublishedNet, path: Path) -> None:
    try:
        with urllib.request.urlopen(net.url, timeout=WAIT) as answer:
            content = answer.read()
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = str(getattr(error, "reason", error))
        raise DataError(
            f"{net.url} could not be fetched: {reason} (get it elsewhere and name it: --file PATH)"
        ) from error
    write_bytes(path, content)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth file, of which nothing is run. CheckpointError: it holds no such
    thing."""
    try:
        with open_plain(path) as file:
            state = torch.load(file, map_location="cpu", weights_only=True)
        return {name: value for name, value in state.items() if isinstance(value, Tensor)}
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(
            f"{path} cannot be read as plain tensors ({reason}; give a published .pth)"
        ) from error


def renamed(tensors: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Those tensors whose whole name a pattern matches, under the name that it stands for; the last
    pattern wins."""
    found = {}
    for name, value in tensors.items():
        for pattern, here in reversed([*names.items()]):
            if re.fullmatch(pattern, name):
                found[re.sub(pattern, here, name)] = value
                break
    return found


def fill_parts(
    module: nn.Module, parts: tuple[str, ...], tensors: Mapping[str, Tensor], wrong: str
) -> None:
    """Fill the parts of a module whose names begin so. CheckpointError, which ends in ``wrong``:
    one is missing or of another shape."""
    wanted = {name: value for name, value in module.state_dict().items() if name.startswith(parts)}
    bad = sorted(
        name for name in wanted if name not in tensors or tensors[name].shape != wanted[name].shape
    )
    if bad:
        raise CheckpointError(f"{bad[0]} is missing or of another shape {wrong}")
    module.load_state_dict({name: tensors[name] for name in wanted}, strict=False)
