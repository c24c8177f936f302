"""LPIPS, all pairs at once: every picture goes through the net once, a Gram matrix gives the
distances.

Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric (2018), heads
v0.1. With

    u_l = sqrt(w_l / (H_l W_l)) y_l / (|y_l| + 1e-10)

of y_l, the features of layer l, and w_l >= 0, its linear head, the distance is exactly
d(a, b) = sum_l |u_l(a) - u_l(b)|^2, a squared Euclidean distance. Equal to the package lpips to
1e-6. Numbers of AlexNet and VGG16 must not be compared: VGG16's are larger."""

from __future__ import annotations

import importlib.util
import warnings
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from colorlab.errors import DataError
from colorlab.metrics.inputs import check_pictures
from colorlab.weights.catalog import NETS
from colorlab.weights.store import backbone

SHIFT = (-0.030, -0.088, -0.188)  # lpips' scaling layer, for pictures in [-1, 1]
SCALE = (0.458, 0.448, 0.450)
EPS = 1e-10
BATCH_PIXELS = 2**17  # pictures that go through a layer together: 32 of 64 px, 2 of 256 px
BAND_FLOATS = 2**24  # features compared together

#: Each layer: the convolutions between two taps as (stride, padding), after a max-pool
#: (window, stride) or none.
ALEX = (
    (None, ((4, 2),)),
    ((3, 2), ((1, 2),)),
    ((3, 2), ((1, 1),)),
    (None, ((1, 1),)),
    (None, ((1, 1),)),
)
VGG = (
    (None, ((1, 1),) * 2),
    ((2, 2), ((1, 1),) * 2),
    ((2, 2), ((1, 1),) * 3),
    ((2, 2), ((1, 1),) * 3),
    ((2, 2), ((1, 1),) * 3),
)
LAYERS = {"alex": ALEX, "vgg": VGG}


class Backbone:
    """AlexNet's or VGG16's convolutions as plain functions; its weights are no one's parameters."""

    def __init__(self, net: str, device: torch.device) -> None:
        if net not in LAYERS:
            raise ValueError(f"no LPIPS net {net!r}: {', '.join(LAYERS)}")
        tensors = {k: v.to(device) for k, v in backbone(net).items()}
        convs = [
            (tensors[f"conv{i}.weight"], tensors[f"conv{i}.bias"])
            for i in range(len(NETS[net].convs))
        ]
        self.convs = [(w.to(memory_format=torch.channels_last), b) for w, b in convs]
        self.layers = LAYERS[net]
        self.heads = [w.to(device) for w in heads(net)]

    def __len__(self) -> int:
        return len(self.layers)

    def scaled(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] -> the net's input."""
        shift, scale = (pictures.new_tensor(c).reshape(3, 1, 1) for c in (SHIFT, SCALE))
        return ((2 * pictures - 1 - shift) / scale).contiguous(memory_format=torch.channels_last)

    def layer(self, level: int, x: Tensor) -> Tensor:
        """Features of the layer before (level 0: the scaled pictures) -> those of layer ``level``,
        after its ReLU."""
        pool, convs = self.layers[level]
        first = sum(len(before) for _, before in self.layers[:level])
        x = F.max_pool2d(x, *pool) if pool else x
        for (weight, bias), (stride, padding) in zip(
            self.convs[first : first + len(convs)], convs, strict=True
        ):
            x = F.conv2d(x, weight, bias, stride, padding).relu_()
        return x


@cache
def lpips_net(net: str, device: torch.device) -> Backbone:
    """alex or vgg, loaded once per process and device. DataError (exit 3) if the weights are
    nowhere."""
    return Backbone(net, device)


def heads(net: str) -> list[Tensor]:
    """The linear heads that the package lpips ships, one (C_l,) >= 0 a layer."""
    spec = importlib.util.find_spec("lpips")
    path = (
        Path(spec.origin or "").parent / "weights" / "v0.1" / f"{net}.pth"
        if spec
        else Path("lpips")
    )
    if not path.is_file():
        raise DataError(
            f"{path} of the package lpips is missing (pip install 'colorlab-suite[judge]', or "
            "lpips=none)"
        )
    state = torch.load(path, map_location="cpu", weights_only=True)
    return [state[f"lin{level}.model.1.weight"].flatten() for level in range(len(LAYERS[net]))]


def package_model(net: str) -> nn.Module:
    """The package lpips' own model of alex or vgg with the same weights: a second implementation to
    compare with.

    Called with two batches (N, 3, H, W) in [-1, 1] -> (N, 1, 1, 1)."""
    import lpips

    if net not in LAYERS:
        raise ValueError(f"no LPIPS net {net!r}: {', '.join(LAYERS)}")
    tensors = backbone(net)
    with warnings.catch_warnings():  # the package calls torchvision in an outdated way
        warnings.simplefilter("ignore", UserWarning)
        model = lpips.LPIPS(net=net, pnet_rand=True, verbose=False).eval().requires_grad_(False)
    convs = [module for module in model.net.modules() if isinstance(module, nn.Conv2d)]
    for i, conv in enumerate(convs):
        conv.load_state_dict({kind: tensors[f"conv{i}.{kind}"] for kind in ("weight", "bias")})
    return model


def pairwise_lpips(pictures: Tensor, net: str) -> Tensor:
    """(N, 3, H, W) in [0, 1] -> (N, N) float64: symmetric, >= 0, zero between equal pictures.

    The result does not depend on the pictures' order, and equal pictures are computed once."""
    return weighted_lpips(
        pictures, net, torch.ones(1, *pictures.shape[-2:], device=pictures.device)
    )[0]


def weighted_lpips(pictures: Tensor, net: str, weights: Tensor) -> Tensor:
    """(N, 3, H, W) in [0, 1], weights (K, H, W) >= 0, each with some weight -> (K, N, N) float64:
    LPIPS in which places count by each of the weights (averaged down to every layer's size), not
    all the same. The pictures are not masked: what surrounds a place is seen by the net as it
    is."""
    check_pictures("pictures", pictures, "N 3 H W")
    distinct, back = torch.unique(pictures.float(), dim=0, return_inverse=True)
    with torch.no_grad(), torch.autocast(pictures.device.type, enabled=False):
        distances = _distances(distinct, lpips_net(net, pictures.device), weights)
    return distances[:, back][:, :, back]


def cross_lpips(a: Tensor, b: Tensor, net: str) -> Tensor:
    """(N, 3, H, W) and (M, 3, H, W), both in [0, 1] -> (N, M) float64."""
    return pairwise_lpips(torch.cat([a, b]), net)[: len(a), len(a) :]


def _distances(pictures: Tensor, net: Backbone, weights: Tensor) -> Tensor:
    """Layer by layer over all pictures: only one layer's features are held, and its input goes as
    it is used."""
    batch = max(1, BATCH_PIXELS // pictures[0, 0].numel())
    features = [net.scaled(part) for part in pictures.split(batch)]
    gram = torch.zeros(
        len(weights), len(pictures), len(pictures), dtype=torch.float64, device=pictures.device
    )
    for level in range(len(net)):
        for i, part in enumerate(features):
            features[i] = net.layer(level, part)
        places = F.adaptive_avg_pool2d(weights, (features[0].shape[-2], features[0].shape[-1]))
        gram += _gram(features, net.heads[level], places / places.sum((1, 2), keepdim=True))
    squared = gram.diagonal(dim1=1, dim2=2)
    distances = (squared[:, :, None] + squared[:, None] - gram - gram.mT).clamp_min_(0)
    distances.diagonal(dim1=1, dim2=2).zero_()
    return distances


def _gram(features: list[Tensor], head: Tensor, places: Tensor) -> Tensor:
    """(K, N, N) float64: inner products of the centred u_l, summed over bands of rows. Centring
    leaves the distances as they are and keeps float32 from subtracting large, nearly equal numbers.
    places: (K, H_l, W_l), each of sum 1."""
    n = sum(len(part) for part in features)
    channels, height, width = features[0].shape[1:]
    last = [part.movedim(1, -1) for part in features]  # channels, as they lie in memory
    rows = max(1, BAND_FLOATS // (n * channels * width))
    gram = torch.zeros(len(places), n, n, dtype=torch.float64, device=head.device)
    for top in range(0, height, rows):
        u = torch.cat([_unit(part[:, top : top + rows]) * head.sqrt() for part in last])
        u -= u.mean(0)
        for k, place in enumerate(places[:, top : top + rows].sqrt()):
            weighted = (u * place[..., None]).flatten(1)
            gram[k] += weighted @ weighted.T
    return gram


def _unit(features: Tensor) -> Tensor:
    """(..., C): of length 1."""
    return features / (features.square().sum(-1, keepdim=True).sqrt() + EPS)
