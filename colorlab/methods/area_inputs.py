"""What methods over areas are given: training pictures as the net is shown them, what is asked for
of a drawing, and where its areas lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.areas import areas_of
from colorlab.nets.area_encoder import Drawn, memberships, open_rim
from colorlab.samplers.area_guides import Autoguidance
from colorlab.samplers.guides import Guide, Place

CLEAREST = 192  # px; smaller drawings are enlarged to this side before areas are looked for
# of an area's width lies at the rim of the drawing where the area is open to the paper around
OPEN = 0.8


class Shown(NamedTuple):
    """Training pictures as the net is shown them, with R areas at most, the largest first. image
    (B, 1, S, S); labels (B, S, S); count (B,); colors (B, R, 3) in [0, 1], the true ones; weight
    (B, R) of an area's loss; style (B,); text (B, T, D) the states of the captions' tokens, D = 0
    without captions."""

    image: Tensor
    labels: Tensor
    count: Tensor  # type: ignore[assignment]
    colors: Tensor
    weight: Tensor
    style: Tensor
    text: Tensor


class AreaRequest(NamedTuple):
    """What is asked for of one drawing's candidates. text: a caption; guides; colors (R, 3) in
    [0, 1] that are given, in the areas of known (R,) bool, or None."""

    text: str = ""
    guides: Sequence[Guide] = ()
    colors: Tensor | None = None
    known: Tensor | None = None


NO_REQUEST = AreaRequest()


class PreparedDrawing(NamedTuple):
    """One drawing whose R areas, the largest first, are to be coloured n times. drawn: the drawing,
    and if it is to be contrasted with that, the same in nobody's hand with the negative caption.
    weaker: the drawing as weaker methods read it, each with the guide that names the method. open:
    (R,), see ``openness``. shapes: (R, 3), see ``shapes``. joined: (R, R), see ``passages``. given:
    colours (R, 3) in [0, 1] and which candidates have them, (n, R) bool."""

    drawn: list[Drawn]
    weaker: list[tuple[Autoguidance, Drawn]]
    places: list[Place]
    open: Tensor
    shapes: Tensor
    joined: Tensor
    given: tuple[Tensor, Tensor]


def openness(image: Tensor, labels: Tensor, places: list[Place]) -> Tensor:
    """(R,): 2 for an area that has most of the picture's border; 1 for areas whose paper lies at
    the box around the ink on a length of OPEN of their width at least; 0 for others at the border;
    -1 for what lines enclose, and for all where no area has most of the border: a scene without
    paper around. image (1, 1, S, S), labels (1, S, S)."""
    rim = 2 * F.avg_pool2d(open_rim(image), 2)[0, 0]  # of its length, in the pixels of places
    at_rim = torch.stack([(p.share * rim).sum() > OPEN * p.share.sum().sqrt() for p in places])
    seen = labels[0]
    border = torch.cat([seen[0], seen[-1], seen[:, 0], seen[:, -1]]).bincount(minlength=len(places))
    paper = 2 * border > border.sum()
    if not paper.any():
        return torch.full(paper.shape, -1.0, device=paper.device)
    around = torch.where(paper, 2.0, torch.where(border > 0, 0.0, -1.0))
    return torch.maximum(around, at_rim.float() * 2 - 1)


def places_of(labels: Tensor, R: int) -> list[Place]:
    """labels (1, S, S) -> where each area is."""
    shares = memberships(labels, R)[0]
    corners = [divmod(int(share.argmax()), share.shape[1]) for share in shares]
    return [
        Place(share, (round(4 * float(share.sum())), *at))
        for share, at in zip(shares, corners, strict=True)
    ]


def labels_of(image: Tensor) -> Tensor:
    """(B, 1, H, W) in [0, 1], ink dark -> the areas' numbers (B, h, w), of small drawings at
    CLEAREST px."""
    import cv2

    found = []
    for picture in image[:, 0].cpu().mul(255).round().byte().numpy():
        scale = max(1.0, CLEAREST / max(picture.shape))
        size = tuple(max(1, round(scale * length)) for length in picture.shape[::-1])
        larger = picture if scale == 1 else cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
        found.append(torch.from_numpy(areas_of(larger).labels).long())
    return torch.stack(found).to(image.device)
