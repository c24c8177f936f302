"""Areas corrected by hand, as they are typed: [[cut,x,y,x,y,...],[join,x,y,x,y,...]]."""

from __future__ import annotations

from typing import Any, NamedTuple

from colorlab.errors import ConfigError

VERBS = ("cut", "join")
MOST, FARTHEST = 20_000, 1e6  # numbers of an edit; px


class Edit(NamedTuple):
    """A line over areas (``conditions.area_edits``). verb: "cut" or "join". points: (x, y) in
    pixels, two or more."""

    verb: str
    points: tuple[tuple[float, float], ...]


def edits_of(typed: Any) -> tuple[Edit, ...]:
    """Edits as they are typed. ConfigError."""
    return tuple(_edit(each) for each in typed or ())


def _edit(typed: Any) -> Edit:
    verb, *numbers = typed if isinstance(typed, list | tuple) and typed else [None]
    plain = all(
        isinstance(at, int | float) and not isinstance(at, bool) and abs(at) <= FARTHEST
        for at in numbers
    )
    if verb not in VERBS or not 4 <= len(numbers) <= MOST or len(numbers) % 2 or not plain:
        raise ConfigError(
            "edit= is lines over areas, in pixels: [[cut,x,y,x,y,...],[join,x,y,x,y,...]]"
        )
    return Edit(verb, tuple(zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True)))


def typed(edits: tuple[Edit, ...]) -> list[list[Any]]:
    """Edits as plain data."""
    return [[edit.verb, *(at for point in edit.points for at in point)] for edit in edits]
