"""Weights and states of training on disk: plain containers and tensors only, nothing that runs code, and never fewer
whole files than before.

``weights.safetensors`` is what a run ends with. ``last.ckpt`` and ``previous.ckpt`` are the last two states of its
training; ``manifest.json`` lists them with their sha256."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from colorlab.errors import CheckpointError, DiskError
from colorlab.methods.base import Method
from colorlab.storage.files import replacing, size

WEIGHTS, LAST, PREVIOUS, MANIFEST = "weights.safetensors", "last.ckpt", "previous.ckpt", "manifest.json"
FORMAT = 1  # of the states of training


def save_weights(method: Method, folder: Path, half: bool = False) -> Path:
    """The method's tensors as ``weights.safetensors`` in the folder, replaced atomically. half: floats in 16 bits."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in method.state_dict().items()}
    if half:
        tensors = {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}
    path = folder / WEIGHTS
    try:
        with replacing(path) as temporary:
            save_file(tensors, temporary)
    except (SafetensorError, OSError) as error:
        raise DiskError(f"{path} could not be saved: {error} (it needs {size(nbytes(tensors))})") from error
    return path


def load_weights(method: Method, run: Path) -> None:
    """Fill the method with a run's final weights, or with those of its last checkpoint while it is still training."""
    paths = [run / "checkpoints" / name for name in (WEIGHTS, LAST, PREVIOUS)]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        raise CheckpointError(f"no weights in {run} (train it first: neither {paths[0]} nor {paths[1]} exists)")
    fill(method, _tensors(path), path)


def fill(method: Method, tensors: dict[str, Tensor], path: Path) -> None:
    """Copy tensors into the method, or say in one line why they do not fit."""
    own = method.state_dict()
    missing, extra = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or extra:
        name = (missing or extra)[0]
        raise CheckpointError(f"{path} is of another method ({name} {'is not in it' if missing else 'has no place'})")
    for name, tensor in tensors.items():
        if tensor.shape != own[name].shape:
            raise CheckpointError(
                f"{path} is of another width: {name} is {tuple(tensor.shape)}, not {tuple(own[name].shape)} "
                "(give the method.* values it was trained with)"
            )
    method.load_state_dict(tensors)


def _tensors(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors":
        return _plain(path)["state_dict"]
    try:
        return {k: v.float() if v.dtype == torch.float16 else v for k, v in load_file(path).items()}
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged ({error}; train again or copy it anew)") from error


def _plain(path: Path, mmap: bool = False) -> dict[str, Any]:
    """What torch.save wrote, if it is plain. mmap: read no more than the outline."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        content["state_dict"].items()
        return content
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"{path} cannot be read as plain tensors ({reason}); it was not executed") from error


class Found(NamedTuple):
    """A state of training. path: where it was; damaged: what newer files were passed over, a line each."""

    state: dict[str, Any]
    path: Path
    damaged: list[str]


def save_state(state: dict[str, Any], folder: Path) -> None:
    """Write a state of training, a dictionary with "step", as ``last.ckpt``; the one before it becomes
    ``previous.ckpt``.

    It is flushed to the disk, read back and listed before an older one is let go, and a rename is all that readers can
    see of it. DiskError: the older ones are as they were."""
    last, previous = folder / LAST, folder / PREVIOUS
    try:
        if not folder.parent.is_dir():  # made anew it would hold no configuration
            raise FileNotFoundError(errno.ENOENT, "its run folder is gone")
        with replacing(last) as temporary:
            written = _write(temporary, state)
            if written != _sha256(temporary):
                raise OSError("it does not read back as it was written")
            _plain(temporary, mmap=True)
            listed = _listed(folder)
            entry = {"sha256": written, "bytes": temporary.stat().st_size, "step": state["step"]}
            _list(folder, {LAST: entry} | ({PREVIOUS: listed[LAST]} if LAST in listed else {}))
            if last.exists():
                last.replace(previous)
    except OSError as error:
        kept = " and ".join(path.name for path in (last, previous) if path.exists())
        raise DiskError(
            f"{last} could not be saved: {error.strerror or error} (it needs {size(nbytes(state))}"
            f"{f'; {kept} as before, so resume=auto loses little' if kept else ''})"
        ) from error


def newest_state(folder: Path) -> Found | None:
    """The newest state of training in a folder that is whole, None if there is none of any kind. CheckpointError: there
    are some and none is whole, or they are not this version's."""
    damaged: list[str] = []
    for path in (folder / LAST, folder / PREVIOUS):
        if path.exists():
            try:
                return Found(_whole(path), path, damaged)
            except CheckpointError as error:
                damaged.append(str(error))
    if damaged:
        raise CheckpointError(f"{'; '.join(damaged)} (there is nothing to go on from: train under another name=)")
    return None


def _whole(path: Path) -> dict[str, Any]:
    """A state whose sha256 is in the manifest; where there is no manifest, one that can be read."""
    known = [entry["sha256"] for entry in _listed(path.parent).values()]
    if known and _sha256(path) not in known:
        raise CheckpointError(f"{path} is damaged: its sha256 is not in {MANIFEST}")
    state = _plain(path)
    if state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is of another version of colorlab, whose weights open but which cannot go on")
    return state


def nbytes(content: Any) -> int:
    """Of all tensors in nested containers."""
    if isinstance(content, Tensor):
        return content.numel() * content.element_size()
    values = content.values() if isinstance(content, dict) else content if isinstance(content, list | tuple) else ()
    return sum(nbytes(value) for value in values)


class _Sink:
    """A file for torch.save: it hashes, and it keeps an error of the disk until torch is done, because torch puts its
    own errors in place of others."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.sha256 = file, hashlib.sha256()
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        if self.failed is None:
            try:
                self.file.write(data)
                self.sha256.update(data)
            except OSError as error:
                self.failed = error
        return len(data)

    def flush(self) -> None:
        """_write does it."""


def _write(path: Path, state: dict[str, Any]) -> str:
    """Write a state through to the disk. -> sha256 of what was meant to be written."""
    with path.open("wb") as file:
        sink = _Sink(file)
        torch.save(state, sink)  # type: ignore[arg-type]
        if sink.failed is not None:
            raise sink.failed
        file.flush()
        os.fsync(file.fileno())
    return sink.sha256.hexdigest()


def _listed(folder: Path) -> dict[str, dict[str, Any]]:
    """The manifest, empty if there is none that can be read."""
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _list(folder: Path, entries: dict[str, dict[str, Any]]) -> None:
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_text(json.dumps(entries, indent=1), encoding="utf-8")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def weights_sha256(run: Path) -> str:
    """Of the run's final weights, or of its last checkpoint while it trains; "" if there are none."""
    paths = [run / "checkpoints" / name for name in ("weights.safetensors", "last.ckpt")]
    path = next((path for path in paths if path.is_file()), None)
    return "" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
