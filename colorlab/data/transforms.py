"""Random changes to training pictures, the same for a line drawing, its colouring and its areas."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from colorlab.data import pen
from colorlab.draws import Draws

# share of the pictures that affine warps; the rest keep edges as sharp as those of a new drawing
WARPED = 0.75
CROPS = (0.4, 0.9)  # side of the part that a crop shows, of the picture's
COARSE, FINE = 4, 14  # points of the nets of chance that wobble bends a picture by, along a side
FINER = 0.25  # of the wobble, that of the fine net
FIELD = 5  # points along a side of fields of pressure and paper
GRAIN = 0.15  # of the noise: standard deviation of single pixels; the rest is the paper's tint


class Augmentation(Protocol):
    """What happens to training pictures. conditions: kinds of ``data.condition`` whose pictures it
    can change."""

    conditions: tuple[str, ...]

    def __call__(self, pixels: np.ndarray, draws: Draws, size: int | None = None) -> np.ndarray:
        """pixels: (B, C, H, W) uint8. draws: a row for each picture. -> (B, C, size, size), as
        before without one."""


class Augment:
    """Chance for training pictures; 0 = off, and then nothing is touched.

    flip: probability of a mirror image. affine: largest shift and scaling (shares of the side) and
    rotation (radians), of three pictures in four; new border is white. hue: largest turn of the hue
    circle, a share of it; lines keep their colour. crop: probability that a part of the picture is
    shown. wobble: size of smooth bends, of the side.
    width: largest factor on the pen's width, as its logarithm. gray: most that ink loses of its
    black. gaps: share of the twelve breaks that lines may get. noise: darkest tint of the paper
    that the line drawing is on, with grain."""

    conditions: tuple[str, ...] = ("lines", "gray")

    def __init__(
        self,
        flip: float,
        affine: float,
        hue: float,
        crop: float = 0.0,  # this and what follows: runs of before know only the first three
        wobble: float = 0.0,
        width: float = 0.0,
        gray: float = 0.0,
        gaps: float = 0.0,
        noise: float = 0.0,
    ) -> None:
        limits = {"wobble": 0.2, "hue": 0.5, "width": 2.0}
        values = {"flip": flip, "affine": affine, "crop": crop, "wobble": wobble, "hue": hue,
                  "width": width, "gray": gray, "gaps": gaps, "noise": noise}  # fmt: skip
        for name, value in values.items():
            most = limits.get(name, 1.0)
            if not 0 <= value <= most:
                raise ValueError(f"augment.{name} is in [0, {most:g}], not {value}")
        self.flip, self.affine, self.crop, self.wobble, self.hue = flip, affine, crop, wobble, hue
        self.width, self.gray, self.gaps, self.noise = width, gray, gaps, noise

    def __call__(self, pixels: np.ndarray, draws: Draws, size: int | None = None) -> np.ndarray:
        """pixels: (B, C, H, W) uint8; C = 3: RGB; 4: and the luma of a line drawing; 5: what is
        painted below the lines, the lines, their areas. draws: a row for each picture. size: of the
        pictures that are made; None: as before. -> (B, C, size, size), RGB with its ink."""
        size = size or pixels.shape[-1]
        if self.flip:
            mirrored = draws.to("flip").uniform(1).numpy()[:, 0] < self.flip
            pixels = np.where(mirrored[:, None, None, None], pixels[..., ::-1], pixels)
        if pixels.shape[1] > 3:
            pixels = self._drawn(pixels, draws)
        pixels = self._seen(pixels, draws, size)
        if self.hue:
            turns = (draws.to("hue").uniform(1).numpy()[:, 0] * 2 - 1) * self.hue
            turned = np.stack(
                [turned_hue(rgb, turn) for rgb, turn in zip(pixels[:, :3], turns, strict=True)]
            )
            pixels = np.concatenate([turned, pixels[:, 3:]], 1)
        return self._scanned(pixels, draws) if self.noise and pixels.shape[1] > 3 else pixels

    def _drawn(self, pixels: np.ndarray, draws: Draws) -> np.ndarray:
        """The pictures by other pens."""
        if not (self.width or self.gray or self.gaps):
            return inked(pixels)
        chance = draws.to("pen").uniform(2).numpy()
        fields = draws.to("pressure").uniform(FIELD, FIELD).numpy()
        gaps = draws.to("gaps").uniform(1 + 2 * pen.GAPS).numpy()
        out = pixels.copy()
        for picture, (width, gray), field, gap in zip(out, chance, fields, gaps, strict=True):
            line = pen.with_pen(picture[3], float(np.exp((2 * width - 1) * self.width)))
            line = pen.with_gaps(line, self.gaps, gap)
            picture[3] = pen.with_pressure(line, 1 - self.gray * gray, field) if self.gray else line
        return inked(out, again=True)

    def _seen(self, pixels: np.ndarray, draws: Draws, size: int) -> np.ndarray:
        """The pictures from other places, on bent paper."""
        if not (self.affine or self.crop or self.wobble):
            return resized(pixels, size)
        views = _views(draws.to("view").uniform(8).numpy(), self.affine, self.crop)
        bends = None
        if self.wobble:
            coarse, fine = (
                draws.to(f"wobble {n}").normal(n, n, 2).numpy() * self.wobble / 2
                for n in (COARSE, FINE)
            )
            bends = list(zip(coarse, fine * FINER, strict=True))
        out = np.empty((*pixels.shape[:2], size, size), np.uint8)
        for i, (picture, view) in enumerate(zip(pixels, views, strict=True)):
            if bends is None and view == STRAIGHT:
                out[i] = resized(picture[None], size)[0]
            else:
                out[i] = warped(picture, view, bends[i] if bends else (), size)
        return out

    def _scanned(self, pixels: np.ndarray, draws: Draws) -> np.ndarray:
        strength = draws.to("paper").uniform(1).numpy()[:, 0] * self.noise
        fields = draws.to("tint").uniform(FIELD, FIELD).numpy()
        grain = draws.to("grain").normal(*pixels.shape[-2:]).numpy()
        out = pixels.copy()
        for picture, tint, field, each in zip(out, strength, fields, grain, strict=True):
            picture[3] = pen.scanned(
                picture[3], tint * (1 - GRAIN), each * (255 * tint * GRAIN), field
            )
        return out


# centre x, y and side of what is seen, of the picture's; turn, radians
View = tuple[float, float, float, float]
STRAIGHT: View = (0.5, 0.5, 1.0, 0.0)


def _views(chance: np.ndarray, affine: float, crop: float) -> list[View]:
    """chance: (B, 8)."""
    views = []
    for warp, x, y, zoom, turn, cut, *place in chance.tolist():
        view = STRAIGHT
        if affine and warp < WARPED:
            shift = [(2 * each - 1) * affine for each in (x, y)]
            view = (
                0.5 + shift[0],
                0.5 + shift[1],
                1 / (1 + (2 * zoom - 1) * affine),
                (2 * turn - 1) * affine,
            )
        if cut < crop:
            side = CROPS[0] + (CROPS[1] - CROPS[0]) * cut / crop
            middle = [side / 2 + (1 - side) * each for each in place]
            view = (middle[0], middle[1], side, view[3])
        views.append(view)
    return views


def warped(picture: np.ndarray, view: View, bends: tuple[np.ndarray, ...], size: int) -> np.ndarray:
    """A view of a picture (C, S, S) uint8, bent by small fields (n, n, 2) of offsets, shares of the
    side -> (C, size, size). Planes are read between pixels; a fifth, the areas, at the nearest.
    What is beyond is white, areas go on."""
    S = picture.shape[-1]
    fine = 2 if view[2] * S >= 1.5 * size else 1  # as many samples of a pixel along a side
    x, y = _places(view, bends, size * fine) * S - 0.5
    planes = np.ascontiguousarray(np.moveaxis(picture[:4], 0, 2))
    seen = cv2.remap(
        planes, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,) * 4
    )
    if fine > 1:
        seen = cv2.resize(seen, (size, size), interpolation=cv2.INTER_AREA)
    seen = np.moveaxis(seen, 2, 0)
    if len(picture) < 5:
        return seen
    x, y = (np.ascontiguousarray(each[fine // 2 :: fine, fine // 2 :: fine]) for each in (x, y))
    areas = cv2.remap(picture[4], x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return np.concatenate([seen, areas[None]])


def _places(view: View, bends: tuple[np.ndarray, ...], size: int) -> np.ndarray:
    """(2, size, size) float32: where each pixel is taken from, x and y, shares of the picture's
    side."""
    x, y, side, turn = view
    at = ((np.arange(size, dtype=np.float32) + 0.5) / size - 0.5) * side
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    places = np.stack(
        [cos * at[None] - sin * at[:, None] + x, sin * at[None] + cos * at[:, None] + y]
    )
    for bend in bends:
        wide = cv2.resize(bend.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
        places += np.moveaxis(wide, 2, 0)
    return places.astype(np.float32)


def inked(pixels: np.ndarray, again: bool = False) -> np.ndarray:
    """Paint (B, 5, H, W) uint8 with its ink: RGB times the lines, in the place of paint. Pictures
    that have their ink already, (B, 4, H, W), are inked again if asked to."""
    if pixels.shape[1] < 5 and not again:
        return pixels
    rgb = (pixels[:, :3] * pixels[:, 3:4].astype(np.uint16) + 127) // 255
    return np.concatenate([rgb.astype(np.uint8), pixels[:, 3:]], 1)


def resized(pixels: np.ndarray, size: int) -> np.ndarray:
    """(B, C, S, S) uint8 -> (B, C, size, size): pixels averaged; a fifth plane, the areas, by the
    nearest."""
    S = pixels.shape[-1]
    if size == S:
        return pixels
    out = np.empty((*pixels.shape[:2], size, size), np.uint8)
    for small, picture in zip(out, pixels, strict=True):
        small[:4] = [
            cv2.resize(plane, (size, size), interpolation=cv2.INTER_AREA) for plane in picture[:4]
        ]
    nearest = ((np.arange(size) + 0.5) * S / size).astype(int)
    out[:, 4:] = pixels[:, 4:][..., nearest[:, None], nearest]
    return out


def turned_hue(rgb: np.ndarray, turn: float) -> np.ndarray:
    """(3, H, W) uint8 -> the same, hues turned by this share of the circle."""
    hsv = cv2.cvtColor(np.ascontiguousarray(np.moveaxis(rgb, 0, 2)), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + round(turn * 180)) % 180
    return np.moveaxis(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), 2, 0)
