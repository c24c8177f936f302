"""PIC: "Probabilistic Image Colorization" (Royer, Kolesnikov and Lampert, BMVC 2017, arXiv
1705.04258).

A gated causal network draws the ab of a small grid, given an embedding of the gray picture, from
mixtures of discretised logistics; the embedding also learns by what it says without the
causal network. Chroma is then spread over the picture's own lightness."""

from __future__ import annotations

from torch import Tensor

from colorlab.color import AB_SCALE
from colorlab.methods.autoregressive import SPACE, Autoregressive, OrderOptions
from colorlab.methods.base import OptimizerFactory, ScheduleFactory
from colorlab.nets.color_heads import LogisticMixture
from colorlab.samplers.upsampling import upsampled


class PIC(Autoregressive):
    """levels: of a and of b, over [-110, 110]. components: logistics of a mixture. edges: contrast
    in lightness at which chroma stops spreading from the grid to all pixels; 0 = it does not stop.
    The rest: see ``Autoregressive``."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        order: OrderOptions,
        levels: int,
        components: int,
        edges: float,
        micro_batch: int,
    ) -> None:
        def head(channels: int) -> LogisticMixture:
            return LogisticMixture(channels, levels, components)

        super().__init__(seed, optimizer, schedule, width, order, head, micro_batch)
        self.edges = edges

    def colors_of(self, rgb: Tensor) -> Tensor:
        """Of every stride-th pixel, as ``upsampled`` wants them and as CIC's bins are."""
        stride = self.order.stride
        ab = SPACE.encode(rgb)[..., ::stride, ::stride]  # about [-1, 1]
        return self.head.level(ab)  # type: ignore[operator]

    @property
    def numbers(self) -> str:
        return f"ab_every_{self.order.stride}_step_{2 * AB_SCALE / (self.head.levels - 1):.3g}"

    def colored(self, colors: Tensor, image: Tensor) -> Tensor:
        ab = AB_SCALE * self.head.scaled(colors.float())
        spread = upsampled(ab[None], image, self.order.stride, self.edges)[0]
        return SPACE.decode(spread / AB_SCALE, image)
