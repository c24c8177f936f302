"""DivColor's networks (Deshpande et al., CVPR 2017, Sec. 6): chroma field <-> latent z, gray
picture -> mixture over z.

Notation of the paper: C(k, s, n) is a convolution of kernel k, stride s and n channels, B batch
normalisation, U(f) bilinear upsampling. Every C is followed by ReLU and B. width is the paper's
128, side its 64; a field has chroma ab in [-1, 1]. Noise comes in from outside: dropout takes its
masks from ``Draws``."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlab.draws import Draws
from colorlab.errors import DataError
from colorlab.nets.cic_net import CICNet

STRIDE = 16  # a field's side must be a multiple of it
FEATURE_STRIDE = 8  # of the gray features that the mixture is told from
MDN_CHANNELS = (3, 2.5, 2.25, 2, 1)  # the paper's 384, 320, 288, 256, 128, in units of width
UNSEEN = 0.01  # a difference in chroma that nobody sees: 1 in units of Lab
VARIANCE = 0.1  # of the mixture's components, Sec. 6.2
HIDDEN = 32  # the paper's FC(4096), in units of width
SMALL = 1e-12  # under a square root


class Posterior(NamedTuple):
    """Q(z|C): a normal distribution with independent coordinates."""

    mean: Tensor  # (B, d)
    log_var: Tensor  # (B, d)

    def at(self, noise: Tensor) -> Tensor:
        """The reparameterised sample for standard normal noise (B, d)."""
        return self.mean + (self.log_var / 2).exp() * noise

    def kl(self) -> Tensor:
        """(B,) KL divergence to N(0, I), nats."""
        return (self.mean.square() + self.log_var.exp() - self.log_var - 1).sum(1) / 2


class Mixture(NamedTuple):
    """P(z|G): spherical normals of one variance."""

    log_weight: Tensor  # (B, M) log pi, normalised
    mean: Tensor  # (B, M, d)

    def sorted(self) -> Mixture:
        """Its components in descending order of weight."""
        order = self.log_weight.argsort(dim=1, descending=True, stable=True)
        return Mixture(
            self.log_weight.gather(1, order),
            self.mean.gather(1, order[..., None].expand_as(self.mean)),
        )


def block(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """C(kernel, stride, c_out) B, zero-padded so that an even side is divided by the stride."""
    pad = (kernel - 1) // 2
    more = [nn.ZeroPad2d((0, 1, 0, 1))] if kernel % 2 == 0 and stride == 1 else []
    return nn.Sequential(
        *more, nn.Conv2d(c_in, c_out, kernel, stride, pad), nn.ReLU(), nn.BatchNorm2d(c_out)
    )


def halvings(c_in: int, width: int) -> list[nn.Sequential]:
    """C(5, 2, width) B C(5, 2, 2 width) B C(5, 2, 4 width) B: how both encoders begin."""
    channels = (c_in, width, 2 * width, 4 * width)
    return [block(a, b, 5, 2) for a, b in itertools.pairwise(channels)]


def dropped(x: Tensor, share: float, draws: Draws | None) -> Tensor:
    """x (B, ...) with a share of its values set to 0 and the rest scaled up to keep the mean;
    without draws, x."""
    if draws is None or share == 0:
        return x
    kept = draws.uniform(*x.shape[1:], device=x.device) >= share
    return x * kept / (1 - share)


def upsampled(x: Tensor) -> Tensor:
    """U(2)."""
    return F.interpolate(x, scale_factor=2, mode="bilinear")


class ColorEncoder(nn.Module):
    """Field, and the gray picture if c_in is 3 -> Q(z|C) or Q(z|C, G), Sec. 6.1."""

    def __init__(self, c_in: int, side: int, width: int, latents: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.blocks = nn.Sequential(*halvings(c_in, width), block(4 * width, 8 * width, 4, 2))
        self.head = nn.Linear(8 * width * (side // STRIDE) ** 2, 2 * latents)

    def forward(self, x: Tensor, draws: Draws | None) -> Posterior:
        x = self.blocks(x).flatten(1)  # (B, 8 C (side/16)^2)
        return Posterior(*self.head(dropped(x, self.dropout, draws)).float().chunk(2, dim=1))


class GrayEncoder(nn.Module):
    """Gray picture -> maps of width, 2 width, 4 width and d channels at 1/2 to 1/16 of its side,
    Sec. 6.3."""

    def __init__(self, width: int, latents: int) -> None:
        super().__init__()
        code = nn.Sequential(nn.Conv2d(4 * width, latents, 4, 2, 1), nn.ReLU())
        self.levels = nn.ModuleList([*halvings(1, width), code])

    def forward(self, gray: Tensor) -> list[Tensor]:
        x, maps = 2 * gray - 1, []
        for level in self.levels:
            x = level(x)
            maps.append(x)
        return maps


class FieldDecoder(nn.Module):
    """z -> field, Sec. 6.1. With skips, z is multiplied into the gray picture's code and its maps
    are concatenated to the decoder's at 1/8, 1/4 and 1/2 of the side, Sec. 6.3."""

    def __init__(self, side: int, width: int, latents: int, skip: bool) -> None:
        super().__init__()
        self.start, more = side // STRIDE, int(skip)
        # at 1/8, 1/4 and 1/2, in units of width
        channels = [(8 + 4 * more, 4), (4 + 2 * more, 2), (2 + more, 1)]
        self.first = block(latents, 8 * width, 4)
        self.blocks = nn.ModuleList(block(a * width, b * width, 5) for a, b in channels)
        self.head = nn.Conv2d(width, 2, 5, padding=2)

    def forward(self, z: Tensor, maps: list[Tensor]) -> Tensor:
        """z (N, d); maps of N gray pictures, or of one for all; an empty list without skips ->
        (N, 2, side, side)."""
        *skips, code = [each.expand(len(z), -1, -1, -1) for each in maps] or [z.new_ones(())]
        x = self.first(z[:, :, None, None].expand(-1, -1, self.start, self.start) * code)
        for level in self.blocks:
            x = upsampled(x)
            x = level(torch.cat([x, skips.pop()], 1) if skips else x)
        return self.head(upsampled(x)).float().tanh()


class FieldVAE(nn.Module):
    """The variational autoencoder of chroma fields.

    side: of the field, a multiple of 16. width: channels of the widest maps. latents: the paper's
    d. skip: the decoder sees the gray picture. gray_posterior: so does the encoder
    (the CVAE baseline's Q(z|C, G)). dropout: share of values dropped before the encoder's last
    layer."""

    def __init__(
        self, side: int, width: int, latents: int, skip: bool, gray_posterior: bool, dropout: float
    ) -> None:
        super().__init__()
        if side % STRIDE:
            raise ValueError(f"side={side} (give a multiple of {STRIDE})")
        self.encoder = ColorEncoder(3 if gray_posterior else 2, side, width, latents, dropout)
        self.gray = GrayEncoder(width, latents) if skip else None
        self.decoder = FieldDecoder(side, width, latents, skip)
        self.gray_posterior = gray_posterior

    def encode(self, field: Tensor, gray: Tensor, draws: Draws | None) -> Posterior:
        """field (B, 2, side, side) in [-1, 1], gray (B, 1, side, side) in [0, 1]; draws: of the
        dropout, None: none."""
        return self.encoder(
            torch.cat([field, 2 * gray - 1], 1) if self.gray_posterior else field, draws
        )

    def maps(self, gray: Tensor) -> list[Tensor]:
        """What the decoder sees of gray pictures (B, 1, side, side): to be computed once for all
        their candidates."""
        return [] if self.gray is None else self.gray(gray)

    def forward(self, z: Tensor, maps: list[Tensor]) -> Tensor:
        """(N, d) -> (N, 2, side, side) in (-1, 1)."""
        return self.decoder(z, maps)


class GrayFeatures(nn.Module):
    """Gray picture (B, 1, H, W) in [0, 1] -> (B, 4 width, H/8, W/8): Sec. 6.3's encoder without its
    last layer, learned with the mixture, in place of a trained colorizer's features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = 4 * width
        self.blocks = nn.Sequential(*halvings(1, width))

    def forward(self, gray: Tensor) -> Tensor:
        return self.blocks(2 * gray - 1)


class FrozenFeatures(CICNet):
    """Gray picture (B, 1, H, W) in [0, 1] -> conv7 of Zhang et al., (B, 8 width, H/8, W/8),
    Sec. 6.2. It holds the layers up to there, which are the same with and without shortcuts."""

    def __init__(self, width: int) -> None:
        super().__init__(width, stride=4, shortcuts=False)
        del self.ups
        self.channels = 8 * width
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> FrozenFeatures:
        """Its batch normalisation always uses the statistics it was trained with."""
        return super().train(False)

    def forward(self, gray: Tensor) -> Tensor:
        return self.features(gray)


class MDN(nn.Module):
    """Mixture density network (Sec. 6.2): gray features (B, channels, side/8, side/8) -> P(z|G).

    head: "fc" is the paper's, most of whose parameters lie in one layer; "conv" replaces it by two
    more convolutions of stride 2 and a mean over what is left of the picture."""

    def __init__(
        self,
        channels: int,
        side: int,
        width: int,
        latents: int,
        components: int,
        head: str,
        dropout: float,
    ) -> None:
        super().__init__()
        self.components, self.dropout = components, dropout
        sizes = [channels, *(int(width * share) for share in MDN_CHANNELS)]
        strides = (1, 1, 1, 2, 1)
        layers: list[nn.Module] = [
            block(a, b, 5, s) for (a, b), s in zip(itertools.pairwise(sizes), strides, strict=True)
        ]
        outputs = components * (latents + 1)
        match head:
            case "conv":
                last = 2 * width
                more = nn.Conv2d(width, last, 5, 2, 2)  # no B: at 64 px, one pixel is left
                layers += [
                    block(width, width, 5, 2),
                    nn.Sequential(more, nn.ReLU()),
                    nn.AdaptiveAvgPool2d(1),
                ]
                self.hidden: nn.Module = nn.Identity()
            case "fc":
                last = HIDDEN * width
                self.hidden = nn.Sequential(
                    nn.Linear(width * (side // STRIDE) ** 2, last), nn.Tanh()
                )
            case _:
                raise ValueError(f"head is conv or fc, not {head!r}")
        self.blocks, self.head = nn.Sequential(*layers), nn.Linear(last, outputs)

    def forward(self, features: Tensor, draws: Draws | None) -> Mixture:
        x = dropped(self.blocks(features).flatten(1), self.dropout, draws)
        x = self.head(dropped(self.hidden(x), self.dropout, draws)).float()
        log_weight, mean = x.tensor_split([self.components], dim=1)
        return Mixture(log_weight.log_softmax(1), mean.unflatten(1, (self.components, -1)))


def mdn_loss(mixture: Mixture, z: Tensor, kind: str) -> Tensor:
    """(B,) nats: "nearest", Eq. 6, up to a constant; "exact", -log P(z|G) of Eq. 5, whose sum of
    exponentials does not underflow when its logarithm is taken in one go."""
    distance = (z[:, None] - mixture.mean).square().sum(2) / (2 * VARIANCE)  # (B, M)
    match kind:
        case "nearest":
            m = distance.argmin(1, keepdim=True)
            return (distance - mixture.log_weight).gather(1, m)[:, 0]
        case "exact":
            constant = z.shape[1] / 2 * math.log(2 * math.pi * VARIANCE)
            return constant - (mixture.log_weight - distance).logsumexp(1)
        case _:
            raise ValueError(f"loss is nearest or exact, not {kind!r}")


def mahalanobis(error: Tensor, basis: Tensor, variance: Tensor) -> Tensor:
    """L_mah (Sec. 3.1), (B,): the error's squared components over their variances, the squared rest
    over the last."""
    flat = error.flatten(1)
    with torch.autocast(error.device.type, enabled=False):
        along = (flat @ basis.T).square()
    rest = flat.square().sum(1) - along.sum(1)
    return (along / variance).sum(1) + rest / variance[-1]


def gradients(error: Tensor) -> Tensor:
    """L_grad (Eq. 3), (B,): forward differences are linear, so those of C - f."""
    return sum(
        (error.diff(dim=side).square().sum((1, 2, 3)) for side in (2, 3)), start=error.new_zeros(())
    )


def reduced(squares: Tensor, reduction: str) -> Tensor:
    """Squared norms as they are, or their roots."""
    match reduction:
        case "squared":
            return squares
        case "root":
            return (squares + SMALL).sqrt()
        case _:
            raise ValueError(f"reduction is squared or root, not {reduction!r}")


def rarity(H: Tensor, uniform: float, scale: str) -> Tensor:
    """Weights of the bins, 1 / H of Eq. 2. They weight the squared error, as the text and the
    authors' release have it; Eq. 2 squares them too.

    uniform: share of the uniform distribution that is mixed into H (Zhang et al., 2016: 0.5), which
    bounds the weights; 0 = 1 / H itself. A bin that never occurs weighs as the rarest that does.
    scale: "raw", whose mean over the pixels is some hundred, as the paper's lambda_mah and
    lambda_grad are meant for; "mean_one", ours, beside which the other losses weigh as many times
    more."""
    mixed = (1 - uniform) * H + uniform / len(H)
    weight = 1 / mixed.clamp_min(mixed[H > 0].min())
    match scale:
        case "raw":
            return weight
        case "mean_one":
            return weight / (H * weight).sum()
        case _:
            raise ValueError(f"scale is raw or mean_one, not {scale!r}")


def principal_components(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(N, D) -> unit directions (count, D) of largest variance and the variances (count,),
    descending. Where the rows span fewer, the directions are 0 and the last variance is repeated.
    DataError if no value differs visibly."""
    centered = rows - rows.mean(0)
    squares, vectors = torch.linalg.eigh((centered @ centered.T).double())
    squares, vectors = squares.flip(0)[:count], vectors.flip(1)[:, :count]
    if centered.abs().max() < UNSEEN:
        raise DataError("the training pictures have no colours that differ (give colour pictures)")
    found = int((squares > 1e-6 * squares[0]).sum())
    kept = squares[:found].sqrt()
    basis = F.pad((vectors[:, :found] / kept).float().T @ centered, (0, 0, 0, count - found))
    variance = (squares[:found] / max(len(rows) - 1, 1)).float()
    return basis, torch.cat([variance, variance[-1:].expand(count - found)])
