"""The U-Net of pix2pix (Isola et al., 2017, App. 6.1), which BicycleGAN and MSGAN steer by a latent
code (Zhu et al., 2017, Sec. 4), and the encoder that reads such a code off a picture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2
DROPPED_OUT = 3  # of the expanding path's layers, the coarsest so many have dropout


class Layer(nn.Module):
    """Convolution, one-group norm, latent code, LeakyReLU, dropout.

    The code is added behind the norm, one offset a channel: before the convolution, as constant
    planes beside the features (BicycleGAN's text), it would come to the same, but for the norm,
    which would dim it. latent: 0 = none."""

    def __init__(self, conv: nn.Conv2d, latent: int, norm: bool = True) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.GroupNorm(1, conv.out_channels) if norm else nn.Identity()
        self.latent = nn.Linear(latent, conv.out_channels) if latent else None

    def forward(self, x: Tensor, z: Tensor | None, keep: Tensor | None = None) -> Tensor:
        x = self.norm(self.conv(x))
        if self.latent is not None and z is not None:
            x = x + self.latent(z)[:, :, None, None]
        x = F.leaky_relu(x, SLOPE)
        return x if keep is None else x * keep


class UNet(nn.Module):
    """(image (N, shown, H, W) in [0, 1], z (N, latent) or None, keep) -> (N, channels, H, W) in
    (-1, 1), any H and W.

    width: channels of the finest layer, doubled with each level up to 8 width. depth: levels, each
        of half the size.
    keep: dropout masks of the ``mask_shapes`` coarsest layers of the expanding path, of value 0 or
    1 / (1 - p).

    The expanding path repeats pixels and then convolves, 3x3, where the paper has transposed
    convolutions, 4x4: a short training leaves their checkerboard (Odena et al., 2016) in flat
    areas."""

    def __init__(self, width: int, depth: int, latent: int, channels: int, shown: int = 1) -> None:
        super().__init__()
        self.stride = 2**depth
        sizes = [width * min(2**k, 8) for k in range(depth)]
        self.downs = nn.ModuleList(
            Layer(nn.Conv2d(a, b, 4, 2, 1), latent, norm=k > 0)
            for k, (a, b) in enumerate(_pairs([shown, *sizes]))
        )
        inputs = [size * 2 for size in sizes[:-1]] + sizes[-1:]
        outputs = [width // 2 or 1, *sizes[:-1]]
        levels = reversed(list(zip(inputs, outputs, strict=True)))
        self.up_channels = outputs[::-1]
        self.ups = nn.ModuleList(Layer(nn.Conv2d(a, b, 3, 1, 1), latent) for a, b in levels)
        # with head_image: one convolution of the concatenation
        self.head = nn.Conv2d(outputs[0], channels, 3, 1, 1)
        self.head_image = nn.Conv2d(shown, channels, 3, 1, 1, bias=False)

    def mask_shapes(self, image: Tensor) -> list[tuple[int, int, int]]:
        """(C, h, w) of the layers with dropout, for an image of this size."""
        height, width = (-(-side // self.stride) for side in image.shape[-2:])
        channels = self.up_channels[: min(DROPPED_OUT, len(self.ups) - 1)]
        return [(c, height << k, width << k) for k, c in enumerate(channels, start=1)]

    def forward(
        self, image: Tensor, z: Tensor | None = None, keep: Sequence[Tensor] = ()
    ) -> Tensor:
        height, width = image.shape[-2:]
        x = padded(2 * image - 1, self.stride).contiguous(memory_format=torch.channels_last)
        skips = [x]
        for down in self.downs:
            skips.append(down(skips[-1], z))  # (N, min(2^k, 8) width, H / 2^(k+1), W / 2^(k+1))
        x = skips.pop()
        for up, mask in itertools.zip_longest(self.ups, keep):
            # (N, min(2^(k-1), 8) width, H / 2^k, W / 2^k)
            x = up(F.interpolate(x, scale_factor=2), z, mask)
            skip = skips.pop()
            x = torch.cat([x, skip], 1) if skips else self.head(x) + self.head_image(skip)
        return torch.tanh(x.float())[..., :height, :width]


class CodeEncoder(nn.Module):
    """(N, channels, H, W) about [-1, 1] -> (N, outputs): convolutions of stride 2, mean over the
    picture, linear.

    BicycleGAN's E and MUNIT's style encoder. No norm: mean and spread of the colours are what there
    is to read."""

    def __init__(self, channels: int, width: int, depth: int, outputs: int) -> None:
        super().__init__()
        sizes = [channels, *(width * min(2**k, 4) for k in range(depth))]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in _pairs(sizes))
        self.head = nn.Linear(sizes[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = padded(x, 2 ** len(self.convs)).contiguous(memory_format=torch.channels_last)
        for conv in self.convs:
            x = F.leaky_relu(conv(x), SLOPE)
        return self.head(x.mean((2, 3))).float()


def padded(x: Tensor, stride: int) -> Tensor:
    """x with its sides grown to multiples of the stride, by repeating the border."""
    height, width = x.shape[-2:]
    grow = (0, -width % stride, 0, -height % stride)
    return F.pad(x, grow, mode="replicate") if any(grow) else x


def _pairs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    return list(itertools.pairwise(sizes))
