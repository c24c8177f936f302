"""How unlike two pictures look to a network that was trained to see: a loss, with gradients to the
first of them.

Johnson et al. (2016), "Perceptual Losses"; features are compared as LPIPS does
(Zhang et al., 2018, Eq. 1), with equal weights for all channels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.imagenet.vgg import MEAN, STD, VGG16
from colorlab.weights.store import backbone

#: AlexNet's convolutions (Krizhevsky, 2014, as in torchvision): channels in, out, side, stride,
#: padding, pooled before
ALEX = ((3, 64, 11, 4, 2, False), (64, 192, 5, 1, 2, True), (192, 384, 3, 1, 1, True),
        (384, 256, 3, 1, 1, False), (256, 256, 3, 1, 1, False))  # fmt: skip
EPS = 1e-10


class AlexNet(nn.Module):
    """Its five convolutions; weights start random, see ``load``."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, side, stride, pad) for a, b, side, stride, pad, _ in ALEX
        )

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the weights conv0.weight, conv0.bias, ... of ``colorlab.weights.store``."""
        for i, conv in enumerate(self.convs):
            conv.load_state_dict({kind: tensors[f"conv{i}.{kind}"] for kind in ("weight", "bias")})

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(N, 3, H, W) in [0, 1], H and W at least 31 -> relu1 (N, 64, H / 4, W / 4), relu2, ...,
        relu5."""
        mean, std = (pictures.new_tensor(c).reshape(3, 1, 1) for c in (MEAN, STD))
        x, features = (pictures - mean) / std, []
        for conv, (*_, pooled) in zip(self.convs, ALEX, strict=True):
            x = F.relu(conv(F.max_pool2d(x, 3, 2) if pooled else x))
            features.append(x)
        return features


class Perceptual(nn.Module):
    """net: "alex" or "vgg"; tensors: its weights, from ``colorlab.weights.store.backbone``.
    Frozen."""

    def __init__(self, net: str, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        if net not in ("alex", "vgg"):
            raise ValueError(f"perceptual_net is alex or vgg, not {net!r}")
        self.trunk = AlexNet() if net == "alex" else VGG16(5)
        self.trunk.load(tensors)
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, pictures: Tensor, truth: Tensor) -> Tensor:
        """(N, 3, H, W) about [0, 1], both -> a number >= 0: mean over layers and places of |u -
        v|^2, u and v the features, each place's scaled to length 1."""
        with torch.no_grad():
            wanted = self.trunk(truth.contiguous(memory_format=torch.channels_last))
        seen = self.trunk(pictures.contiguous(memory_format=torch.channels_last))
        return torch.stack(
            [(unit(u) - unit(v)).square().sum(1).mean() for u, v in zip(seen, wanted, strict=True)]
        ).mean()


@cache
def load_perceptual(net: str, device: torch.device) -> Perceptual:
    """Loaded once per process and device. DataError (exit 3) if its weights are nowhere."""
    return Perceptual(net, backbone(net)).to(device)


def unit(features: Tensor) -> Tensor:
    """(N, C, h, w), each place scaled to length 1; what is all zero stays so."""
    return features / (features.square().sum(1, keepdim=True) + EPS).sqrt()
