"""Colourings of a data set's own drawings, and contact sheets of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from colorlab.conditions.hints import of_truth
from colorlab.draws import Draws
from colorlab.errors import NumericError
from colorlab.report.grid import Sheet, sheet_of
from colorlab.sampling.setup import Wishes, prompt_of, worded
from colorlab.types import Condition


def sheet_of_split(method: Any, pictures: Any, split: str, limit: int, n: int, seed: int, wishes: Wishes) -> Sheet:
    """n colourings of held-out drawings, in a mix of drawings with one and with several true colourings."""

    groups = chosen(pictures.drawings(split), limit)
    drawn = list(coloured(method, pictures, [int(group[0]) for group in groups], n, seed, wishes))
    drawings = [as_shown(shown(pictures, int(group[0]), seed, wishes)) for group in groups]
    truths = [[to_pixels(one) for one in pictures[group[:3].tolist()].rgb] for group in groups]
    return sheet_of(drawings, [np.stack([to_pixels(one) for one in row]) for row in drawn], truths)


def chosen(groups: list[np.ndarray], limit: int) -> list[np.ndarray]:
    """Evenly spread drawings: three with one true colouring to each with several."""
    one = [group for group in groups if len(group) == 1]
    several = [group for group in groups if len(group) > 1]
    few = min(len(several), max(limit // 4, limit - len(one)))
    return [*_spread(one, limit - few), *_spread(several, few)]


def _spread(items: list[Any], count: int) -> list[Any]:
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def coloured(method: Any, pictures: Any, indices: list[int], n: int, seed: int, wishes: Wishes) -> Iterator[Any]:
    """(n, 3, H, W) in [0, 1] for one picture after the other."""

    method.cut = "{}" in prompt_of(wishes.text)  # nobody can shorten the captions of a data set
    for index in indices:
        condition, draws = shown(pictures, index, seed, wishes), Draws(seed, [index], alike=wishes.same_noise)
        yield method.sample(on(condition, method.device), n, draws, wishes.guides)[0].cpu()


def shown(pictures: Any, index: int, seed: int, wishes: Wishes) -> Condition:
    """What a method is shown of a picture of the data set, with the hints that are wished for."""

    batch = pictures[index]
    hints = of_truth(wishes.hints, batch.rgb, Draws(seed, [index])) if wishes.hints else None
    return Condition(batch.image, hints, worded(wishes.text, batch.text), batch.label)


def on(condition: Condition, device: Any) -> Condition:
    """The condition on a device."""
    hints = condition.hints and type(condition.hints)(*(part.to(device) for part in condition.hints))
    return condition._replace(image=condition.image.to(device), hints=hints)


def as_shown(condition: Condition) -> np.ndarray:
    """(H, W, 3) uint8: the drawing, the hints over it."""

    drawing = condition.image[0].expand(3, -1, -1)
    return to_pixels(drawing if condition.hints is None else torch.lerp(drawing, *(h[0] for h in condition.hints)))


def to_pixels(picture: Any) -> np.ndarray:
    """(3, H, W) in [0, 1] -> (H, W, 3) uint8. NumericError: not all are numbers, which would be shown as black."""
    if not picture.isfinite().all():
        raise NumericError("a colouring has values that are not finite (try precision=fp32; else train again)")
    return (picture * 255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
