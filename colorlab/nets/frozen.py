"""Frozen networks and what they answered: neither learns, and neither belongs in a method's weights."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.errors import CheckpointError

#: Why weights that were trained on another autoencoder are refused.
OTHER_VAE = "method.vae is not the autoencoder that this run was trained on (name that one)"


class Aside:
    """A frozen network that a method uses but does not hold: it is not among its parameters, weights or averages, and
    copies of the method share it."""

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


def digest(net: nn.Module) -> Tensor:
    """(4,) int64, of the sha256 of a network's tensors: equal if and only if they are, for all practical purposes."""
    found = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return torch.frombuffer(bytearray(found.digest()), dtype=torch.int64).clone()


def bind(method: nn.Module, buffer: str, frozen: nn.Module, refusal: str) -> None:
    """Keep a frozen network's digest in a buffer (4,) of the method, so that its weights are loaded beside that network
    alone: CheckpointError with the refusal otherwise."""
    method.register_buffer(buffer, digest(frozen))

    def same(module: Any, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        if not torch.equal(state[prefix + buffer].cpu(), getattr(module, buffer).cpu()):
            raise CheckpointError(refusal)

    method.register_load_state_dict_pre_hook(same)
