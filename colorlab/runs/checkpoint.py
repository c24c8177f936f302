"""Weights and states of training on disk: plain containers and tensors only, nothing that runs
code, and never fewer whole files than before.

``weights.safetensors`` is what a run ends with. ``last.ckpt`` and ``previous.ckpt`` are the last
two states of its training. A state is what torch.save writes, and behind it SEAL and the sha256 of
all before it: whatever becomes of other files, a state that is whole can be told from one that is
not."""

from __future__ import annotations

import errno
import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from colorlab.errors import CheckpointError, DiskError
from colorlab.methods.base import Method
from colorlab.runs.config import TRAVELED
from colorlab.storage.files import format_bytes, replacing, write_bytes
from colorlab.storage.plain import open_plain
from colorlab.storage.tensors import read_tensors

WEIGHTS, LAST, PREVIOUS = "weights.safetensors", "last.ckpt", "previous.ckpt"
SEAL = b"colorlab sha256 "
FORMAT = 1  # of the states of training
STATE = {"step": int, "state_dict": dict}  # what every state holds; the rest is its training's


def save_weights(method: Method, folder: Path, half: bool = False) -> Path:
    """The method's tensors as ``weights.safetensors`` in the folder, replaced atomically. half:
    floats in 16 bits."""
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in method.state_dict().items()
    }
    if half:
        tensors = {
            name: value.half() if value.is_floating_point() else value
            for name, value in tensors.items()
        }
    path = folder / WEIGHTS
    try:
        write_bytes(path, save(tensors))
    except (SafetensorError, OSError) as error:
        raise DiskError(
            f"{path} could not be saved: {error} (it needs {format_bytes(nbytes(tensors))})"
        ) from error
    return path


def load_weights(method: Method, run: Path) -> None:
    """Fill the method with a run's final weights, or with those of its last checkpoint while it is
    still training."""
    path = weights_file(run)
    if path is None:
        folder = run / "checkpoints"
        raise CheckpointError(
            f"no weights in {run} (train it first: neither {WEIGHTS} nor {LAST} is in {folder})"
        )
    fill(method, _tensors(path), path)


def weights_file(run: Path) -> Path | None:
    """Where a run's weights are: the final ones, or while it trains its newest state that is whole.
    None: there are none. CheckpointError: there are some, and all are damaged."""
    traveled, (final, *states) = (
        run / TRAVELED,
        (run / "checkpoints" / name for name in (WEIGHTS, LAST, PREVIOUS)),
    )
    if traveled.exists() or final.exists():
        return traveled if traveled.exists() else final
    states = [path for path in states if path.exists()]
    whole = next((path for path in states if _is_whole(path)), None)
    if whole is None and states:
        _plain(states[0])  # what is no state at all says so
        raise CheckpointError(
            f"{states[0]} is damaged: it is not as it was written (train again or copy it anew)"
        )
    return whole


def read_weights(folder: Path) -> dict[str, Tensor]:
    """What ``save_weights`` wrote to a folder. CheckpointError: it is damaged."""
    return _tensors(folder / WEIGHTS)


def fill(method: Method, tensors: dict[str, Tensor], path: Path) -> None:
    """Copy tensors into the method, or say in one line why they do not fit."""
    own = method.state_dict()
    missing, extra = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or extra:
        name = (missing or extra)[0]
        raise CheckpointError(
            f"{path} belongs to another method ({'missing' if missing else 'unexpected'} tensor "
            f"{name})"
        )
    for name, tensor in tensors.items():
        if tensor.is_meta:
            raise CheckpointError(f"{path} holds no numbers of {name} (copy it anew)")
        if tensor.dtype != own[name].dtype or tensor.layout != own[name].layout:
            kind = " ".join(
                str(each).removeprefix("torch.") for each in (tensor.dtype, tensor.layout)
            )
            raise CheckpointError(
                f"{path} is of another type: {name} holds {kind} (convert it to {own[name].dtype})"
            )
        if tensor.shape != own[name].shape:
            raise CheckpointError(
                f"{path} is of another width: {name} is {tuple(tensor.shape)}, not "
                f"{tuple(own[name].shape)} (give the method.* values it was trained with)"
            )
    method.load_state_dict(tensors)


def begin_with(method: Method, run: Path) -> list[str]:
    """Copy what a run has learned into a method that may have parts that the run lacks; -> the
    names of these.
    CheckpointError: none of it fits, or some of it only nearly."""
    path = weights_file(run)
    if path is None:
        raise CheckpointError(
            f"no weights in {run} (begin_with a run that has some, or leave it out)"
        )
    learned, own = _tensors(path), method.state_dict()
    shared = {name: learned[name] for name in own if name in learned and name != "batches_seen"}
    if not shared:
        raise CheckpointError(
            f"begin_with={run} belongs to another method (none of its weights has a place)"
        )
    fill(method, own | shared, path)
    return [name for name in own if name not in learned]


def _tensors(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors":
        return dict(_plain(path)["state_dict"])
    try:
        return {
            k: v.float() if v.dtype == torch.float16 else v for k, v in read_tensors(path).items()
        }
    except ValueError as error:
        raise CheckpointError(
            f"{path} is damaged ({error}; train again or copy it anew)"
        ) from error


def _plain(path: Path, mmap: bool = False) -> dict[str, Any]:
    """What torch.save wrote, if it is plain. mmap: read no more than the outline."""
    try:
        _must_be_unpacked(path)
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        if not all(
            type(name) is str and isinstance(each, Tensor)
            for name, each in content["state_dict"].items()
        ):
            raise ValueError("its state_dict holds more than tensors")
        return content
    except Exception as error:
        reason = (
            str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        )
        raise CheckpointError(
            f"{path} cannot be read as plain tensors ({reason}); it was not executed"
        ) from error


def _must_be_unpacked(path: Path) -> None:
    """ValueError, BadZipFile: a file is no archive as torch.save writes them, whose parts lie in it
    one behind another, none of them packed: of others a small file may take all memory, or all
    day."""
    with open_plain(path) as file:
        parts = zipfile.ZipFile(file).infolist()
        size = file.seek(0, os.SEEK_END)
    if (
        any(part.compress_type != zipfile.ZIP_STORED for part in parts)
        or sum(part.file_size for part in parts) > size
    ):
        raise ValueError("its parts are packed, or lie in one another")


class Found(NamedTuple):
    """A state of training. path: where it was; damaged: what newer files were passed over, a line
    each."""

    state: dict[str, Any]
    path: Path
    damaged: list[str]


def save_state(state: dict[str, Any], folder: Path) -> None:
    """Write a state of training, a dictionary with "step", as ``last.ckpt``; the one before it
    becomes ``previous.ckpt``, unless it is damaged.

    It is flushed to the disk and read back before an older one is let go, and a rename is all that
    readers can see of it. DiskError: the older ones are as they were."""
    last, previous = folder / LAST, folder / PREVIOUS
    try:
        if not folder.parent.is_dir():  # made anew it would hold no configuration
            raise FileNotFoundError(errno.ENOENT, "its run folder is gone")
        with replacing(last) as temporary:
            _write(temporary, state)
            if not _is_whole(temporary):
                raise OSError("it does not read back as it was written")
            _plain(temporary, mmap=True)
            if last.exists() and _is_whole(last):
                os.replace(last, previous)
    except OSError as error:
        kept = " and ".join(path.name for path in (last, previous) if path.exists())
        raise DiskError(
            f"{last} could not be saved: {error.strerror or error} (it needs "
            f"{format_bytes(nbytes(state))}"
            f"{f'; {kept} as before, so resume=auto loses little' if kept else ''})"
        ) from error


def newest_state(folder: Path) -> Found | None:
    """The newest state of training in a folder that is whole, None if there is none of any kind.
    CheckpointError: there are some and none is whole, or they are not this version's."""
    damaged: list[str] = []
    for path in (folder / LAST, folder / PREVIOUS):
        if path.exists():
            try:
                return Found(_whole(path), path, damaged)
            except CheckpointError as error:
                damaged.append(str(error))
    if damaged:
        raise CheckpointError(
            f"{'; '.join(damaged)} (there is nothing to go on from: train under another name=)"
        )
    return None


def _whole(path: Path) -> dict[str, Any]:
    """The state in a file. CheckpointError: it is not as it was written, or not this version's."""
    if not _is_whole(path):
        raise CheckpointError(f"{path} is damaged: it is not as it was written")
    state = _plain(path)
    if state.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is of another version of colorlab, whose weights open but which cannot go on"
        )
    if missing := [key for key, kind in STATE.items() if not isinstance(state.get(key), kind)]:
        raise CheckpointError(
            f"{path} is no state of training: its {missing[0]} is missing or of another type"
        )
    return state


def _is_whole(path: Path) -> bool:
    """Whether a file is as it was written: by its seal, or, of versions that had none, by the
    checksums within."""
    try:
        with open_plain(path) as file:
            behind = file.seek(0, os.SEEK_END) - len(SEAL) - hashlib.sha256().digest_size
            file.seek(max(behind, 0))
            if file.read(len(SEAL)) != SEAL:
                _must_be_unpacked(path)
                return zipfile.ZipFile(file).testzip() is None
            sealed = file.read()
            return _sha256(file, behind) == sealed
    except Exception:  # a damaged archive raises nearly anything
        return False


def nbytes(content: Any) -> int:
    """Of all tensors in nested containers."""
    if isinstance(content, Tensor):
        return content.numel() * content.element_size()
    values = (
        content.values()
        if isinstance(content, dict)
        else content
        if isinstance(content, list | tuple)
        else ()
    )
    return sum(nbytes(value) for value in values)


class _Sink:
    """A file for torch.save: it hashes, and it keeps an error of the disk until torch is done,
    because torch puts its own errors in place of others."""

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


def _write(path: Path, state: dict[str, Any]) -> None:
    """Write a state and its seal through to the disk; the seal is of what was meant to be
    written."""
    with path.open("wb") as file:
        sink = _Sink(file)
        torch.save(state, sink)  # type: ignore[arg-type]
        sink.write(SEAL + sink.sha256.digest())
        if sink.failed is not None:
            raise sink.failed
        file.flush()
        os.fsync(file.fileno())


def _sha256(file: BinaryIO, count: int) -> bytes:
    """Of so many bytes from a file's beginning."""
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(min(1 << 20, count)):
        digest.update(block)
        count -= len(block)
    return digest.digest()


def weights_sha256(run: Path) -> str:
    """Of the file that holds the run's weights; "" if there is none."""
    path = weights_file(run)
    return "" if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
