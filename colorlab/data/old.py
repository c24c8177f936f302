"""Photographs as time leaves them: a documented model of what old prints and plates have lost, for
training and for pictures to be coloured where no real ones can be had.

Of lightness y, Lab's in [0, 1], in this order, each by a random strength from 0 to what is asked
for:
    blur       y <- G_s * y, s up to so much of the shorter side: old lenses, and prints of prints
    grain      y <- y + 2 s sqrt(y (1 - y)) n, n white noise blurred over GRAIN px, of unit
               variance: silver, least seen in pure black and white
    fading     y <- b + (w - b) y, black b and white w drawn together, under a smooth unevenness of
               half the strength
    scratches  up to so many thin, nearly upright lines, light or dark, over part of the height, and
               as many specks
The colours stay: chroma is joined with the new lightness, as far as it can be shown there. So a net
learns to colour a damaged picture, not to mend it: the lightness of its answer is the picture's
own."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from colorlab.color import in_gamut, lab_of, rgb_of
from colorlab.draws import Draws
from colorlab.errors import ConfigError

GRAIN = 0.7  # px; standard deviation of the blur of the grain
FIELD = 4  # points along a side of the fields of fading
SLANT = 0.05  # of scratches: columns per row, at most
THICK = 1 / 256  # of scratches, as a share of the shorter side; half a pixel at least


class OldPhotographs:
    """Chance for training pictures that are shown in gray; 0 = off.

    blur: largest standard deviation, a share of the shorter side. grain: largest standard deviation
        of mid-gray.
    fading: largest loss of contrast. scratches: most of them."""

    conditions: tuple[str, ...] = ("gray",)

    def __init__(self, blur: float, grain: float, fading: float, scratches: int) -> None:
        self.blur, self.grain, self.fading, self.scratches = blur, grain, fading, scratches

    def __call__(self, pixels: np.ndarray, draws: Draws, size: int | None = None) -> np.ndarray:
        """pixels: (B, 3, H, W) uint8. draws: a row for each picture. -> the same shape, or
        (B, 3, size, size).
        ConfigError: pictures that are no photographs."""
        if pixels.shape[1] != 3:
            raise ConfigError(
                "data/augment=old is for photographs (choose data/augment=plain, or pens for "
                "drawings)"
            )
        rgb = torch.from_numpy(np.ascontiguousarray(pixels)).float() / 255
        if size is not None and (size, size) != pixels.shape[2:]:
            rgb = torch.nn.functional.interpolate(rgb, (size, size), mode="area")
        lab = lab_of(rgb)
        lab[:, 0] = 100 * torch.from_numpy(self.aged(lab[:, 0].numpy() / 100, draws))
        return (255 * rgb_of(in_gamut(lab)).clamp(0, 1)).round().byte().numpy()

    def aged(self, gray: np.ndarray, draws: Draws) -> np.ndarray:
        """Lightness (B, H, W) in [0, 1] -> the same, old. draws: a row for each."""
        side = gray.shape[1:]
        strength = draws.to("strength").uniform(5).numpy()
        noise = draws.to("grain").normal(*side).numpy()
        fields = draws.to("fading").normal(FIELD, FIELD).numpy()
        lines = draws.to("scratches").uniform(max(1, self.scratches), 8).numpy()
        out = np.empty(gray.shape, np.float32)
        for i, picture in enumerate(gray):
            blur, grain, fade, white, count = strength[i]
            y = blurred(picture, blur * self.blur * min(side))
            y = grained(y, grain * self.grain, noise[i])
            y = faded(y, fade * self.fading, white, fields[i])
            out[i] = scratched(y, lines[i][: round(count * self.scratches)])
        return out


def blurred(y: np.ndarray, sigma: float) -> np.ndarray:
    """Of standard deviation sigma, px; below a tenth of one as it is."""
    return y if sigma < 0.1 else cv2.GaussianBlur(y, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def grained(y: np.ndarray, strength: float, noise: np.ndarray) -> np.ndarray:
    """noise: (H, W) white, of unit variance; strength: the standard deviation that mid-gray
    gets."""
    soft = cv2.GaussianBlur(noise, (0, 0), GRAIN, borderType=cv2.BORDER_REFLECT)
    unit = max(float(soft.std()), 1e-6)
    seen = np.sqrt(np.clip(y * (1 - y), 0, None))  # 1/2 of mid-gray, 0 of black and white
    return np.clip(y + 2 * strength / unit * seen * soft, 0, 1)


def faded(y: np.ndarray, strength: float, white: float, field: np.ndarray) -> np.ndarray:
    """Contrast less by ``strength``, of which the share ``white`` is lost by whites; unevenly, by a
    small field (n, n) of normal numbers."""
    uneven = cv2.resize(field, y.shape[::-1], interpolation=cv2.INTER_CUBIC).clip(-2, 2) / 4
    black = (1 - white) * strength
    even = black + (1 - strength) * y
    return np.clip(even + strength * 0.5 * uneven * (1 - strength), 0, 1)


def scratched(y: np.ndarray, lines: Sequence[np.ndarray]) -> np.ndarray:
    """lines: 8 numbers in [0, 1) each: place, slant, beginning and length, opacity, light or dark;
    a speck's place."""
    height, width = y.shape
    rows = np.arange(height)[:, None] + 0.5
    columns = np.arange(width) + 0.5
    thick = max(0.5, THICK * min(height, width))
    out = y.copy()
    for place, slant, begin, length, opacity, light, across, down in lines:
        at = place * width + (2 * slant - 1) * SLANT * (rows - height / 2)
        along = (rows >= begin * height) & (rows <= (begin + length) * height)
        line = np.clip(thick + 0.5 - np.abs(columns - at), 0, 1) * along
        distance = np.hypot(columns - across * width, rows - down * height)
        speck = np.clip(2 * thick + 0.5 - distance, 0, 1)
        cover = (0.3 + 0.7 * opacity) * np.maximum(line, speck)
        out = out + cover * (float(light > 0.3) - out)
    return out.astype(np.float32)
