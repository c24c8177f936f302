"""Paper and what is drawn on it: which kind of picture a file holds, and the drawing alone, dark
ink on white paper.

Paper is yellow, in shadow, darker towards the corners, noisy, or black with white lines. Its light
is what is left when lines are closed over (grayscale closing with a disc wider than pens); divided
by it, lines alone remain, and pencil shading is paper. What is dark in broad parts however stays
black: there a floor takes the place of the light, a smooth surface fitted to the lightest paper.
The light is looked at on a small picture, the division made at full size."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from colorlab.conditions.sheet import carried_on, disc_of, sheet_in

SIDE = 400  # px; the longer side of the small picture
# of the longer side; diameters of discs that close lines; the second for broad pens
DISCS = (0.035, 0.07)
PAPER = 0.9  # of the light of the lightest paper around: paper
BLACK = 0.5  # of it, at most: filled with ink
NIGHT = 90  # luma; ground as dark as that is black paper
SOFT = 0.6  # flat paper is 1; between this and PAPER are soft tones: texture, or pencils
NOISE = 4.0  # standard deviations of the paper's noise that are white
INKED = 10  # per cent of the ink are fully black
BINS = 48  # px; the longer side on which the light's surface is fitted

MOSTLY_BLACK = 0.8  # share that is night in a drawing on black paper
# a share so large of broad parts with more chroma than that is a coloured picture
COLORED, CHROMA = 0.04, 0.12
ROUGH = 0.25  # share of soft tones: so rough a ground is a photograph
UNEVEN, LITTLE = 0.1, 0.75  # so many soft tones and so little paper and black: a photograph
SHADED = 0.06  # share of broad tones; lines have less

LINES, SHADING, PICTURE = "line drawing", "shaded drawing", "picture"


class Survey(NamedTuple):
    """Shares of a picture, in [0, 1]. night: of dark ground. white, tones, black: of paper, of what
    is darker in broad parts, and of what is as dark as ink there. soft: of what lies between paper
    and ink when lines alone are left.
    coloured: of broad parts with a colour that the paper does not have."""

    night: float
    white: float
    tones: float
    black: float
    soft: float
    colored: float


class Page(NamedTuple):
    """A picture as it is understood, or the sheet of paper in it. kind: LINES, SHADING or
    PICTURE. reason: of that, a clause. turned: it was light on dark. canvas: (H, W, 3) uint8, what
    colours are laid under: the picture, made dark on light. drawing: (H, W) uint8, dark ink on flat
    white paper; beyond a sheet all is paper."""

    kind: str
    reason: str
    turned: bool
    canvas: np.ndarray
    drawing: np.ndarray


def page_of(picture: np.ndarray, lines: str = "auto") -> Page:
    """A picture (H, W, 3) uint8 RGB. lines: "auto" decides what it is; "always": a line drawing;
    "never": none."""
    if lines not in ("auto", "always", "never"):
        raise ValueError(f"lines is auto, always or never, not {lines!r}")
    survey, light = surveyed(picture)
    canvas, turned, of = picture, survey.night > MOSTLY_BLACK, "of it"
    if turned:
        canvas = turned_light(picture)
        survey, light = surveyed(canvas)
    small = reduced(picture)
    sheet = None if turned or lines == "never" else sheet_in(small)
    if sheet is not None:
        on_sheet = surveyed(carried_on(small, sheet))
        if lines == "always" or decided(on_sheet[0])[0] != PICTURE:
            (survey, light), of = on_sheet, "of the sheet in it"
        else:
            sheet = None
    kind, reason = decided(survey)
    if lines != "auto":
        kind, reason = LINES if lines == "always" else PICTURE, f"lines={lines}"
        turned = turned and lines == "always"
    drawing = flattened(gray_of(canvas), light)
    if sheet is not None:
        beyond = (
            cv2.resize(sheet.astype(np.uint8), drawing.shape[::-1], interpolation=cv2.INTER_LINEAR)
            == 0
        )
        drawing[beyond] = 255
    return Page(kind, reason.replace("of it", of), turned, canvas if turned else picture, drawing)


def turned_light(picture: np.ndarray) -> np.ndarray:
    """Light lines on dark ground, (H, W, 3) uint8, as dark lines on white: a blueprint has no blue
    paper then, in which colours would drown."""
    light = 255 - picture
    paper = np.median(reduced(light).reshape(-1, 3), axis=0).clip(1)
    lighter = np.minimum(np.arange(256)[:, None] * (255 / paper), 255).round()
    return cv2.LUT(light, lighter[None].astype(np.uint8))


def decided(survey: Survey) -> tuple[str, str]:
    """What a picture is, and why."""
    if survey.colored > COLORED:
        return PICTURE, f"{survey.colored:.0%} of it is coloured"
    if survey.soft > ROUGH:
        return PICTURE, f"{survey.soft:.0%} of it is neither paper nor line"
    if survey.white + survey.black < LITTLE and survey.soft > UNEVEN:
        return PICTURE, f"{survey.white:.0%} of it is plain paper"
    if survey.tones > SHADED:
        return SHADING, f"{survey.tones:.0%} of it has a tone between paper and ink"
    return LINES, f"{survey.white:.0%} of it is plain paper"


def surveyed(picture: np.ndarray) -> tuple[Survey, np.ndarray]:
    """What is told by a picture (H, W, 3) uint8; and the light on its paper, (h, w) float32 in
    (0, 255], small."""
    small = reduced(picture)
    first = _surveyed(small, DISCS[0])
    if first[0].tones <= SHADED:
        return first
    second = _surveyed(small, DISCS[1])
    # strokes that a larger disc closes are no shading
    return second if second[0].tones <= SHADED else first


def _surveyed(small: np.ndarray, diameter: float) -> tuple[Survey, np.ndarray]:
    disc = disc_of(small, diameter)
    ground = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, disc), (0, 0), len(disc) / 4)
    gray, paper = gray_of(small), gray_of(ground).astype(np.float32)
    lightest = surface(paper)
    tone = paper / lightest
    light = np.maximum(paper, BLACK * lightest)
    flat = gray / light
    survey = Survey(
        night=_share(cv2.morphologyEx(gray, cv2.MORPH_OPEN, disc) < NIGHT),
        white=_share(tone > PAPER),
        tones=_share((tone <= PAPER) & (tone > BLACK)),
        black=_share(tone <= BLACK),
        soft=_share((flat < PAPER) & (flat > SOFT)),
        colored=_share(chroma_of(ground, lightest, tone > PAPER) > CHROMA),
    )
    return survey, light


def _share(mask: np.ndarray) -> float:
    return float(mask.mean())


def gray_of(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> luma (H, W) uint8."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def reduced(picture: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A picture whose longer side is no longer than this."""
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = tuple(max(1, round(scale * length)) for length in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def surface(paper: np.ndarray) -> np.ndarray:
    """The light on the lightest paper of (h, w) float32: a polynomial of second degree, fitted to
    what is not darker than itself."""
    low = reduced(paper, BINS)
    wanted, powers = low.ravel().astype(np.float64), _powers(*low.shape)
    chosen = wanted >= np.quantile(wanted, 0.3)
    for _ in range(10):
        weights = np.linalg.lstsq(powers[chosen], wanted[chosen], rcond=None)[0]
        chosen = wanted > 0.94 * (powers @ weights)
        if chosen.mean() < 0.1:
            break
    fitted = (_powers(*paper.shape) @ weights).reshape(paper.shape)
    return fitted.clip(max(1.0, float(paper.max()) / 4), 255).astype(np.float32)


def _powers(height: int, width: int) -> np.ndarray:
    y, x = (
        axis.ravel()
        for axis in np.meshgrid(*(np.linspace(-1, 1, n) for n in (height, width)), indexing="ij")
    )
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1)


def chroma_of(ground: np.ndarray, lightest: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """(h, w): the range of the channels of the ground (h, w, 3), where paper has none, its light
    1."""
    tint = np.median(ground[paper], 0) if paper.any() else np.full(3, 255.0)
    plain = ground / lightest[..., None] / np.maximum(tint / max(tint.mean(), 1e-6), 1e-3)
    return np.ptp(plain, axis=2)


def flattened(gray: np.ndarray, light: np.ndarray) -> np.ndarray:
    """(H, W) uint8 and the light on its paper, (h, w) -> (H, W) uint8: paper and its noise are
    white, ink is black."""
    large = cv2.resize(light, gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    flat = np.minimum(gray / large, 1.0)
    paper = flat[flat > PAPER]
    noise = 1.4826 * float(np.median(1 - paper)) if paper.size else 0.0
    white = 1 - NOISE * noise
    ink = flat[flat < min(white, (1 + SOFT) / 2)]
    black = min(float(np.percentile(ink, INKED)), white - 0.1) if ink.size else 0.0
    return np.rint(255 * ((flat - black) / (white - black)).clip(0, 1)).astype(np.uint8)
