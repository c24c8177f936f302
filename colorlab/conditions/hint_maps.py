"""Hint maps: what a guider is told of colours, as flat areas of a picture: (B, 4, H, W), RGB in
[-1, 1] where known and 0 elsewhere, and a mask of 0 and 1.

Liu et al. (2023), "Improved Diffusion-based Image Colorization via Piggybacked Models", Sec. 4.1:
for training, 30 to 50 % of the regions of a quantised superpixel map. Superpixels are SLIC's
(Achanta et al., 2012); a region has its mean colour, and a picture's colours are few: the centres
of k-means in Lab, each region its nearest. In use, clicks, strokes and painted parts become the
same map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import AB, lab_of
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.storage.memo import Answers, keys_of
from colorlab.types import Condition, Hints

COMPACTNESS = 10.0  # SLIC's m in Lab, of its authors; in gray of [0, 1], a hundredth of it
ROUNDS = 10  # of SLIC's and of our k-means
KEPT_BYTES = 1 << 29  # of region maps: a picture is divided once, and once more mirrored
# units of ab: what counts as coloured, and as the same colour
COLORED, NEAR = 20.0, 20.0


class HintMaps:
    """Hint maps of true colourings, for training.

    superpixels: asked of SLIC for a picture; colors: at most so many in a picture; least, most:
    share of the regions that are shown."""

    def __init__(self, superpixels: int, colors: int, least: float, most: float) -> None:
        if not 0 <= least <= most <= 1:
            raise ValueError(f"least={least} and most={most} (shares: 0 <= least <= most <= 1)")
        self.superpixels, self.colors, self.least, self.most = superpixels, colors, least, most
        self.regions = Answers(KEPT_BYTES, 1)

    def __call__(self, rgb: Tensor, none: float, draws: Draws) -> Tensor:
        """(B, 3, H, W) in [0, 1], one row of draws per picture -> (B, 4, H, W); none: probability
        that nothing is shown of a picture."""
        own = draws.to("hints")
        share = self.least + (self.most - self.least) * own.uniform()
        share = torch.where(own.uniform() < none, 0.0, share)
        # of the regions, of which there are fewer than pixels
        order = own.uniform(rgb[0, 0].numel())
        maps = zip(self.divided(rgb), share, order, strict=True)
        return torch.stack([revealed(one, float(part), numbers) for one, part, numbers in maps]).to(
            rgb
        )

    def divided(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> (B, 4, H, W) int16: 8-bit colours of the regions, and their
        numbers from 0 on."""
        return self.regions.of(
            keys_of(rgb), lambda places: torch.stack([self._divide(rgb[i].cpu()) for i in places])
        )

    def _divide(self, rgb: Tensor) -> Tensor:
        label = superpixels(rgb, self.superpixels)
        count = label.max() + 1
        size = torch.bincount(label.flatten(), minlength=int(count)).float()
        mean = torch.zeros(3, int(count)).index_add_(1, label.flatten(), rgb.flatten(1)) / size
        color = quantized(mean.T, size, self.colors).T.mul(255).round()
        return torch.cat([color[:, label], label[None]]).short()


def revealed(divided: Tensor, share: float, order: Tensor) -> Tensor:
    """Regions (4, H, W) as of ``HintMaps.divided`` -> the map that shows a share of them, those
    lowest in the order."""
    label = divided[3].long()
    count = int(label.max()) + 1
    known = torch.zeros(count, dtype=torch.bool)
    known[order[:count].argsort()[: round(share * count)]] = True
    mask = known[label][None]
    return torch.cat([torch.where(mask, divided[:3] / 127.5 - 1, 0.0), mask.float()])


def superpixels(picture: Tensor, count: int) -> Tensor:
    """RGB (3, H, W) or gray (1, H, W), in [0, 1] -> (H, W) int64: about ``count`` regions, numbered
    from 0 on."""
    from skimage.segmentation import slic

    pixels = picture.double().movedim(0, -1).cpu().numpy()
    gray = len(picture) == 1
    label = slic(
        pixels[..., 0] if gray else pixels, n_segments=count,
        compactness=COMPACTNESS / (100 if gray else 1), max_num_iter=ROUNDS, start_label=0,
        channel_axis=None if gray else -1,
    )  # fmt: skip
    return torch.from_numpy(np.unique(label, return_inverse=True)[1].reshape(label.shape)).long()


def quantized(rgb: Tensor, weight: Tensor, colors: int) -> Tensor:
    """Colours (R, 3) in [0, 1] and their weights (R,) -> the same, each the mean of the cluster it
    is in: k-means in Lab, whose centres begin at the heaviest colour and ever the farthest from all
    before."""
    lab = lab_of(rgb.T[None, :, :, None])[0, :, :, 0].T
    centers = [int(weight.argmax())]
    gap = (lab - lab[centers[0]]).square().sum(1)
    while len(centers) < colors and gap.max() > 0:
        centers.append(int(gap.argmax()))
        gap = torch.minimum(gap, (lab - lab[centers[-1]]).square().sum(1))
    at = lab[centers]
    for _ in range(ROUNDS):
        nearest = torch.cdist(lab, at).argmin(1)
        at = torch.where(*_means(lab, weight, nearest, at))
    return _means(rgb, weight, nearest, rgb[centers])[1][nearest]


def _means(
    values: Tensor, weight: Tensor, cluster: Tensor, before: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Which clusters have members (K, 1), the weighted means (K, 3), and what they were before."""
    total = weight.new_zeros(len(before)).index_add_(0, cluster, weight)[:, None]
    sums = torch.zeros_like(before).index_add_(0, cluster, values * weight[:, None])
    return total > 0, sums / total.clamp_min(1e-6), before


def of_hints(hints: Hints | None, image: Tensor, snap: int) -> Tensor:
    """The map of what a user shows: (B, 4, H, W). image: the picture to be coloured (B, 1, H, W) in
    [0, 1].

    snap: 0, or the superpixels of the image, of which each that a hint touches takes the mean
    colour shown in it."""
    if hints is None:
        return image.new_zeros(len(image), 4, *image.shape[-2:])
    must_match(hints, image)
    known = (hints.mask > 0.5).to(image)
    own = torch.cat([(2 * hints.rgb - 1) * known, known], 1)
    if not snap:
        return own
    spread = torch.stack([_spread(*pair, snap) for pair in zip(own, image, strict=True)])
    return torch.where(known > 0, own, spread)


def chroma_shown(condition: Condition, size: Sequence[int]) -> Tensor:
    """What a user shows of gray pictures (B, 1, H, W), grown to a size below and to the right:
    (B, 3, *size), ab, about [-1, 1], where it is known and 0 elsewhere, and a mask of 0 and 1.
    ConfigError: hints of another size."""
    image, hints = condition.image, condition.hints
    if hints is None:
        return image.new_zeros(len(image), 3, *size)
    must_match(hints, image)
    mask = (hints.mask > 0.5).to(image)
    own = torch.cat([AB().encode(hints.rgb) * mask, mask], 1)
    return F.pad(own, (0, size[1] - own.shape[-1], 0, size[0] - own.shape[-2]))


def must_match(hints: Hints, image: Tensor) -> None:
    """ConfigError: hints of another size than the image (B, 1, H, W)."""
    if hints.rgb.shape[-2:] != image.shape[-2:]:
        theirs, ours = (
            "x".join(map(str, reversed(each.shape[-2:]))) for each in (hints.rgb, image)
        )
        raise ConfigError(f"hints are {theirs} pixels, the picture {ours} (make them equal)")


def _spread(own: Tensor, image: Tensor, count: int) -> Tensor:
    """One picture's map (4, H, W), each superpixel of the image with the mean of what is known in
    it."""
    if not own[3].any():
        return own
    label = superpixels(image, count).to(own.device).flatten()
    sums = own.new_zeros(4, int(label.max()) + 1).index_add_(1, label, own.flatten(1))
    touched = sums[3] > 0
    color = torch.where(touched, sums[:3] / sums[3].clamp_min(1), 0.0)
    return torch.cat([color, touched[None].to(own)])[:, label].view_as(own)


def hit_rate(rgb: Tensor, maps: Tensor) -> Tensor:
    """Of pictures (B, 3, H, W) in [0, 1] and their hint maps (B, 4, H, W): the share of the maps'
    coloured pixels whose colour is about right."""
    wanted = lab_of((maps[:, :3] + 1) / 2)[:, 1:]
    colored = (maps[:, 3] > 0) & (wanted.norm(dim=1) > COLORED)
    hits = colored & ((lab_of(rgb)[:, 1:] - wanted).norm(dim=1) < NEAR)
    return hits.sum() / colored.sum().clamp_min(1)
