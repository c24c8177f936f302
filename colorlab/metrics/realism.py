"""Do the candidates as a set look like the true colourings as a set? Distances between clouds of
features.

The feature net is part of every name: vgg16 (relu5_3, mean over the picture, 512 numbers) or lite0
(EfficientNet-lite0, 1280 numbers), on pictures of their own size, or inception
(2048 numbers, resized to 299 x 299), whose Frechet distance alone is called fid. Numbers of
different nets, sizes or sample counts must not be compared: the bias of a Frechet distance falls
with the count."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlab.metrics.drawing import Drawing
from colorlab.metrics.inception import inception_features
from colorlab.metrics.inputs import check_pictures
from colorlab.metrics.intervals import jackknife
from colorlab.metrics.lpips import lpips_net
from colorlab.metrics.own_features import kind_of, own_features
from colorlab.metrics.per_drawing import PerDrawing
from colorlab.nets.imagenet.efficientnet_lite import folded_lite0

NETS = ("vgg16", "lite0", "inception")
ENOUGH = 2048  # pictures below which a Frechet distance is mostly bias
NEIGHBORS = 5
FOLDS, RIDGE = 5, 0.1  # of the classifier
CHUNK = 4096  # rows of a kernel matrix held at once


class Realism(PerDrawing):
    """One candidate of each drawing against the first truths, averaged over the candidates: fd
    (Frechet distance), kid (kernel distance), fjd (Frechet joint distance on condition and
    colouring), precision, recall, density, coverage, told (how often a classifier tells made from
    real, see ``told_apart``); each name ends in _<net>, but fd_inception is called fid.

    Candidates of one drawing are never in one set: siblings are alike, so that they would be each
    other's neighbours, and n of them would stand for n times as many drawings as there are.

    net: vgg16, lite0, inception, or a folder that ``own_features`` reads."""

    topic = "realism"

    def __init__(self, net: str) -> None:
        super().__init__()
        if net not in NETS and not Path(net).is_dir():
            raise ValueError(
                f"no feature net {net!r}: {', '.join(NETS)}, or a folder with CLIP or DINOv2"
            )
        self.shown_to, self.net = net, net if net in NETS else kind_of(Path(net))
        # of truths and drawings, which are the same in every row of a table
        self.known: dict[bytes, tuple[Tensor, Tensor]] = {}

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """Feature vectors: samples (n, D), truth (D,), condition (D,)."""
        beside = torch.cat([drawing.truths[:1], drawing.image.expand(1, 3, -1, -1)])
        key = hashlib.sha256(beside.cpu().numpy().tobytes()).digest()
        known = self.known.get(key)
        found = features(
            drawing.samples if known is not None else torch.cat([drawing.samples, beside]),
            self.shown_to,
        )
        truth, condition = found[drawing.n :] if known is None else known
        self.known[key] = (truth, condition)
        return {"samples": found[: drawing.n], "truth": truth, "condition": condition}

    def summary(self, table: dict[str, np.ndarray]) -> dict[str, float]:
        """See the class; nothing for fewer than two drawings, and no precision to coverage for
        fewer than six."""
        count = len(table["index"])
        if 2 <= count < ENOUGH:
            warnings.warn(
                f"realism on {count} drawings: below {ENOUGH} it is mostly bias", stacklevel=2
            )
        return self._named(of_sets(table, np.arange(count)))

    def bounds(self, table: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
        """By a jackknife over drawings."""
        return self._named(jackknife(lambda kept: of_sets(table, kept), len(table["index"])))

    def _named(self, values: dict[str, Any]) -> dict[str, Any]:
        named = {f"{name}_{self.net}": value for name, value in values.items()}
        return {"fid" if name == "fd_inception" else name: value for name, value in named.items()}


def of_sets(table: dict[str, np.ndarray], kept: np.ndarray) -> dict[str, float]:
    """The measures over some drawings, at positions kept: sets of one candidate per drawing, their
    mean over the n.

    table: samples (N, n, D), truth (N, D), condition (N, D)."""
    if len(kept) < 2:
        return {}
    samples, truth, condition = (table[name][kept] for name in ("samples", "truth", "condition"))
    each = [of_set(samples[:, k], truth, condition) for k in range(samples.shape[1])]
    return {name: float(np.mean([values[name] for values in each])) for name in each[0]}


def of_set(samples: np.ndarray, truth: np.ndarray, condition: np.ndarray) -> dict[str, float]:
    """All measures of one set, each (N, D), N >= 2."""
    alpha = np.linalg.norm(condition, axis=1).mean() / np.linalg.norm(truth, axis=1).mean()
    values = {
        "fd": frechet(samples, truth),
        "kid": kernel_distance(samples, truth),
        "fjd": frechet(
            np.hstack([condition, alpha * samples]), np.hstack([condition, alpha * truth])
        ),
    }
    if len(samples) > NEIGHBORS:
        values |= neighborhoods(samples, truth, NEIGHBORS)
    return values | ({"told": told_apart(samples, truth)} if len(samples) >= 2 * FOLDS else {})


def features(pictures: Tensor, net: str) -> Tensor:
    """(N, 3, H, W) in [0, 1] -> (N, 512) for vgg16, (N, 1280) for lite0, (N, 2048) for inception,
    (N, D) for a folder."""
    check_pictures("pictures", pictures, "N 3 H W")
    with torch.no_grad(), torch.autocast(pictures.device.type, enabled=False):
        if net == "lite0":
            return folded_lite0(pictures.device).features(pictures.float())
        if net == "inception":
            return inception_features(pictures.float())
        if net not in NETS:
            return own_features(pictures.float(), Path(net))
        trunk = lpips_net("vgg", pictures.device)
        x = trunk.scaled(pictures.float())
        for level in range(len(trunk)):
            x = trunk.layer(level, x)
        return x.mean((2, 3))


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """|m_a - m_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)), of two sets (N, D) and (M, D) with N, M >=
    2.

    With S = R^T R the last trace is the sum of the singular values of R_a R_b^T: exact for singular
    covariances too, where a matrix root is not."""
    if min(len(a), len(b)) < 2:
        raise ValueError(f"a Frechet distance needs 2 items at least, got {len(a)} and {len(b)}")
    (mean_a, root_a), (mean_b, root_b) = _moments(a), _moments(b)
    overlap = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    return float(
        ((mean_a - mean_b) ** 2).sum() + (root_a**2).sum() + (root_b**2).sum() - 2 * overlap
    )


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,), and R (min(N, D), D) with R^T R = the sample covariance."""
    x = np.asarray(x, np.float64)
    centered = (x - x.mean(0)) / np.sqrt(len(x) - 1)
    if len(x) > x.shape[1]:
        centered = np.asarray(np.linalg.qr(centered, "r"))
    return x.mean(0), centered


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy under (x . y / D + 1)^3 (Binkowski et al.,
    Demystifying MMD GANs, 2018), over the whole sets, no random subsets. (N, D), (M, D), N, M >=
    2."""
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise ValueError(f"a kernel distance needs 2 items at least, got {n} and {m}")
    own = sum((_kernel_sum(x, x) - _kernel_own(x).sum()) / (len(x) * (len(x) - 1)) for x in (a, b))
    return float(own - 2 * _kernel_sum(a, b) / (n * m))


def _kernel_sum(a: np.ndarray, b: np.ndarray) -> float:
    parts = (a[i : i + CHUNK] @ b.T / a.shape[1] + 1 for i in range(0, len(a), CHUNK))
    return float(sum((part**3).sum() for part in parts))


def _kernel_own(x: np.ndarray) -> np.ndarray:
    return ((x**2).sum(1) / x.shape[1] + 1) ** 3


def neighborhoods(fake: np.ndarray, real: np.ndarray, k: int) -> dict[str, float]:
    """Precision, recall (Kynkaanniemi et al., 2019), density, coverage (Naeem et al., 2020) of fake
    (N, D) against real (M, D), with balls that reach to the k-th neighbour; N, M > k."""
    if min(len(fake), len(real)) <= k:
        raise ValueError(
            f"{k} neighbours need more than {k} items, got {len(fake)} and {len(real)}"
        )
    fake_t, real_t = (torch.from_numpy(np.ascontiguousarray(x)) for x in (fake, real))
    real_radius, fake_radius = _radius(real_t, k), _radius(fake_t, k)
    distance = torch.cdist(real_t, fake_t)  # (M, N)
    inside = distance < real_radius[:, None]
    return {
        "precision": inside.any(0).double().mean().item(),
        "recall": (distance < fake_radius).any(1).double().mean().item(),
        "density": inside.double().sum(0).mean().item() / k,
        "coverage": (distance.amin(1) < real_radius).double().mean().item(),
    }


def told_apart(made: np.ndarray, real: np.ndarray) -> float:
    """The accuracy of a classifier of made against real (N, D) each, row i of both of one drawing:
    .5 if they cannot be told apart, 1 if always (Lopez-Paz and Oquab, "Revisiting Classifier
    Two-Sample Tests", 2017).

    Ridge regression of the label on standardised features, by cross-validation in 5 folds; a
    drawing's two rows are in one fold, so that none is judged by a classifier that saw its
    sibling."""
    place, right = np.arange(len(made)), []
    for fold in range(FOLDS):
        known, held = place % FOLDS != fold, place % FOLDS == fold
        x = np.concatenate([made[known], real[known]]).astype(np.float64)
        label = np.repeat([1.0, -1.0], known.sum())
        mean, scale = x.mean(0), x.std(0) + 1e-6
        x = (x - mean) / scale
        kernel = x @ x.T / x.shape[1]
        weight = x.T @ np.linalg.solve(kernel + RIDGE * np.eye(len(x)), label)
        for rows, sign in ((made[held], 1), (real[held], -1)):
            right.append(np.sign((rows - mean) / scale @ weight) == sign)
    return float(np.concatenate(right).mean())


def _radius(x: Tensor, k: int) -> Tensor:
    """(N, D) -> (N,): distance to the k-th nearest other item."""
    # the nearest is itself
    parts = [torch.cdist(part, x).kthvalue(k + 1, dim=1).values for part in x.split(CHUNK)]
    return torch.cat(parts)
