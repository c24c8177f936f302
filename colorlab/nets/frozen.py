"""Networks that a method takes from elsewhere: frozen ones that it does not hold, and tensors of
another run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.errors import CheckpointError
from colorlab.storage.tensors import read_tensors

#: Why weights that were trained on another autoencoder are refused.
OTHER_VAE = "this is not the autoencoder that the run was trained on (give that one as its vae)"


class Aside:
    """A frozen network that a method uses but does not hold: it is not among its parameters,
    weights or averages, and copies of the method share it."""

    def __init__(self, net: nn.Module) -> None:
        self.net = net.eval().requires_grad_(False)
        self.device: torch.device | None = None

    def on(self, device: torch.device) -> nn.Module:
        """The network, moved there once."""
        if self.device != device:
            self.net, self.device = self.net.to(device), device
        return self.net

    def __deepcopy__(self, memo: object) -> Aside:
        return self


def weights_digest(net: nn.Module) -> Tensor:
    """(4,) int64, of the sha256 of a network's tensors: equal if and only if they are, for all
    practical purposes."""
    found = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        found.update(name.encode())
        found.update(
            value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        )
    return torch.frombuffer(bytearray(found.digest()), dtype=torch.int64).clone()


def bind(method: nn.Module, buffer: str, frozen: nn.Module, refusal: str) -> None:
    """Keep a frozen network's digest in a buffer (4,) of the method, so that its weights are loaded
    beside that network alone: CheckpointError with the refusal otherwise."""
    method.register_buffer(buffer, weights_digest(frozen))

    def same(module: Any, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        if not torch.equal(state[prefix + buffer].cpu(), getattr(module, buffer).cpu()):
            raise CheckpointError(refusal)

    method.register_load_state_dict_pre_hook(same)


def tensors_of(run: Path, prefix: str) -> dict[str, Tensor]:
    """The final weights of a run whose names begin with the prefix, without it."""
    path = run / "checkpoints" / "weights.safetensors"
    if not path.is_file():
        raise CheckpointError(
            f"no weights in {run} (give the folder of a finished run: {path} does not exist)"
        )
    try:
        tensors = read_tensors(path)
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}; train again or copy it anew)"
        ) from error
    return {
        name.removeprefix(prefix): value.float()
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def fill(net: nn.Module, tensors: dict[str, Tensor], run: str, keys: str) -> None:
    """Copy what a net needs of a run's tensors, or say in one line why they do not fit and which
    keys to look at."""
    own = net.state_dict()
    for name, tensor in own.items():
        if name not in tensors:
            raise CheckpointError(
                f"{run} is of another kind ({name} is not in it; give a run of the method named)"
            )
        if tensor.shape != tensors[name].shape:
            shapes = f"{name} is {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
            raise CheckpointError(
                f"{run} is of another width: {shapes} (set method.{keys} as it was trained)"
            )
    net.load_state_dict({name: tensors[name] for name in own})
