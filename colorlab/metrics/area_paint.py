"""How a line drawing is painted: whether what lines enclose is coloured, in one colour each, and
the paper around left as it is. No true colouring is asked, so drawings of any hand can be judged,
at any size.

The paper around is what a ball reaches that rolls in from the picture's border, and through no gap
narrower than itself (trapped-ball filling: Zhang et al., "Vectorizing Cartoon Animations",
2009)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from colorlab.color import lab_of
from colorlab.conditions.area_colors import sized
from colorlab.conditions.areas import areas_of, paper_of
from colorlab.conditions.gaps import distance_to_ink
from colorlab.metrics.delta_e import delta_e
from colorlab.metrics.drawing import Drawing
from colorlab.metrics.per_drawing import PerDrawing

COLORED = 0.9  # of the darkest channel of what was drawn on; what is darker there is coloured
BALL = 0.0175  # radius of the ball, as a share of the longer side
UNEVEN = 0.05  # spread of an area that is seen to have several tints
RIGHT = 10.0  # CIEDE2000 up to which an area has the true colour
KNOWN = 512  # drawings whose ground is kept
# of the picture's border has the paper around; what has less is cut off by the border, and nobody's
AROUND = 0.3
CLEAREST = 192  # px; smaller drawings are enlarged to this side before areas are looked for


class Ground(NamedTuple):
    """What may be painted. inside, outside: (H, W) bool, the paper within lines and around them.
    labels: (H, W) int, the areas within, -1 elsewhere."""

    inside: np.ndarray
    outside: np.ndarray
    labels: np.ndarray


class AreaPaint(NamedTuple):
    """coloured: share of the paper inside of lines that is coloured, NaN if there is none. leak:
    the same of the paper around, NaN without any. spread: mean over the areas inside of the root
    mean square distance of a channel, in [0, 1], from the area's mean. uneven: share of the areas
    in which that is over UNEVEN."""

    coloured: float
    leak: float
    spread: float
    uneven: float


class AreaPaints(PerDrawing):
    """Means over candidates of AreaPaint; <name>_truth: the first truth's. right: see
    ``right_shares``, mean over candidates; right_best: of the candidate that is right most. NaN for
    pictures in gray.

    condition: lines or gray, what the method was shown."""

    topic = "areas"

    def __init__(self, condition: str) -> None:
        super().__init__()
        self.condition = condition

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """See the class."""
        paints = np.full((drawing.n + 1, len(AreaPaint._fields)), np.nan)
        right = np.full(drawing.n, np.nan)
        if self.condition == "lines":
            pictures = torch.cat([drawing.samples, drawing.truths[:1]])
            canvas = bytes_of(drawing.image.expand(3, -1, -1))
            ground = _known_ground(canvas[..., 0].tobytes(), canvas.shape[:2])
            paints = np.array([area_paint(bytes_of(each), canvas, ground) for each in pictures])
            right = right_shares(
                drawing.samples, drawing.truths[0], torch.from_numpy(ground.labels)
            )
        means = torch.from_numpy(paints[:-1].mean(0)), torch.from_numpy(paints[-1])
        values = dict(zip(AreaPaint._fields, means[0], strict=True))
        values |= {
            f"{name}_truth": value for name, value in zip(AreaPaint._fields, means[1], strict=True)
        }
        return values | {
            "right": torch.tensor(right.mean()),
            "right_best": torch.tensor(right.max()),
        }


def right_shares(pictures: Tensor, truth: Tensor, labels: Tensor) -> np.ndarray:
    """(n, 3, H, W), (3, H, W) in [0, 1], areas (H, W) from 0 on, -1 elsewhere -> (n,): share of the
    areas' pixels that lie in an area whose mean colour is within RIGHT of the truth's; NaN without
    areas."""
    labels = labels.flatten().long().to(pictures.device)
    where = labels >= 0
    if not where.any():
        return np.full(len(pictures), np.nan)
    area = torch.nn.functional.one_hot(labels[where]).double()  # (P, areas)
    sizes = area.sum(0)
    means = (
        torch.cat([pictures, truth[None]]).flatten(2)[..., where].double()
        @ area
        / sizes.clamp_min(1)
    )
    lab = lab_of(means[..., None])[..., 0].movedim(1, -1)  # (n + 1, areas, 3)
    right = delta_e(lab[:-1], lab[-1:]) <= RIGHT
    return ((right * sizes).sum(1) / sizes.sum()).cpu().numpy()


@lru_cache(KNOWN)
def _known_ground(drawing: bytes, shape: tuple[int, int]) -> Ground:
    """``ground_of_small``: the rows of a table, a method's and the trivial ones, are about the same
    drawings."""
    return ground_of_small(np.frombuffer(drawing, np.uint8).reshape(shape))


def ground_of(drawing: np.ndarray) -> Ground:
    """Of a drawing (H, W) uint8, luma, ink dark."""
    paper, radius = paper_of(drawing), BALL * max(drawing.shape)
    clear = distance_to_ink(paper)
    reached = reached_by_ball(paper, clear, radius)
    outside = most_of_border(reached)
    inside = paper & ~reached & ~nooks(paper, clear, reached, radius)
    return Ground(inside, outside, np.where(inside, areas_of(drawing).labels, -1))


def ground_of_small(drawing: np.ndarray) -> Ground:
    """As ``ground_of``, of a drawing that may be too small for gaps to be told from lines: looked
    at enlarged."""
    scale = CLEAREST / max(drawing.shape)
    if scale <= 1:
        return ground_of(drawing)
    large = cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    found = ground_of(large)
    inside, outside, labels = (
        sized(torch.from_numpy(each)[None], drawing.shape)[0].numpy() for each in found
    )
    return Ground(inside, outside, labels)


def reached_by_ball(paper: np.ndarray, clear: np.ndarray, radius: float) -> np.ndarray:
    """(H, W) bool: what of the paper a ball of this radius in px covers that rolls in from the
    picture's border. clear: the paper's distance to ink, px."""
    roads = cv2.connectedComponents((clear > radius).astype(np.uint8), connectivity=4)[1]
    from_border = np.isin(
        roads, np.setdiff1d(np.concatenate([roads[0], roads[-1], roads[:, 0], roads[:, -1]]), 0)
    )
    if not from_border.any():
        return from_border
    away = cv2.distanceTransform((~from_border).astype(np.uint8), cv2.DIST_L2, 5)
    return paper & (away <= radius)


def nooks(paper: np.ndarray, clear: np.ndarray, reached: np.ndarray, radius: float) -> np.ndarray:
    """(H, W) bool: corners into which the ball (radius in px) does not fit, beside what it reaches;
    nobody's."""
    count, parts = cv2.connectedComponents((paper & ~reached).astype(np.uint8), connectivity=4)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, parts.ravel(), clear.ravel())
    nook = deepest <= radius
    beside = np.zeros(count, bool)
    beside[parts[cv2.dilate(reached.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0]] = True
    nook &= beside
    nook[0] = False
    return nook[parts]


def most_of_border(paper: np.ndarray) -> np.ndarray:
    """(H, W) bool -> those connected parts of it that have AROUND of the picture's border."""
    parts = cv2.connectedComponents(paper.astype(np.uint8), connectivity=4)[1]
    border = np.bincount(
        np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]), minlength=parts.max() + 1
    )
    around = border > AROUND * border.sum()
    around[0] = False
    return around[parts]


def area_paint(coloring: np.ndarray, canvas: np.ndarray, ground: Ground) -> AreaPaint:
    """colouring: (H, W, 3) uint8 of a canvas (H, W, 3) uint8, what was there before."""
    coloured = coloring.min(2) < COLORED * canvas.min(2)
    spread = spreads(coloring, canvas, ground.labels)
    return AreaPaint(
        _share(coloured, ground.inside),
        _share(coloured, ground.outside),
        _mean(spread),
        _mean(spread > UNEVEN),
    )


def spreads(coloring: np.ndarray, canvas: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of each area from 0 on that has a pixel, the root mean square distance from its mean, of the
    paint alone: the canvas is divided out. -1 is nobody's."""
    where = labels >= 0
    paint = np.minimum(coloring[where] / np.maximum(canvas[where], 1), 1.0)
    area = labels[where]
    sizes = np.bincount(area)
    mean, square = (
        np.stack([np.bincount(area, power[:, c]) for c in range(3)], 1)
        / np.maximum(sizes, 1)[:, None]
        for power in (paint, paint**2)
    )
    variance = (square - mean**2).clip(0).mean(1)
    return np.sqrt(variance[sizes > 0])


def bytes_of(picture: Tensor) -> np.ndarray:
    """(C, H, W) in [0, 1] -> (H, W, C) uint8."""
    return picture.mul(255).round().clamp(0, 255).byte().movedim(0, -1).cpu().numpy()


def _share(mask: np.ndarray, where: np.ndarray) -> float:
    return float(mask[where].mean()) if where.any() else float("nan")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
