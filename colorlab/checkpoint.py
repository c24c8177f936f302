"""Weights on disk: safetensors for what a run ends with, plain containers only, nothing that runs code."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from colorlab.errors import CheckpointError
from colorlab.methods.base import Method

WEIGHTS = "weights.safetensors"


def save_weights(method: Method, folder: Path, half: bool = False) -> Path:
    """The method's tensors as ``weights.safetensors`` in the folder, replaced atomically. half: floats in 16 bits."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in method.state_dict().items()}
    if half:
        tensors = {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}
    folder.mkdir(parents=True, exist_ok=True)
    path, temporary = folder / WEIGHTS, folder / f"{WEIGHTS}.{os.getpid()}.tmp"
    try:
        save_file(tensors, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load_weights(method: Method, run: Path) -> None:
    """Fill the method with a run's final weights, or with those of its last checkpoint while it is still training."""
    final, last = run / "checkpoints" / WEIGHTS, run / "checkpoints" / "last.ckpt"
    path = final if final.exists() else last
    if not path.exists():
        raise CheckpointError(f"no weights in {run} (train it first: neither {final} nor {last} exists)")
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
    try:
        if path.suffix == ".safetensors":
            return {k: v.float() if v.dtype == torch.float16 else v for k, v in load_file(path).items()}
        return torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged ({error}; train again or copy it anew)") from error
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"{path} cannot be read as plain tensors ({reason}); it was not executed") from error
