"""Methods in two steps: a net says how likely each colour is at each pixel, and a sampler draws
pictures from that.

Zhang, Isola and Efros, "Colorful Image Colorization" (CIC, ECCV 2016), on bins, loss and
rebalancing; Ballester, Raad and Vitoria, "Multiple and Diverse Image Colorization"
(project description), on drawing coherent pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.ab_bins import GRID, TABLES, Bins, SoftCode, rebalancing
from colorlab.color import AB, AB_SCALE
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.base import (
    Losses,
    Method,
    OptimizerFactory,
    ScheduleFactory,
    evenly_spread,
    in_channels_last,
)
from colorlab.nets.capsule_net import CapsuleNet
from colorlab.nets.cic_net import CICNet
from colorlab.nets.semantic_net import SemanticNet
from colorlab.samplers.candidates import each_alone
from colorlab.samplers.guides import Guide
from colorlab.samplers.learned_copula import log_ratio, posterior_fields, spans_of
from colorlab.samplers.marginals import Marginals, MarginalSampler
from colorlab.samplers.upsampling import upsampled
from colorlab.types import Batch, Condition, Likelihood
from colorlab.weights.store import backbone

SPACE = AB()
PRIOR_PICTURES = 4096  # at most so many training pictures are counted for the prior
COPULA_PICTURES = 8  # of a batch, so many teach the copula
NON_GRAY = 5.0  # Lab units
SURE = 50.0  # no trained net's logits are beyond it; one that blew up is not taken for certain


@dataclass(frozen=True)
class NetOptions:
    """The net's form, and how what it says on its grid reaches all pixels."""

    stride: int
    shortcuts: bool
    rank: int  # R of the learned copula
    # contrast in lightness at which chroma stops spreading from the grid; 0 = it does not stop
    edges: float


@dataclass(frozen=True)
class TrunkOptions(NetOptions):
    """The same with a choice of nets, see ``net_of``."""

    trunk: str
    # weight of a second head's squared error of ab, Lab units; 0 = there is none
    regression: float = 0.0


@dataclass(frozen=True)
class ClassOptions:
    """The classes of a pixel, and how their frequencies count."""

    bins: str  # the table, see ``colorlab.ab_bins.table_of``
    rebalance: float  # 1 minus the weight of the prior in CIC Eq. 4; 1 = off
    # before sampling, a rebalanced net's classes, p w normalised, become p, if wanted
    undo_rebalancing: bool
    neighbours: int = 1  # of the soft encoding
    sigma: float = 1.0  # of the soft encoding, and of the prior's smoothing
    prior: str | None = None  # a file; None = fitted on the training pictures


class PixelClassifier(Method):
    """A net with two heads: the classes of each pixel, and the factors of the learned copula.

    sampler: draws pictures from marginals. net: gray pictures -> features, with ``channels`` and
    ``stride``."""

    conditions = SPACE.conditions
    skips_gray = False  # whether pictures without colour teach nothing

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: MarginalSampler,
        net: CICNet,
        form: NetOptions,
        classes: ClassOptions,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        if not isinstance(sampler, MarginalSampler):
            raise ConfigError(
                "method/sampler is a diffusion model's, not one of marginals (choose "
                "quantile_field)"
            )
        self.sampler, self.form, self.options, self.frozen = sampler, form, classes, False
        self.bins = Bins(classes.bins)
        self.net: CICNet = in_channels_last(net)  # type: ignore[assignment]
        self.classes = nn.Conv2d(net.channels, len(self.bins), 1)
        self.copula = nn.Conv2d(net.channels, 2 * form.rank, 1)
        nn.init.normal_(self.classes.weight, std=0.01)

    def prepare(self, pictures: Any) -> None:
        """The prior, and classes that start from it: a fresh net's loss is then the prior's
        entropy."""
        if self.options.prior is not None:
            self.bins.read(Path(self.options.prior))
        else:
            self.bins.fit(self._colors(pictures), self.options.sigma)
        with torch.no_grad():
            self.classes.bias.copy_((self.bins.prior * self.weights()).clamp_min(1e-8).log())  # type: ignore[union-attr]

    def _colors(self, pictures: Any) -> Iterator[Tensor]:
        """ab (P, 2) of training pictures, some at a time, at the pixels that the net is asked
        for."""
        train = pictures.splits["train"]
        chosen = evenly_spread(train, min(PRIOR_PICTURES, len(train)))
        for start in range(0, len(chosen), 64):
            yield self.target(pictures[chosen[start : start + 64]]).flatten(0, 2)

    def target(self, batch: Batch) -> Tensor:
        """(B, h, w, 2): the true ab of every ``stride``-th pixel; CIC's own code takes single
        pixels, not means."""
        ab = AB_SCALE * SPACE.encode(batch.rgb)
        return ab[..., :: self.net.stride, :: self.net.stride].movedim(1, -1)

    def weights(self) -> Tensor:
        """(Q,) w of CIC Eq. 4."""
        return rebalancing(self.bins.prior, self.options.rebalance)

    def freeze_net(self) -> None:
        """Let only the copula learn."""
        self.frozen = True
        self.net.requires_grad_(False).eval()
        self.classes.requires_grad_(False)

    def train(self, mode: bool = True) -> PixelClassifier:
        super().train(mode)
        self.net.train(mode and not self.frozen)
        return self

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """CIC Eq. 2 and 3: cross entropy with the soft-encoded truth, weighted by its nearest bin's
        w; nats per pixel. The copula learns beside it and does not change what the net learns; it
        adds a gradient to the loss, no value, since its objective is no likelihood, see
        ``samplers.learned_copula``."""
        features = self.net(batch.image)
        logits = self.classes(features).float()
        target = self.target(batch)
        code = self.bins.soft(target, self.options.neighbours, self.options.sigma)
        taught = self.copula_objective(
            batch, features.detach(), logits.detach(), code.index[..., 0], draws
        )
        if self.frozen:
            return {"loss": -taught}
        entropy = cross_entropy(logits, code)
        taken = is_colored(target) if self.skips_gray else entropy.new_ones(len(entropy))
        weighted = (
            (self.weights()[code.index[..., 0]] * entropy).mean((1, 2)) * taken
        ).sum() / taken.sum().clamp_min(1)
        more = self.features_loss(features, target)
        loss = weighted + more - (taught - taught.detach())
        return {"loss": loss, "classes": weighted, "cross_entropy": entropy.mean()}

    def features_loss(self, features: Tensor, target: Tensor) -> Tensor:
        """What else the features (B, C, h, w) are to know of the true ab (B, h, w, 2): nothing
        here."""
        return features.new_zeros(())

    def copula_objective(
        self, batch: Batch, features: Tensor, logits: Tensor, bins: Tensor, draws: Draws
    ) -> Tensor:
        """What the copula's factors maximise, of some pictures of the batch: by true p, whatever is
        sampled from."""
        m = min(COPULA_PICTURES, len(bins))
        with torch.autocast(features.device.type, enabled=False):
            marginals = self._marginals(
                features[:m].float(), logits[:m], batch.image[:m], undo=True
            )
            with torch.no_grad():
                z = posterior_fields(
                    spans_of(marginals, bins[:m]), marginals.factors, draws.rows(0, m)
                )
            return log_ratio(z, marginals.factors).mean()

    def marginals(self, image: Tensor) -> Marginals:
        """image (B, 1, H, W) in [0, 1] -> what is known of each pixel on the net's grid, as the
        sampler wants it."""
        features = self.net(image)
        undo = self.options.undo_rebalancing and not self.sampler.rebalanced
        return self._marginals(features, self.classes(features).float(), image, undo)

    def _marginals(self, features: Tensor, logits: Tensor, image: Tensor, undo: bool) -> Marginals:
        logits = logits.clamp(-SURE, SURE)
        if undo:
            logits = logits - self.weights().log()[:, None, None]
        factors = self.copula(features).float().unflatten(1, (2, -1))
        grid = image[..., :: self.net.stride, :: self.net.stride]
        return Marginals(torch.log_softmax(logits, 1), self.bins.table, grid, factors)

    @torch.inference_mode()
    def likelihood(self, batch: Batch, draws: Draws) -> Likelihood:
        """Of the true colours' nearest bins, by the marginals; what samplers add has no density
        that is known."""
        bits = self.nats(batch).mean((1, 2)) / (2 * math.log(2))
        name = self.options.bins
        step = f"step_{GRID:g}" if name in TABLES else f"bins_{Path(name).stem}"
        return Likelihood(bits, bits, f"ab_every_{self.net.stride}_{step}")

    @torch.inference_mode()
    def nats(self, batch: Batch) -> Tensor:
        """(B, h, w): -log p of the bin nearest to each true colour, the rebalancing undone."""
        features = self.net(batch.image)
        log_p = self._marginals(
            features, self.classes(features).float(), batch.image, undo=True
        ).log_p
        bins = self.bins.nearest(self.target(batch))
        return -log_p.gather(1, bins[:, None])[:, 0]

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        """ConfigError: any guide."""
        if guides:
            raise ConfigError(
                f"{type(guides[0]).__name__} guides diffusion models only (leave guide, bias, "
                "hints, reference out)"
            )
        return torch.cat(
            [self.colored(one.image, n, rows) for one, rows in each_alone(condition, draws)]
        )

    def colored(self, image: Tensor, n: int, draws: Draws) -> Tensor:
        """(1, 1, H, W) in [0, 1] -> (1, n, 3, H, W) in [0, 1]."""
        ab = self.sampler(self.marginals(image), n, draws)
        return SPACE.decode(
            upsampled(ab, image, self.net.stride, self.form.edges) / AB_SCALE, image[:, None]
        )


class MarginalsMethod(PixelClassifier):
    """The same with a choice of nets: does knowing what is in the picture improve the marginals?"""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: MarginalSampler,
        width: int,
        net: TrunkOptions,
        classes: ClassOptions,
    ) -> None:
        super().__init__(seed, optimizer, schedule, sampler, net_of(width, net), net, classes)
        self.regression, self.skips_gray = net.regression, net.regression > 0
        self.ab = nn.Conv2d(self.net.channels, 2, 1) if net.regression else None

    def features_loss(self, features: Tensor, target: Tensor) -> Tensor:
        """UCapsNet's second head (Pucci et al., 2021): squared errors of a and of b, their sum's
        mean over pixels."""
        if self.ab is None:
            return super().features_loss(features, target)
        taught = is_colored(target)
        error = (AB_SCALE * self.ab(features).float().movedim(1, -1) - target).square()
        return (
            self.regression
            * (error.sum(-1).mean((1, 2)) * taught).sum()
            / taught.sum().clamp_min(1)
        )

    def prepare(self, pictures: Any) -> None:
        """The prior, and the classifier's weights if the trunk is semantic."""
        super().prepare(pictures)
        if isinstance(self.net, SemanticNet):
            tensors, own = backbone("lite0"), self.net.trunk.state_dict()
            # which the file lacks
            counters = {name for name in own if name.endswith("num_batches_tracked")}
            self.net.trunk.load_state_dict(
                own | {name: tensors[name] for name in own if name not in counters}
            )


def is_colored(ab: Tensor) -> Tensor:
    """(B, h, w, 2) in Lab units -> (B,): 1 for pictures that have a pixel of |a| or |b| above 5, 0
    for gray ones, which the released training of CIC leaves out."""
    return (ab.abs().amax((1, 2, 3)) > NON_GRAY).float()


def net_of(width: int, form: TrunkOptions) -> CICNet:
    """plain: CIC's net. semantic: with the features of an ImageNet classifier. capsule: with
    capsules in the middle. At one width, all three learn about as many weights."""
    nets = {"plain": CICNet, "semantic": SemanticNet, "capsule": CapsuleNet}
    if form.trunk not in nets:
        raise ValueError(f"trunk is plain, semantic or capsule, not {form.trunk!r}")
    return nets[form.trunk](width, form.stride, form.shortcuts)


def cross_entropy(logits: Tensor, code: SoftCode) -> Tensor:
    """logits (B, Q, h, w) and the soft code of the truth, (B, h, w, K) -> (B, h, w) nats."""
    # contiguous there, as convolutions leave it
    log_p = torch.log_softmax(logits.movedim(1, -1), -1)
    return -(log_p.gather(-1, code.index) * code.weight).sum(-1)
