"""Comicolorization: "Semi-Automatic Manga Colorization" (Furusawa, Hiroshiba, Ogaki and Odagiri,
2017, arXiv 1706.06918).

A net paints a page in the colours of a reference, of which it is told a palette, and a
discriminator judges it. In training the reference is the true colouring itself; in use it is
``palette=``, colours or a picture. Without one, candidate k takes the palette of a training
picture. Here the net is a U-Net with the palette at each layer; the paper's classes of pictures are
left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.conditions.hint_maps import KEPT_BYTES, quantized
from colorlab.conditions.palette import colors_of_lab
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.adversarial import Adversarial, CriticOptions, Made, least_squares
from colorlab.methods.base import (
    Losses,
    OptimizerFactory,
    ScheduleFactory,
    evenly_spread,
    in_channels_last,
)
from colorlab.nets.unet import UNet
from colorlab.samplers.area_guides import OnlyColors
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide
from colorlab.storage.memo import Answers, keys_of
from colorlab.types import Batch, Condition

SEEN = 16  # px; the sides at which a palette is taken from a picture
NUMBERS = 4  # of a colour: red, green, blue and its share


@dataclass(frozen=True)
class NetOptions:
    """The U-Net, see ``UNet``, and its palette."""

    depth: int
    colors: int  # of a palette
    remembered: int  # palettes of training pictures, for candidates without a reference


class Comicolor(Adversarial):
    """width, net: of the U-Net. critic: the discriminator. l2_weight: of the squared error, beside
    the discriminator."""

    palettes: Tensor  # (remembered, NUMBERS colors)

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        micro_batch: int,
        space: str,
        width: int,
        net: NetOptions,
        critic: CriticOptions,
        l2_weight: float,
    ) -> None:
        super().__init__(seed, optimizer, schedule, micro_batch, space)
        self.l2_weight, self.colors = l2_weight, net.colors
        numbers = NUMBERS * net.colors
        self.net: UNet = in_channels_last(UNet(width, net.depth, numbers, self.space.channels))  # type: ignore[assignment]
        self.discriminator = critic.net(self.space.channels, norm=True)
        self.register_buffer("palettes", torch.zeros(net.remembered, numbers))
        self.known = Answers(KEPT_BYTES, 1)

    def prepare(self, pictures: Any) -> None:
        """Palettes of training pictures, kept with the weights."""
        train = pictures.splits["train"]
        rgb = pictures[evenly_spread(train, len(self.palettes))].rgb
        self.palettes.copy_(self.palettes_of(rgb))

    def palettes_of(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> (B, NUMBERS colors), kept, for a training picture comes
        again."""
        small = F.interpolate(rgb, (SEEN, SEEN), mode="area").cpu()
        found = self.known.of(
            keys_of(small), lambda at: torch.stack([palette_of(small[i], self.colors) for i in at])
        )
        return found.to(rgb.device)

    def made(self, batch: Batch, draws: Draws) -> Made:
        return {
            "painted": self.net(batch.image, self.palettes_of(batch.rgb)),
            "truth": self.space.encode(batch.rgb),
        }

    def discriminator_loss(self, batch: Batch, made: Made, draws: Draws) -> Losses:
        real = least_squares(self.discriminator(batch.image, made["truth"]), 1.0)
        fake = least_squares(self.discriminator(batch.image, made["painted"]), 0.0)
        return {"loss": (real + fake) / 2}

    def generator_loss(self, batch: Batch, made: Made) -> Losses:
        """The squared error, weighted, and what fools the discriminator."""
        gan = least_squares(self.discriminator(batch.image, made["painted"]), 1.0)
        l2 = F.mse_loss(made["painted"], made["truth"])
        return {"loss": gan + self.l2_weight * l2, "gan": gan.detach(), "l2": l2.detach()}

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """``OnlyColors`` is the palette. ConfigError: any other guide."""
        if any(not isinstance(guide, OnlyColors) for guide in guides):
            raise ConfigError(
                "comicolor takes palette=, but no guide, bias or hints (leave them out)"
            )
        given = [guide for guide in guides if isinstance(guide, OnlyColors)]
        wanted = colors_of_lab(given[-1].lab) if given else None
        alone = each_alone(condition, draws)
        return torch.stack([self.in_colors(one.image, n, rows, wanted) for one, rows in alone])

    def in_colors(self, image: Tensor, n: int, draws: Draws, wanted: Tensor | None) -> Tensor:
        """n colourings of one picture (1, 1, H, W), (n, 3, H, W) in [0, 1]. wanted: colours (K, 3)
        in [0, 1]."""

        def paint(rows: Draws) -> Tensor:
            return self.net(image.expand(len(rows), -1, -1, -1), self.drawn(rows, wanted))

        return self.space.decode(in_groups(paint, draws, n, self.micro_batch).float(), image)

    def drawn(self, rows: Draws, wanted: Tensor | None) -> Tensor:
        """The palette of each candidate: a training picture's; with the colours that are wanted, in
        an order of its own and repeated if they are few, in the shares of that."""
        own = rows.to("palette")
        known = self.palettes[own.choice(len(self.palettes), device=self.device)]
        if wanted is None:
            return known
        order = own.uniform(len(wanted), device=self.device).argsort(1)
        # (m, colors)
        chosen = order[:, torch.arange(self.colors, device=self.device) % len(wanted)]
        rgb = 2 * wanted.to(self.device)[chosen] - 1
        return torch.cat([rgb, known.unflatten(1, (self.colors, NUMBERS))[..., 3:]], 2).flatten(1)


def palette_of(rgb: Tensor, colors: int) -> Tensor:
    """A picture (3, h, w) in [0, 1] -> (NUMBERS colors,): its k-means in Lab, the largest first,
    each as red, green and blue in [-1, 1] and its share; those that are missing are black, of share
    0."""
    pixels = rgb.flatten(1).T
    found, sizes = quantized(pixels, torch.ones(len(pixels)), colors).unique(
        dim=0, return_counts=True
    )
    order = sizes.argsort(descending=True, stable=True)[:colors]
    told = torch.cat([2 * found[order] - 1, sizes[order, None] / len(pixels)], 1)
    return F.pad(told, (0, 0, 0, colors - len(told)), value=0.0).flatten()
