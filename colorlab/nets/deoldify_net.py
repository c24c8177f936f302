"""DeOldify's generator (Antic, 2018 to 2019): a U-Net of spectrally normalised convolutions
(Miyato et al., 2018) with self-attention (Zhang et al., 2019, SAGAN) where the picture is small.

Its encoder is not a pretrained ResNet here, but the suite's own."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from colorlab.nets.palette_net import SelfAttention
from colorlab.nets.unet import Layer, UNet

# which of the expanding path's layers has attention, from the coarsest: pixels at a quarter of its
# depth
ATTENDED = 1


class WithAttention(nn.Module):
    """A layer of a U-Net with self-attention behind it."""

    def __init__(self, layer: Layer, channels: int) -> None:
        super().__init__()
        self.layer, self.attention = layer, SelfAttention(channels)

    def forward(self, x: Tensor, z: Tensor | None, keep: Tensor | None = None) -> Tensor:
        return self.attention(self.layer(x, z, keep))


class DeOldifyNet(UNet):
    """See ``UNet``; depth from 2 on."""

    def __init__(self, width: int, depth: int, channels: int) -> None:
        super().__init__(width, depth, 0, channels)
        if depth < 2:
            raise ValueError(f"depth is 2 at least, not {depth}")
        for conv in [module for module in self.modules() if isinstance(module, nn.Conv2d)]:
            spectral_norm(conv)
        layer: Layer = self.ups[ATTENDED - 1]  # type: ignore[assignment]
        self.ups[ATTENDED - 1] = WithAttention(layer, layer.conv.out_channels)
