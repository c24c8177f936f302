"""GPIC: Generative Probabilistic Image Colorization (Furusawa et al., 2021, arXiv 2109.14518).

Training (Alg. 1) noises the true colouring to a random level and lets the net undo it, shown the line drawing. Sampling
(Alg. 2) starts from noise biased towards a colour V (Eq. 13) and goes down the levels with any sampler of the suite;
``Mix`` hands the last levels to a second, wider model (Sec. 4.4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab import diffusion
from colorlab.color import RGB
from colorlab.draws import Draws
from colorlab.guides import Guide
from colorlab.methods.base import Method, OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.nets.gpic_net import STRIDE, GPICNet
from colorlab.samplers.ancestral import Sampler
from colorlab.types import Batch, Condition, Denoiser

SPACE = RGB()
PALETTE_OF_MEANS = 4096  # so many training pictures' mean colours are kept with the weights


class GPIC(Method):
    """The diffusion model of lines to colours.

    width: the paper's C. predict: what the net outputs, x_0, eps (the paper) or v. distance: l1 (the paper), l2 or
    huber. min_xi: the smallest xi = t/T trained on; there, alpha_bar is nearly 1 and eps cannot be told.
    stratified: spread the xi of one batch evenly over [0, 1]. micro_batch: candidates sampled together; padding the last
    group to it keeps candidate k the same bits whatever n is. bf16: run the net in bfloat16 while sampling (previews)."""

    mean_colors: Tensor

    def __init__(
        self, seed: int, optimizer: OptimizerFactory, schedule: ScheduleFactory, sampler: Sampler, width: int,
        predict: str, distance: str, min_xi: float, stratified: bool, fourier_features: int, fourier_scale: float,
        embed_of: str, literal_film: bool, micro_batch: int, bf16: bool,
    ) -> None:  # fmt: skip
        super().__init__(seed, optimizer, schedule)
        self.sampler, self.predict, self.distance = sampler, predict, distance
        self.min_xi, self.stratified, self.micro_batch, self.bf16 = min_xi, stratified, micro_batch, bf16
        net = GPICNet(width, fourier_features, fourier_scale, embed_of, literal_film)
        self.net: GPICNet = in_channels_last(net)  # type: ignore[assignment]
        self.register_buffer("mean_colors", torch.zeros(PALETTE_OF_MEANS, 3))  # (K, 3) in [-1, 1]

    def prepare(self, pictures: Any) -> None:
        """Mean colours of training pictures: what x_T is biased towards when the user names no colour."""
        train = pictures.splits["train"]
        chosen = train[torch.linspace(0, len(train) - 1, PALETTE_OF_MEANS).long().numpy()]
        for start in range(0, PALETTE_OF_MEANS, 256):
            rgb = pictures[chosen[start : start + 256].tolist()].rgb
            self.mean_colors[start : start + 256] = SPACE.encode(rgb).mean((2, 3))

    def loss(self, batch: Batch, draws: Draws) -> dict[str, Tensor]:
        """Alg. 1. Line 6 lists x_0 among the network's inputs; read as the condition L(x_0), else the target leaks."""
        x_0 = SPACE.encode(batch.rgb)
        alpha_bar = diffusion.alpha_bar_at(self.xi(draws, x_0.device)).to(x_0.dtype)
        noise = draws.normal(*x_0.shape[1:], device=x_0.device)
        x = diffusion.noised(x_0, noise, alpha_bar).contiguous(memory_format=torch.channels_last)
        output = self.net(x, alpha_bar, batch.image).float()
        target = diffusion.target_of(x_0, noise, alpha_bar, self.predict)
        return {"loss": distance_of(output, target, self.distance)}

    def xi(self, draws: Draws, device: torch.device) -> Tensor:
        """(B,) noise levels xi = t/T in [min_xi, 1], GPIC Sec. 3.3: independent, or one in each B-th of the range."""
        xi = draws.uniform(device=device)
        if self.stratified:
            order = draws.to("strata").uniform(device=device).argsort()
            xi = (order + xi) / len(xi)
        return self.min_xi + (1 - self.min_xi) * xi

    def sample(self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()) -> Tensor:
        return sampled(self, self.denoiser, None, condition, n, draws, guides)

    def denoiser(self, image: Tensor) -> Denoiser:
        """The denoiser for one drawing (1, 1, H, W), H and W multiples of 16. All that does not see x is done here, once;
        the level's embedding is computed once a level."""
        with self.precision():
            encoding = self.net.encode(image)

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            level = torch.tensor([alpha_bar], dtype=x.dtype, device=x.device)
            with self.precision():
                output = self.net.decode(x.contiguous(memory_format=torch.channels_last), level, encoding)
            return diffusion.x_0_of(output.float(), x, alpha_bar, self.predict)

        return denoise

    def precision(self) -> Any:
        """bfloat16 for previews, the weights' own precision otherwise."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext()


class Mix(Method):
    """GPIC's mix model: ``above`` in more noise than ``switch_at``, ``below`` from there on (Sec. 4.4: C8, then C32).

    switch_at: the alpha_bar of the hand-over; 0.9919 is t = 40 of 1000. For sampling only."""

    def __init__(self, above: GPIC, below: GPIC, switch_at: float) -> None:
        super().__init__(above.seed, above.optimizer, above.schedule)
        self.above, self.below, self.switch_at = above, below, switch_at
        self.sampler, self.micro_batch, self.mean_colors = above.sampler, above.micro_batch, above.mean_colors

    def sample(self, condition: Condition, n: int, draws: Draws, guides: Sequence[Guide] = ()) -> Tensor:
        return sampled(self.above, self.denoiser, self.switch_at, condition, n, draws, guides)

    def denoiser(self, image: Tensor) -> Denoiser:
        return diffusion.switch(self.above.denoiser(image), self.below.denoiser(image), self.switch_at)


def distance_of(output: Tensor, target: Tensor, distance: str) -> Tensor:
    """Mean distance between what the net says and the truth."""
    match distance:
        case "l1":
            return F.l1_loss(output, target)
        case "l2":
            return F.mse_loss(output, target)
        case "huber":
            return F.huber_loss(output, target, delta=0.1)
        case _:
            raise ValueError(f"distance is l1, l2 or huber, not {distance!r}")


def sampled(
    method: GPIC, denoiser: Callable[[Tensor], Denoiser], switch_at: float | None, condition: Condition, n: int,
    draws: Draws, guides: Sequence[Guide],
) -> Tensor:  # fmt: skip
    """n colourings of each picture, (B, n, 3, H, W) in [0, 1].

    One drawing at a time and in groups of ``micro_batch`` candidates, so that a candidate is the same bits in any batch."""
    with torch.inference_mode():
        pictures = [
            torch.cat(list(_candidates(method, denoiser, switch_at, one, n, draws.rows(b, b + 1), guides)))[:n]
            for b, one in enumerate(one_by_one(padded(condition)))
        ]
    height, width = condition.image.shape[-2:]
    return torch.stack(pictures)[..., :height, :width].clone()


def _candidates(
    method: GPIC, denoiser: Callable[[Tensor], Denoiser], switch_at: float | None, condition: Condition, n: int,
    draws: Draws, guides: Sequence[Guide],
) -> Iterator[Tensor]:  # fmt: skip
    """Groups of ``micro_batch`` candidates of one drawing, (m, 3, H, W) in [0, 1]; the last group is padded to m."""
    m = method.micro_batch
    plain = denoiser(condition.image)
    for start in range(0, n, m):
        rows = draws.candidates(start + m).rows(start, start + m)
        denoise = plain
        for guide in guides:
            denoise = guide.edit(denoise, condition, rows)
        x = method.sampler(denoise, first_state(method, condition, rows, switch_at, guides), rows, switch_at)
        for guide in guides:
            x = guide.finish(x, condition)
        yield SPACE.decode(x, condition.image)


def first_state(
    method: GPIC, condition: Condition, rows: Draws, switch_at: float | None, guides: Sequence[Guide]
) -> Tensor:
    """x_T = sqrt(alpha_bar_T) V + sqrt(1 - alpha_bar_T) eps (Eq. 13), V a flat picture of a training picture's mean colour
    unless a guide says otherwise, at the level where the sampler starts."""
    alpha_bar = method.sampler.levels(switch_at)[0]
    size, device = condition.image.shape[-2:], condition.image.device
    chosen = rows.to("bias").choice(len(method.mean_colors), device=device)
    V = method.mean_colors[chosen][:, :, None, None].expand(-1, -1, *size)
    for guide in guides:
        V = guide.start(V, rows)
    noise = rows.normal(3, *size, device=device)
    return math.sqrt(alpha_bar) * V + math.sqrt(1 - alpha_bar) * noise


def padded(condition: Condition) -> Condition:
    """The condition with its sides grown to multiples of the network's stride, by repeating the border."""
    height, width = condition.image.shape[-2:]
    grow = (0, -width % STRIDE, 0, -height % STRIDE)
    if not any(grow):
        return condition
    hints = condition.hints
    if hints is not None:
        hints = type(hints)(F.pad(hints.rgb, grow, mode="replicate"), F.pad(hints.mask, grow))
    return condition._replace(image=F.pad(condition.image, grow, mode="replicate"), hints=hints)


def one_by_one(condition: Condition) -> Iterator[Condition]:
    """The condition's pictures, each as a condition of its own."""
    for b in range(len(condition.image)):
        hints = condition.hints and type(condition.hints)(*(part[b : b + 1] for part in condition.hints))
        text = condition.text and condition.text[b : b + 1]
        label = None if condition.label is None else condition.label[b : b + 1]
        yield Condition(condition.image[b : b + 1], hints, text, label)
