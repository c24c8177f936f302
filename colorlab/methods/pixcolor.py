"""PixColor: "Pixel Recursive Colorization" (Guadarrama et al., 2017, arXiv 1705.07208).

A causal network draws the quantised Cb and Cr of a small grid, given a trunk's features of the gray
picture; a refinement net, taught with true coarse chroma, paints every pixel of the picture. Here
it paints ab, which is joined with the picture's own lightness. ``refined`` in validation is the
paper's oracle: its error given true coarse chroma."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from colorlab.color import cbcr_of
from colorlab.draws import Draws
from colorlab.methods.autoregressive import SPACE, Autoregressive, OrderOptions
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.color_heads import Categories
from colorlab.nets.refiner_net import RefinerNet
from colorlab.types import Batch

# weight of the refiner's L1; it shares no weight with the rest, so this only scales its gradient
REFINED = 10.0


class PixColor(Autoregressive):
    """levels: of Cb and of Cr. refiner_width: see ``RefinerNet``. The rest: see
    ``Autoregressive``."""

    head: Categories

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        order: OrderOptions,
        levels: int,
        refiner_width: int,
        micro_batch: int,
    ) -> None:
        super().__init__(
            seed, optimizer, schedule, width, order, lambda c: Categories(c, levels), micro_batch
        )
        self.refiner: RefinerNet = in_channels_last(RefinerNet(refiner_width))  # type: ignore[assignment]

    def colors_of(self, rgb: Tensor) -> Tensor:
        """The mean of each cell of stride x stride pixels, to the nearest level."""
        stride = self.order.stride
        cells = F.avg_pool2d(rgb, stride, ceil_mode=True, count_include_pad=False)
        return (
            ((cbcr_of(cells) + 0.5) * (self.head.levels - 1))
            .round()
            .clamp(0, self.head.levels - 1)
            .long()
        )

    @property
    def numbers(self) -> str:
        return f"cbcr_mean_{self.order.stride}_levels_{self.head.levels}"

    def target(self, rgb: Tensor) -> Tensor:
        """What the refiner paints: ab, about [-1, 1]."""
        return SPACE.encode(rgb)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """refined: the refiner's L1, in units of 110 of Lab, given true coarse chroma."""
        losses = super().loss(batch, draws)
        chroma = self.refiner(batch.image, self.head.scaled(self.colors_of(batch.rgb).float()))
        refined = F.l1_loss(chroma, self.target(batch.rgb))
        return losses | {"loss": losses["loss"] + REFINED * refined, "refined": refined}

    def colored(self, colors: Tensor, image: Tensor) -> Tensor:
        return SPACE.decode(self.refiner(image, self.head.scaled(colors.float())), image)
