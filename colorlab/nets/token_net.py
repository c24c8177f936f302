"""A transformer over a gray picture's superpixels, some of which have a colour already
(Xia et al., 2022, DisCo)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.nets.axial_net import FOURIER, positions
from colorlab.nets.cic_net import CICNet


class TokenNet(nn.Module):
    """width: of the trunk, CIC's with shortcuts. channels, heads, layers: of the transformer.
    classes: of colour."""

    def __init__(self, width: int, channels: int, heads: int, layers: int, classes: int) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"heads={heads} do not divide channels={channels}")
        self.trunk = CICNet(width, 4, True)
        self.feature = nn.Linear(self.trunk.channels + FOURIER + 1, channels)
        self.known = nn.Embedding(classes + 1, channels)  # the last: not known
        layer = nn.TransformerEncoderLayer(
            channels, heads, 4 * channels, 0.0, F.gelu, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(channels), nn.Linear(channels, classes)

    def tokens(self, image: Tensor, label: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Gray pictures (B, 1, H, W), the superpixel of each pixel (B, H, W) in [0, count) ->
        tokens (B, count, channels), and which there are (B, count)."""
        height, width = image.shape[-2:]
        features = F.interpolate(self.trunk(image).float(), scale_factor=4)[..., :height, :width]
        place = positions(height, width, image).movedim(-1, 1).expand(len(image), -1, -1, -1)
        means, there = region_means(torch.cat([features, place, image], 1), label, count)
        return self.feature(means), there

    def forward(self, tokens: Tensor, there: Tensor, known: Tensor) -> Tensor:
        """Tokens (N, R, channels), known (N, R): a class, or the number of classes where the colour
        is not known -> logits (N, R, classes)."""
        x = self.layers(tokens + self.known(known), src_key_padding_mask=~there)
        return self.head(self.norm(x))


def region_means(x: Tensor, label: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(B, C, H, W), regions (B, H, W) -> the mean of each, (B, count, C), 0 where there is none,
    and which there are, (B, count)."""
    B, C = x.shape[:2]
    region = label.flatten(1)
    ones = torch.ones_like(region, dtype=torch.float)
    size = torch.zeros(B, count, device=x.device).scatter_add_(1, region, ones)
    of_channels = region[:, None].expand(-1, C, -1)
    sums = torch.zeros(B, C, count, device=x.device).scatter_add_(
        2, of_channels, x.flatten(2).float()
    )
    means = sums / size.clamp_min(1)[:, None]
    return means.transpose(1, 2), size > 0
