"""Palette: image-to-image diffusion models (Saharia et al., 2022, arXiv 2111.05826), for
colorization.

A U-Net of residual blocks with self-attention learns the noise in the colours, shown the picture by
concatenation. Self-attention lets distant parts of one region agree; the distance of training is an
ablation of its own: L2 gives more diverse candidates than L1 (Sec. 5.3). Levels, samplers, guides
and the start are those of every diffusion over pixels here; the paper's linear schedule is not
among them."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlab import diffusion
from colorlab.methods.base import OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.methods.pixel_diffusion import LearnedDiffusion, Learning
from colorlab.nets.palette_net import PaletteNet
from colorlab.samplers.ancestral import Sampler
from colorlab.types import Denoiser


@dataclass(frozen=True)
class NetOptions:
    """The net's form, see ``PaletteNet``."""

    blocks: int
    attention: bool


class Palette(LearnedDiffusion):
    """width, net: see ``PaletteNet``. learning: what it predicts and by which distance. start_from,
    micro_batch: see ``PixelDiffusion``."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: Sampler,
        width: int,
        net: NetOptions,
        learning: Learning,
        start_from: str,
        micro_batch: int,
    ) -> None:
        super().__init__(seed, optimizer, schedule, sampler, micro_batch, start_from, learning)
        built = PaletteNet(width, net.blocks, net.attention)
        self.net: PaletteNet = in_channels_last(built)  # type: ignore[assignment]

    def denoiser(self, image: Tensor) -> Denoiser:
        """Levels are embedded in float32, once for all rows."""
        net = copy.deepcopy(self.net).bfloat16() if self.bf16 else self.net
        dtype = next(net.parameters()).dtype

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            embedding = self.net.level(
                torch.tensor([alpha_bar], dtype=x.dtype, device=x.device)
            ).to(dtype)
            shown = image.to(dtype).expand(len(x), -1, -1, -1)
            output = net.output(x.to(dtype, memory_format=torch.channels_last), embedding, shown)
            return diffusion.x_0_of(output.to(x.dtype), x, alpha_bar, self.learning.predict)

        return denoise
