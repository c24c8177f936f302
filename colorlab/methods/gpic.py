"""GPIC: Generative Probabilistic Image Colorization (Furusawa et al., 2021, arXiv 2109.14518).

Training (Alg. 1) noises the true colouring to a random level and lets the net undo it, shown the line drawing. Sampling
(Alg. 2) starts from noise biased towards a colour V (Eq. 13) and goes down the levels with any sampler of the suite;
``Mix`` hands the last levels to a second, wider model (Sec. 4.4)."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab import diffusion
from colorlab.color import RGB
from colorlab.conditions.lines import surroundings
from colorlab.draws import Draws
from colorlab.methods.base import Losses, Method, OptimizerFactory, ScheduleFactory, evenly_spread, in_channels_last
from colorlab.nets.gpic_net import STRIDE, GPICNet
from colorlab.samplers.ancestral import Sampler
from colorlab.samplers.candidates import each_alone, in_groups
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition, Denoiser, Hints

SPACE = RGB()
HUBER_DELTA = 0.2  # colours in [-1, 1]: errors below it count by their square, above it by their size
STARTS = ("mean", "painted")
KEPT_COLORS = 4096  # so many training pictures' colours are kept with the weights


@dataclass(frozen=True)
class LearningOptions:
    """What the net learns, and at which noise levels."""

    predict: str  # what it outputs: x_0, eps (the paper) or v
    distance: str  # l1 (the paper), l2 or huber
    min_xi: float  # the smallest xi = t/T trained on; there, alpha_bar is nearly 1 and eps cannot be told
    stratified: bool  # the xi of one batch are spread evenly over [0, 1]


@dataclass(frozen=True)
class EmbeddingOptions:
    """How the net is told the noise level, see ``GPICNet``."""

    features: int
    scale: float
    of: str
    literal_film: bool


class PixelDiffusion(Method):
    """What GPIC and its mix model share: from a denoiser for one drawing to n candidates of many.

    sampler: walks down the levels. micro_batch: candidates sampled together; the last group is padded to it, so that
    candidate k is the same bits whatever n is. start_from: what V of Eq. 13 is when the user names no colour: "mean",
    some training picture's mean colour everywhere, or "painted", the mean of its coloured parts inside the drawing's
    outline and white around it. switch_at: the alpha_bar of a model switch, None without one."""

    colors: Tensor  # (2, K, 3) in [-1, 1]: of K training pictures, the mean colour and that of the coloured parts

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, sampler: Sampler, micro_batch: int,
        start_from: str,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule)
        if start_from not in STARTS:
            raise ValueError(f"start_from is {' or '.join(STARTS)}, not {start_from!r}")
        self.sampler, self.micro_batch, self.start_from = sampler, micro_batch, start_from
        self.switch_at: float | None = None

    def denoiser(self, image: Tensor) -> Denoiser:
        """The denoiser for one drawing (1, 1, H, W), H and W multiples of 16."""
        raise NotImplementedError

    @torch.inference_mode()
    def sample(self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()) -> Tensor:
        height, width = condition.image.shape[-2:]
        drawings = each_alone(padded(condition), draws)
        pictures = torch.stack([self.candidates(one, n, rows, guides) for one, rows in drawings])
        return pictures[..., :height, :width].clone()

    def candidates(self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide]) -> Tensor:
        """n colourings of one drawing, (n, 3, H, W) in [0, 1]."""
        denoise = self.denoiser(condition.image)
        return in_groups(lambda rows: self.group(denoise, condition, rows, guides), draws, n, self.micro_batch)

    def group(self, denoise: Denoiser, condition: Condition, rows: Draws, guides: Sequence[Guide]) -> Tensor:
        """The candidates of one drawing that are sampled together, (m, 3, H, W) in [0, 1]."""
        for guide in guides:
            denoise = guide.edit(denoise, condition, rows)
        x = self.sampler(denoise, self.start(condition, rows, guides), rows, self.switch_at)
        for guide in guides:
            x = guide.finish(x, condition)
        return SPACE.decode(x, condition.image)

    def start(self, condition: Condition, rows: Draws, guides: Sequence[Guide]) -> Tensor:
        """x_T = sqrt(alpha_bar_T) V + sqrt(1 - alpha_bar_T) eps (Eq. 13), at the level where the sampler starts."""
        alpha_bar = self.sampler.levels(self.switch_at)[0]
        V = self.bias(condition, rows)
        for guide in guides:
            V = guide.start(V, rows)
        noise = rows.normal(*V.shape[1:], device=V.device)
        return math.sqrt(alpha_bar) * V + math.sqrt(1 - alpha_bar) * noise

    def bias(self, condition: Condition, rows: Draws) -> Tensor:
        """V of Eq. 13, (m, 3, H, W) in [-1, 1]: each candidate takes after some training picture."""
        image, colors = condition.image, self.colors[STARTS.index(self.start_from)]
        chosen = rows.to("bias").choice(colors.shape[0], device=image.device)
        V = colors[chosen][:, :, None, None].expand(-1, -1, *image.shape[-2:])
        return torch.where(surroundings(condition), 1.0, V) if self.start_from == "painted" else V


class GPIC(PixelDiffusion):
    """The diffusion model of lines to colours.

    width: the paper's C. start_from, micro_batch: see ``PixelDiffusion``. compiled: let torch.compile fuse the decoder
    (half a minute once; pays from some hundred steps on)."""

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, sampler: Sampler, width: int,
        learning: LearningOptions, embedding: EmbeddingOptions, start_from: str, micro_batch: int, compiled: bool,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule, sampler, micro_batch, start_from)
        self.learning, self.compiled = learning, compiled
        net = GPICNet(width, embedding.features, embedding.scale, embedding.of, embedding.literal_film)
        self.net: GPICNet = in_channels_last(net)  # type: ignore[assignment]
        self.register_buffer("colors", torch.zeros(len(STARTS), KEPT_COLORS, 3))

    def prepare(self, pictures: Any) -> None:
        """Colours of training pictures: what x_T is biased towards when the user names none."""
        chosen = evenly_spread(pictures.splits["train"], KEPT_COLORS)
        for start in range(0, KEPT_COLORS, 256):
            batch = pictures[chosen[start : start + 256]]
            means, painted = SPACE.encode(batch.rgb).mean((2, 3)), painted_color(batch.rgb)
            self.colors[:, start : start + 256] = torch.stack([means, painted])

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Alg. 1. Line 6 lists x_0 among the network's inputs; read as the condition L(x_0), else the target leaks."""
        x_0 = SPACE.encode(batch.rgb)
        alpha_bar = diffusion.alpha_bar_at(self.xi(draws, x_0.device)).to(x_0.dtype)
        noise = draws.normal(*x_0.shape[1:], device=x_0.device)
        x = diffusion.noised(x_0, noise, alpha_bar).contiguous(memory_format=torch.channels_last)
        output = self.net(x, alpha_bar, batch.image).float()
        target = diffusion.target_of(x_0, noise, alpha_bar, self.learning.predict)
        return {"loss": distance_of(output, target, self.learning.distance)}

    def xi(self, draws: Draws, device: torch.device) -> Tensor:
        """(B,) noise levels xi = t/T in [min_xi, 1], GPIC Sec. 3.3: independent, or one in each B-th of the range."""
        xi = draws.uniform(device=device)
        if self.learning.stratified:
            order = draws.to("strata").uniform(device=device).argsort()
            xi = (order + xi) / len(xi)
        return self.learning.min_xi + (1 - self.learning.min_xi) * xi

    def denoiser(self, image: Tensor) -> Denoiser:
        """All that does not see x is done here, once per drawing; levels are embedded in float32, once for all rows."""
        net = copy.deepcopy(self.net).bfloat16() if self.bf16 else self.net
        dtype = torch.bfloat16 if self.bf16 else next(net.parameters()).dtype
        encoding = net.encode(image.to(dtype))
        decode = torch.compile(net.decode) if self.compiled else net.decode

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            embedding = self.net.level(torch.tensor([alpha_bar], dtype=x.dtype, device=x.device)).to(dtype)
            output = decode(x.to(dtype, memory_format=torch.channels_last), embedding, encoding)
            return diffusion.x_0_of(output.to(x.dtype), x, alpha_bar, self.learning.predict)

        return denoise


class Mix(PixelDiffusion):
    """GPIC's mix model: ``above`` in more noise than ``switch_at``, ``below`` from there on (Sec. 4.4: C8, then C32).

    switch_at: the alpha_bar of the hand-over; 0.9919 is t = 40 of 1000. For sampling only."""

    def __init__(self, above: GPIC, below: GPIC, switch_at: float) -> None:
        super().__init__(
            above.seed, above.optimizer, above.schedule, above.sampler, above.micro_batch, above.start_from
        )
        self.above, self.below, self.switch_at = above, below, switch_at
        self.register_buffer("colors", above.colors)

    def denoiser(self, image: Tensor) -> Denoiser:
        return diffusion.switch(self.above.denoiser(image), self.below.denoiser(image), self.switch_at or 0.0)


def painted_color(rgb: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> (B, 3) in [-1, 1]: the mean colour of what is neither nearly white paper nor nearly
    black ink; white where all is paper or ink."""
    painted = ((rgb.amin(1, keepdim=True) < 0.95) & (rgb.amax(1, keepdim=True) > 0.2)).float()
    share = painted.mean((2, 3))
    colour = (SPACE.encode(rgb) * painted).mean((2, 3)) / share.clamp_min(1e-6)
    return torch.where(share > 0.01, colour, 1.0)


def distance_of(output: Tensor, target: Tensor, distance: str) -> Tensor:
    """Mean distance between what the net says and the truth."""
    match distance:
        case "l1":
            return F.l1_loss(output, target)
        case "l2":
            return F.mse_loss(output, target)
        case "huber":
            return F.huber_loss(output, target, delta=HUBER_DELTA)
        case _:
            raise ValueError(f"distance is l1, l2 or huber, not {distance!r}")


def padded(condition: Condition) -> Condition:
    """The condition with its sides grown to multiples of the network's stride, by repeating the border."""
    height, width = condition.image.shape[-2:]
    grow = (0, -width % STRIDE, 0, -height % STRIDE)
    if not any(grow):
        return condition
    hints = condition.hints
    if hints is not None:
        hints = Hints(F.pad(hints.rgb, grow, mode="replicate"), F.pad(hints.mask, grow))
    areas = condition.areas
    if areas is not None:
        areas = F.pad(areas[:, None].double(), grow, mode="replicate")[:, 0].long()
    return condition._replace(image=F.pad(condition.image, grow, mode="replicate"), hints=hints, areas=areas)
