"""Methods built of a run's configuration, which may be a stranger's: no larger than the run's files
can fill, and without random numbers that are about to be replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn import init
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode

from colorlab.errors import CheckpointError
from colorlab.runs.config import TRAVELED
from colorlab.storage.plain import flattened

#: Numbers at most that a method takes from other files: of nets known here, and of a prior of
#: Stable Diffusion's size.
KNOWN, ELSEWHERE = 50_000_000, 1_500_000_000


@contextmanager
def fitting(run: Path, node: dict[str, Any]) -> Iterator[None]:
    """A method may be built here of a run's configuration, which may be a stranger's.
    CheckpointError as soon as it has more parameters than the run's files can hold: sizes that are
    allowed one by one fill the memory together. node: its configuration, which may name other
    files."""
    files = [*run.glob(TRAVELED), *(run / "checkpoints").glob("*")]
    words = [
        value
        for key, value in flattened(node).items()
        if isinstance(value, str) and not key.endswith("_target_")
    ]
    left = (
        ELSEWHERE if any("/" in word or os.path.exists(word) for word in words if word) else KNOWN
    )
    left += sum(path.stat().st_size for path in files)

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal left
        left -= 0 if parameter is None else parameter.numel()
        if left < 0:
            raise CheckpointError(
                f"{run}/config.yaml is of a larger method than the run has weights of (restore it)"
            )

    hook = register_module_parameter_registration_hook(count)
    try:
        with Unfilled():
            yield
    finally:
        hook.remove()


class Unfilled(TorchFunctionMode):
    """Within, new parameters get no random numbers: those of a run are about to come in their
    place, and to fill what a stranger's configuration makes of a width takes minutes."""

    FILLS = (
        Tensor.uniform_,
        Tensor.normal_,
        init.uniform_,
        init.normal_,
        init.kaiming_uniform_,
        init.kaiming_normal_,
    )

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """The function's own result, but of those that fill."""
        given = args[0] if args else (kwargs or {}).get("tensor")
        if function in self.FILLS and isinstance(given, nn.Parameter):
            return given
        return function(*args, **(kwargs or {}))
