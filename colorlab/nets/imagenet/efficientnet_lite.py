"""EfficientNet-lite0: an ImageNet classifier without squeeze-and-excitation
(Tan and Le, EfficientNet, 2019; lite variants of 2020). Parameter names are those of the published
weights."""

from __future__ import annotations

import copy
import itertools
import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import fuse_conv_bn_eval

from colorlab.weights.store import backbone

#: stages as (repeats, kernel, stride, expansion, channels out)
LITE0 = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
BN_EPS = 1e-3
#: convolutions and the normalisations after them
FOLDED = (
    ("_conv_stem", "_bn0"), ("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"), ("_conv_head", "_bn1"),
)  # fmt: skip
MEAN, STD = (0.498, 0.498, 0.498), (0.502, 0.502, 0.502)


class SameConv(nn.Conv2d):
    """A convolution without bias that gives ceil(side / stride) pixels; an odd pad goes to the
    right and below."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        pads = [
            max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:]
        ]
        odd = [pad % 2 for pad in pads]
        # cheaper than a padded copy
        weight = F.pad(self.weight, (odd[1], 0, odd[0], 0)) if any(odd) else self.weight
        around = [(pad + 1) // 2 for pad in pads]
        return F.conv2d(x, weight, self.bias, self.stride, around, groups=self.groups)


class Pointwise(nn.Linear):
    """A 1x1 convolution as one matrix product, on small pictures several times as fast where
    channels lie last."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Block(nn.Module):
    """Inverted residual: expand, filter each channel, project; added to the input where shapes
    allow."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        inner = channels_in * expansion
        if expansion > 1:
            self._expand_conv = SameConv(channels_in, inner, 1)
            self._bn0 = nn.BatchNorm2d(inner, BN_EPS)
        self._depthwise_conv = SameConv(inner, inner, kernel, stride, groups=inner)
        self._bn1 = nn.BatchNorm2d(inner, BN_EPS)
        self._project_conv = SameConv(inner, channels_out, 1)
        self._bn2 = nn.BatchNorm2d(channels_out, BN_EPS)
        self.expands, self.adds = expansion > 1, stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        y = F.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)), inplace=True)
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """(N, 3, H, W) in [0, 1], best at 224 px -> 1000 ImageNet logits; ``features``: 1280 pooled
    features."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv(3, 32, 3, 2), nn.BatchNorm2d(32, BN_EPS)
        blocks, channels = [], 32
        for repeats, kernel, stride, expansion, channels_out in LITE0:
            for r in range(repeats):
                blocks.append(
                    Block(channels, channels_out, kernel, stride if r == 0 else 1, expansion)
                )
                channels = channels_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv(channels, 1280, 1), nn.BatchNorm2d(1280, BN_EPS)
        self._fc = nn.Linear(1280, 1000)

    def stages(self, pictures: Tensor) -> list[Tensor]:
        """(N, 3, H, W) in [0, 1] -> the output of every stage of ``LITE0``, (N, C, H / 2, W / 2) to
        (N, 320, H / 32, W / 32)."""
        mean, std = (pictures.new_tensor(c).reshape(3, 1, 1) for c in (MEAN, STD))
        # (N, 32, H / 2, W / 2)
        x = F.relu6(self._bn0(self._conv_stem((pictures - mean) / std)), inplace=True)
        outputs, blocks = [], iter(self._blocks)
        for stage in LITE0:
            for block in itertools.islice(blocks, stage[0]):
                x = block(x)
            outputs.append(x)
        return outputs

    def features(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] -> (N, 1280)."""
        return self.head(self.stages(pictures)[-1]).mean((2, 3))

    def head(self, last: Tensor) -> Tensor:
        """The output of the last stage (N, 320, h, w) -> (N, 1280, h, w)."""
        return F.relu6(self._bn1(self._conv_head(last)), inplace=True)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] -> (N, 1000)."""
        return self._fc(self.features(pictures))


@cache
def load_lite0(device: torch.device) -> EfficientNetLite0:
    """The trained classifier, frozen; loaded once per process and device. DataError (exit 3) if its
    weights are nowhere."""
    net = EfficientNetLite0()
    net.load_state_dict(backbone("lite0"), strict=False)  # the file lacks num_batches_tracked only
    return net.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)


@cache
def folded_lite0(device: torch.device) -> EfficientNetLite0:
    """The same to rounding and faster: each normalisation is in the convolution before it."""
    net = copy.deepcopy(load_lite0(device))
    for module in net.modules():
        for conv_name, norm_name in FOLDED:
            conv, norm = getattr(module, conv_name, None), getattr(module, norm_name, None)
            if isinstance(conv, SameConv) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, conv_name, _pointwise(fuse_conv_bn_eval(conv, norm)))
                setattr(module, norm_name, nn.Identity())
    return net


def _pointwise(conv: nn.Conv2d) -> nn.Module:
    """The same as a ``Pointwise``, if it is a 1x1 convolution."""
    if conv.kernel_size != (1, 1) or conv.bias is None:
        return conv
    linear = Pointwise(conv.in_channels, conv.out_channels)
    linear.load_state_dict({"weight": conv.weight[:, :, 0, 0], "bias": conv.bias})
    return linear.to(conv.weight.device).requires_grad_(False)
