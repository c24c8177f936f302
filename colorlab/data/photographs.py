"""Random changes to photographs by albumentations (Buslaev et al., 2020), each picture's from a
stream of its own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from colorlab.draws import Draws
from colorlab.errors import ConfigError

# else importing it asks the network for a newer version
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

#: Makes a transform, as a configuration's ``_partial_`` does.
TransformFactory = Callable[[], Any]


class Photographs:
    """Chance for training pictures that are shown in gray; drawings have ``Augment``.

    transforms: name -> factory of one of albumentations' transforms, done in this order; together
    they keep the pictures' size. ConfigError: one that albumentations does not make."""

    # lines are extracted before, and would not move with the colours
    conditions: tuple[str, ...] = ("gray",)

    def __init__(self, transforms: Mapping[str, TransformFactory]) -> None:
        from albumentations import Compose

        self.all = Compose([_made(name, factory) for name, factory in transforms.items()])

    def __call__(self, pixels: np.ndarray, draws: Draws, size: int | None = None) -> np.ndarray:
        """pixels: (B, 3, H, W) uint8. draws: a row for each picture. -> (B, 3, size, size), as
        before without a size.
        ConfigError: pictures that are no photographs, or come out at another size."""
        if pixels.shape[1] != 3:
            raise ConfigError(
                "data/augment=photos is for photographs (choose data/augment=plain, or pens for "
                "drawings)"
            )
        wanted = (size, size, 3) if size else (*pixels.shape[2:], 3)
        seeds = [stream.initial_seed() for stream in draws.to("photographs").streams()]
        changed = [self._changed(rgb, seed) for rgb, seed in zip(pixels, seeds, strict=True)]
        if wrong := [rgb.shape for rgb in changed if rgb.shape != wanted]:
            was, given = ("x".join(map(str, shape[1::-1])) for shape in (wanted, wrong[0]))
            raise ConfigError(
                f"data.augment.transforms makes {given} of {was} pixels (let the last one give "
                "data.size)"
            )
        return np.moveaxis(np.stack(changed), 3, 1)

    def _changed(self, rgb: np.ndarray, seed: int) -> np.ndarray:
        """(3, H, W) -> (H, W, 3)."""
        self.all.set_random_seed(seed)
        return self.all(image=np.ascontiguousarray(np.moveaxis(rgb, 0, 2)))["image"]


def _made(name: str, factory: TransformFactory) -> Any:
    try:
        with warnings.catch_warnings():
            # albumentations' for a key that a transform does not have
            warnings.simplefilter("error", UserWarning)
            return factory()
    except (ValueError, TypeError, UserWarning) as error:
        lines = [line.strip() for line in str(error).splitlines() if "validation error" not in line]
        reason = " ".join(lines[:2]).split(" [type=")[0]
        raise ConfigError(
            f"data.augment.transforms.{name}: {reason} (see albumentations' page of it)"
        ) from error
