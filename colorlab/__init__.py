"""colorlab: one drawing or grayscale photograph in, many different, coherent colourings out.

    import colorlab

    run = colorlab.open_run("pretrained/gpic-openmoji-c8")
    pictures = run.sample("drawing.png", n=8, seed=0)

The words are those of the commands, and equal words give equal bits. torch is loaded with the first
name that is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from colorlab.api import Comparison, DataSet, TrainedRun, compare, export, load_data, open_run
    from colorlab.evaluation.folder import Evaluation
    from colorlab.models import from_pretrained, save_pretrained

__version__ = "0.1.0"
__all__ = [
    "Comparison", "DataSet", "Evaluation", "TrainedRun", "compare", "export", "from_pretrained",
    "load_data", "open_run", "save_pretrained",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from colorlab import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
