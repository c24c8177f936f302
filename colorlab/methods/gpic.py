"""GPIC: Generative Probabilistic Image Colorization (Furusawa et al., 2021, arXiv 2109.14518).

Training (Alg. 1) noises the true colouring to a random level and lets the net undo it, shown the
line drawing. Sampling (Alg. 2) starts from noise biased towards a colour V (Eq. 13) and goes down
the levels with any sampler of the suite; ``Mix`` hands the last levels to a second, wider model
(Sec. 4.4)."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlab import diffusion
from colorlab.methods.base import OptimizerFactory, ScheduleFactory, in_channels_last
from colorlab.methods.pixel_diffusion import LearnedDiffusion, Learning, PixelDiffusion
from colorlab.nets.gpic_net import Encoding, GPICNet
from colorlab.nets.onnx_decoder import Decode, fastest_decoder
from colorlab.samplers.ancestral import Sampler
from colorlab.types import Denoiser

BACKENDS = ("torch", "compiled", "onnx")


@dataclass(frozen=True)
class LearningOptions(Learning):
    """GPIC's, by the name that saved configurations know."""


@dataclass(frozen=True)
class EmbeddingOptions:
    """How the net is told the noise level, see ``GPICNet``."""

    features: int
    scale: float
    of: str
    literal_film: bool


class GPIC(LearnedDiffusion):
    """The diffusion model of lines to colours.

    width: the paper's C. start_from, micro_batch: see ``PixelDiffusion``. backend: what runs the
    decoder in sampling, "torch", "compiled" (torch.compile: half a minute once, pays from some
    hundred steps on) or "onnx" (see ``fastest_decoder``). ValueError for another."""

    def __init__(
        self,
        seed: int,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        sampler: Sampler,
        width: int,
        learning: LearningOptions,
        embedding: EmbeddingOptions,
        start_from: str,
        micro_batch: int,
        backend: str,
    ) -> None:
        super().__init__(seed, optimizer, schedule, sampler, micro_batch, start_from, learning)
        if backend not in BACKENDS:
            raise ValueError(f"backend is {', '.join(BACKENDS)}, not {backend!r}")
        self.backend = backend
        net = GPICNet(
            width, embedding.features, embedding.scale, embedding.of, embedding.literal_film
        )
        self.net: GPICNet = in_channels_last(net)  # type: ignore[assignment]

    def denoiser(self, image: Tensor) -> Denoiser:
        """All that does not see x is done here, once per drawing; levels are embedded in float32,
        once for all rows."""
        net = copy.deepcopy(self.net).bfloat16() if self.bf16 else self.net
        dtype = torch.bfloat16 if self.bf16 else next(net.parameters()).dtype
        encoding = net.encode(image.to(dtype))
        decode = self.decoder(net, encoding)

        def denoise(x: Tensor, alpha_bar: float) -> Tensor:
            embedding = self.net.level(
                torch.tensor([alpha_bar], dtype=x.dtype, device=x.device)
            ).to(dtype)
            output = decode(x.to(dtype, memory_format=torch.channels_last), embedding, encoding)
            return diffusion.x_0_of(output.to(x.dtype), x, alpha_bar, self.learning.predict)

        return denoise

    def decoder(self, net: GPICNet, encoding: Encoding) -> Decode:
        """``net.decode`` by the backend."""
        match self.backend:
            case "compiled":
                return torch.compile(net.decode)
            case "onnx":
                return fastest_decoder(net, encoding, self.micro_batch)
        return net.decode

    @property
    def fixed_groups(self) -> bool:
        """A compiled decoder would be compiled anew for every size."""
        return self.backend == "compiled"


class Mix(PixelDiffusion):
    """GPIC's mix model: ``above`` in more noise than ``switch_at``, ``below`` from there on
    (Sec. 4.4: C8, then C32).

    switch_at: the alpha_bar of the hand-over; 0.9919 is t = 40 of 1000. For sampling only."""

    def __init__(self, above: GPIC, below: GPIC, switch_at: float) -> None:
        super().__init__(
            above.seed,
            above.optimizer,
            above.schedule,
            above.sampler,
            above.micro_batch,
            above.start_from,
        )
        self.above, self.below, self.switch_at = above, below, switch_at
        self.register_buffer("colors", above.colors)

    def denoiser(self, image: Tensor) -> Denoiser:
        return diffusion.switch(
            self.above.denoiser(image), self.below.denoiser(image), self.switch_at or 0.0
        )

    @property
    def fixed_groups(self) -> bool:
        return self.above.fixed_groups or self.below.fixed_groups
