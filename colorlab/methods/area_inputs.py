"""What methods over areas are given: training pictures as the net is shown them, what is asked for
of a drawing, and where its areas lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from colorlab.conditions.areas import areas_of
from colorlab.nets.area_encoder import Drawn, memberships
from colorlab.samplers.area_guides import Autoguidance
from colorlab.samplers.guides import Guide, Place

CLEAREST = 192  # px; smaller drawings are enlarged to this side before areas are looked for


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
