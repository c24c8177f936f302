"""Colour: luma, Lab, gamut mapping, and the space in which a method predicts. The only file with
colour constants.

RGB is sRGB in [0, 1]; Lab is CIE L*a*b* under D65 (L in [0, 100], a and b about [-110, 110]).
Conversions are in float32 outside autocast (a half-precision Lab is off by half a unit and
more)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's "L" and OpenCV's gray
# BT.709
XYZ_OF_RGB = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
RGB_OF_XYZ = tuple(map(tuple, np.linalg.inv(XYZ_OF_RGB).tolist()))
WHITE = (0.95047, 1.0, 1.08883)  # XYZ of D65
AB_SCALE = 110.0  # ab / AB_SCALE is about [-1, 1] for every sRGB colour
GAMUT_STEPS = 12  # bisection steps of the gamut mapping: chroma exact to 2^-12


def luma(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) -> (..., 1, H, W), both in [0, 1]."""
    return (rgb * rgb.new_tensor(LUMA).reshape(3, 1, 1)).sum(-3, keepdim=True)


def cbcr_of(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) in [0, 1] -> Cb and Cr (..., 2, H, W) in [-1/2, 1/2], ITU-R BT.601."""
    y, (red, _, blue) = luma(rgb), LUMA
    return torch.cat(
        [(rgb[..., 2:, :, :] - y) / (2 - 2 * blue), (rgb[..., :1, :, :] - y) / (2 - 2 * red)], -3
    )


def lab_of(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) in [0, 1] -> Lab, same shape."""
    with torch.autocast(rgb.device.type, enabled=False):
        x, y, z = (_root(_mixed(_linear(rgb.float()), XYZ_OF_RGB) / _white(rgb))).unbind(-3)
        return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -3)


def rgb_of(lab: Tensor) -> Tensor:
    """Lab (..., 3, H, W) -> sRGB, not clipped: values outside [0, 1] are colours that a screen
    cannot show."""
    with torch.autocast(lab.device.type, enabled=False):
        L, a, b = lab.float().unbind(-3)
        y = (L + 16) / 116
        xyz = _cube(torch.stack([a / 500 + y, y, (y - b / 200).clamp_min(0)], -3)) * _white(lab)
        return _encoded(_mixed(xyz, RGB_OF_XYZ))


def _linear(rgb: Tensor) -> Tensor:
    """sRGB to linear light, IEC 61966-2-1."""
    return torch.where(rgb > 0.04045, ((rgb + 0.055).clamp_min(0) / 1.055).pow(2.4), rgb / 12.92)


def _encoded(light: Tensor) -> Tensor:
    """Linear light to sRGB, IEC 61966-2-1."""
    return torch.where(
        light > 0.0031308, 1.055 * light.clamp_min(0.0031308).pow(1 / 2.4) - 0.055, 12.92 * light
    )


def _root(t: Tensor) -> Tensor:
    """f(t) of CIE 15: the cube root, and a straight line near black."""
    return torch.where(t > 0.008856, t.clamp_min(0.008856).pow(1 / 3), 7.787 * t + 4 / 29)


def _cube(f: Tensor) -> Tensor:
    """The inverse of ``_root``."""
    return torch.where(f > 0.2068966, f.pow(3), (f - 4 / 29) / 7.787)


def _mixed(channels: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """(..., 3, H, W) -> the same shape, each pixel times a matrix."""
    return torch.einsum("oi, ...ihw -> ...ohw", channels.new_tensor(matrix), channels).contiguous()


def _white(like: Tensor) -> Tensor:
    return torch.tensor(WHITE, device=like.device)[:, None, None]


def in_gamut(lab: Tensor) -> Tensor:
    """The nearest colours of equal lightness and hue that sRGB can show: only chroma is reduced
    (bisection)."""
    L, ab = lab[..., :1, :, :], lab[..., 1:, :, :]
    low, high = torch.zeros_like(L), torch.ones_like(L)
    for _ in range(GAMUT_STEPS):
        middle = (low + high) / 2
        fits = _showable(torch.cat([L, ab * middle], -3))
        low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
    share = torch.where(_showable(lab), 1.0, low)
    return torch.cat([L, ab * share], -3)


def _showable(lab: Tensor) -> Tensor:
    """(..., 1, H, W) bool: the colour lies in sRGB, up to half an 8-bit step."""
    rgb = rgb_of(lab)
    return ((rgb >= -0.5 / 255) & (rgb <= 1 + 0.5 / 255)).all(-3, keepdim=True)


class RGB:
    """Methods that draw all three channels: a line drawing has no lightness to keep."""

    channels = 3
    conditions: tuple[str, ...] = ("lines", "gray")  # data.condition that it can be shown

    def encode(self, rgb: Tensor) -> Tensor:
        """(..., 3, H, W) in [0, 1] -> [-1, 1]."""
        return 2 * rgb - 1

    def decode(self, x: Tensor, image: Tensor) -> Tensor:
        """(..., 3, H, W) in [-1, 1] -> [0, 1]; the condition picture is not used."""
        return ((x + 1) / 2).clamp(0, 1)


class AB:
    """Methods that draw chroma only: joined with the exact lightness of a gray condition, mapped
    into gamut at constant lightness and hue."""

    channels = 2
    # a line drawing has no lightness to join the chroma with
    conditions: tuple[str, ...] = ("gray",)

    def encode(self, rgb: Tensor) -> Tensor:
        """(..., 3, H, W) in [0, 1] -> (..., 2, H, W), about [-1, 1]."""
        return lab_of(rgb)[..., 1:, :, :] / AB_SCALE

    def decode(self, x: Tensor, image: Tensor) -> Tensor:
        """Chroma (..., 2, H, W), about [-1, 1], and gray image (..., 1, H, W) in [0, 1] ->
        (..., 3, H, W) in [0, 1]."""
        L = lab_of(image.expand(*image.shape[:-3], 3, *image.shape[-2:]))[..., :1, :, :]
        L = L.expand(*x.shape[:-3], 1, *x.shape[-2:])
        return rgb_of(in_gamut(torch.cat([L, x.float() * AB_SCALE], -3))).clamp(0, 1)


def locked(rgb: Tensor, gray: Tensor) -> Tensor:
    """Colours (..., 3, H, W), about [0, 1], at the exact lightness of a gray picture (..., 1, H, W)
    in [0, 1]: chroma mapped into gamut at constant lightness and hue, (..., 3, H, W) in [0, 1]."""
    space = AB()
    return space.decode(space.encode(rgb.float().clamp(0, 1)), gray.float())


ColorSpace = RGB | AB


def space_named(name: str) -> ColorSpace:
    """The space called "rgb" or "ab"."""
    spaces: dict[str, ColorSpace] = {"rgb": RGB(), "ab": AB()}
    if name not in spaces:
        raise ValueError(f"space is rgb or ab, not {name!r}")
    return spaces[name]
