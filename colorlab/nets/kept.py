"""Frozen networks and what they answered: neither learns, and neither belongs in a method's weights."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.errors import CheckpointError

#: Why weights that were trained on another autoencoder are refused.
OTHER_VAE = "method.vae is not the autoencoder that this run was trained on (name that one)"


class Answers:
    """What a frozen network answered to some inputs, up to so many bytes; the longest unused goes first.

    group: so many inputs are asked about together, always, so that no answer depends on what else was asked."""

    def __init__(self, most: int, group: int) -> None:
        self.most, self.group, self.used = most, group, 0
        self.kept: OrderedDict[Hashable, Tensor] = OrderedDict()

    def of(self, keys: Sequence[Hashable], ask: Callable[[list[int]], Tensor]) -> Tensor:
        """(N, ...) in the order of the keys. ask: (``group`` places in keys) -> (``group``, ...)."""
        missing = list({key: i for i, key in enumerate(keys) if key not in self.kept}.values())
        new: dict[Hashable, Tensor] = {}
        for start in range(0, len(missing), self.group):
            places = missing[start : start + self.group]
            padded = places + places[:1] * (self.group - len(places))
            new |= {keys[i]: answer.clone() for i, answer in zip(places, ask(padded), strict=False)}
        answers = torch.stack([new[key] if key in new else self._again(key) for key in keys])
        self._keep(new)
        return answers

    def _again(self, key: Hashable) -> Tensor:
        self.kept.move_to_end(key)
        return self.kept[key]

    def _keep(self, new: dict[Hashable, Tensor]) -> None:
        self.kept |= new
        self.used += sum(answer.nbytes for answer in new.values())
        while self.used > self.most:
            self.used -= self.kept.popitem(last=False)[1].nbytes


def keys_of(pictures: Tensor) -> list[Hashable]:
    """(N, C, H, W) -> what tells each from all others, its values being what they are."""
    rows = pictures.detach().cpu().contiguous().numpy()
    return [(row.shape, hashlib.blake2b(row.tobytes()).digest()) for row in rows]


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
