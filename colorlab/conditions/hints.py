"""Makers of hints: clicks, regions and half-painted pictures, all as known colours under a mask.

Colours outside the mask are black, so that a hint never carries more of the truth than it shows."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.types import Hints

DOT_RADIUS = 1 / 32  # of a click that stands for a user's, as a share of the picture's width


def dots(rgb: Tensor, count: int, radius: float, draws: Draws) -> Hints:
    """``count`` clicks at random places of each picture: discs of the colour at their centre, the
    nearest click's where two overlap. rgb (B, 3, H, W) in [0, 1]; radius in pixels; one row of
    draws per picture; the first clicks of a larger count are those of a smaller one."""
    (B, _, H, W), device = rgb.shape, rgb.device
    if count == 0:
        return Hints(torch.zeros_like(rgb), rgb.new_zeros(B, 1, H, W))
    size = torch.tensor([H, W], device=device)
    # (B, count, 2): row, column
    center = (draws.uniform(count, 2, device=device) * size).long().minimum(size - 1)
    y, x = center[..., 0, None, None], center[..., 1, None, None]
    rows, columns = torch.arange(H, device=device)[:, None], torch.arange(W, device=device)
    distance, nearest = ((rows - y) ** 2 + (columns - x) ** 2).min(dim=1)  # (B, H, W)
    flat = rgb.flatten(2)
    # (B, 3, count)
    colors = flat.gather(2, (center[..., 0] * W + center[..., 1])[:, None].expand(-1, 3, -1))
    spread = colors.gather(2, nearest.flatten(1)[:, None].expand(-1, 3, -1)).reshape(rgb.shape)
    return under(spread, (distance <= radius**2)[:, None].to(rgb.dtype))


def rectangle(rgb: Tensor, top: float, left: float, bottom: float, right: float) -> Hints:
    """The colours inside a rectangle; sides as shares of height and width, in [0, 1]. rgb
    (B, 3, H, W) in [0, 1]."""
    B, _, H, W = rgb.shape
    mask = rgb.new_zeros(B, 1, H, W)
    mask[:, :, round(top * H) : round(bottom * H), round(left * W) : round(right * W)] = 1
    return under(rgb, mask)


def half(rgb: Tensor, side: str) -> Hints:
    """The colours of one half. rgb (B, 3, H, W) in [0, 1]; side: left | right | top | bottom."""
    match side:
        case "left":
            return rectangle(rgb, 0, 0, 1, 0.5)
        case "right":
            return rectangle(rgb, 0, 0.5, 1, 1)
        case "top":
            return rectangle(rgb, 0, 0, 0.5, 1)
        case "bottom":
            return rectangle(rgb, 0.5, 0, 1, 1)
        case _:
            raise ValueError(f"side is left, right, top or bottom, not {side!r}")


def of_truth(what: str, rgb: Tensor, draws: Draws) -> Hints:
    """Hints that show part of a true colouring, for measuring. rgb (B, 3, H, W) in [0, 1].

    what: left, right, top or bottom, that half; centre, the middle quarter; surround, all but the
    middle quarter; or dots<count>, so many clicks, each a sixteenth of the picture wide. ValueError
    otherwise."""
    quarter = (0.25, 0.25, 0.75, 0.75)
    if what in ("left", "right", "top", "bottom"):
        return half(rgb, what)
    if what == "centre":
        return rectangle(rgb, *quarter)
    if what == "surround":
        return under(rgb, 1 - rectangle(rgb, *quarter).mask)
    if what.startswith("dots") and what[4:].isdecimal():
        return dots(rgb, int(what[4:]), DOT_RADIUS * rgb.shape[-1], draws.to("hints"))
    raise ValueError(
        f"hints are left, right, top, bottom, centre, surround or dots<count>, not {what!r}"
    )


def painted(rgba: Tensor) -> Hints:
    """A half-painted picture (B, 4, H, W) in [0, 1]: known where it is opaque
    (GPIC Sec. 4.6, v_RGB and v_alpha)."""
    return under(rgba[:, :3], rgba[:, 3:])


def under(rgb: Tensor, mask: Tensor) -> Hints:
    """Hints of rgb (B, 3, H, W) where mask (B, 1, H, W) is above 0, black elsewhere."""
    return Hints(torch.where(mask > 0, rgb, 0.0), mask)
