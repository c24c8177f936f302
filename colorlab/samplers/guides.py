"""Guides: what a user adds to a sampling run. A guide edits the denoiser, so every sampler obeys it
without knowing it.

Furusawa et al. (2021), GPIC, Eq. 13 (bias) and Eq. 15 (inpainting); Lugmayr et al. (2022),
"RePaint"; Corso et al. (2024), "Particle Guidance". States are colours in [-1, 1] plus noise,
(N, 3, H, W)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.lines import enclosed
from colorlab.diffusion import alpha_bar_at, noised, posterior, xi_at
from colorlab.draws import Draws
from colorlab.types import Condition, Denoiser

REACH = 0.5  # distance in RGB over which a bias pulls an area's colour
PALETTE_SIDE = 6  # GPIC Sec. 4.2 draws 216 pictures: the 6 x 6 x 6 grid of RGB
# in fifths of full: begun here, the palette leaves white, black and gray for later
PALETTE_FIRST = (4, 1, 0)


class Place(NamedTuple):
    """An area of a drawing. share: (h, w) in [0, 1], how much of each pixel of a small picture
    belongs to it. key: the same for the same area, whatever the areas are numbered."""

    share: Tensor
    key: tuple[int, int, int]


class Guide:
    """Changes nothing; a guide overrides what it needs."""

    def start(self, picture: Tensor, draws: Draws) -> Tensor:
        """V (N, 3, H, W) in [-1, 1], the picture that the first state is biased towards
        (GPIC Eq. 13)."""
        return picture

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        """The denoiser to sample with; condition has one row per state, or one row for all."""
        return denoise

    def finish(self, x_0: Tensor, condition: Condition) -> Tensor:
        """The last word on the clean picture (N, 3, H, W) in [-1, 1]."""
        return x_0

    def weigh(self, logits: Tensor, colors: Tensor, place: Place, draws: Draws) -> Tensor:
        """Where an area takes one colour of a palette: the logits (K,) to draw from, of colors
        (K, 3) in [0, 1]. draws: the one candidate's."""
        return logits

    def observe(self, color: Tensor, place: Place, draws: Draws) -> None:
        """What was drawn there: color (3,) in [0, 1]."""


class Inpaint(Guide):
    """Keeps the colours of ``condition.hints`` (GPIC Eq. 15): x <- x (1 - m) + v m before every
    network call.

    known, what v is at a state of level alpha_bar:
        noised   sqrt(alpha_bar) v + sqrt(1 - alpha_bar) eps, fresh eps at every call, from draws of
                 its own
        clean    v itself, as the paper prints it: off the noise level, and its mean colour biases
                 the rest
        repaint  noised, and each level is denoised ``resamples`` times: between two calls the state
                 goes down by ``jump`` (in xi = t/T) and is noised up again, so that the rest can
                 agree with the known part (RePaint Alg. 1); the other two ignore resamples and jump
    Network calls: 1 a level, ``resamples`` with repaint. The known part of every estimate of x_0,
    and of the result, is v exactly; where the mask is soft, the two are blended. ValueError: a
    condition without hints."""

    def __init__(self, known: str, resamples: int, jump: float) -> None:
        if known not in ("noised", "clean", "repaint"):
            raise ValueError(f"known is noised, clean or repaint, not {known!r}")
        self.known, self.jump = known, jump
        self.resamples = resamples if known == "repaint" else 1

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        """A denoiser that overwrites the known part of x in place."""
        v, mask = known_colors(condition)
        own = draws.to("inpaint")

        def inpainted(x: Tensor, alpha_bar: float) -> Tensor:
            for left in reversed(range(self.resamples)):
                x.lerp_(self._known_at(v, x, alpha_bar, own), mask)
                x_0 = torch.lerp(denoise(x, alpha_bar), v, mask)
                if left:
                    x.copy_(self._resampled(x, x_0, alpha_bar, own))
            return x_0

        return inpainted

    def finish(self, x_0: Tensor, condition: Condition) -> Tensor:
        """The clean colours pasted last: without it the known part would stay as noisy as the
        cleanest level."""
        return torch.lerp(x_0, *known_colors(condition))

    def _known_at(self, v: Tensor, x: Tensor, alpha_bar: float, draws: Draws) -> Tensor:
        if self.known == "clean":
            return v.expand_as(x)
        return noised(v, draws.normal(*x.shape[1:], device=x.device), alpha_bar)

    def _resampled(self, x: Tensor, x_0: Tensor, alpha_bar: float, draws: Draws) -> Tensor:
        """x down by ``jump`` with the posterior, and up to its level again, Ho et al. Eq. 2."""
        cleaner = float(alpha_bar_at(max(xi_at(alpha_bar) - self.jump, 0.0)))
        mean, std = posterior(x, x_0.clamp(-1, 1), alpha_bar, cleaner)
        down = mean.add_(draws.normal(*x.shape[1:], device=x.device), alpha=std)
        return noised(down, draws.normal(*x.shape[1:], device=x.device), alpha_bar / cleaner)


def known_colors(condition: Condition) -> tuple[Tensor, Tensor]:
    """The hints' colours in [-1, 1] and their mask."""
    if condition.hints is None:
        raise ValueError("inpainting needs hints, and the condition has none")
    return 2 * condition.hints.rgb - 1, condition.hints.mask


class Bias(Guide):
    """Starts from noise biased towards a colour or a rough picture (GPIC Sec. 3.5, Eq. 13).

    color: "#rrggbb"; [r, g, b] in [0, 1]; "palette", 216 colours of which candidate k takes the
    k-th, modulo 216; or a picture (3, h, w) in [0, 1], resized smoothly: a rough sketch of the
    colours wanted where. The pull grows with the number of pixels of a colour: strong at 256 x 256,
    faint at 32 x 32. Palettes of areas are weighted by exp(-d^2 / (2 REACH^2)), d the distance to
    the colour, or to the sketch's mean over the area."""

    def __init__(self, color: str | Sequence[float] | Tensor) -> None:
        # (K, 3, h, w) in [0, 1]; candidate k takes colour k modulo K
        self.colors = chosen_colors(color)

    def start(self, picture: Tensor, draws: Draws) -> Tensor:
        """V (N, 3, H, W) in [-1, 1]."""
        k = torch.tensor(draws.candidate) % len(self.colors)
        rgb = self.colors.to(picture)[k.to(picture.device)]
        if rgb.shape[-1] * rgb.shape[-2] == 1:
            return (2 * rgb - 1).expand_as(picture)
        return (
            2 * F.interpolate(rgb, picture.shape[-2:], mode="bilinear", antialias=True).clamp(0, 1)
            - 1
        )

    def weigh(self, logits: Tensor, colors: Tensor, place: Place, draws: Draws) -> Tensor:
        """(K,)."""
        rgb = self.colors[draws.candidate[0] % len(self.colors)].to(colors)
        if rgb.shape[-1] * rgb.shape[-2] > 1:
            rgb = F.interpolate(rgb[None], place.share.shape, mode="bilinear", antialias=True)[0]
            rgb = (rgb * place.share).sum((1, 2)) / place.share.sum().clamp(min=1e-6)
        return logits - (colors - rgb.flatten()).square().sum(1) / (2 * REACH**2)


def chosen_colors(color: str | Sequence[float] | Tensor) -> Tensor:
    """(K, 3, h, w) in [0, 1] of what a user may write for a colour; ValueError otherwise."""
    if isinstance(color, Tensor) and color.ndim == 3 and len(color) == 3:
        return color[None]
    if color == "palette":
        return palette()[:, :, None, None]
    if isinstance(color, str) and len(color) == 7 and color[0] == "#":
        color = [value / 255 for value in bytes.fromhex(color[1:])]
    if not isinstance(color, str) and len(color) == 3 and all(0 <= value <= 1 for value in color):
        return torch.tensor(list(color), dtype=torch.float32)[None, :, None, None]
    raise ValueError(
        f"color is '#rrggbb', [r, g, b] in [0, 1], palette or a picture, not {color!r}"
    )


def palette() -> Tensor:
    """(216, 3) in [0, 1], the 6 x 6 x 6 grid each colour the farthest from all before it: any first
    n are far apart."""
    shades = torch.linspace(0, 1, PALETTE_SIDE, dtype=torch.float64)
    grid = torch.cartesian_prod(shades, shades, shades)
    red, green, blue = PALETTE_FIRST
    order = [(red * PALETTE_SIDE + green) * PALETTE_SIDE + blue]
    distance = torch.full((len(grid),), math.inf, dtype=torch.float64)
    while len(order) < len(grid):
        distance = torch.minimum(
            distance, (grid - grid[order[-1]]).square().sum(1).round(decimals=6)
        )
        order.append(int(distance.argmax()))
    return grid[order].float()


class Pull(Guide):
    """x_0 is drawn towards something by strength (1 - alpha_bar): less as the noise fades.
    ValueError: strength."""

    def __init__(self, strength: float) -> None:
        if not 0 <= strength <= 1:
            raise ValueError(f"strength is in [0, 1], not {strength}")
        self.strength = strength


class Flat(Pull):
    """Areas that ink encloses agree on a colour: in each, x_0 is drawn towards its mean while the
    noise is strong.

        x_0 <- x_0 + strength (1 - alpha_bar) (mean of x_0 over the area - x_0)
    In an area with hints it is the mean of their colours instead: one click colours a leaf, not a
    dot on it. A small network decides the colour of distant parts of one area apart from each
    other; this is the pooling that it has not learned. As the noise fades so does the pull, and
    shading and details are the network's again. Ink, and the paper around the drawing with every
    shape that is open to it, are left alone.

    strength: 0 = off, 1 = areas are flat at the start."""

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        if self.strength == 0:
            return denoise
        area = enclosed(condition)[0].flatten()  # (H W,)
        size, hinted = area.bincount().clamp(min=1), hinted_means(condition, area)

        def edited(x: Tensor, alpha_bar: float) -> Tensor:
            x_0 = denoise(x, alpha_bar).clamp(-1, 1)
            flat = x_0.flatten(2)
            means = flat.new_zeros(*flat.shape[:2], len(size)).index_add_(2, area, flat) / size
            means = means if hinted is None else torch.where(hinted.isnan(), means, hinted)
            pull = torch.where(area > 0, means[..., area] - flat, 0.0)
            return x_0 + self.strength * (1 - alpha_bar) * pull.view_as(x_0)

        return edited


def hinted_means(condition: Condition, area: Tensor) -> Tensor | None:
    """The mean colour of the hints in each of A areas, (1, 3, A) in [-1, 1], NaN where there is
    none; area: (H W,), the pixels' areas."""
    if condition.hints is None:
        return None
    v, mask = (each[:1].flatten(2) for each in known_colors(condition))
    count = mask.new_zeros(1, 1, int(area.max()) + 1).index_add_(2, area, mask)
    return v.new_zeros(1, 3, count.shape[2]).index_add_(2, area, v * mask) / count


class Repulsion(Guide):
    """Candidates of one drawing push each other apart in coarse colour (after Corso et al., 2024).

    With c_k the mean colours of candidate k's x_0 estimate in ``cells`` x ``cells`` cells, and j <
    k:
        x_0 <- x_0 + strength (1 - alpha_bar) up( sum_j w_j (c_k - c_j) / max(1, sum_j w_j) )
        w_j = exp(-|c_k - c_j|^2 / (2 bandwidth^2)),  |.|^2 the mean square over cells and channels,
        colours in [-1, 1]
    up is bilinear. So a push ends where two candidates already differ by several bandwidths, is
    zero in every cell where all agree (white paper), fades towards the clean picture, and strength
    1 doubles a small difference in pure noise.

    Only earlier candidates push: the first 4 of 8 are those of n = 4. Their coarse colours are kept
    from call to call until the drawing's candidate 0 is sampled again or other drawings are, so
    candidates may come in groups, in rising order. Of palettes, an area's colours lose strength
    min(1, sum_j exp(-|c - c_j|^2 / (2 bandwidth^2))) of their logits, c_j the earlier candidates'
    colours there.
    ValueError: a candidate before the earlier ones are sampled. strength 0 is exactly off."""

    def __init__(self, strength: float, bandwidth: float, cells: int) -> None:
        self.strength, self.bandwidth, self.cells = strength, bandwidth, cells
        # picture -> candidate -> number of the call -> coarse colours (3, cells, cells)
        self._seen: dict[Picture, dict[int, dict[int, Tensor]]] = {}
        self._taken: dict[
            tuple[Picture, tuple[int, int, int]], dict[int, Tensor]
        ] = {}  # an area's colours by candidate

    def edit(self, denoise: Denoiser, condition: Condition, draws: Draws) -> Denoiser:
        """A denoiser whose estimates are pushed away from those of earlier candidates at the same
        call."""
        if self.strength == 0:
            return denoise
        self._forget(draws)
        calls = itertools.count()

        def repelled(x: Tensor, alpha_bar: float) -> Tensor:
            x_0 = denoise(x, alpha_bar)
            return torch.add(
                x_0, self._push(x_0, draws, next(calls)), alpha=self.strength * (1 - alpha_bar)
            )

        return repelled

    def weigh(self, logits: Tensor, colors: Tensor, place: Place, draws: Draws) -> Tensor:
        """(K,)."""
        (picture, k), *_ = rows_of(draws)
        earlier = [color for j, color in self._taken.get((picture, place.key), {}).items() if j < k]
        if not earlier or self.strength == 0:
            return logits
        near = (2 * torch.cdist(colors, torch.stack(earlier))).square() / (-2 * self.bandwidth**2)
        return logits - self.strength * near.exp().sum(1).clamp(max=1)

    def observe(self, color: Tensor, place: Place, draws: Draws) -> None:
        """Kept for later candidates, until the picture's candidate 0 is drawn again."""
        (picture, k), *_ = rows_of(draws)
        if k == 0:
            self._taken[picture, place.key] = {}
        self._taken.setdefault((picture, place.key), {})[k] = color

    def _forget(self, draws: Draws) -> None:
        """Drop other pictures, and all of a picture whose first candidate is about to be
        sampled."""
        rows = list(rows_of(draws))
        fresh = {picture for picture, k in rows if k == 0}
        self._seen = {
            picture: {} if picture in fresh else self._seen.get(picture, {}) for picture, _ in rows
        }
        for picture, k in rows:
            self._seen[picture][k] = {}

    def _push(self, x_0: Tensor, draws: Draws, call: int) -> Tensor:
        coarse = F.adaptive_avg_pool2d(x_0, self.cells)
        for (picture, k), c in zip(rows_of(draws), coarse, strict=True):
            self._seen[picture][k][call] = c
        rows = zip(rows_of(draws), coarse, strict=True)
        pushes = torch.stack(
            [self._away(c, self._earlier(picture, k, call)) for (picture, k), c in rows]
        )
        return F.interpolate(pushes, x_0.shape[-2:], mode="bilinear")

    def _earlier(self, picture: Picture, k: int, call: int) -> list[Tensor]:
        try:
            return [self._seen[picture][j][call] for j in range(k)]
        except KeyError:
            raise ValueError(
                f"candidate {k} of picture {picture[2]} before the earlier ones (sample 0 first)"
            ) from None

    def _away(self, c: Tensor, earlier: list[Tensor]) -> Tensor:
        """The sum in the class's formula, (3, cells, cells)."""
        if not earlier:
            return torch.zeros_like(c)
        difference = c - torch.stack(earlier)
        w = torch.exp(difference.square().mean((1, 2, 3), keepdim=True) / (-2 * self.bandwidth**2))
        return (w * difference).sum(0) / w.sum().clamp(min=1)


Picture = tuple[int, str, int]  # seed, purpose and index: one picture in one sampling run


def rows_of(draws: Draws) -> Iterator[tuple[Picture, int]]:
    """Picture and candidate of each row."""
    for index, k in zip(draws.index, draws.candidate, strict=True):
        yield (draws.seed, draws.purpose, index), k
