"""The classification network of Zhang, Isola and Efros, "Colorful Image Colorization"
(CIC, ECCV 2016, Table 4), of any width; with the shortcuts of its successor, Zhang et al.,
"Real-Time User-Guided Image Colorization" (2017, Fig. 2).

    conv1  conv2  conv3    2, 2, 3 convolutions to w, 2w, 4w channels, each halving the sides
    conv4 .. conv7         3 convolutions each, 8w channels at H/8; conv5 and conv6 dilated by 2
    conv8  conv9  conv10   up to H/4, H/2, H: 4w, 2w, 2w channels; the published nets read their
           classes from conv8
Width 64 and stride 4 without shortcuts is the published net of 2016; with them, the class branch of
that of 2017, whose first convolution also sees hints (zeros without any, so that it is left out
here).

A run of the `cic` method keeps this net's tensors under `net.` in its weights.safetensors, and the
net's width and shortcuts under `method` in its config.yaml: all that ``features`` needs."""

from __future__ import annotations

from torch import Tensor, nn

from colorlab.color import lab_of

STRIDES = (4, 2, 1)
L_CENTER, L_SCALE = 50.0, 100.0  # the published nets are shown (L - 50) / 100


class CICNet(nn.Module):
    """Gray pictures (B, 1, H, W) in [0, 1], of any size -> (B, channels, ceil(H / stride), ceil(W /
    stride)), what the classes are read from.

    width: 64 is the published one. stride: 4, as published, 2 or 1. shortcuts: of conv1 .. conv3 to
    conv10 .. conv8."""

    def __init__(self, width: int, stride: int, shortcuts: bool) -> None:
        super().__init__()
        if stride not in STRIDES:
            raise ValueError(f"stride is {', '.join(map(str, STRIDES))}, not {stride}")
        w, deep = width, 8 * width
        self.stride, self.shortcuts = stride, shortcuts
        self.channels = 4 * w if stride == 4 else 2 * w
        self.conv1 = convs(1, w, 2, strided=not shortcuts)
        self.conv2 = convs(w, 2 * w, 2, strided=not shortcuts)
        self.conv3 = convs(2 * w, 4 * w, 3, strided=not shortcuts)
        self.conv4 = convs(4 * w, deep, 3)
        self.conv5 = convs(deep, deep, 3, dilation=2)
        self.conv6 = convs(deep, deep, 3, dilation=2)
        self.conv7 = convs(deep, deep, 3)
        levels = [Up(deep, 4 * w, 4 * w * shortcuts, 2), Up(4 * w, 2 * w, 2 * w * shortcuts, 1)]
        levels.append(Up(2 * w, 2 * w, w * shortcuts, 1))
        self.ups = nn.ModuleList(levels[: 1 + STRIDES.index(stride)])  # conv8, conv9, conv10

    def features(self, image: Tensor) -> Tensor:
        """Gray (B, 1, H, W) in [0, 1] -> conv7, (B, 8 width, ceil(H / 8), ceil(W / 8)): DivColor's
        "gray features"."""
        return self.middle(self.early(image)[-1])

    def early(self, image: Tensor) -> list[Tensor]:
        """conv1 .. conv3 at H, H/2, H/4 (half of that without shortcuts), and conv4
        (B, 8 w, H/8, W/8)."""
        return self.down(lightness(image))

    def down(self, x: Tensor) -> list[Tensor]:
        """The same, of what conv1 sees."""
        pyramid = []
        for conv in (self.conv1, self.conv2, self.conv3):
            x = conv(x)  # (B, 2^k w, H/2^k, W/2^k), k = 0, 1, 2 with shortcuts and 1, 2, 3 without
            pyramid.append(x)
            x = x[..., ::2, ::2] if self.shortcuts else x
        return [*pyramid, self.conv4(x)]

    def middle(self, conv4: Tensor) -> Tensor:
        """conv4 -> conv7, same shape."""
        return self.conv7(self.conv6(self.conv5(conv4)))

    def forward(self, image: Tensor) -> Tensor:
        *pyramid, conv4 = self.early(image)
        x = self.middle(conv4)
        for level, (up, skip) in enumerate(zip(self.ups, reversed(pyramid), strict=False)):
            side = 4 >> level  # the level's resolution is ceil(H / side)
            height, width = (-(-length // side) for length in image.shape[-2:])
            x = up(x, skip, height, width)  # (B, 4w, H/4, W/4), (B, 2w, H/2, W/2), (B, 2w, H, W)
        return x


def lightness(image: Tensor) -> Tensor:
    """Gray (B, 1, H, W) in [0, 1] -> what the published nets are shown, about [-1/2, 1/2]."""
    L = lab_of(image.expand(-1, 3, -1, -1))[:, :1]
    return ((L - L_CENTER) / L_SCALE).to(image.dtype)


class Up(nn.Module):
    """Twice the sides by a transposed convolution, plus a convolution of the shortcut if there is
    one, then ReLU and ``count`` convolutions. shortcut: its channels, 0 for none."""

    def __init__(self, c_in: int, c_out: int, shortcut: int, count: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1)
        self.short = nn.Conv2d(shortcut, c_out, 3, padding=1) if shortcut else None
        layers: list[nn.Module] = [nn.ReLU()]
        for _ in range(count):
            layers += [nn.Conv2d(c_out, c_out, 3, padding=1), nn.ReLU()]
        self.convs = nn.Sequential(*layers, *([nn.BatchNorm2d(c_out)] if shortcut else []))

    def forward(self, x: Tensor, skip: Tensor, height: int, width: int) -> Tensor:
        """x (B, c_in, h, w) -> (B, c_out, height, width), height <= 2 h, width <= 2 w."""
        y = self.up(x)[..., :height, :width]
        return self.convs(y if self.short is None else y + self.short(skip))


def convs(
    c_in: int, c_out: int, count: int, dilation: int = 1, strided: bool = False
) -> nn.Sequential:
    """3x3 convolutions, each followed by ReLU, and one batch normalisation at the end; strided: the
    last halves."""
    layers: list[nn.Module] = []
    for k in range(count):
        stride = 2 if strided and k == count - 1 else 1
        conv = nn.Conv2d(
            c_out if k else c_in, c_out, 3, stride=stride, padding=dilation, dilation=dilation
        )
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        layers += [conv, nn.ReLU()]
    return nn.Sequential(*layers, nn.BatchNorm2d(c_out))
