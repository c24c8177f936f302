"""Line drawings from pictures: (B, 3, H, W) RGB in [0, 1] -> (B, 1, H, W) in [0, 1], ink dark on
white.

Dilation: GPIC (Furusawa et al., 2021): gray, dilate, absolute difference, invert, simplify. XDoG:
Winnemöller, Kyprianidis and Olsen, "XDoG: an eXtended difference-of-Gaussians compendium" (2012).
Mix: a random style and strength for each picture, because a model trained on one extractor's lines
fails on another's."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import luma
from colorlab.draws import Draws
from colorlab.errors import DataError
from colorlab.types import Condition

KERNEL = 3  # side of the dilation's square, px
# AnimeDiffusion's (2024), whose phi of 1e9 makes lines binary
XDOG = {"k": 4.5, "p": 10.0, "eps": 0.01, "phi": 2.0}
SIGMAS = (0.3, 0.4, 0.5)  # px; AnimeDiffusion's
STRENGTHS = (0.5, 1.0)  # of a mixed style's ink
HALO = 5  # px; faint strokes as wide as this are shading, not lines
FAINT, FULL = 0.04, 0.35  # ink below FAINT is dropped, above FULL is black


class Lines:
    """An extractor of line drawings."""

    def __call__(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> (B, 1, H, W) in [0, 1]; always the same for the same
        picture."""
        raise NotImplementedError

    def varied(self, rgb: Tensor, draws: Draws) -> Tensor:
        """As calling it, for training: extractors with a choice take it from draws, one row for
        each picture."""
        return self(rgb)


class Dilation(Lines):
    """1 - |dilate(gray) - gray|, GPIC's L(x) before simplification: lines on the dark side of
    edges.

    kernel: side of the square that is dilated with, odd, px."""

    def __init__(self, kernel: int) -> None:
        if kernel < 3 or kernel % 2 == 0:
            raise ValueError(f"kernel is an odd number from 3, not {kernel}")
        self.kernel = kernel

    def __call__(self, rgb: Tensor) -> Tensor:
        gray = luma(rgb)
        return 1 - (dilated(gray, self.kernel) - gray).abs()


class XDoG(Lines):
    """Extended difference of Gaussians with a soft threshold (Winnemöller et al., 2012):

    D = (1 + p) G_sigma - p G_(k sigma);    T = 1 where D >= eps, else 1 + tanh(phi (D - eps)).

    sigma: px. k: ratio of the widths. p: sharpness; tau = p / (1 + p) in the older form. eps:
        threshold of D in [0, 1].
    phi: steepness; large = binary lines."""

    def __init__(self, sigma: float, k: float, p: float, eps: float, phi: float) -> None:
        self.sigma, self.k, self.p, self.eps, self.phi = sigma, k, p, eps, phi

    def __call__(self, rgb: Tensor) -> Tensor:
        gray = luma(rgb)
        D = (1 + self.p) * blurred(gray, self.sigma) - self.p * blurred(gray, self.k * self.sigma)
        below = 1 + torch.tanh(self.phi * (D - self.eps).clamp(max=0))
        return below.clamp(0, 1)


class Simplified(Lines):
    """Another extractor's drawing, simplified: (B, 1, H, W) in [0, 1] -> the same."""

    def __init__(self, lines: Lines, simplify: Callable[[Tensor], Tensor]) -> None:
        self.lines, self.simplify = lines, simplify

    def __call__(self, rgb: Tensor) -> Tensor:
        return self.simplify(self.lines(rgb))

    def varied(self, rgb: Tensor, draws: Draws) -> Tensor:
        return self.simplify(self.lines.varied(rgb, draws))


class Mix(Lines):
    """One of several styles for each picture, its ink weakened by a random factor; called without
    draws, it is the first style at full strength.

    strengths: (least, most) factor on the ink, in [0, 1]."""

    def __init__(self, styles: Sequence[Lines], strengths: tuple[float, float]) -> None:
        self.styles, self.strengths = list(styles), strengths

    def __call__(self, rgb: Tensor) -> Tensor:
        return self.styles[0](rgb)

    def varied(self, rgb: Tensor, draws: Draws) -> Tensor:
        choice, strength = draws.to("lines").uniform(2).to(rgb.device).unbind(1)
        low, high = self.strengths
        strength = (low + (high - low) * strength).reshape(-1, 1, 1, 1)
        style = (choice * len(self.styles)).long()
        out = torch.empty_like(rgb[:, :1])
        for number in style.unique().tolist():
            out[style == number] = self.styles[number](rgb[style == number])
        return 1 - strength * (1 - out)


def extractor(line_style: str, simplify: str) -> Lines:
    """The extractor that a data set's keys name. line_style: dilation, xdog or mix. simplify: none,
    morph, or the path of a TorchScript network, (B, 1, H, W) in [0, 1] -> the same."""
    dilations = [
        Simplified(Dilation(kernel), simplifier(simplify)) for kernel in (KERNEL, KERNEL + 2)
    ]
    xdogs = [Simplified(XDoG(sigma, **XDOG), simplifier(simplify)) for sigma in SIGMAS]
    styles = {
        "dilation": dilations[0],
        "xdog": xdogs[-1],
        "mix": Mix([*dilations, *xdogs], STRENGTHS),
    }
    if line_style not in styles:
        raise ValueError(f"line_style is {', '.join(styles)}, not {line_style!r}")
    return styles[line_style]


def simplifier(simplify: str) -> Callable[[Tensor], Tensor]:
    """none, morph, or the path of a TorchScript file -> (B, 1, H, W) in [0, 1] -> the same."""
    if simplify == "none":
        return unchanged
    return morph if simplify == "morph" else Network(Path(simplify))


def unchanged(line: Tensor) -> Tensor:
    return line


def morph(line: Tensor) -> Tensor:
    """Morphological clean-up: takes away soft shading and halos, then single specks, and blackens
    what is left.

    (B, 1, H, W) in [0, 1] -> the same."""
    ink = 1 - line
    broad = opening(ink, HALO)
    # white top-hat, but strokes that are broad and dark are ink
    ink = torch.where(broad < FULL, ink - broad, ink)
    ink = torch.minimum(ink, brightest_neighbor(ink))
    return 1 - ((ink - FAINT) / (FULL - FAINT)).clamp(0, 1)


class Network:
    """A simplification network from a TorchScript file that the user named, on the CPU. Opening one
    runs what it holds: use files from people you trust."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError(
                f"simplify={path} is not there (choose none, morph, or the path of a TorchScript "
                "file)"
            )
        with warnings.catch_warnings():
            # TorchScript is the one format with both code and weights
            warnings.simplefilter("ignore", FutureWarning)
            try:
                self.net = torch.jit.load(path, map_location="cpu").eval()
            except RuntimeError as error:
                raise DataError(
                    f"simplify={path} is no TorchScript file (save it with torch.jit.save)"
                ) from error

    @torch.no_grad()
    def __call__(self, line: Tensor) -> Tensor:
        out = self.net(line.cpu())
        if out.shape != line.shape:
            raise DataError(
                f"the simplify network makes {tuple(out.shape)} of {tuple(line.shape)} (keep the "
                "shape)"
            )
        return out.clamp(0, 1).to(line)


def areas(drawing: Tensor) -> Tensor:
    """The areas into which ink (darker than half) divides the paper: (B, 1, H, W) ink dark ->
    (B, H, W) int, 0 = ink, from 1 on the areas of each drawing."""
    from scipy.ndimage import label

    numbered = [label(picture > 0.5)[0] for picture in drawing[:, 0].cpu().numpy()]
    return torch.from_numpy(np.stack(numbered)).long()


def outside(drawing: Tensor) -> Tensor:
    """The paper around what is drawn: (B, 1, H, W) ink dark -> bool, True where the border can be
    reached without crossing ink."""
    masks = []
    for area in areas(drawing):
        border = torch.cat([area[0], area[-1], area[:, 0], area[:, -1]])
        masks.append(torch.isin(area, border[border > 0]))
    return torch.stack(masks)[:, None].to(drawing.device)


def enclosed(condition: Condition) -> Tensor:
    """(B, H, W) int: the areas that a colour fills, from 1 on; 0 on ink and on the paper around.
    They are those that the condition shows, at the size of its image; else what ink encloses."""
    image = condition.image
    if condition.areas is None:
        return areas(image).to(image.device).masked_fill(outside(image)[:, 0], 0)
    return torch.where((image[:, 0] > 0.5) & ~around(condition.areas), condition.areas + 1, 0)


def around(labels: Tensor) -> Tensor:
    """(B, H, W) int, areas from 0 on -> bool: the paper around the drawing, which has most of the
    picture's border."""
    found = []
    for each in labels:
        border = torch.cat([each[0], each[-1], each[:, 0], each[:, -1]]).bincount()
        found.append(
            (2 * border > border.sum())[each.clamp(max=len(border) - 1)] & (each < len(border))
        )
    return torch.stack(found)


def surroundings(condition: Condition) -> Tensor:
    """The paper around what is drawn: (B, 1, H, W) bool."""
    return outside(condition.image) if condition.areas is None else around(condition.areas)[:, None]


def dilated(x: Tensor, kernel: int) -> Tensor:
    """(B, 1, H, W): the largest value in the square of this side around each pixel."""
    if x.device.type != "cpu":
        return F.max_pool2d(x, kernel, stride=1, padding=kernel // 2)
    import cv2  # many times faster than torch on the CPU

    square = np.ones((kernel, kernel), np.uint8)
    planes = [cv2.dilate(np.ascontiguousarray(plane), square) for plane in x.detach().numpy()[:, 0]]
    return torch.from_numpy(np.stack(planes)).reshape(x.shape)


def opening(x: Tensor, kernel: int) -> Tensor:
    """(B, 1, H, W): erosion, then dilation; bright parts narrower than the kernel vanish."""
    return dilated(-dilated(-x, kernel), kernel)


def brightest_neighbor(x: Tensor) -> Tensor:
    """(B, 1, H, W): the largest of the eight values around each pixel; 0 is around the picture."""
    H, W = x.shape[-2:]
    around = F.pad(x, (1, 1, 1, 1))
    shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    return torch.stack([around[..., i : i + H, j : j + W] for i, j in shifts]).amax(0)


def blurred(x: Tensor, sigma: float) -> Tensor:
    """(B, 1, H, W) convolved with a Gaussian of sigma px, cut off at 3 sigma; the border is
    continued."""
    radius = max(1, math.ceil(3 * sigma))
    places = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
    weights = torch.exp(-0.5 * (places / sigma) ** 2)
    weights = weights / weights.sum()
    x = F.conv2d(F.pad(x, (0, 0, radius, radius), mode="replicate"), weights.reshape(1, 1, -1, 1))
    return F.conv2d(
        F.pad(x, (radius, radius, 0, 0), mode="replicate"), weights.reshape(1, 1, 1, -1)
    )
