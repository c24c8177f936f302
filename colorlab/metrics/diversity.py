"""How different a drawing's candidates are. Higher is not better alone: noise is diverse too, see
validity."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from colorlab.metrics.drawing import Drawing, above_diagonal
from colorlab.metrics.per_drawing import PerDrawing
from colorlab.metrics.ssim import ms_ssim_pairs

# fixed, so that histograms of different runs can be laid over each other
BINS = np.linspace(0, 1, 65)
# Vendi: LPIPS at which two pictures count as 1/e alike; true colourings of one drawing lie at 0.07
LPIPS_SCALE = 0.05
LAB_SCALE = 10.0  # Vendi: the Lab distance that does the same job at exp(-1/2)
BLOCK = 8  # side of the low-pass filter's blocks in pixels


class Diversity(PerDrawing):
    """lpips, delta_e: means over all pairs of candidates; _painted: over the places alone that some
    truth paints, so that a small drawing on much paper counts as a large one does. vendi_lpips,
    vendi_lab: effective number of different candidates, 1 to n. ab_variance: DivColor's, in
    (ab / 128)^2. coherence: share of that variance that is left in 8x8 block means, 1/64 for
    speckle, 1 for flat changes. hue_variance: 0 one hue, 1 all hues.
    ms_ssim: mean over all pairs, less is more diverse.
    truths_lpips: the same measure of the true colourings themselves, where there are several."""

    topic = "diversity"

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """See the class; and the pairs' distances, pairs_lpips and pairs_delta_e
        (n (n - 1) / 2,)."""
        lab = drawing.lab[: drawing.n]
        ab = lab[:, 1:].unflatten(2, drawing.image.shape[-2:])
        pairs_delta_e = above_diagonal(drawing.delta_e[0])
        values = {
            "delta_e": pairs_delta_e.mean(),
            "delta_e_painted": above_diagonal(drawing.delta_e[1]).mean(),
            "vendi_lab": vendi(lab_kernel(lab[:, :, drawing.painted])),
            "ab_variance": ab_variance(ab),
            "coherence": coherence(ab),
            "hue_variance": hue_variance(ab)[0],
            "ms_ssim": ms_ssim_pairs(drawing.smoothed.at(slice(drawing.n))).mean(),
            "pairs_delta_e": pairs_delta_e,
        }
        if drawing.lpips is None or drawing.lpips_painted is None:
            return values
        painted = above_diagonal(drawing.lpips_painted[: drawing.n, : drawing.n])
        return values | _lpips_values(drawing.lpips, drawing.n) | {"lpips_painted": painted.mean()}


def _lpips_values(distances: Tensor, n: int) -> dict[str, Tensor]:
    pairs, truths = above_diagonal(distances[:n, :n]), above_diagonal(distances[n:, n:])
    return {
        "lpips": pairs.mean(),
        "vendi_lpips": vendi((-distances[:n, :n] / LPIPS_SCALE).exp()),
        "truths_lpips": truths.mean(),  # NaN for a single truth
        "pairs_lpips": pairs,
    }


def vendi(kernel: Tensor) -> Tensor:
    """exp of the entropy of the eigenvalues of K / n: the effective number of different items
    (Friedman and Dieng, The Vendi Score, 2023). K: (n, n) positive semi-definite with ones on the
    diagonal."""
    eigenvalues = torch.linalg.eigvalsh(kernel.double() / len(kernel)).clamp_min(0)
    return torch.special.entr(eigenvalues).sum().exp()


def lab_kernel(lab: Tensor) -> Tensor:
    """(n, 3, P) -> (n, n): exp(-mean squared Lab distance / (2 LAB_SCALE^2)), a Gaussian and so
    positive semi-definite. (LPIPS is a squared Euclidean distance too: exp(-d / s) is as good a
    kernel.)"""
    flat = lab.double().flatten(1)
    distance = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")
    return (-distance.square() / (lab.shape[-1] * 2 * LAB_SCALE**2)).exp()


def ab_variance(ab: Tensor) -> Tensor:
    """Variance over candidates (divided by n), averaged over pixels and the two channels, of ab /
    128.

    ab: (n, 2, H, W). Deshpande et al., Learning Diverse Image Colorization (2017), Table 3."""
    ab = ab.double() / 128
    return (ab - ab.mean(0)).square().mean()


def coherence(ab: Tensor) -> Tensor:
    """ab_variance of the means over 8x8 blocks, divided by that of the pixels; NaN if nothing
    varies.

    Independent noise per pixel gives 1/64, candidates that differ in whole areas give almost 1. ab:
    (n, 2, H, W); rows and columns beyond a multiple of 8 are left out."""
    height, width = (side // BLOCK * BLOCK for side in ab.shape[-2:])
    ab = ab[..., :height, :width].double()
    return ab_variance(F.avg_pool2d(ab, BLOCK)) / ab_variance(ab)


def hue_variance(ab: Tensor) -> tuple[Tensor, Tensor]:
    """Circular variance of the hue over candidates, weighted by chroma (gray has no hue): 1 - |sum
    ab| / sum |ab|.

    ab: (n, 2, H, W) -> its mean weighted by chroma (NaN for gray pictures), and the map (H, W) in
    [0, 1]: where the method is undecided about the hue."""
    ab = ab.double()
    chroma = torch.hypot(*ab.unbind(1)).sum(0)
    resultant = torch.hypot(*ab.sum(0))
    variance = (1 - resultant / chroma.clamp_min(1e-12)).clamp(0, 1) * (chroma > 0)
    return (chroma - resultant).clamp_min(0).sum() / chroma.sum(), variance


def histogram(distances: np.ndarray) -> tuple[np.ndarray, float]:
    """Counts (64,) in equal bins on [0, 1], and the share of distances above 1."""
    distances = np.asarray(distances).ravel()
    return np.histogram(distances, BINS)[0], float((distances > 1).mean())
