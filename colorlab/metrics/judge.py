"""All judges at once: candidates in, one flat table of numbers out. Who drew the candidates is not
known here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlab.metrics.area_paint import AreaPaints
from colorlab.metrics.colorfulness import Colorfulness
from colorlab.metrics.diversity import Diversity
from colorlab.metrics.drawing import Shown, drawings_of
from colorlab.metrics.hint_errors import HintErrors
from colorlab.metrics.inception import inception_id
from colorlab.metrics.modes import Modes
from colorlab.metrics.own_features import own_id
from colorlab.metrics.per_drawing import PerDrawing
from colorlab.metrics.realism import Realism
from colorlab.metrics.truth import Truth
from colorlab.metrics.validity import Validity
from colorlab.weights.store import weights_id

LPIPS_WEIGHTS = {"alex": ("alex",), "vgg": ("vgg",), "none": ()}
FEATURE_WEIGHTS = {"vgg16": ("vgg",), "lite0": ("lite0",), "inception": (), "none": ()}


class Judge:
    """Diversity, truth, modes, validity, colourfulness, the paint of areas, hints and, with a
    feature net, realism; what they share (LPIPS features, Lab, CIEDE2000) is computed once per
    drawing. The topics' docstrings explain names.

    lpips: alex, vgg or none. features: vgg16, lite0, inception, none, or a
    folder (``own_features``). condition: lines or gray, what the method was
    shown. DataError (exit 3) at once if weights are nowhere. In a distributed run ``compute``,
    ``bounds``, ``per_drawing`` and ``distances`` gather from all processes, which must all call
    them."""

    def __init__(self, lpips: str, features: str, condition: str) -> None:
        own = (
            Path(features) if features not in FEATURE_WEIGHTS and Path(features).is_dir() else None
        )
        for what, name, choices in (
            ("LPIPS", lpips, LPIPS_WEIGHTS),
            ("feature", features, FEATURE_WEIGHTS),
        ):
            if name not in choices and (what == "LPIPS" or own is None):
                raise ValueError(f"no {what} net {name!r}: {', '.join(choices)}")
        self.lpips = lpips
        nets = dict.fromkeys((*LPIPS_WEIGHTS[lpips], *FEATURE_WEIGHTS.get(features, ())))
        self.weights = {net: weights_id(net) for net in nets}  # goes into every result
        if features == "inception":
            self.weights["inception"] = inception_id()
        if own is not None:
            self.weights["features"] = own_id(own)
        self.topics: list[PerDrawing] = [
            Diversity(),
            Truth(),
            Modes(),
            Validity(condition),
            Colorfulness(),
        ]
        self.topics += [AreaPaints(condition), HintErrors()]
        if features != "none":
            self.topics.append(Realism(features))
        self._seen = 0

    def update(
        self,
        samples: Tensor,
        image: Tensor,
        truths: Sequence[Tensor],
        index: Sequence[int] | Tensor | None = None,
        shown: Sequence[Shown | None] = (),
    ) -> None:
        """samples (B, n, 3, H, W), n >= 2 and always the same; image (B, 1, H, W); truths: B of
        (T_i, 3, H, W), the first truth first; all in [0, 1]. index: B numbers that name the
        drawings, each judged once however often it comes; without it every drawing is new. shown:
        B times hints or None; without it none. ValueError with the range found for other input."""
        numbers = self._unnamed(len(samples)) if index is None else [int(i) for i in index]
        drawings = drawings_of(samples, image, truths, numbers, self.lpips, shown)
        for topic in self.topics:
            topic.update(drawings)

    def compute(self) -> dict[str, float]:
        """`topic/name` -> value; a value that no drawing has is left out. `drawings` is their
        number."""
        values = {name: value for topic in self.topics for name, value in topic.compute().items()}
        return {"drawings": float(len(self.topics[0].table()["index"])), **values}

    def bounds(self) -> dict[str, tuple[float, float]]:
        """`topic/name` -> 95 % bounds, of the values that belong to the drawings as a set."""
        return {
            f"{topic.topic}/{name}": ends
            for topic in self.topics
            for name, ends in topic.bounds(topic.table()).items()
        }

    def per_drawing(self) -> dict[str, np.ndarray]:
        """`topic/name` -> (drawings,) float64, NaN where a drawing does not have it; "index": the
        drawings' numbers, in ascending order."""
        columns = {}
        for topic in self.topics:
            table = topic.table()
            columns["index"] = table["index"].astype(np.int64)
            columns |= {
                f"{topic.topic}/{name}": column for name, column in topic.numbers(table).items()
            }
        return columns

    def distances(self) -> dict[str, np.ndarray]:
        """Distances between a drawing's candidates, (drawings, n (n - 1) / 2): "delta_e", and
        "lpips" with a net."""
        table = self.topics[0].table()
        return {
            name: table[f"pairs_{name}"]
            for name in ("lpips", "delta_e")
            if f"pairs_{name}" in table
        }

    def seen(self) -> list[Any]:
        """What this process has judged, plain data."""
        return [topic.seen() for topic in self.topics]

    def take_in(self, others: Sequence[list[Any]]) -> None:
        """Know what the judges of other processes have seen as well, in place of gathering it in
        ``compute``."""
        for k, topic in enumerate(self.topics):
            topic.take_in([other[k] for other in others])

    def to(self, device: torch.device | str) -> Judge:
        """Move what was gathered, for process groups that only exchange tensors of one device."""
        for topic in self.topics:
            topic.to(device)
        return self

    def reset(self) -> None:
        """Forget all drawings."""
        for topic in self.topics:
            topic.reset()
        self._seen = 0

    def _unnamed(self, count: int) -> list[int]:
        """Numbers that no other process gives out."""
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        rank, world = (
            (torch.distributed.get_rank(), torch.distributed.get_world_size())
            if distributed
            else (0, 1)
        )
        self._seen += count
        return [k * world + rank for k in range(self._seen - count, self._seen)]
