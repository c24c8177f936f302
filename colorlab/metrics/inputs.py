"""The one place where a judge looks at what it is given: shape, dtype, finite numbers, range
[0, 1]."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SMALLEST_SIDE = 16  # SSIM's window and AlexNet's pooling need this many pixels
SLACK = 1e-5  # rounding of a colour conversion, not a wrong range


def check_pictures(what: str, pictures: Tensor, shape: str) -> None:
    """Raise ValueError, with the range found, unless ``pictures`` is a float tensor of that shape
    in [0, 1].

    shape: the axes' names, such as "B n 3 H W"; a number is a length that must hold, H and W are 16
    at least."""
    axes = shape.split()
    wanted = f"want ({', '.join(axes)}) in [0, 1]"
    if not pictures.is_floating_point():
        raise ValueError(f"{what}: {pictures.dtype} in {_range(pictures)}, {wanted} as float")
    sizes = tuple(pictures.shape)
    if len(sizes) != len(axes) or any(
        axis.isdigit() and int(axis) != size for axis, size in zip(axes, sizes, strict=True)
    ):
        swapped = " (the channels seem to come last)" if sizes and sizes[-1] in (1, 3) else ""
        raise ValueError(f"{what}: shape {sizes}, {wanted}{swapped}")
    if min(sizes[-2:]) < SMALLEST_SIDE:
        raise ValueError(
            f"{what}: {sizes[-2]}x{sizes[-1]} pixels, want {SMALLEST_SIDE}x{SMALLEST_SIDE} at least"
        )
    if 0 in sizes:
        raise ValueError(f"{what}: shape {sizes} is empty, {wanted}")
    if not torch.isfinite(pictures).all():
        raise ValueError(f"{what}: NaN or infinite values, {wanted}")
    if pictures.min() < -SLACK or pictures.max() > 1 + SLACK:
        raise ValueError(f"{what}: values in {_range(pictures)}, {wanted}")


def check_drawings(samples: Tensor, image: Tensor, truths: Sequence[Tensor]) -> None:
    """samples (B, n, 3, H, W), n >= 2; image (B, 1, H, W); truths: B of (T_i, 3, H, W), T_i >= 1;
    all in [0, 1] and of one size. ValueError otherwise."""
    check_pictures("samples", samples, "B n 3 H W")
    check_pictures("image", image, "B 1 H W")
    if samples.shape[1] < 2:
        raise ValueError("samples: n = 1 candidate per drawing, diversity needs 2 at least")
    if not len(samples) == len(image) == len(truths):
        raise ValueError(
            f"{len(samples)} drawings' samples, {len(image)} images, {len(truths)} sets of truths"
        )
    for colorings in truths:
        check_pictures("truths", colorings, "T 3 H W")
        if not samples.shape[-2:] == image.shape[-2:] == colorings.shape[-2:]:
            sizes = [tuple(x.shape[-2:]) for x in (samples, image, colorings)]
            raise ValueError(f"samples, image and truths differ in size: {sizes}")


def _range(x: Tensor) -> str:
    return f"[{x.min().item():g}, {x.max().item():g}]" if x.numel() else "nothing"
