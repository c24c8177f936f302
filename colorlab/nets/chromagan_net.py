"""ChromaGAN's generator (Vitoria, Raad and Ballester, 2020, arXiv 1907.09837, Fig. 2): VGG16's
features on two ways, one over the whole picture, which also tells its class, and one in place;
joined, they are drawn up to the picture's size.

It differs from the paper's in three things. The way over the whole picture ends in a mean over
places, where the paper's fully connected layers tie it to 224 px. Pictures are normalised one by
one, not over a batch. And ``skips`` brings VGG's finer features to the drawing: without them, as in
the paper, nothing finer than 8 px is known to it."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.imagenet.vgg import VGG16

STRIDE = 8  # sides of the picture are multiples of it
FEATURES = (256, 128, 64)  # channels of VGG16's relu3_3, relu2_2 and relu1_2


class Shown(NamedTuple):
    """All that a picture contributes, whatever the candidate."""

    places: Tensor  # (B, 4 w, H / 8, W / 8)
    whole: Tensor  # (B, 4 w)
    logits: Tensor  # (B, classes)
    finer: list[Tensor]  # what the drawing adds at H / 4, H / 2 and H; empty without skips


class ChromaGANNet(nn.Module):
    """width: w, the paper's is 64. latent: numbers of noise per candidate. classes: 0 = the net
    tells none."""

    def __init__(self, width: int, latent: int, classes: int, skips: bool, tuned: bool) -> None:
        super().__init__()
        w = width
        self.trunk = VGG16(4).requires_grad_(tuned)
        ways = [(512, 8 * w, 2), (8 * w, 8 * w, 1), (8 * w, 8 * w, 2), (8 * w, 8 * w, 1)]
        self.over_all = nn.Sequential(*(Unit(a, b, stride) for a, b, stride in ways))
        self.whole = perceptron(8 * w, 16 * w, 8 * w, 4 * w)
        self.classes = perceptron(8 * w, 64 * w, 64 * w, classes) if classes else None
        self.in_place = nn.Sequential(Unit(512, 8 * w, 1), Unit(8 * w, 4 * w, 1))
        self.fuse = nn.Conv2d(8 * w + latent, 4 * w, 1)
        half = max(1, w // 2)
        self.draw = nn.ModuleList([convs(4 * w, 2 * w), convs(2 * w, w, w), convs(w, half)])
        self.skips = nn.ModuleList()
        if skips:
            self.draw.append(convs(half, half))
            self.skips.extend(
                nn.Conv2d(a, b, 1) for a, b in zip(FEATURES, (2 * w, w, half), strict=True)
            )
        self.head = nn.Conv2d(half, 2, 3, padding=1)

    def show(self, image: Tensor) -> Shown:
        """The picture (B, 1, H, W) in [0, 1]."""
        *finer, last = self.trunk(image.expand(-1, 3, -1, -1))
        summary = self.over_all(last).mean((2, 3))  # (B, 8 w)
        logits = image.new_zeros(len(image), 0) if self.classes is None else self.classes(summary)
        added = [skip(feature) for skip, feature in zip(self.skips, reversed(finer), strict=False)]
        return Shown(self.in_place(last), self.whole(summary), logits, added)

    def paint(self, shown: Shown, z: Tensor) -> Tensor:
        """z (B, K, latent), K candidates of each picture -> chroma (B, K, 2, H, W) in [-1, 1]."""
        B, K, _ = z.shape
        height, width = shown.places.shape[-2:]
        places = shown.places[:, None].expand(-1, K, -1, -1, -1).flatten(0, 1)
        told = torch.cat([shown.whole[:, None].expand(-1, K, -1), z.to(shown.whole)], 2).flatten(
            0, 1
        )
        x = F.relu(
            self.fuse(torch.cat([places, told[:, :, None, None].expand(-1, -1, height, width)], 1))
        )
        for k, stage in enumerate(self.draw):
            if k:
                x = F.interpolate(x, scale_factor=2.0)
            if k and shown.finer:
                x = (x.unflatten(0, (B, K)) + shown.finer[k - 1][:, None]).flatten(0, 1)
            x = stage(x)
        x = self.head(x).float()
        if not shown.finer:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear")
        return x.tanh().unflatten(0, (B, K))


class Unit(nn.Sequential):
    """A convolution, its norm, ReLU."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        norm = nn.GroupNorm(1, channels_out)
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1), norm, nn.ReLU()
        )


def convs(*channels: int) -> nn.Sequential:
    """3x3 convolutions, each with its ReLU."""
    pairs = itertools.pairwise(channels)
    return nn.Sequential(
        *(part for a, b in pairs for part in (nn.Conv2d(a, b, 3, padding=1), nn.ReLU()))
    )


def perceptron(*widths: int) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    pairs = itertools.pairwise(widths)
    layers: list[nn.Module] = [part for a, b in pairs for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])
