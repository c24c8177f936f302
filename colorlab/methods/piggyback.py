"""Piggyback: colours from a frozen text-to-image model (Liu et al., 2023, arXiv 2304.11105).

A guider learns to bend the model's denoising towards pictures that look like the gray one shown,
with the colours of hints where there are any (Sec. 3.2); a lightness-aware decoder then puts the
gray picture's structure back (Sec. 3.3), and for gray pictures the exact lightness is put back
last. The model itself stays frozen and is no part of the weights.

    L = E |eps - F(eps_theta, z_t, t, text, I_g, I_h)|^2, or of v if that is predicted  (Eq. 3)"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab import diffusion
from colorlab.color import luma, space_named
from colorlab.conditions.captions import dropped, shares, with_colors, words_of
from colorlab.conditions.hint_maps import HintMaps, hit_rate, must_match, of_hints
from colorlab.draws import Draws
from colorlab.methods.base import (
    Losses,
    Method,
    Optimized,
    OptimizerFactory,
    ScheduleFactory,
    in_channels_last,
    rates_of,
)  # fmt: skip
from colorlab.nets.frozen import Aside, bind
from colorlab.nets.latent.guider import Features, GuidedUNet, guided
from colorlab.nets.latent.lightness_decoder import decoder_for
from colorlab.nets.latent.prior import Prior, load_prior, schedule_of
from colorlab.nets.unet import padded
from colorlab.samplers.ancestral import Sampler, grid
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide
from colorlab.samplers.latent import (
    AblationOptions,
    Guidance,
    LatentOptions,
    branches,
    distilled,
    known_cells,
    late,
    refuse_guides,
    unbounded,
)
from colorlab.storage.memo import Answers, keys_of
from colorlab.types import Batch, Condition, Denoiser, Hints

# of frozen networks' answers, and pictures that they are asked about together
KEPT_BYTES, GROUP = 1 << 28, 8
CHECK_STEPS = 10  # of the sampler that validation draws with


class Shown(NamedTuple):
    """What the network sees in each branch of a guided step; a row per branch."""

    weight: Tensor  # (K,)
    text: Tensor  # (K, T, D) token states
    structure: Tensor  # (K, C, h, w), 0 where nothing is shown


@dataclass(frozen=True)
class LearningOptions:
    """How fast the guider learns, and what it is shown meanwhile."""

    new_rate: float  # learning rate of new layers, in units of the copied ones'
    steps: int  # of the trainer
    caption_dropout: float  # share of the captions that become dummies
    color_words: float  # share of the captions that name the picture's colours
    # share of the pictures that are not shown at all, for ``Guidance.structure``
    structure_dropout: float


@dataclass(frozen=True)
class HintOptions:
    """The hints that training makes, see ``HintMaps``, and how hints are read."""

    superpixels: int
    colors: int
    least: float
    most: float
    none: float  # share of the training pictures without hints
    snap: bool  # a hint spreads over the superpixels that it touches
    use: bool  # the guider sees hints; otherwise they are for guides such as inpainting alone


@dataclass(frozen=True)
class GuiderOptions:
    """The network that learns, see ``nets.latent.guider``, and how often it is asked."""

    kind: str
    mix: str
    sites: str
    rank: int
    checkpointing: bool
    # asked at each n-th call of the denoiser; in between, its last features are used again
    every: int
    ablation: AblationOptions

    def __post_init__(self) -> None:
        if self.kind == "input_concat" and self.every > 1:
            raise ValueError(
                f"every={self.every}, but kind=input_concat is the whole network (set every=1)"
            )


class Piggyback(Method):
    """guidance: classifier-free, by text and structure. micro_batch: candidates sampled
    together."""

    takes_text = True
    trained_on: Tensor  # (4,) int64, digest of the prior

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, sampler: Sampler,
        latent: LatentOptions, guider: GuiderOptions, learning: LearningOptions, hints: HintOptions,
        guidance: Guidance, micro_batch: int,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule)
        self.space = space_named(latent.space)
        self.conditions = self.space.conditions
        self.guider, self.ablation, self.learning = guider, guider.ablation, learning
        self.hints, self.guidance, self.micro_batch = hints, guidance, micro_batch
        self.maps = HintMaps(hints.superpixels, hints.colors, hints.least, hints.most)
        own: Prior = in_channels_last(load_prior(latent.prior))  # type: ignore[assignment]
        self.prior, self.schedule_of_prior = Aside(own), schedule_of(own.alpha_bars)
        self.sampler = unbounded(sampler, self.schedule_of_prior)
        decoder = None if latent.decoder is None else decoder_for(own.vae, latent.decoder)
        self.decoder = None if decoder is None else Aside(decoder)
        net = guided(own, guider.kind, guider.mix, guider.sites, guider.rank, guider.checkpointing)
        self.net: GuidedUNet = in_channels_last(net)  # type: ignore[assignment]
        self.latents, self.colors = Answers(KEPT_BYTES, GROUP), Answers(KEPT_BYTES, GROUP)
        other = f"these weights were trained on another prior than {latent.prior}"
        bind(self, "trained_on", own, f"{other} (give that one as method.latent.prior)")

    @property
    def frozen(self) -> Prior:
        """The text-to-image model, on this method's device."""
        return self.prior.on(self.device)  # type: ignore[return-value]

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Eq. 3."""
        prior, device = self.frozen, self.device
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            z = self.latents.of(keys_of(batch.rgb), lambda places: prior.encode(batch.rgb[places]))
            text = prior.embed(self.captions(batch, draws), cut=True)
        t = draws.to("level").choice(len(prior.alpha_bars), device=device)
        alpha_bar, noise = prior.alpha_bars[t], draws.normal(*z.shape[1:], device=device)
        shown = self.net.encode(batch.image, self.maps(batch.rgb, self.hints.none, draws))
        kept = draws.to("structure").uniform(device=device) >= self.learning.structure_dropout
        output = self.net(
            diffusion.noised(z, noise, alpha_bar), t, text, shown * kept[:, None, None, None]
        )
        return {"loss": F.mse_loss(output.float(), prior.target(z, noise, alpha_bar))}

    def captions(self, batch: Batch, draws: Draws) -> list[str]:
        """The prompts of a training batch: half of them dummies (Sec. 4.1), some with the names of
        the colours."""
        of = self.colors.of(keys_of(batch.rgb), lambda places: shares(batch.rgb[places]))
        texts = with_colors(batch.text, words_of(of), self.learning.color_words, draws)
        return dropped(texts, self.learning.caption_dropout, draws)

    def validate(self, batch: Batch, draws: Draws) -> Losses:
        own = Draws(self.seed, draws.index, purpose="obedience")
        return self.loss(batch, draws) | self.obedience(batch, own)

    @torch.no_grad()
    def obedience(self, batch: Batch, draws: Draws) -> Losses:
        """Whether pictures drawn in a few steps follow what is shown, which the loss hardly tells:
        luma_rmse, of lightness in [0, 1], and hint_hit, the share of coloured pixels of the hint
        maps whose colour is about right."""
        prior, maps = self.frozen, self.maps(batch.rgb, 0.0, draws)
        shown, text = self.net.encode(batch.image, maps), prior.embed([""] * len(batch.rgb))
        levels = grid(CHECK_STEPS, "trailing", None, self.schedule_of_prior)

        def denoise(x: Tensor, level: float) -> Tensor:
            output = self.net(x, prior.timestep(level).to(x), text, shown)
            return prior.x_0(output.float(), x, level)

        noise = draws.normal(*prior.encode(batch.rgb).shape[1:], device=self.device)
        x = prior.start(denoise, noise, levels[0])
        for level, cleaner in itertools.pairwise(levels):
            x_0 = denoise(x, level)
            x = diffusion.noised(x_0, diffusion.eps_of(x, x_0, level), cleaner)
        rgb = prior.decode(x).float().clamp(0, 1)
        error = (luma(rgb) - luma(batch.rgb)).square().mean((1, 2, 3)).sqrt().mean()
        return {"luma_rmse": error, "hint_hit": hit_rate(rgb, maps)}

    @torch.no_grad()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        refuse_guides(guides, self.ablation.kind)
        pictures = each_alone(condition, draws)
        return torch.stack([self.candidates(one, n, rows, guides) for one, rows in pictures])

    def candidates(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """n colourings of one picture, (n, 3, H, W) in [0, 1]."""
        height, width = condition.image.shape[-2:]
        grown = self.grown(condition)
        shown = self.shown(grown)
        drawn = in_groups(
            lambda rows: self.group(shown, grown, rows, guides), draws, n, self.micro_batch
        )
        return self.space.decode(self.space.encode(drawn[..., :height, :width]), condition.image)

    def group(
        self, shown: Shown, condition: Condition, rows: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """The candidates of one picture that are sampled together, (m, 3, H, W) in [0, 1]."""
        if self.ablation.kind == "sds":
            x = self.distilled(shown, condition.image, rows)
        else:
            denoise, known = self.denoiser(shown), self.in_latents(condition)
            for guide in guides:
                denoise = guide.edit(denoise, known, rows)
            sampler = self.sampler
            if self.ablation.kind == "sdedit":
                steps = (len(sampler.levels(None)) - 1) * self.ablation.sdedit_strength
                sampler = late(sampler, max(1, int(steps)))
            highest = sampler.levels(None)[0]
            start = self.start(denoise, condition.image, rows, guides, highest)
            x = sampler(denoise, start, rows)
        picture = 2 * self.decode(x, condition.image).float() - 1
        for guide in guides:
            picture = guide.finish(picture, condition)
        return ((picture + 1) / 2).clamp(0, 1)

    def decode(self, x: Tensor, image: Tensor) -> Tensor:
        """Latents (m, C, h, w) of pictures of one gray one (1, 1, H, W) -> (m, 3, H, W), about
        [0, 1]."""
        if self.decoder is None:
            return self.frozen.decode(x)
        return self.decoder.on(self.device).decode(x, image)  # type: ignore[operator]

    def grown(self, condition: Condition) -> Condition:
        """The condition with sides that the model's stride divides; the border is repeated, but no
        hint."""
        image, hints = padded(condition.image, self.frozen.stride), condition.hints
        if hints is not None:
            must_match(hints, condition.image)
            taller, wider = (image.shape[i] - hints.rgb.shape[i] for i in (-2, -1))
            grow = (0, wider, 0, taller)
            hints = Hints(F.pad(hints.rgb, grow), F.pad(hints.mask, grow))
        return condition._replace(image=image, hints=hints)

    def shown(self, condition: Condition) -> Shown:
        """All that does not see the noise is done here, once per picture."""
        text = condition.text[0] if condition.text else ""
        alone = self.ablation.kind != "none"
        scale = self.guidance
        found = branches(scale.text, 1.0 if alone else scale.structure, text != scale.negative)
        states = self.frozen.embed(
            [text if branch.text else scale.negative for branch in found], self.cut
        )
        given = condition.hints if self.hints.use else None
        hints = of_hints(given, condition.image, self.hints.superpixels if self.hints.snap else 0)
        structure = self.net.encode(condition.image, hints.to(condition.image))
        kept = torch.tensor([float(branch.structure) for branch in found]).to(structure)
        weight = torch.tensor([branch.weight for branch in found]).to(structure)
        return Shown(weight, states, structure * kept[:, None, None, None])

    def denoiser(self, shown: Shown) -> Denoiser:
        """For one group of candidates: it counts calls, and asks the guider at each
        ``guider.every``-th."""
        calls, kept = itertools.count(), dict[str, Features]()

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            fresh = next(calls) % self.guider.every == 0
            output, kept["last"] = self.guided(shown, x, alpha_bar, None if fresh else kept["last"])
            return self.frozen.x_0(output, x, alpha_bar)

        return denoise

    def guided(
        self, shown: Shown, x: Tensor, alpha_bar: float | Tensor, features: Features | None = None
    ) -> tuple[Tensor, Features]:
        """x (m, C, h, w) -> the weighted sum of the branches' outputs, and the guider's
        features."""
        branch_count, m = len(shown.weight), len(x)
        t = self.frozen.timestep(alpha_bar).to(x).expand(m).repeat(branch_count)
        inputs = (x.repeat(branch_count, 1, 1, 1), t, shown.text.repeat_interleave(m, 0))
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            if self.ablation.kind != "none":
                output, features = self.net.unguided(*inputs), {}
            else:
                structure = shown.structure.repeat_interleave(m, 0)
                features = self.net.features(*inputs, structure) if features is None else features
                output = self.net(*inputs, structure, features)
        outputs = output.to(x).unflatten(0, (branch_count, m))
        return (shown.weight.reshape(-1, 1, 1, 1, 1) * outputs).sum(0), features

    def start(
        self, denoise: Denoiser, image: Tensor, rows: Draws, guides: Sequence[Guide], level: float
    ) -> Tensor:
        """Noise around the latents of the picture that a guide names, or for sdedit of the gray
        one; else the prior's own pure noise, at this level."""
        prior, gray = self.frozen, (2 * image - 1).expand(len(rows), 3, -1, -1)
        V = gray
        for guide in guides:
            V = guide.start(V, rows)
        sides = (side // prior.factor for side in image.shape[-2:])
        noise = rows.normal(prior.channels, *sides, device=image.device)
        if V is gray and self.ablation.kind != "sdedit":
            return prior.start(denoise, noise, level)
        return diffusion.noised(prior.encode((V + 1) / 2), noise, level)

    def distilled(self, shown: Shown, image: Tensor, rows: Draws) -> Tensor:
        """Latents by score distillation, from those of the gray picture."""
        prior, how = self.frozen, self.ablation

        def noise_of(x: Tensor, alpha_bar: Tensor) -> Tensor:
            return prior.noise(self.guided(shown, x, alpha_bar)[0], x, alpha_bar)

        z, own = prior.encode(image.expand(len(rows), 3, -1, -1)), rows.to("sds")
        return distilled(noise_of, prior.decode, z, image, prior.alpha_bars, own, how)

    def in_latents(self, condition: Condition) -> Condition:
        """The condition as guides want it that work on latents: known latents in place of known
        colours."""
        if condition.hints is None:
            return condition
        rgb, mask = condition.hints
        known = self.frozen.encode(torch.lerp(condition.image.expand_as(rgb), rgb, mask))
        return condition._replace(
            hints=Hints((known + 1) / 2, known_cells(mask, self.frozen.factor))
        )

    def optimizers(self) -> list[Optimized]:
        """New layers at ``new_rate`` times the rate of those that begin as the prior's; the
        schedule is of both."""
        copied = self.net.pretrained()
        known = {id(p) for p in copied}
        new = [p for p in self.parameters() if id(p) not in known]
        optimizer = self.optimizer([{"params": part} for part in (new, copied) if part])
        optimizer.param_groups[0]["lr"] *= self.learning.new_rate
        last = self.learning.steps - 1
        shares = rates_of(self.optimizer, self.schedule, self.learning.steps)
        at = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: shares[min(step, last)])
        return [Optimized(optimizer, at)]
