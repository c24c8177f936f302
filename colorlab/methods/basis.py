"""A learned sampling layer on frozen marginals: stochastic filters from a basis generator, see
``nets.basis_net``.

Ballester, Raad and Vitoria's third question (project description): BasisGAN's layer, or one of
DCFNet's fixed bases. A candidate is f(marginals, z). Trained to be near the truth alone
(remedy: none) it ignores z. Two remedies compare K candidates, the third is BasisGAN's own:
    best_of      only the nearest one learns, min_k |y_k - y|^2
    energy       the energy score, a proper score of whole pictures: mean_k |y_k - y| - 1/2
                 mean_{k != l} |y_k - y_l|
    adversarial  a discriminator of patches, by least squares, and ``nearness`` mean_k |y_k - y|. It
                 learns at the same step, from the same colourings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from colorlab.color import AB_SCALE
from colorlab.draws import Draws
from colorlab.errors import CheckpointError, ConfigError
from colorlab.methods.adversarial import CriticOptions, least_squares
from colorlab.methods.base import Losses, OptimizerFactory, ScheduleFactory
from colorlab.methods.marginals import SPACE, ClassOptions, PixelClassifier, TrunkOptions, net_of
from colorlab.nets.basis_net import BasisNet, Shown
from colorlab.samplers.candidates import in_groups
from colorlab.samplers.marginals import Marginals, MarginalSampler, expected, one_by_one
from colorlab.storage.plain import content, yaml_of
from colorlab.storage.tensors import read_tensors
from colorlab.types import Batch

REMEDIES = ("none", "best_of", "energy", "adversarial")
#: Keys that must be as in the run that the marginals are from; of those at the top and in groups.
SAME = (
    "width",
    "net.trunk",
    "net.stride",
    "net.shortcuts",
    "net.rank",
    "classes.bins",
    "classes.rebalance",
)


@dataclass(frozen=True)
class LayerOptions:
    """The sampling layer, see ``BasisNet``."""

    channels: int
    layers: int
    bases: int
    noise: int
    basis: str = "learned"  # or fourier_bessel: fixed, and the coefficients random


@dataclass(frozen=True)
class LearningOptions:
    """How the layer learns, see above."""

    remedy: str
    candidates: int  # K
    nearness: float = 10.0  # weight of the distance to the truth beside the discriminator
    critic_width: int = 16  # of the discriminator
    critic_layers: int = 2

    def __post_init__(self) -> None:
        if self.remedy not in REMEDIES:
            raise ValueError(f"remedy is {', '.join(REMEDIES)}, not {self.remedy!r}")
        if self.remedy == "energy" and self.candidates < 2:
            raise ValueError("the energy score compares 2 candidates at least (set candidates)")


class FilterSampler(MarginalSampler):
    """Candidates from the layer, in groups of ``micro_batch``, so that one is the same bits
    whatever n is."""

    def __init__(self, layer: BasisNet, noise: int, micro_batch: int) -> None:
        self.layer, self.noise, self.micro_batch = layer, noise, micro_batch

    def __call__(self, marginals: Marginals, n: int, draws: Draws) -> Tensor:
        pictures = enumerate(one_by_one(marginals))
        return torch.stack([self.candidates(one, n, draws.rows(b, b + 1)) for b, one in pictures])

    def candidates(self, one: Marginals, n: int, draws: Draws) -> Tensor:
        """n of one picture: ab (n, 2, h, w)."""
        shown = self.layer.show(one.log_p, one.image)
        shown = Shown(shown.features.expand(self.micro_batch, -1, -1, -1), shown.log_p)

        def draw(rows: Draws) -> Tensor:
            z = rows.to("filters").normal(self.noise, device=one.log_p.device)
            return expected(self.layer(shown, z), one.table)

        return in_groups(draw, draws, n, self.micro_batch)


class Basis(PixelClassifier):
    """marginals: a finished run of method=cic or method=marginals, whose values of the keys
    SAME must be given here too. micro_batch: candidates sampled together."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        marginals: str | None,
        width: int,
        net: TrunkOptions,
        classes: ClassOptions,
        layer: LayerOptions,
        learning: LearningOptions,
        micro_batch: int,
    ) -> None:
        super().__init__(
            seed, optimizer, schedule, MarginalSampler(), net_of(width, net), net, classes
        )
        self.own = {"width": width, **asdict(net), **asdict(classes)}
        self.run, self.learning, self.noise = marginals, learning, layer.noise
        self.layer = BasisNet(
            len(self.bins), layer.channels, layer.layers, layer.bases, layer.noise, layer.basis
        )
        self.sampler = FilterSampler(self.layer, layer.noise, micro_batch)
        if learning.remedy == "adversarial":
            critic = CriticOptions(learning.critic_width, learning.critic_layers)
            self.discriminator = critic.net(SPACE.channels, norm=True)
        self.freeze_net()
        self.copula.requires_grad_(False)

    def prepare(self, pictures: Any) -> None:
        """Take the frozen part from the run of the marginals."""
        if self.run is None:
            raise ConfigError(
                "method.marginals is not set (give the folder of a finished run of method=cic)"
            )
        tensors = frozen_part(Path(self.run), self.own)
        self.load_state_dict(tensors, strict=False)

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """One number per picture, colours in units of 110 Lab, distances as root mean squares over
        pixels."""
        with torch.no_grad():
            marginals = self.marginals(batch.image)
        truth = self.target(batch).movedim(-1, 1) / AB_SCALE  # (B, 2, h, w)
        shown = self.layer.show(marginals.log_p, marginals.image)
        rows = (draws.to(f"candidate {k}") for k in range(self.learning.candidates))
        drawn = torch.stack([self._drawn(shown, marginals.table, each) for each in rows])
        error = rms(drawn - truth)  # (K, B)
        # (B,)
        spread = rms(drawn[:, None] - drawn).sum((0, 1)) / max(1, len(drawn) * (len(drawn) - 1))
        match self.learning.remedy:
            case "none":
                loss = error.square().mean()
            case "best_of":
                loss = error.amin(0).square().mean()
            case "adversarial":
                loss = self.learning.nearness * error.mean() + self.judged(
                    marginals.image, drawn, truth
                )
            case _:
                loss = (error.mean(0) - spread / 2).mean()
        return {"loss": loss, "error": error.mean().detach(), "spread": spread.mean().detach()}

    def judged(self, gray: Tensor, drawn: Tensor, truth: Tensor) -> Tensor:
        """What the layer and the discriminator minimise (LSGAN), in one number: candidates
        (K, B, 2, h, w) reach the layer through a discriminator whose weights are constants, and the
        discriminator without their graph."""
        gray, made = gray.repeat(len(drawn), 1, 1, 1), drawn.flatten(0, 1)
        constants = {name: p.detach() for name, p in self.discriminator.named_parameters()}
        fools = least_squares(functional_call(self.discriminator, constants, (gray, made)), 1.0)
        fake = least_squares(self.discriminator(gray, made.detach()), 0.0)
        real = least_squares(self.discriminator(gray[: len(truth)], truth), 1.0)
        return fools + (real + fake) / 2

    def _drawn(self, shown: Shown, table: Tensor, draws: Draws) -> Tensor:
        """One candidate of each picture, (B, 2, h, w) in units of 110."""
        p = self.layer(shown, draws.normal(self.noise, device=self.device))
        with torch.autocast(p.device.type, enabled=False):  # colours in 8 bits would be too coarse
            return expected(p, table) / AB_SCALE


def rms(x: Tensor) -> Tensor:
    """(..., C, h, w) -> (...): root of the mean over pixels of |x|^2; its gradient at 0 is 0."""
    return (x.square().sum(-3).mean((-2, -1)) + 1e-12).sqrt()


def frozen_part(run: Path, own: dict[str, Any]) -> dict[str, Tensor]:
    """The tensors of a finished run of marginals, but its count of batches. own: key, without its
    group -> value. CheckpointError if there are none, ConfigError if the run was trained with other
    values of the keys SAME."""
    weights = run / "checkpoints" / "weights.safetensors"
    try:
        config = {"trunk": "plain"} | yaml_of(content(run / "config.yaml"))["method"]
        # older runs have no groups
        theirs = config | config.get("net", {}) | config.get("classes", {})
        tensors = read_tensors(weights)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{run} is not a finished run ({' '.join(str(error).split())[:120]})"
        ) from error
    if "neighbours" not in theirs:
        raise CheckpointError(
            f"{run} has no marginals (give a run of method=cic or method=marginals)"
        )
    if other := [key for key in SAME if theirs.get(_last(key)) != own[_last(key)]]:
        fix = " ".join(f"method.{key}={theirs.get(_last(key))}" for key in other)
        raise ConfigError(f"method.marginals={run} was trained with other values (give {fix})")
    kept = ((name, value) for name, value in tensors.items() if name != "batches_seen")
    return {name: value.float() if value.is_floating_point() else value for name, value in kept}


def _last(key: str) -> str:
    """A key without its group."""
    return key.rpartition(".")[2]
