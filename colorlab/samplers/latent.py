"""Sampling in the latents of a text-to-image model: guidance by text and structure, a late start,
score distillation.

Ho and Salimans (2022), "Classifier-Free Diffusion Guidance"; Brooks et al. (2023),
"InstructPix2Pix", Sec. 3.2.1; Meng et al. (2022), "SDEdit"; Poole et al. (2023), "DreamFusion".
Latents are (N, C, h, w), of about unit deviation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlab.color import luma
from colorlab.diffusion import noised, per_row
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.progress import finer
from colorlab.samplers.ancestral import Sampler
from colorlab.samplers.guides import Flat, Guide, Inpaint
from colorlab.types import Schedule

SDS_LEVELS = (0.02, 0.98)  # DreamFusion's range of t/T


ABLATIONS = ("none", "no_guider", "sdedit", "sds")


@dataclass(frozen=True)
class LatentOptions:
    """The frozen model in whose latents colours are drawn, and the way from there to a picture."""

    prior: str  # folder or hub id of a text-to-image model, or a run of method=latent_prior
    decoder: str | None  # a run of method=lightness_vae on the same VAE, None = the model's own
    space: str  # "ab" puts the gray picture's lightness back, "rgb" does not


@dataclass(frozen=True)
class Guidance:
    """Scales of classifier-free guidance, see ``branches``: by the text, and by the picture and its
    hints together; 1 = off. negative: the prompt to keep away from."""

    text: float
    structure: float
    negative: str


@dataclass(frozen=True)
class AblationOptions:
    """What is done in the guider's place (Sec. 4.4)."""

    # none, no_guider, sdedit (from the gray picture's latents) or sds (score distillation)
    kind: str
    sdedit_strength: float  # share of the steps that sdedit does
    sds_steps: int
    sds_rate: float
    sds_gray: float  # weight of the lightness

    def __post_init__(self) -> None:
        if self.kind not in ABLATIONS:
            raise ValueError(f"kind is {', '.join(ABLATIONS)}, not {self.kind!r}")


class Branch(NamedTuple):
    """One of the calls that a guided step is made of: its weight, and what the network is shown in
    it."""

    weight: float
    text: bool  # the prompt, not the negative one
    structure: bool  # the picture and the hints, not nothing


def branches(text_scale: float, structure_scale: float, prompted: bool) -> list[Branch]:
    """The calls of a step, weights of sum 1, those of weight 0 left out; scales of 1 leave one
    call.

        e(-, -) + structure_scale (e(-, s) - e(-, -)) + text_scale (e(text, s) - e(-, s))
    - of text is the negative prompt. prompted: whether the prompt is another than the negative
      one."""
    text_scale = text_scale if prompted else 0.0
    found = [
        Branch(1 - structure_scale, False, False),
        Branch(structure_scale - text_scale, False, True),
        Branch(text_scale, True, True),
    ]
    return [branch for branch in found if branch.weight]


def unbounded(sampler: Sampler, schedule: Schedule) -> Sampler:
    """The sampler on a prior's own schedule, without limits to its estimates, for latents have
    none. ValueError: it is one of marginals."""
    if not hasattr(sampler, "levels"):
        raise ValueError(
            "method/sampler is one of marginals, not a diffusion model's (choose ddim)"
        )
    free = copy.copy(sampler)
    free.clip, free.schedule = False, schedule  # type: ignore[attr-defined]
    return free


def late(sampler: Sampler, steps: int) -> Sampler:
    """The sampler's last ``steps`` steps alone (SDEdit)."""
    levels = sampler.levels(None)[-steps - 1 :]
    rest = copy.copy(sampler)
    rest.levels = lambda switch_at: levels  # type: ignore[method-assign]
    return rest


def known_cells(mask: Tensor, factor: int) -> Tensor:
    """A mask of pixels (B, 1, H, W) in [0, 1] -> of latents (B, 1, H / factor, W / factor): known
    where all pixels of a cell and its neighbours are, for a latent says something of those too."""
    return -F.max_pool2d(-mask, 3 * factor, factor, factor)


#: (x (N, C, h, w), alpha_bar (N,)) -> the noise in x, after guidance
NoiseOf = Callable[[Tensor, Tensor], Tensor]


def distilled(
    noise_of: NoiseOf,
    decode: Callable[[Tensor], Tensor],
    z: Tensor,
    image: Tensor,
    alpha_bars: Tensor,
    rows: Draws,
    how: AblationOptions,
) -> Tensor:
    """Latents that a prior finds likely and whose pictures have the lightness of one: gradient
    descent by Adam on
        (1 - alpha_bar) (eps_hat - eps),  alpha_bar and eps fresh at each step  (DreamFusion, Eq. 3)
        + gray d|luma(decode(z)) - image| / dz,  a mean over the pixels of each latent

    z (N, C, h, w): where it begins. decode: -> (N, 3, H, W) in [0, 1]. image (1, 1, H, W).
    alpha_bars (T,)."""
    z = z.clone().requires_grad_()
    optimizer = torch.optim.Adam([z], how.sds_rate)
    low, high = (share * len(alpha_bars) for share in SDS_LEVELS)
    pixels = image[0].numel() / z[0, 0].numel()  # of a latent
    for _ in finer(range(how.sds_steps)):
        t = (low + (high - low) * rows.uniform(device=z.device)).long()
        alpha_bar, noise = alpha_bars[t], rows.normal(*z.shape[1:], device=z.device)
        with torch.no_grad():
            error = noise_of(noised(z, noise, alpha_bar), alpha_bar) - noise
        with torch.enable_grad():
            off = (luma(decode(z)) - image).abs().sum() / pixels
            (slope,) = torch.autograd.grad(off, z)
        z.grad = (1 - per_row(alpha_bar, z)) * error + how.sds_gray * slope
        optimizer.step()
    return z.detach()


def refuse_guides(guides: Sequence[Guide], ablation: str) -> None:
    """ConfigError for a guide that works on pixels alone, and for any where nothing is denoised."""
    for guide in guides:
        if ablation == "sds":
            raise ConfigError(
                "guide and hints have no place in method.guider.ablation.kind=sds (leave them out)"
            )
        if isinstance(guide, Flat):
            raise ConfigError(
                "guide=flat edits pixels, and this method draws latents (leave it out)"
            )
        if isinstance(guide, Inpaint) and guide.known == "repaint":
            raise ConfigError(
                "guide.inpaint.known=repaint holds pictures to [-1, 1], latents are wider (use "
                "noised)"
            )
