"""Options of methods that colour areas, by what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from colorlab.errors import ConfigError

TRUNKS = ("none", "lite0")


@dataclass(frozen=True)
class ReadingOptions:
    """How drawings are read. side: px at which the net sees them. width, layers, heads: of the
    transformer over areas; width and heads of the one that gives colours too. trunk: lite0, a net
    that learned from photographs, which helps to read drawings and learns to name them; or none.
    text_encoder: minilm, a folder with a text model and its tokenizer, or null: without
    captions."""

    width: int
    side: int
    layers: int
    heads: int
    trunk: str
    text_encoder: str | None

    def __post_init__(self) -> None:
        if self.trunk not in TRUNKS:
            raise ValueError(f"reading.trunk is {' or '.join(TRUNKS)}, not {self.trunk!r}")


@dataclass(frozen=True)
class HandOptions:
    """Whose colours. styles: names of the hands in the training set, by their labels. style: the
    one to colour like, null = nobody's in particular. dropout: share of the training pictures whose
    hand is not told."""

    styles: Sequence[str]
    style: str | None
    dropout: float

    def __post_init__(self) -> None:
        if self.style is not None and self.style not in self.styles:
            known = ", ".join(self.styles)
            raise ConfigError(
                f"method.hand.style={self.style} is none of {known} (null = nobody's in particular)"
            )

    @property
    def number(self) -> int:
        """Of the style, as the net knows it; 0 = nobody's in particular."""
        return 0 if self.style is None else 1 + self.styles.index(self.style)


@dataclass(frozen=True)
class DecoderOptions:
    """What gives colours. layers: of its transformer. turns: random states (orders, noises) in
    which each training picture is learned from."""

    layers: int
    turns: int
