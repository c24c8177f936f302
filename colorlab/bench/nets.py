"""The nets that are timed: GPIC as the suite runs it and as its paper says it, and a peer of as
many parameters or operations from diffusers. Weights are random: speed does not depend on them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from colorlab.bench.timing import flops
from colorlab.cli.config import compose
from colorlab.cli.targets import build

LEVEL = 0.5  # alpha_bar of the timed step

Step = Callable[[Tensor, Tensor], Tensor]


def method(*words: str) -> Any:
    """A method by its configuration, its weights random, the same at each call, and not zero, so
    that differences show."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        built = build(compose("train", ["name=bench", *words]).method).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for parameter in built.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return built


def gpic(width: int, sampler: str = "dpm_solver", steps: int = 10) -> Any:
    """GPIC of that C."""
    return method(
        f"method.width={width}", f"method/sampler={sampler}", f"method.sampler.steps={steps}"
    )


def naive(net: nn.Module) -> Step:
    """GPIC's paper: the whole net for every candidate at every step, its weights in PyTorch's own
    memory format."""
    whole = copy.deepcopy(net).to(memory_format=torch.contiguous_format)
    return lambda x, image: whole(x, torch.full((len(x),), LEVEL), image.expand(len(x), -1, -1, -1))


def inputs(candidates: int, size: int) -> tuple[Tensor, Tensor]:
    """Noisy states (N, 3, H, W), and the drawing that they are of, (1, 1, H, W)."""
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(1, 1, size, size, generator=generator)
    return torch.randn(candidates, 3, size, size, generator=generator), image


def peer(measure: Callable[[nn.Module], int], target: int) -> Step:
    """diffusers' UNet2DModel, the drawing a fourth channel, no attention, of the width at which
    ``measure`` is nearest to a target."""
    with torch.device("meta"):  # counted, not computed
        width = min(range(4, 97, 4), key=lambda width: abs(measure(_unet(width)) - target))
    net = _unet(width)
    return lambda x, image: net(torch.cat([x, image.expand(len(x), -1, -1, -1)], 1), 500).sample


def parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def operations(net: nn.Module) -> int:
    """Of one step at 64 px of a peer without memory."""
    return flops(partial(net, torch.zeros(1, 4, 64, 64, device="meta"), 500))


def _unet(width: int) -> nn.Module:
    from diffusers import UNet2DModel

    channels = width, 2 * width, 3 * width, 4 * width
    down, up = ("DownBlock2D",) * 4, ("UpBlock2D",) * 4
    net: Any = UNet2DModel(64, 4, 3, down_block_types=down, up_block_types=up,
                           block_out_channels=channels,
                      layers_per_block=1, norm_num_groups=4, add_attention=False)  # fmt: skip
    frozen: nn.Module = net.eval().requires_grad_(False)
    return frozen
