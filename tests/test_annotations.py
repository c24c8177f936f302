"""Whether values suit the annotations of what they are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, Protocol

import pytest

from colorlab.cli.annotations import must_suit, suits


class Steps(Protocol):
    def levels(self) -> list[float]: ...


class Ten:
    def levels(self) -> list[float]:
        return [0.1] * 10


class Part:
    def __init__(
        self, width: int, sampler: Steps, schedule: Callable[..., Any], names: Sequence[str] = ()
    ) -> None:
        self.width = width


SUIT = [
    (3, int), (3, float), (2.5, float), (None, int | None), ("a", str), (True, bool),
    ([1, 2], list[int]), ([1, 2], Sequence[float]), ([1, 2], tuple[int, int]),
    ([1, 2, 3], tuple[int, ...]), ({"a": 1}, dict[str, int]), (Ten(), Steps),
    (partial(Ten), Callable[..., Any]), ("l1", Literal["l1", "l2"]), (object(), Any),
    ([], list[int]),
]  # fmt: skip
DO_NOT = [
    (True, int), (3.0, int), ("3", int), (None, int), (True, float), ("a", bool), (1, bool),
    (3, str), ([1, "a"], list[int]),
    (3, list[int]), ([1, 2, 3], tuple[int, int]), ({1: 1}, dict[str, int]),
    ({"a": "b"}, dict[str, int]), (partial(Ten), Steps), (3, Steps), (Ten(), Callable[..., Any]),
    ("l3", Literal["l1", "l2"]), ({}, Steps), ("ab", Sequence[str]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "hint"), SUIT)
def test_what_is_of_the_kind_suits(value: Any, hint: Any) -> None:
    assert suits(value, hint)


@pytest.mark.parametrize(("value", "hint"), DO_NOT)
def test_what_is_of_another_kind_does_not(value: Any, hint: Any) -> None:
    assert not suits(value, hint)


def test_what_does_not_suit_is_named_with_what_it_is_to_be() -> None:
    whole = {"width": 8, "sampler": Ten(), "schedule": Ten, "names": ["a"]}
    must_suit(Part, whole)
    must_suit(Part, {"unknown": 3})  # which the class itself refuses
    for key, value in {"width": "8", "sampler": partial(Ten), "schedule": 3, "names": [3]}.items():
        with pytest.raises(TypeError, match=f"{key} is to be "):
            must_suit(Part, whole | {key: value})
