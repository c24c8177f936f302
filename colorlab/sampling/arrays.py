"""Pictures as Python holds them (paths, PIL pictures, arrays, tensors), as pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from colorlab.data.intake import open_image, open_picture, open_rgba
from colorlab.errors import DataError

#: A path; a PIL picture; an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); a tensor (H, W) or
#: (C, H, W) of 1, 3 or 4 channels. Arrays and tensors hold whole numbers from 0 to 255 as uint8, or
#: floats in [0, 1].
Picture = str | Path | Image.Image | np.ndarray | Tensor


def rgb_of(picture: Picture, name: str, pixel_limit: int) -> np.ndarray:
    """(3, H, W) uint8, on white paper. DataError names the picture."""
    if isinstance(picture, str | Path):
        return open_picture(Path(picture), pixel_limit)
    return open_image(pil_of(picture, name), name, pixel_limit).rgb


def rgba_of(picture: Picture, name: str, pixel_limit: int) -> np.ndarray:
    """(4, H, W) uint8, with the alpha that it has, else 255. DataError names the picture."""
    if isinstance(picture, str | Path):
        return open_rgba(Path(picture), pixel_limit)
    return open_image(pil_of(picture, name), name, pixel_limit).rgba


def pil_of(picture: Image.Image | np.ndarray | Tensor, name: str) -> Image.Image:
    """An array or a tensor as a PIL picture."""
    if isinstance(picture, Image.Image):
        return picture
    if isinstance(picture, Tensor):
        picture = picture.detach().cpu().numpy()
        picture = np.moveaxis(picture, 0, 2) if picture.ndim == 3 else picture
    if not isinstance(picture, np.ndarray):
        raise DataError(
            f"{name} is a {type(picture).__name__} (give a path, a PIL picture, an array or a "
            "tensor)"
        )
    pixels = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    if (
        not pixels.size
        or pixels.ndim not in (2, 3)
        or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4))
    ):
        raise DataError(
            f"{name} has the shape {picture.shape} (give gray, RGB or RGBA: 1, 3 or 4 channels)"
        )
    return Image.fromarray(np.ascontiguousarray(_bytes(pixels, name)))


def _bytes(pixels: np.ndarray, name: str) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    if not np.issubdtype(pixels.dtype, np.floating):
        raise DataError(f"{name} holds {pixels.dtype} (give uint8, or floats in [0, 1])")
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN is neither
        raise DataError(
            f"{name} holds numbers from {pixels.min():g} to {pixels.max():g} (floats are in [0, 1])"
        )
    return (pixels * 255).round().astype(np.uint8)
