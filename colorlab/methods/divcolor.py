"""DivColor: Learning Diverse Image Colorization (Deshpande et al., CVPR 2017).

A variational autoencoder learns the chroma fields C of pictures as latents z, with losses that keep
them from turning gray (Sec. 3). A mixture density network then learns P(z|G), G being the gray
picture (Sec. 4). Its means, heaviest first, decode to the colourings.

    L_dec = L_hist + lambda_mah L_mah + lambda_grad L_grad                                   (Eq. 4)
    L_mdn = -log pi_m + |z - mu_m|^2 / 2 sigma^2,   m = argmin_i |z - mu_i|                  (Eq. 6)

The losses of the VAE are sums over a field, as in the paper; their weighted sum is divided by the
number of its values, so that "loss" does not grow with the side. Both stages run in one fit: which
one is a function of the batches seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorlab.ab_bins import GRID, SQUARE, smoothed, table_of
from colorlab.color import AB, AB_SCALE
from colorlab.draws import Draws
from colorlab.methods.base import (
    Losses,
    Method,
    Optimized,
    OptimizerFactory,
    ScheduleFactory,
    evenly_spread,
    in_channels_last,
    rates_of,
)
from colorlab.nets.divcolor_net import (
    MDN,
    VARIANCE,
    FieldVAE,
    FrozenFeatures,
    GrayFeatures,
    Mixture,
    gradients,
    mahalanobis,
    mdn_loss,
    principal_components,
    rarity,
    reduced,
)  # fmt: skip
from colorlab.nets.frozen import fill, tensors_of
from colorlab.samplers.candidates import colored, in_groups, joined, stretched
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition

SPACE = AB()
COMPONENTS = 20  # principal components of L_mah, Sec. 3.1
# of the histogram H, as Zhang et al. (2016) have it: ab bins of 10, a sigma of 5
BINS, SMOOTHING = "reachable", 5.0
LINE = 2 * SQUARE // int(GRID) + 1  # bins on a side of the square that holds all colours
FITTED = 2048  # training pictures that L_hist and L_mah are fitted to
STAGES, SAMPLES = ("all", "vae", "mdn"), ("means", "random")


@dataclass(frozen=True)
class LossOptions:
    """Of the VAE. l2, hist, mah, grad, kl: weights, 0 = off."""

    l2: float
    hist: float
    mah: float
    grad: float
    kl: float
    reduction: str  # "squared" norms as printed, or "root" of L_hist and L_grad as in the release
    uniform: float  # see ``rarity``
    scale: str  # of the weights in L_hist: "raw", 1 / H, or "mean_one" over the pixels

    @property
    def weights(self) -> dict[str, float]:
        """Of the terms of the decoder's loss that are not off."""
        every = {"l2": self.l2, "hist": self.hist, "mah": self.mah, "grad": self.grad}
        return {name: weight for name, weight in every.items() if weight}


@dataclass(frozen=True)
class MixtureOptions:
    """The mixture density network, see ``MDN``, its loss and what it sees."""

    width: int
    components: int
    head: str
    loss: str  # "nearest" component (Eq. 6) or "exact" (Eq. 5)
    # a run of the cic method whose frozen conv7 is seen; None = features of its own
    features: str | None
    features_width: int | None  # of that run
    samples: str  # the "means" in order of weight and random beyond them, or "random"
    # px; side at which the features see the gray picture; None = the field's
    sees: int | None = None

    def __post_init__(self) -> None:
        if self.samples not in SAMPLES:
            raise ValueError(f"samples is {' or '.join(SAMPLES)}, not {self.samples!r}")


@dataclass(frozen=True)
class StageOptions:
    """What is learned when: both stages in turn, each with the whole schedule, or one alone."""

    stage: str  # all, vae or mdn
    vae_share: float  # of the steps, for the VAE, if both are learned
    vae: str | None  # the run of the VAE, if the mixture alone is learned
    steps: int  # of the trainer, like the next
    accumulate: int

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ValueError(f"stage is {', '.join(STAGES)}, not {self.stage!r}")
        if self.stage == "mdn" and self.vae is None:
            raise ValueError(
                "stage=mdn needs a trained VAE (set method.stages.vae=<run folder>, or stage=all)"
            )
        if self.stage != "mdn" and self.vae is not None:
            raise ValueError(
                f"vae={self.vae} does not go with stage={self.stage} (set method.stages.stage=mdn)"
            )

    @property
    def vae_steps(self) -> int:
        """Of one run of both stages."""
        return round(self.vae_share * self.steps)


@dataclass(frozen=True)
class NetOptions:
    """The autoencoder of chroma fields, see ``FieldVAE``. dropout: of the mixture's network too."""

    side: int
    latents: int
    skip: bool
    dropout: float


class DivColor(Method):
    """width, net: of the autoencoder. mdn: the mixture. micro_batch: candidates decoded
    together."""

    conditions = SPACE.conditions
    trains_in_turn = True
    H: Tensor  # (261,) share of each bin among the training pixels; even until it is fitted
    bin_at: Tensor  # (529,) the bin nearest to each point of the square grid
    basis: Tensor  # (20, 2 side^2) principal components of the training fields, unit rows
    variance: Tensor  # (20,) along them, descending

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, width: int,
        net: NetOptions, losses: LossOptions, mdn: MixtureOptions, stages: StageOptions,
        micro_batch: int,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule)
        self.side, self.latents, self.micro_batch = net.side, net.latents, micro_batch
        self.losses, self.mixture, self.stages = losses, mdn, stages
        vae = FieldVAE(net.side, width, net.latents, net.skip, False, net.dropout)
        self.vae: FieldVAE = in_channels_last(vae)  # type: ignore[assignment]
        seen = FrozenFeatures(mdn.features_width or 1) if mdn.features else GrayFeatures(mdn.width)
        self.features = in_channels_last(seen)
        self.sees = mdn.sees or net.side
        head = MDN(
            seen.channels, self.sees, mdn.width, net.latents, mdn.components, mdn.head, net.dropout
        )
        self.mdn: MDN = in_channels_last(head)  # type: ignore[assignment]
        table = table_of(BINS)
        self.register_buffer("H", torch.full((len(table),), 1 / len(table)))
        self.register_buffer("bin_at", torch.cdist(table_of("square"), table).argmin(1))
        self.register_buffer("basis", torch.zeros(COMPONENTS, 2 * net.side**2))
        self.register_buffer("variance", torch.ones(COMPONENTS))

    def prepare(self, pictures: Any) -> None:
        """Take the features and the VAE of other runs; for a VAE of its own, fit H and the
        principal components."""
        if (run := self.mixture.features) is not None:
            fill(self.features, tensors_of(Path(run), "net."), run, "mdn.features_width")
        if (run := self.stages.vae) is not None:
            fill(
                self.vae,
                tensors_of(Path(run), "vae."),
                run,
                "width, net.side, net.latents and net.skip",
            )
            return
        train = pictures.splits["train"]
        chosen = evenly_spread(train, min(len(train), FITTED))
        groups = [chosen[start : start + 256] for start in range(0, len(chosen), 256)]
        fields = torch.cat([self.field(pictures[group].rgb) for group in groups])
        counts = torch.bincount(self.bins(fields).flatten(), minlength=len(self.H)).double()
        self.H.copy_(smoothed(counts / counts.sum(), table_of(BINS), SMOOTHING))
        basis, variance = principal_components(fields.flatten(1), COMPONENTS)
        self.basis.copy_(basis), self.variance.copy_(variance)

    def field(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> chroma (B, 2, side, side), about [-1, 1]."""
        return stretched(SPACE.encode(rgb), (self.side, self.side))

    def bins(self, field: Tensor) -> Tensor:
        """Chroma (B, 2, side, side), about [-1, 1] -> (B, side, side): the bin that each colour is
        in."""
        a, b = ((field * (AB_SCALE / GRID)).round().long() + LINE // 2).clamp(0, LINE - 1).unbind(1)
        return self.bin_at[a * LINE + b]

    def gray(self, image: Tensor) -> Tensor:
        """(B, 1, H, W) in [0, 1] -> (B, 1, side, side)."""
        return stretched(image, (self.side, self.side))

    def seen(self, image: Tensor) -> Tensor:
        """(B, 1, H, W) in [0, 1] -> what the mixture sees, an eighth of ``sees`` a side."""
        return self.features(stretched(image, (self.sees, self.sees)))

    @property
    def learning(self) -> str:
        """What the next batch trains: "vae" or "mdn"."""
        if self.stages.stage != "all":
            return self.stages.stage
        return (
            "vae"
            if int(self.batches_seen) < self.stages.vae_steps * self.stages.accumulate
            else "mdn"
        )

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Eq. 4 and the KL divergence while the VAE learns, then Eq. 6 or 5. No gradient reaches
        what does not learn, so the optimizer leaves it alone, weight decay and all; nor do its
        batch statistics change."""
        learning = self.learning
        for part in (self.vae, self.features, self.mdn):
            part.train(self.training and (part is self.vae) == (learning == "vae"))
        field, gray = self.field(batch.rgb), self.gray(batch.image)
        if learning == "vae":
            return self.vae_losses(field, gray, draws)
        return self.mdn_losses(field, gray, self.seen(batch.image), draws)

    def vae_losses(self, field: Tensor, gray: Tensor, draws: Draws) -> dict[str, Tensor]:
        """Sec. 3: field (B, 2, side, side), gray (B, 1, side, side)."""
        posterior = self.vae.encode(field, gray, draws.to("dropout") if self.training else None)
        z = posterior.at(draws.normal(self.latents, device=field.device))
        error = field - self.vae(z, self.vae.maps(gray))
        weights = self.losses.weights
        terms = {name: self.term(name, error, field).mean() for name in weights}
        kl = posterior.kl().mean()
        total = self.losses.kl * kl + sum(weights[name] * term for name, term in terms.items())
        return {
            "loss": total / field[0].numel(),
            **{name: term.detach() for name, term in terms.items()},
            "kl": kl.detach(),
        }

    def term(self, name: str, error: Tensor, field: Tensor) -> Tensor:
        """(B,) one of the decoder's losses: error = C - f, field = C."""
        match name:
            case "l2":
                return error.square().sum((1, 2, 3))
            case "hist":
                # (B, side, side)
                weight = rarity(self.H, self.losses.uniform, self.losses.scale)[self.bins(field)]
                return reduced((weight * error.square().sum(1)).sum((1, 2)), self.losses.reduction)
            case "mah":
                return mahalanobis(error, self.basis, self.variance)
            case _:
                return reduced(gradients(error), self.losses.reduction)

    def mdn_losses(
        self, field: Tensor, gray: Tensor, seen: Tensor, draws: Draws
    ) -> dict[str, Tensor]:
        """Sec. 4: the target is a sample of Q(z|C), fresh at each step."""
        with torch.no_grad():
            z = self.vae.encode(field, gray, None).at(
                draws.normal(self.latents, device=field.device)
            )
        mixture = self.mdn(seen, draws.to("dropout") if self.training else None)
        entropy = -(mixture.log_weight.exp() * mixture.log_weight).sum(1)
        return {
            "loss": mdn_loss(mixture, z, self.mixture.loss).mean(),
            "entropy": entropy.mean().detach(),
        }

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """Candidate k is the mean of the k-th heaviest component, or a random draw. A VAE without
        MDN draws from its prior."""
        return colored(self.candidates, condition, n, draws, guides, max(self.side, self.sees))

    def candidates(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        """n fields for one gray picture (1, 1, H, W)."""
        maps = self.vae.maps(self.gray(image))
        mixture = None if self.stages.stage == "vae" else self.mdn(self.seen(image), None).sorted()
        return in_groups(
            lambda rows: self.vae(self.latent(mixture, rows), maps), draws, n, self.micro_batch
        )

    def latent(self, mixture: Mixture | None, rows: Draws) -> Tensor:
        """(m, d) latents of one picture's candidates; mixture: of batch 1, sorted."""
        noise = rows.normal(self.latents, device=self.device)
        if mixture is None:
            return noise
        weight, mean = mixture.log_weight[0].exp(), mixture.mean[0]
        chosen = rows.to("component").uniform(device=self.device)
        component = torch.searchsorted(weight.cumsum(0), chosen).clamp_max(len(mean) - 1)
        z = mean[component] + math.sqrt(VARIANCE) * noise
        k = torch.tensor(rows.candidate, device=self.device)
        if self.mixture.samples == "random":
            return z
        return torch.where((k < len(mean))[:, None], mean[k.clamp_max(len(mean) - 1)], z)

    @torch.inference_mode()
    def reconstruct(self, batch: Batch, draws: Draws) -> Tensor:
        """(B, 3, H, W) in [0, 1]: the true colours through the VAE and back, z drawn from Q(z|C)
        (Tables 1 and 2)."""
        gray = self.gray(batch.image)
        z = self.vae.encode(self.field(batch.rgb), gray, None).at(
            draws.normal(self.latents, device=self.device)
        )
        fields = self.vae(z, self.vae.maps(gray))
        return torch.cat(
            [joined(*pair) for pair in zip(fields.split(1), batch.image.split(1), strict=True)]
        )

    def optimizers(self) -> list[Optimized]:
        """With both stages in one fit, each has the whole schedule, at its own pace."""
        if self.stages.stage != "all":
            return super().optimizers()
        optimizer = self.optimizer(self.parameters())
        rates = rates_of(self.optimizer, self.schedule, self.stages.steps)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rates[self.place(step)]
        )
        return [Optimized(optimizer, schedule)]

    def place(self, step: int) -> int:
        """Where in the schedule a step is, if each stage runs through all of it."""
        steps, turn = self.stages.steps, self.stages.vae_steps
        first, length = (0, turn) if step < turn else (turn, steps - turn)
        return min((step - first) * steps // max(length, 1), steps - 1)
