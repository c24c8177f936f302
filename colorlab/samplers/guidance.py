"""Classifier-free guidance away from one prompt.

Ho and Salimans (2022), "Classifier-Free Diffusion Guidance"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GuidanceOptions:
    """How far estimates go beyond what is asked for, and from where."""

    negative: str  # a prompt to keep away from
    scale: float  # its range and the value that turns guidance off are the method's
