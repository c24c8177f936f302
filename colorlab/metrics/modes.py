"""Coverage of the true modes: does a method find the colourings that really exist, and does it keep
to them?

Some drawings have several true colourings (OpenMoji: one outline, six skin tones). For candidates
s_1 .. s_n, truths t_1 .. t_T and a distance D,

    coverage(r)   = share of truths with some candidate within r      = mean_j
                  [min_i D(s_i, t_j) <= r]
    precision(r)  = share of candidates with some truth within r      = mean_i
                  [min_j D(s_i, t_j) <= r]
    assignment    = mean D of the best one-to-one matching of min(n, T) candidates and truths
                  (Hungarian method)

Coverage and precision together cannot be had by chance or by collapse: n copies of the mean
colouring cover nothing, n copies of one truth have precision 1 but coverage 1 / T, noise has
neither. With n < T coverage is n / T at most: `attainable` is the mean of min(n, T) / T. D is
LPIPS, or CIEDE2000 averaged over the painted pixels, i.e. those that are not paper in every true
colouring. Two equal truths count as two. Drawings with one truth are left out."""

from __future__ import annotations

import torch
from torch import Tensor

from colorlab.metrics.drawing import Drawing
from colorlab.metrics.per_drawing import PerDrawing

#: OpenMoji's neighbouring skin tones lie at LPIPS 0.01 to 0.03 (AlexNet, 64 px), CIEDE2000 2 to 6;
#: opposite ones at 0.1 to 0.3 and 10 to 40. The second and third radius tell modes apart, the last
#: ones only right from wrong. VGG16 would need wider ones.
RADII = {"lpips": (0.01, 0.02, 0.05, 0.1, 0.2), "delta_e": (2.0, 5.0, 10.0, 20.0)}


class Modes(PerDrawing):
    """coverage_<distance>_<radius>, precision_<distance>_<radius>, assignment_<distance>,
    attainable, truths (their number); over the drawings with two true colourings at least."""

    topic = "modes"

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """All NaN for a drawing with one truth."""
        distances = {"delta_e": drawing.delta_e_to_truths[1]}
        if drawing.lpips is not None:
            distances["lpips"] = drawing.lpips[: drawing.n, drawing.n :]
        n, truths = distances["delta_e"].shape
        values = {
            "truths": torch.tensor(float(truths)),
            "attainable": torch.tensor(min(n, truths) / truths),
        }
        for name, distance in distances.items():
            for radius in RADII[name]:
                values[f"coverage_{name}_{radius:g}"] = coverage(distance, radius)
                values[f"precision_{name}_{radius:g}"] = coverage(distance.T, radius)
            values[f"assignment_{name}"] = assignment(distance)
        return values if truths > 1 else {name: torch.full((), torch.nan) for name in values}


def coverage(distance: Tensor, radius: float) -> Tensor:
    """(n, T) -> share of the T columns that have an entry <= radius."""
    return (distance.amin(0) <= radius).double().mean()


def assignment(distance: Tensor) -> Tensor:
    """(n, T) -> mean distance of the cheapest one-to-one matching of min(n, T) rows and columns."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(distance.cpu().numpy())
    return distance[rows, columns].mean()
