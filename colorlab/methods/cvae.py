"""CVAE: the conditional VAE that DivColor is compared with (Deshpande et al., CVPR 2017, Sec. 5 and 6.3).

DivColor's autoencoder, both halves of which also see the gray picture; colourings come of z ~ N(0, I). Of 256 of them,
the centres of 5 clusters are shown (Sohn et al., 2015, for the bound: an L2 loss and a KL divergence)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from colorlab.color import AB
from colorlab.draws import Draws
from colorlab.methods.base import Method, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.divcolor_net import FieldVAE
from colorlab.samplers.candidates import coloured, stretched
from colorlab.samplers.clusters import check_choice, clustered
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition

SPACE = AB()


class CVAE(Method):
    """side, width, latents, dropout: see ``FieldVAE``. kl: weight of the KL divergence. cluster, pool, clusters: see
    ``chroma.clustered``. micro_batch: candidates decoded together."""

    conditions = SPACE.conditions

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, side: int, width: int, latents: int,
        dropout: float, kl: float, cluster: str, pool: int, clusters: int, micro_batch: int,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule)
        check_choice(cluster, pool, clusters)
        self.side, self.latents, self.kl = side, latents, kl
        self.cluster, self.pool, self.clusters, self.micro_batch = cluster, pool, clusters, micro_batch
        net = FieldVAE(side, width, latents, skip=True, gray_posterior=True, dropout=dropout)
        self.vae: FieldVAE = in_channels_last(net)  # type: ignore[assignment]

    def loss(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        """|C - f(z, G)|^2 + kl KL[Q(z|C, G) || N(0, I)], over the number of the field's values."""
        side = (self.side, self.side)
        field, gray = stretched(SPACE.encode(batch.rgb), side), stretched(batch.image, side)
        posterior = self.vae.encode(field, gray, draws.to("dropout") if self.training else None)
        made = self.vae(posterior.at(draws.normal(self.latents, device=field.device)), self.vae.maps(gray))
        l2, kl = (field - made).square().sum((1, 2, 3)).mean(), posterior.kl().mean()
        return {"loss": (l2 + self.kl * kl) / field[0].numel(), "l2": l2.detach(), "kl": kl.detach()}

    @torch.inference_mode()
    def sample(self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()) -> Tensor:
        """The clusters' representatives, the largest cluster first, then further draws."""
        return coloured(self.candidates, condition, n, draws, guides, self.side)

    def candidates(self, gray: Tensor, n: int, draws: Draws) -> Tensor:
        """n fields for one gray picture (1, 1, side, side)."""
        maps = self.vae.maps(gray)

        def draw(rows: Draws) -> Tensor:
            return self.vae(rows.normal(self.latents, device=gray.device), maps)

        return clustered(draw, draws, n, self.pool, self.clusters, self.cluster, self.micro_batch)
