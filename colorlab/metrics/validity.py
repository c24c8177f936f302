"""Is a candidate a picture at all? Guards against methods that are diverse because they are broken.

Everything is judged against what the condition and the true colourings themselves show: an edge, a
coloured background or a colour without an outline that some truth has is never held against a
candidate. A truth is always valid."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from colorlab.color import lab_of, luma
from colorlab.conditions.lines import KERNEL, dilated
from colorlab.metrics.drawing import PAPER, Drawing, above_diagonal
from colorlab.metrics.per_drawing import PerDrawing

INK = 0.5  # darker is ink, in a line drawing
EDGE = 0.15  # luma by which a pixel is darker than a neighbour, where there is a line
WHITE = 0.9  # a candidate's pixel is still white if its darkest channel is at least this
CHROMA_EDGE = 5.0  # Lab units a pixel: a visible change of colour
CHROMA_NOISE = 3.0  # Lab units a pixel: hardly visible, not counted
FLAT = 2 / 255  # range of a channel within 5x5 pixels where a truth is flat
CONDITIONS = ("lines", "gray")


class Limits(NamedTuple):
    """A candidate is valid if it keeps all of them; a measure that a drawing does not have (NaN) is
    kept."""

    lines_kept: float = 0.85  # at least
    lines_true: float = 0.85  # at least
    paper_kept: float = 0.95  # at least
    bleeding: float = 0.35  # at most
    noise: float = 0.015  # at most
    luminance_error: float = 2.0  # at most


class Validity(PerDrawing):
    """Means over candidates of the measures of ``measures_of``; share: valid candidates.
    diversity_lpips and diversity_delta_e: mean over the pairs of valid candidates; earned_lpips and
    earned_delta_e: mean over all pairs, with zero for a pair that is not valid on both sides, so
    that broken pictures earn nothing. gated_lpips and gated_delta_e: error of the best valid
    candidate to the first truth; where none is valid, that of the drawing as it was shown, which is
    what one is left with.

    condition: lines or gray, what the method was shown."""

    topic = "validity"

    def __init__(self, condition: str) -> None:
        super().__init__()
        if condition not in CONDITIONS:
            raise ValueError(f"condition is lines or gray, not {condition!r}")
        self.condition = condition

    def measure(self, drawing: Drawing) -> dict[str, Tensor]:
        """See the class; and the vector valid (n,): 1 or 0."""
        measures = measures_of(drawing, self.condition)
        valid = verdict(measures)
        values = {name: each.double().mean() for name, each in measures.items()}
        distances = {"delta_e": drawing.delta_e[0]} | (
            {} if drawing.lpips is None else {"lpips": drawing.lpips}
        )
        both = above_diagonal(valid[:, None] & valid)
        for name, distance in distances.items():
            pairs = above_diagonal(distance[: drawing.n, : drawing.n])
            values[f"diversity_{name}"] = pairs[both].mean()
            values[f"earned_{name}"] = (pairs * both).mean()
        values |= {
            f"gated_{name}": _gated(drawing, name, distance, valid)
            for name, distance in errors_of(drawing).items()
        }
        return values | {"share": valid.double().mean(), "valid": valid.double()}


def measures_of(drawing: Drawing, condition: str) -> dict[str, Tensor]:
    """name -> (n,), NaN where a drawing does not have it.

    lines_kept: share of the input's ink, as far as some truth shows it, that lies within 1 px of an
    edge of the candidate. lines_true: share of the candidate's edges within 1 px of the input's ink
    or of an edge of some truth.
    paper_kept: share of the background (reached from the border without crossing ink, white in all
    truths) that is white. white_kept: the same of all pixels that are white in all truths; not part
    of the verdict, since a new colour there may be meant. bleeding: share of the change of chroma
    that lies more than 2 px from ink and from any truth's edges. noise: root mean square of what a
    3x3 mean takes away where all truths are flat, in RGB. clipped: share of pixels with a channel
    at 0 or 1 where no truth has one. sharpness: mean slope of luma near the first truth's edges,
    divided by the truth's own: 1 is as sharp, less is blurred; not part of the verdict.
    luminance_error, luminance_max: |dL*| to a gray condition."""
    sample_luma, truth_luma = luma(drawing.samples), luma(drawing.truths)
    edges, true_edges = dark_edges(sample_luma), dark_edges(truth_luma).any(0)
    ink = drawing.image[0] < INK if condition == "lines" else dark_edges(drawing.image[None])[0]
    white = (drawing.truths.amin(1) >= PAPER).all(0)
    still_white = drawing.samples.amin(1) >= WHITE
    return {
        "lines_kept": share_in(grown(edges, 1), ink & grown(true_edges, 1)),
        "lines_true": _share_of(edges, grown(ink | true_edges, 1)),
        "paper_kept": share_in(still_white, white & background(ink)),
        "white_kept": share_in(still_white, white),
        "bleeding": _bleeding(drawing, ink | true_edges),
        "noise": noise(drawing.samples, flat(drawing.truths)),
        "clipped": _clipped(drawing.samples, drawing.truths),
        "sharpness": _sharpness(sample_luma, truth_luma[:1]),
        **_luminance(drawing, condition),
    }


def errors_of(drawing: Drawing) -> dict[str, Tensor]:
    """(n,) each: distances to the first truth."""
    found = {"delta_e": drawing.delta_e_to_truths[0, :, 0]}
    return (
        found if drawing.lpips is None else found | {"lpips": drawing.lpips[: drawing.n, drawing.n]}
    )


def _gated(drawing: Drawing, name: str, errors: Tensor, valid: Tensor) -> Tensor:
    return errors[valid].amin() if valid.any() else drawing.left_alone[name]


def verdict(measures: dict[str, Tensor]) -> Tensor:
    """(n,) bool by ``Limits``."""
    limits = Limits()
    broken = [
        measures[name] < getattr(limits, name)
        for name in ("lines_kept", "lines_true", "paper_kept")
    ]
    broken += [
        measures[name] > getattr(limits, name) for name in ("bleeding", "noise", "luminance_error")
    ]
    return ~torch.stack(broken).any(0)


def dark_edges(gray: Tensor) -> Tensor:
    """(N, 1, H, W) luma -> (N, H, W) bool: the dilation difference, i.e. pixels darker than one of
    their eight neighbours."""
    return (dilated(gray, KERNEL) - gray > EDGE)[:, 0]


def grown(mask: Tensor, pixels: int) -> Tensor:
    """(..., H, W) bool, grown by so many pixels on every side."""
    masks = mask.reshape(-1, 1, *mask.shape[-2:]).float()
    return dilated(masks, 2 * pixels + 1).reshape(mask.shape) > 0


def background(ink: Tensor) -> Tensor:
    """(H, W) bool -> (H, W) bool: pixels that the border reaches without crossing ink."""
    from scipy.ndimage import label

    areas, _ = label(~ink.cpu().numpy())
    areas = torch.from_numpy(areas).to(ink.device)
    rim = torch.cat([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    return torch.isin(areas, rim[rim > 0])


def share_in(mask: Tensor, where: Tensor) -> Tensor:
    """(n, H, W) bool, (H, W) bool -> (n,): share of ``where`` that ``mask`` has; NaN for an empty
    ``where``."""
    return (mask & where).sum((-2, -1)) / where.sum()


def _share_of(mask: Tensor, where: Tensor) -> Tensor:
    """(n,): share of each mask that lies in ``where``; NaN for an empty mask."""
    return (mask & where).sum((-2, -1)) / mask.sum((-2, -1))


def chroma_change(ab: Tensor) -> Tensor:
    """(N, 2, H, W) Lab -> (N, H, W): length of the forward differences to the right and below, in
    Lab units a pixel."""
    right = F.pad(ab.diff(dim=-1), (0, 1, 0, 0))
    below = F.pad(ab.diff(dim=-2), (0, 0, 0, 1))
    return (right.square().sum(1) + below.square().sum(1)).sqrt()


def _bleeding(drawing: Drawing, edges: Tensor) -> Tensor:
    change = chroma_change(drawing.lab[:, 1:].unflatten(2, drawing.image.shape[-2:]))
    explained = grown(edges | (change[drawing.n :] > CHROMA_EDGE).any(0), 2)
    visible = (change[: drawing.n] - CHROMA_NOISE).clamp_min(0)
    total = visible.sum((1, 2))
    return (visible * ~explained).sum((1, 2)) / total.clamp_min(torch.finfo(total.dtype).tiny)


def flat(truths: Tensor) -> Tensor:
    """(T, 3, H, W) -> (H, W) bool: every truth is flat in the 5x5 pixels around."""
    channels = truths.reshape(-1, 1, *truths.shape[-2:])
    return (dilated(channels, 5) + dilated(-channels, 5) <= FLAT).all(0)[0]


def noise(samples: Tensor, where: Tensor) -> Tensor:
    """(n, 3, H, W), (H, W) bool -> (n,): root mean square of the high-pass there; NaN if there is
    no such place."""
    padded = F.pad(samples, (1, 1, 1, 1), mode="replicate")
    # faster than pooling
    of_three = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    rough = samples - (of_three[..., :-2] + of_three[..., 1:-1] + of_three[..., 2:]) / 9
    return rough[..., where].square().mean((1, 2), dtype=torch.float64).sqrt()


def _clipped(samples: Tensor, truths: Tensor) -> Tensor:
    at_end, true_end = (((x <= 0) | (x >= 1)).any(1) for x in (samples, truths))
    return (at_end & ~true_end.any(0)).double().mean((1, 2))


def _sharpness(sample_luma: Tensor, truth_luma: Tensor) -> Tensor:
    """(n, 1, H, W), (1, 1, H, W) -> (n,); NaN for a truth without edges."""
    near = grown(dark_edges(truth_luma), 1)[0]
    slopes = [
        torch.hypot(*_differences(gray))[:, near].mean(1, dtype=torch.float64)
        for gray in (sample_luma, truth_luma)
    ]
    return slopes[0] / slopes[1]


def _differences(gray: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 1, H, W) -> forward differences to the right and below, (N, H, W) each."""
    return F.pad(gray.diff(dim=-1), (0, 1))[:, 0], F.pad(gray.diff(dim=-2), (0, 0, 0, 1))[:, 0]


def _luminance(drawing: Drawing, condition: str) -> dict[str, Tensor]:
    if condition == "lines":
        missing = torch.full((drawing.n,), torch.nan, device=drawing.samples.device)
        return {"luminance_error": missing, "luminance_max": missing}
    L = lab_of(drawing.image.expand(3, -1, -1))[0].flatten()
    error = (drawing.lab[: drawing.n, 0] - L).abs()
    return {"luminance_error": error.mean(1), "luminance_max": error.amax(1)}
