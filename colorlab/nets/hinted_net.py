"""The network of Zhang et al., "Real-Time User-Guided Image Colorization with Learned Deep Priors"
(2017, Fig. 2): CIC's with shortcuts to the picture's own size, shown local hints beside the
lightness, and global hints in its middle.

Two things are read from it: classes of colour at every fourth pixel (conv8), and ab at every pixel
(conv10)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colorlab.nets.cic_net import CICNet, Up, convs, lightness

CLASS_STRIDE = 4
SLOPE = 0.2  # of conv10's last LeakyReLU


class LastUp(Up):
    """conv10: no norm behind it, and a LeakyReLU."""

    def __init__(self, c_in: int, c_out: int, shortcut: int) -> None:
        super().__init__(c_in, c_out, shortcut, 1)
        self.convs = nn.Sequential(
            nn.ReLU(), nn.Conv2d(c_out, c_out, 3, padding=1), nn.LeakyReLU(SLOPE)
        )


class HintedNet(CICNet):
    """(image (B, 1, H, W) in [0, 1], hints (B, 3, H, W), of the whole (B, G) or None) -> logits
    (B, classes, ceil(H / 4), ceil(W / 4)) and ab (B, 2, H, W) in (-1, 1).

    hints: ab, about [-1, 1] where known and 0 elsewhere, and a mask. width: 64 is the published
    one. whole: G, numbers of global hints; 0 = the net takes none."""

    def __init__(self, width: int, classes: int, whole: int) -> None:
        super().__init__(width, 1, True)
        self.conv1 = convs(4, width, 2)
        self.ups[2] = LastUp(2 * width, 2 * width, width)
        self.classes = nn.Conv2d(4 * width, classes, 1)
        self.ab = nn.Conv2d(2 * width, 2, 1)
        layers: list[nn.Module] = []
        for c_in in (whole, *[8 * width] * 3) if whole else ():
            layers += [nn.Linear(c_in, 8 * width), nn.ReLU()]
        self.whole = nn.Sequential(*layers[:-1]) if whole else None

    def forward(  # type: ignore[override]
        self, image: Tensor, hints: Tensor, whole: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        *pyramid, conv4 = self.down(torch.cat([lightness(image), hints], 1))
        if self.whole is not None and whole is not None:
            conv4 = conv4 + self.whole(whole)[:, :, None, None]
        conv8 = self.raised(0, self.middle(conv4), pyramid, image)
        x = self.raised(2, self.raised(1, conv8, pyramid, image), pyramid, image)
        return self.classes(conv8.detach()), torch.tanh(self.ab(x).float())

    def raised(self, level: int, x: Tensor, pyramid: list[Tensor], image: Tensor) -> Tensor:
        """conv8, conv9 or conv10."""
        side = CLASS_STRIDE >> level
        height, width = (-(-length // side) for length in image.shape[-2:])
        return self.ups[level](x, pyramid[2 - level], height, width)
