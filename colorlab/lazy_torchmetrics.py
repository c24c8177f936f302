"""torchmetrics without all that it could measure.

Lightning and our judges want its ``Metric`` alone, but ``import torchmetrics`` loads every measure
that it has, and torchvision, transformers and scipy.signal with them: six seconds and 100 MB of
each process that trains. Whoever asks for more than ``Metric`` still gets the whole package."""

from __future__ import annotations

import logging
import sys
from importlib import import_module, metadata, util
from types import ModuleType
from typing import Any

NAME = "torchmetrics"
LIGHT = {"Metric": "metric", "MetricCollection": "collections"}  # what is had without the rest


class _Lazy(ModuleType):
    """The package before its own ``__init__`` has run; its submodules are imported as ever."""

    def __getattr__(self, name: str) -> Any:
        if name in LIGHT:
            import_module(f"{NAME}.utilities")  # which metric and collections import in a circle
            return getattr(import_module(f"{NAME}.{LIGHT[name]}"), name)
        if name == "__version__":
            return metadata.version(NAME)
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None and self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def install() -> None:
    """To be called before torchmetrics is imported; afterwards, or where it is not installed, it
    does nothing."""
    try:
        spec = None if NAME in sys.modules else util.find_spec(NAME)
    except ImportError:  # of a hook that hides it
        return
    if spec is None:
        return
    package = util.module_from_spec(spec)
    package.__class__ = _Lazy
    package._logger = logging.getLogger(NAME)  # type: ignore[attr-defined]
    sys.modules[NAME] = package
