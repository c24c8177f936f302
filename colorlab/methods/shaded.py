"""Flats with shading: a diffusion over pixels goes on from the colours of areas.

Meng et al. (2022), "SDEdit": what is noisier than a level is the flats', what is cleaner the
diffusion's. Its shading and texture are laid over the areas' own colours, which stay what they are
on average."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from colorlab.draws import Draws
from colorlab.methods.area_inputs import labels_of
from colorlab.methods.areas import AreaMethod
from colorlab.methods.base import Method
from colorlab.samplers.candidates import each_alone
from colorlab.samplers.guides import Guide
from colorlab.samplers.shading import coherent
from colorlab.samplers.sketch import Sketch
from colorlab.types import Condition


class Shaded(Method):
    """For sampling only.

    areas: gives the flats, and obeys guides and hints. pixels: a diffusion that guides may edit.
    at: alpha_bar in [0, 1] of the level up to which the picture is the flats'; 1 = flats alone, 0 =
    their areas' mean colours alone."""

    conditions = ("lines",)

    def __init__(self, areas: AreaMethod, pixels: Method, at: float) -> None:
        super().__init__(areas.seed, areas.optimizer, areas.schedule)
        self.areas, self.pixels, self.at, self.takes_text = areas, pixels, at, areas.takes_text

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        pictures = []
        for one, row in each_alone(condition, draws):
            labels = labels_of(one.image) if one.areas is None else one.areas
            flats = self.areas.sample(one._replace(areas=labels), n, row, guides)[0]
            pictures.append(self.shaded(one.image, labels, flats, row))
        return torch.stack(pictures)

    def shaded(self, image: Tensor, labels: Tensor, flats: Tensor, draws: Draws) -> Tensor:
        """Flats (n, 3, H, W) in [0, 1] of one drawing (1, 1, H, W) with areas (1, h, w), shaded.
        draws: one row."""
        sketch = Sketch(flats, self.at)
        made = self.pixels.sample(Condition(image), len(flats), draws.to("shade"), [sketch])[0]
        return coherent(made, flats, image, labels)
