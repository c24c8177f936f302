"""Random changes to training pictures, the same for a line drawing and its colouring."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

import numpy as np

from colorlab.draws import Draws

SEEDS = 1 << 24  # as many as a float32 uniform number can tell apart
WARPED = 0.75  # share of the pictures that affine warps; the rest keep edges as sharp as those of a new drawing


class Augment:
    """Flip for all pictures of a batch at once; shift, scaling, rotation and hue by albumentations, picture by picture.

    flip: probability of a mirror image. affine: largest shift and scaling (shares of the side) and rotation
    (radians), of three pictures in four; new border is white. hue: largest turn of the hue circle, a share of it;
    lines keep their colour. 0 = off."""

    def __init__(self, flip: float, affine: float, hue: float) -> None:
        for name, value, most in (("flip", flip, 1.0), ("affine", affine, 1.0), ("hue", hue, 0.5)):
            if not 0 <= value <= most:
                raise ValueError(f"augment.{name} is in [0, {most:g}], not {value}")
        self.flip, self.affine, self.hue = flip, affine, hue

    def __call__(self, pixels: np.ndarray, draws: Draws) -> np.ndarray:
        """pixels: (B, 3 or 4, H, W) uint8, RGB and perhaps the line drawing's luma; draws: a row for each picture."""
        if self.flip:
            mirrored = draws.to("flip").uniform(1).numpy()[:, 0] < self.flip
            pixels = np.where(mirrored[:, None, None, None], pixels[..., ::-1], pixels)
        if self.affine or self.hue:
            seeds = draws.to("warp").choice(SEEDS, 1)[:, 0].tolist()
            pixels = np.stack([self._warped(picture, seed) for picture, seed in zip(pixels, seeds, strict=True)])
        return pixels

    def _warped(self, picture: np.ndarray, seed: int) -> np.ndarray:
        self._warp.set_random_seed(seed)
        planes = np.ascontiguousarray(np.moveaxis(picture, 0, 2))
        if len(picture) == 3:
            changed = self._warp(image=planes)["image"]
            return np.moveaxis(changed, 2, 0)
        both = self._warp(image=np.ascontiguousarray(planes[..., :3]), line=np.ascontiguousarray(planes[..., 3]))
        return np.concatenate([np.moveaxis(both["image"], 2, 0), both["line"][None]])

    @cached_property
    def _warp(self) -> Any:
        os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it asks the network for a newer version otherwise
        import albumentations
        import cv2

        share, degrees = self.affine, float(np.degrees(self.affine))
        affine = albumentations.Affine(
            scale=(1 - share, 1 + share),
            translate_percent=(-share, share),
            rotate=(-degrees, degrees),
            keep_ratio=True,
            interpolation=cv2.INTER_LINEAR,
            mask_interpolation=cv2.INTER_LINEAR,
            fill=255,
            fill_mask=255,
            p=WARPED,
        )
        hue = albumentations.ColorJitter((1, 1), (1, 1), (1, 1), (-self.hue, self.hue), p=1.0)
        chosen = [step for step, on in ((affine, self.affine), (hue, self.hue)) if on]
        return albumentations.Compose(chosen, additional_targets={"line": "mask"})
