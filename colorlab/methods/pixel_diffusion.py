"""Diffusion over the pixels of a picture, whatever the net: training, and sampling with guides and
any sampler.

Furusawa et al. (2021), "Generative Probabilistic Image Colorization" (GPIC): its noise levels, its
training (Alg. 1) and its start from noise biased towards a colour V (Eq. 13)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab import diffusion
from colorlab.color import RGB
from colorlab.conditions.lines import surroundings
from colorlab.draws import Draws
from colorlab.methods.base import Losses, Method, OptimizerFactory, ScheduleFactory, evenly_spread
from colorlab.samplers.ancestral import Sampler
from colorlab.samplers.candidates import each_alone, group_sizes, in_groups_of
from colorlab.samplers.guides import Guide
from colorlab.types import Batch, Condition, Denoiser, Hints

SPACE = RGB()
STRIDE = 16  # sides of what a net is shown are multiples of it
# colours in [-1, 1]: errors below it count by their square, above it by their size
HUBER_DELTA = 0.2
STARTS = ("mean", "painted")
KEPT_COLORS = 4096  # so many training pictures' colours are kept with the weights


@dataclass(frozen=True)
class Learning:
    """What the net learns, and at which noise levels."""

    predict: str  # what it outputs: x_0, eps (the paper) or v
    distance: str  # l1 (the paper), l2 or huber
    # the smallest xi = t/T trained on; there, alpha_bar is nearly 1 and eps cannot be told
    min_xi: float
    stratified: bool  # the xi of one batch are spread evenly over [0, 1]


class PixelDiffusion(Method):
    """What GPIC and its mix model share: from a denoiser for one drawing to n candidates of many.

    sampler: walks down the levels. micro_batch: candidates sampled together; fewer or more where
    that is found to leave their bits alone, so that candidate k is the same whatever n is.
    start_from: what V of Eq. 13 is when the user names no colour: "mean", some training picture's
    mean colour everywhere, or "painted", the mean of its coloured parts inside the drawing's
    outline and white around it. switch_at: the alpha_bar of a model switch, None without one."""

    # (2, K, 3) in [-1, 1]: of K training pictures, the mean colour and that of the coloured parts
    colors: Tensor

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: Sampler,
        micro_batch: int,
        start_from: str,
    ) -> None:
        super().__init__(seed, optimizer, schedule)
        if start_from not in STARTS:
            raise ValueError(f"start_from is {' or '.join(STARTS)}, not {start_from!r}")
        self.sampler, self.micro_batch, self.start_from = sampler, micro_batch, start_from
        self.switch_at: float | None = None
        self._same_bits: dict[tuple[object, ...], bool] = {}

    def denoiser(self, image: Tensor) -> Denoiser:
        """The denoiser for one drawing (1, 1, H, W), H and W multiples of 16."""
        raise NotImplementedError

    @torch.inference_mode()
    def sample(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()
    ) -> Tensor:
        height, width = condition.image.shape[-2:]
        drawings = each_alone(padded(condition), draws)
        pictures = torch.stack([self.candidates(one, n, rows, guides) for one, rows in drawings])
        return pictures[..., :height, :width].clone()

    def candidates(
        self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """n colourings of one drawing, (n, 3, H, W) in [0, 1]."""
        denoise, pixels = self.denoiser(condition.image), math.prod(condition.image.shape[-2:])
        first = draws.candidates(1)

        def same_bits(m: int) -> bool:
            how = (
                m,
                condition.image.shape,
                condition.image.device,
                torch.get_num_threads(),
                self.bf16,
            )
            if how not in self._same_bits:
                self._same_bits[how] = not self.fixed_groups and self.is_row_alone(
                    denoise, condition, first, m
                )
            return self._same_bits[how]

        sizes = group_sizes(n, self.micro_batch, pixels, same_bits)
        return in_groups_of(
            lambda rows: self.group(denoise, condition, rows, guides), draws, n, sizes
        )

    @property
    def fixed_groups(self) -> bool:
        """Whether every group must have ``micro_batch`` rows."""
        return False

    def is_row_alone(self, denoise: Denoiser, condition: Condition, first: Draws, m: int) -> bool:
        """Whether a row comes out of the nets as the same bits in a group of m as in one of
        ``micro_batch``, wherever in it: kernels may be chosen, and sums parted, by how many rows
        there are. first: the row's draws."""
        x, levels = self.start(condition, first, []), self.sampler.levels(self.switch_at)
        for level in {levels[0], levels[0] if self.switch_at is None else levels[-2]}:
            few, many = (
                denoise(x.repeat(rows, 1, 1, 1), level) for rows in sorted((m, self.micro_batch))
            )
            if not (few == many[:1]).all() or not (many == many[:1]).all():
                return False
        return True

    def group(
        self, denoise: Denoiser, condition: Condition, rows: Draws, guides: Sequence[Guide]
    ) -> Tensor:
        """The candidates of one drawing that are sampled together, (m, 3, H, W) in [0, 1]."""
        for guide in guides:
            denoise = guide.edit(denoise, condition, rows)
        x = self.sampler(denoise, self.start(condition, rows, guides), rows, self.switch_at)
        for guide in guides:
            x = guide.finish(x, condition)
        return SPACE.decode(x, condition.image)

    def start(self, condition: Condition, rows: Draws, guides: Sequence[Guide]) -> Tensor:
        """x_T = sqrt(alpha_bar_T) V + sqrt(1 - alpha_bar_T) eps (Eq. 13), at the level where the
        sampler starts."""
        alpha_bar = self.sampler.levels(self.switch_at)[0]
        V = self.bias(condition, rows)
        for guide in guides:
            V = guide.start(V, rows)
        noise = rows.normal(*V.shape[1:], device=V.device)
        return math.sqrt(alpha_bar) * V + math.sqrt(1 - alpha_bar) * noise

    def bias(self, condition: Condition, rows: Draws) -> Tensor:
        """V of Eq. 13, (m, 3, H, W) in [-1, 1]: each candidate takes after some training
        picture."""
        image, colors = condition.image, self.colors[STARTS.index(self.start_from)]
        chosen = rows.to("bias").choice(colors.shape[0], device=image.device)
        V = colors[chosen][:, :, None, None].expand(-1, -1, *image.shape[-2:])
        return torch.where(surroundings(condition), 1.0, V) if self.start_from == "painted" else V


class LearnedDiffusion(PixelDiffusion):
    """One that learns. A subclass sets ``net``: (x (B, 3, H, W), alpha_bar (B,), image (B, 1, H,
    W)) -> (B, 3, H, W)."""

    net: nn.Module

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: Sampler,
        micro_batch: int,
        start_from: str,
        learning: Learning,
    ) -> None:
        super().__init__(seed, optimizer, schedule, sampler, micro_batch, start_from)
        self.learning = learning
        self.register_buffer("colors", torch.zeros(len(STARTS), KEPT_COLORS, 3))

    def prepare(self, pictures: Any) -> None:
        """Colours of training pictures: what x_T is biased towards when the user names none."""
        chosen = evenly_spread(pictures.splits["train"], KEPT_COLORS)
        for start in range(0, KEPT_COLORS, 256):
            batch = pictures[chosen[start : start + 256]]
            means, painted = SPACE.encode(batch.rgb).mean((2, 3)), painted_color(batch.rgb)
            self.colors[:, start : start + 256] = torch.stack([means, painted])

    def loss(self, batch: Batch, draws: Draws) -> Losses:
        """Alg. 1. Line 6 lists x_0 among the network's inputs; read as the condition L(x_0), else
        the target leaks."""
        x_0 = SPACE.encode(batch.rgb)
        alpha_bar = diffusion.alpha_bar_at(self.xi(draws, x_0.device)).to(x_0.dtype)
        noise = draws.normal(*x_0.shape[1:], device=x_0.device)
        x = diffusion.noised(x_0, noise, alpha_bar).contiguous(memory_format=torch.channels_last)
        output = self.net(x, alpha_bar, batch.image).float()
        target = diffusion.target_of(x_0, noise, alpha_bar, self.learning.predict)
        return {"loss": distance_of(output, target, self.learning.distance)}

    def xi(self, draws: Draws, device: torch.device) -> Tensor:
        """(B,) noise levels xi = t/T in [min_xi, 1], GPIC Sec. 3.3: independent, or one in each
        B-th of the range."""
        xi = draws.uniform(device=device)
        if self.learning.stratified:
            order = draws.to("strata").uniform(device=device).argsort()
            xi = (order + xi) / len(xi)
        return self.learning.min_xi + (1 - self.learning.min_xi) * xi


def painted_color(rgb: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> (B, 3) in [-1, 1]: the mean colour of what is neither nearly white
    paper nor nearly black ink; white where all is paper or ink."""
    painted = ((rgb.amin(1, keepdim=True) < 0.95) & (rgb.amax(1, keepdim=True) > 0.2)).float()
    share = painted.mean((2, 3))
    color = (SPACE.encode(rgb) * painted).mean((2, 3)) / share.clamp_min(1e-6)
    return torch.where(share > 0.01, color, 1.0)


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
    """The condition with its sides grown to multiples of the network's stride, by repeating the
    border."""
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
    return condition._replace(
        image=F.pad(condition.image, grow, mode="replicate"), hints=hints, areas=areas
    )
