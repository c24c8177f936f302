"""CVAE: the conditional VAE that DivColor is compared with (Deshpande et al., CVPR 2017, Sec. 5 and
6.3).

DivColor's autoencoder, both halves of which also see the gray picture; colourings come of z ~
N(0, I). Of 256 of them, the centres of 5 clusters are shown (Sohn et al., 2015, for the bound: an
L2 loss and a KL divergence)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlab.color import AB
from colorlab.draws import Draws
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    in_channels_last,
)
from colorlab.nets.divcolor_net import FieldVAE
from colorlab.samplers.candidates import colored, stretched
from colorlab.samplers.clusters import ClusterOptions, clustered
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition

SPACE = AB()


@dataclass(frozen=True)
class NetOptions:
    """The autoencoder of chroma fields, see ``FieldVAE``."""

    side: int
    latents: int
    dropout: float


class CVAE(Method):
    """width, net: of the autoencoder. kl: weight of the KL divergence. cluster: which of many draws
    are shown.
    micro_batch: candidates decoded together."""

    conditions = SPACE.conditions

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        width: int,
        net: NetOptions,
        kl: float,
        cluster: ClusterOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        self.side, self.latents, self.kl = net.side, net.latents, kl
        self.cluster, self.micro_batch = cluster, micro_batch
        vae = FieldVAE(
            net.side, width, net.latents, skip=True, gray_posterior=True, dropout=net.dropout
        )
        self.vae: FieldVAE = in_channels_last(vae)  # type: ignore[assignment]

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """|C - f(z, G)|^2 + kl KL[Q(z|C, G) || N(0, I)], over the number of the field's values."""
        side = (self.side, self.side)
        field, gray = stretched(SPACE.encode(batch.rgb), side), stretched(batch.image, side)
        posterior = self.vae.encode(field, gray, draws.to("dropout") if self.training else None)
        made = self.vae(
            posterior.at(draws.normal(self.latents, device=field.device)), self.vae.maps(gray)
        )
        l2, kl = (field - made).square().sum((1, 2, 3)).mean(), posterior.kl().mean()
        return {
            "loss": (l2 + self.kl * kl) / field[0].numel(),
            "l2": l2.detach(),
            "kl": kl.detach(),
        }

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """The clusters' representatives, the largest cluster first, then further draws."""
        return colored(self.candidates, condition, n, draws, guides, self.side)

    def candidates(self, gray: Tensor, n: int, draws: Draws) -> Tensor:
        """n fields for one gray picture (1, 1, side, side)."""
        maps = self.vae.maps(gray)

        def draw(rows: Draws) -> Tensor:
            return self.vae(rows.normal(self.latents, device=gray.device), maps)

        return clustered(draw, draws, n, self.cluster, self.micro_batch)
