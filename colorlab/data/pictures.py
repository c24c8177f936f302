"""Pairs of a condition picture and its true colouring, held as uint8 arrays and handed out as whole
batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from colorlab.color import luma
from colorlab.conditions.lines import Lines
from colorlab.data.transforms import Augmentation
from colorlab.draws import Draws
from colorlab.types import Batch

CONDITIONS = ("lines", "gray")


class Pixels(Protocol):
    """What holds the pictures: an array in memory or mapped from a file, or a reader that decodes
    on access."""

    def __len__(self) -> int: ...

    def __getitem__(self, positions: np.ndarray) -> np.ndarray:
        """(B,) int -> (B, 3 or 4, H, W) uint8."""


class PicturePairs:
    """N pictures of one size; indexing with a list of positions gives a ``Batch`` in one go, no
    per-picture work.

    pixels: (N, 4, H, W) uint8, RGB and the luma of a line drawing (ink dark); or (N, 3, H, W),
    whose lines are extracted. lines: the extractor, for pictures without drawings of their own.
    condition: what the method is shown, "lines" or "gray". augment: what happens to training
    pictures. Subclasses set names, captions, labels, drawing (pictures of one drawing share a
    number) and splits."""

    names: Sequence[str]
    captions: Sequence[str]
    labels: np.ndarray  # (N,) int, -1 if there is none
    drawing: np.ndarray  # (N,) int
    splits: dict[str, np.ndarray]  # train, val, test -> sorted positions
    # split -> where it came from, if it was not dealt by content
    origin: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self, pixels: Pixels, lines: Lines | None, condition: str, augment: Augmentation
    ) -> None:
        if condition not in CONDITIONS:
            raise ValueError(f"data.condition is {' or '.join(CONDITIONS)}, not {condition!r}")
        if condition not in augment.conditions:
            raise ValueError(
                f"data/augment={type(augment).__name__.lower()} is for "
                f"data.condition={augment.conditions[0]}"
            )
        self.pixels, self.lines, self.condition, self.augment = pixels, lines, condition, augment
        self.labels = np.full(len(pixels), -1)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, positions: int | Sequence[int]) -> Batch:
        index = torch.as_tensor(positions).reshape(-1)
        pixels = self._shown(self.pixels[index.numpy()], None)
        return self._batch(index, pixels)

    def training_batch(self, positions: int | Sequence[int], draws: Draws) -> Batch:
        """The same, augmented, with lines of a random style where the extractor has several; all
        randomness is from draws, one row for each position."""
        index = torch.as_tensor(positions).reshape(-1)
        pixels = self._shown(self.pixels[index.numpy()], draws)
        return self._batch(index, self.augment(pixels, draws))

    def one_pass(self, random: np.random.Generator) -> np.ndarray:
        """Positions of training pictures in the order of one pass over them; every pass is equally
        long."""
        return random.permutation(self.splits["train"])

    def drawings(self, split: str) -> list[np.ndarray]:
        """The split's drawings, each as the indices of all its true colourings."""
        members = self.splits[split]
        groups: dict[int, list[int]] = {}
        for i in members.tolist():
            groups.setdefault(int(self.drawing[i]), []).append(i)
        return [np.array(group) for group in groups.values()]

    def _shown(self, pixels: np.ndarray, draws: Draws | None) -> np.ndarray:
        """RGB alone for the gray condition; otherwise RGB and lines, (B, 4, H, W) uint8."""
        if self.condition == "gray":
            return pixels[:, :3]
        if self.lines is None:
            return pixels
        rgb = unit(pixels[:, :3])
        line = self.lines(rgb) if draws is None else self.lines.varied(rgb, draws)
        return np.concatenate([pixels[:, :3], line.mul(255).round().byte().numpy()], 1)

    def _batch(self, index: Tensor, pixels: np.ndarray) -> Batch:
        rgb = unit(pixels[:, :3])
        image = luma(rgb) if self.condition == "gray" else unit(pixels[:, 3:])
        text = [self.captions[i] for i in index.tolist()]
        return Batch(rgb, image, index, text, torch.as_tensor(self.labels[index.numpy()]))


def unit(pixels: np.ndarray) -> Tensor:
    """uint8 pixels -> float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).float().div_(255)
