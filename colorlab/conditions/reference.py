"""Another picture as hints: colours of its regions, as points in the regions of a drawing that they
fit best.

Regions of a line drawing are its areas, those of a coloured picture are segments
(Felzenszwalb and Huttenlocher, 2004, "Efficient Graph-Based Image Segmentation"), compared by
place, size and shape. Regions of gray pictures are superpixels, compared by lightness in and around
them and by place (after Gupta et al., 2012, "Image Colorization Using Similar Images"), the
reference's lightness first given the picture's mean and spread (Welsh et al., 2002). Only pairs
that are each other's best give a hint: the rest is left to the method, so that candidates
differ."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import luma
from colorlab.conditions.area_colors import sized, true_colors
from colorlab.conditions.area_shapes import shapes
from colorlab.conditions.areas import Areas, innermost
from colorlab.conditions.hint_maps import superpixels

SIDE = 256  # px; the longer side at which regions are compared
SUPERPIXELS = 200  # of a gray picture
# of segments; blur in px, the least of them in px
SEGMENT_SCALE, SEGMENT_BLUR, LEAST_SEGMENT = 200.0, 0.5, 20
THIN = 2.0  # px from its middle to its border: a segment no thicker is a line
# so is a dark one, up to this luma, no thicker than this part of the root of its size
INK, LANK = 0.2, 0.2
AROUND = 8  # the surroundings of a pixel, as a part of the longer side
# of a hint, as a share of the longer side: it is still there at 32 px; 2 px at least
RADIUS = 1 / 40
#: What is one step apart: place in the box of what is drawn, logarithms of size and of longness;
#: being the background.
PLACE, SIZE, LONG, GROUND = 0.12, 0.7, 0.5, 0.1
#: Lightness of a superpixel and of what is around it, their spreads, in [0, 1]; place in the
#: picture.
LIGHT, SPREAD, SEEN_PLACE = 0.06, 0.04, 0.3
FARTHEST = 2.0  # steps; what is farther apart does not fit


class Regions(NamedTuple):
    """R regions. labels: (h, w) int64, numbered from 0 on; traits: (R, F), one step apart where
    they begin to differ; there: (R,) bool, which can be paired."""

    labels: Tensor
    traits: Tensor
    there: Tensor


def reference_points(image: Tensor, areas: Areas | None, reference: Tensor) -> Tensor:
    """(4, H, W) in [0, 1]: colours of a reference (3, h, w) in [0, 1] as points in a picture
    (1, H, W) in [0, 1].

    areas: those of the picture, if it is a line drawing; None: it is gray."""
    theirs = shrunk_to_side(reference)
    if areas is None:
        ours, other = gray_regions(image, None), gray_regions(luma(theirs[None])[0], image)
        labels = sized(ours.labels[None], image.shape[-2:])[0].numpy()
        colors, middles = means_of(theirs, other.labels, len(other.there)), middles_of(labels)
    else:
        ours, other = drawn_regions(torch.from_numpy(areas.labels).long()), segments(theirs)
        labels, colors, middles = areas.labels, colors_of(theirs, other), areas.centers
    pairs = mutual(ours, other)
    return points(labels, middles, pairs[:, 0].tolist(), colors[pairs[:, 1]])


def shrunk_to_side(picture: Tensor) -> Tensor:
    """(C, h, w), the longer side SIDE px at most."""
    scale = SIDE / max(picture.shape[-2:])
    if scale >= 1:
        return picture
    size = [max(1, round(scale * length)) for length in picture.shape[-2:]]
    return F.interpolate(picture[None], size, mode="area")[0]


def drawn_regions(labels: Tensor) -> Regions:
    """The areas (h, w) of a drawing by place, size, shape, and whether they are its background."""
    R = int(labels.max()) + 1
    step = -(-max(labels.shape) // SIDE)
    small = labels[::step, ::step]
    there = small.flatten().bincount(minlength=R) > 0
    border = torch.cat([small[0], small[-1], small[:, 0], small[:, -1]])
    ground = int(border.mode().values)
    (top, left), (bottom, right) = box_of(small != ground)
    height, width = bottom - top, right - left
    measured, center = shapes(small, R), centers(small, R)
    place = (center - torch.tensor([top, left])) / torch.tensor([height, width])
    size, wide, narrow = measured.unbind(1)
    traits = [
        place / PLACE,
        (size[:, None] - np.log(height * width)) / SIZE,
        (wide - narrow)[:, None] / LONG,
    ]
    own = (torch.arange(R) == ground)[:, None] / GROUND
    # the background is itself whatever its place and shape
    return Regions(
        labels, torch.cat([torch.where(own > 0, 0.0, torch.cat(traits, 1)), own], 1).float(), there
    )


def box_of(drawn: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and beyond-last row and column of what is drawn (h, w) bool; the whole picture if
    nothing is."""
    rows, columns = (torch.nonzero(drawn.any(side)).flatten().tolist() for side in (1, 0))
    if not rows:
        return (0, 0), (drawn.shape[0], drawn.shape[1])
    return (rows[0], columns[0]), (rows[-1] + 1, columns[-1] + 1)


def centers(labels: Tensor, R: int) -> Tensor:
    """(R, 2): mean row and column of each region, in px."""
    size = labels.flatten().bincount(minlength=R).clamp(min=1)
    y, x = (torch.arange(side, dtype=torch.float64) for side in labels.shape)
    rows = torch.bincount(labels.flatten(), y[:, None].expand(labels.shape).flatten(), minlength=R)
    columns = torch.bincount(labels.flatten(), x.expand(labels.shape).flatten(), minlength=R)
    return torch.stack([rows / size, columns / size], 1) + 0.5


def segments(rgb: Tensor) -> Regions:
    """The parts of a coloured picture (3, h, w) in [0, 1], its lines not among them."""
    from skimage.segmentation import felzenszwalb

    pixels = np.ascontiguousarray(rgb.movedim(0, -1).numpy())
    found = felzenszwalb(pixels, scale=SEGMENT_SCALE, sigma=SEGMENT_BLUR, min_size=LEAST_SEGMENT)
    labels = np.unique(found, return_inverse=True)[1].reshape(found.shape)
    regions = drawn_regions(torch.from_numpy(labels).long())
    thick, size = thickness(labels), np.bincount(labels.ravel())
    dark = means_of(luma(rgb[None])[0], regions.labels, len(size))[:, 0].numpy() < INK
    line = (thick <= THIN) | dark & (thick < LANK * np.sqrt(size))
    return regions._replace(there=regions.there & torch.from_numpy(~line))


def thickness(labels: np.ndarray) -> np.ndarray:
    """(R,): how far the innermost pixel of each region (h, w) is from another, in px."""
    thick = np.zeros(labels.max() + 1)
    for region in range(len(thick)):
        own = np.pad((labels == region).astype(np.uint8), 1, mode="edge")
        thick[region] = (
            cv2.distanceTransform(own, cv2.DIST_L2, 3).max() if not own.all() else np.inf
        )
    return thick


def gray_regions(gray: Tensor, like: Tensor | None) -> Regions:
    """The superpixels of a gray picture (1, h, w) in [0, 1] by their lightness and place. like:
    another, whose mean and spread the lightness gets first."""
    gray = shrunk_to_side(gray)
    if like is not None:
        gray = ((gray - gray.mean()) / spread_of(gray) * spread_of(like) + like.mean()).clamp(0, 1)
    labels = superpixels(gray, SUPERPIXELS)
    R, (h, w) = int(labels.max()) + 1, labels.shape
    window = 2 * (max(h, w) // AROUND // 2) + 1
    near = cv2.blur(gray[0].numpy(), (window, window), borderType=cv2.BORDER_REFLECT)
    maps = torch.stack([gray[0], gray[0] ** 2, torch.from_numpy(near)]).double()
    mean, square, around = means_of(maps, labels, R).unbind(1)
    spread = (square - mean**2).clamp(min=0).sqrt()
    place = centers(labels, R) / torch.tensor([h, w]) / SEEN_PLACE
    traits = torch.stack([mean / LIGHT, spread / SPREAD, around / LIGHT], 1)
    return Regions(labels, torch.cat([traits, place], 1).float(), torch.ones(R, dtype=torch.bool))


def spread_of(gray: Tensor) -> float:
    """The standard deviation of lightness; a flat picture's is one level of 8 bits."""
    return max(float(gray.std(correction=0)), 1 / 255)


def means_of(maps: Tensor, labels: Tensor, R: int) -> Tensor:
    """Means over regions (h, w) of maps (C, h, w): (R, C)."""
    size = labels.flatten().bincount(minlength=R).clamp(min=1).to(maps)
    return (
        maps.new_zeros(R, len(maps)).index_add_(0, labels.flatten(), maps.flatten(1).T)
        / size[:, None]
    )


def colors_of(rgb: Tensor, regions: Regions) -> Tensor:
    """(R, 3) in [0, 1]: the commonest colour of each region of a picture (3, h, w), which no soft
    edge dilutes."""
    return true_colors(
        rgb[None], torch.ones_like(rgb[None, :1]), regions.labels[None], len(regions.traits)
    )[0][0]


def mutual(ours: Regions, theirs: Regions) -> Tensor:
    """(P, 2): regions that are each other's nearest, no farther than FARTHEST apart."""
    apart = torch.cdist(ours.traits, theirs.traits, compute_mode="donot_use_mm_for_euclid_dist")
    apart = torch.where(ours.there[:, None] & theirs.there, apart, torch.inf)
    best, back = apart.argmin(1), apart.argmin(0)
    own = torch.arange(len(best))
    fits = (back[best] == own) & (apart[own, best] <= FARTHEST)
    return torch.stack([own[fits], best[fits]], 1)


def middles_of(labels: np.ndarray) -> np.ndarray:
    """(R, 2) in [0, 1]: row and column of the innermost point of each region (H, W)."""
    return innermost(labels.astype(np.int32), np.ones(labels.shape, bool), int(labels.max()) + 1)


def points(labels: np.ndarray, middles: np.ndarray, chosen: list[int], colors: Tensor) -> Tensor:
    """(4, H, W): discs of colours (P, 3) in the middles of chosen regions (H, W), never beyond
    their borders."""
    height, width = labels.shape
    radius = max(2, round(RADIUS * max(height, width)))
    out = np.zeros((4, height, width), np.float32)
    for region, color in zip(chosen, colors.numpy(), strict=True):
        row, column = (
            int(each)
            for each in np.minimum(middles[region] * labels.shape, (height - 1, width - 1))
        )
        box = (
            slice(max(0, row - radius), row + radius + 1),
            slice(max(0, column - radius), column + radius + 1),
        )
        down, across = np.arange(height)[box[0]] - row, np.arange(width)[box[1]] - column
        disc = down[:, None] ** 2 + across**2 <= radius**2
        out[:, *box][:, disc & (labels[box] == region)] = np.append(color, 1.0)[:, None]
    return torch.from_numpy(out)
