"""Which areas are open to the paper around a drawing, and which are enclosed by its lines.

Where gaps are closed, so is the paper between a house and a tree. What tells them apart is where
lines end: at a gap a line does, at the mouth of a pocket none need to. All 456 areas with such a
mouth, in 550 drawings by eleven hands, the artists left white."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import binary_dilation, find_objects
from skimage.measure import label
from torch import Tensor

from colorlab.conditions.areas import ENDS, paper_of
from colorlab.conditions.gaps import ends_of

AROUND, OPEN, UNKNOWN, ENCLOSED = 2.0, 1.0, 0.0, -1.0
WIDE = 0.9  # of an area's width: where lines end, no smaller a mouth opens it
# of the pen's width: a smaller mouth is a leak, of a line too thin for the pixels
LEAST = 0.9
# times half the pen's width, from both sides of a mouth to the nearest end of a line: no gap
FAR = 12.0


def paper_around(seen: Tensor, R: int) -> Tensor:
    """(R,) bool: an area that has most of the border of a square picture, (S, S) in 0..R-1."""
    ends = torch.cat([seen[0], seen[-1], seen[:, 0], seen[:, -1]])
    border = ends.bincount(minlength=R)
    return 2 * border > border.sum()


def openness(labels: Tensor, gray: Tensor, around: Tensor) -> Tensor:
    """(R,): AROUND for the paper around, (R,) bool, and for areas whose mouth to it no line ends
    at; OPEN for areas that are open to it, or to the picture's border, on a length of WIDE of their
    width; UNKNOWN for others at the border; ENCLOSED for the rest, and for all in a scene without
    paper around. labels (h, w) in 0..R-1, gray (h, w) in [0, 1], ink dark, see ``coarse``."""
    if not around.any():
        return torch.full(around.shape, ENCLOSED, device=labels.device)
    seen, outer = labels.cpu().numpy(), around.cpu().numpy()
    ends = np.concatenate([seen[end] for end in ENDS])
    border, size = (np.bincount(each.ravel(), minlength=len(outer)) for each in (ends, seen))
    clear, length = mouths(seen, paper_of(gray.mul(255).byte().cpu().numpy()), outer)
    found = np.where(border > 0, UNKNOWN, ENCLOSED)
    found[length + border > WIDE * np.sqrt(size.clip(1))] = OPEN
    found[clear | outer] = AROUND
    return torch.from_numpy(found).float().to(labels.device)


def mouths(
    labels: np.ndarray, paper: np.ndarray, around: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(R,) bool: areas that meet one of those around, (R,) bool, without a line between them, on a
    passage that no line ends beside. And the passages' length, (R,) px. labels (h, w) in 0..R-1,
    paper (h, w) bool."""
    outer = paper & around[labels]
    beside = binary_dilation(outer) & paper & ~outer
    passages = label(np.where(beside, labels + 1, 0), connectivity=2)
    clear, length = np.zeros(len(around), bool), np.zeros(len(around))
    if not passages.any():
        return clear, length
    ends = ends_of(~paper)
    for number, box in enumerate(find_objects(passages), 1):
        inside = passages[box] == number
        places = np.argwhere(inside) + [at.start for at in box]
        long, along = max(inside.shape), places[:, int(np.argmax(inside.shape))]
        sides = places[[along.argmin(), along.argmax()]]
        area = labels[box][inside][0]
        length[area] += long
        far = ends.away(sides.tolist()).min() > FAR * ends.half
        clear[area] |= far and long > LEAST * 2 * ends.half
    return clear, length
