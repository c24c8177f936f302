"""Whether values suit the parameters of the class that they are for, by its annotations: a
stranger's configuration may name any value and any class that is allowed, anywhere."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

PLAIN = (int, float, str, list, tuple, dict, type(None))  # the kinds of values in a yaml file


def must_suit(make: type, values: Mapping[str, Any]) -> None:
    """TypeError names the first value that is not of the kind that its parameter is annotated
    with."""
    hints = hints_of(make)
    for key, value in values.items():
        if key in hints and not suits(value, hints[key]):
            given = repr(str(value)[:40]) if isinstance(value, PLAIN) else type(value).__name__
            raise TypeError(f"{key} is to be {_named(hints[key])}, not {given}")


@cache
def hints_of(make: type) -> dict[str, Any]:
    """Parameter -> annotation of a class; none where they cannot be told."""
    try:
        return typing.get_type_hints(make.__init__)  # type: ignore[misc]
    except (NameError, TypeError, AttributeError):
        return {}


def suits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated kind; of a kind that is not known here all are."""
    if hint is Any:
        return True
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(suits(value, part) for part in parts)
    if origin is typing.Literal:
        return value in parts
    if inspect.isclass(kind := origin or hint):
        return _is_a(value, kind) and all(
            suits(each, part) for each, part in _inside(value, kind, parts)
        )
    return True


def _is_a(value: Any, kind: type) -> bool:
    if kind in (int, float, complex):
        return isinstance(value, int | float if kind is not int else int) and not isinstance(
            value, bool
        )
    if kind is tuple or (issubclass(kind, Sequence) and kind is not str):
        return isinstance(value, list | tuple)
    if getattr(kind, "_is_protocol", False) and kind.__module__ not in (
        "typing",
        "collections.abc",
    ):
        return all(hasattr(value, name) for name in _promised(kind))
    return isinstance(value, kind)


def _inside(value: Any, kind: type, parts: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """The values in a container, each with the annotation of its place."""
    if not parts or isinstance(value, str) or not isinstance(value, list | tuple | dict):
        return []
    if isinstance(value, dict):
        return [
            (each, part) for pair in value.items() for each, part in zip(pair, parts, strict=True)
        ]
    if kind is tuple and parts[-1] is not Ellipsis:
        fits = len(value) == len(parts)
        # a pair that does not suit
        return list(zip(value, parts, strict=True)) if fits else [(None, int)]
    return [(each, parts[0]) for each in value]


def _promised(protocol: type) -> list[str]:
    """What a class is to have that keeps a protocol."""
    own = [
        name
        for base in protocol.__mro__
        if getattr(base, "_is_protocol", False)
        for name in vars(base)
    ]
    return [name for name in own if not name.startswith("_") or name == "__call__"]


def _named(hint: Any) -> str:
    """An annotation in words."""
    name = hint.__name__ if inspect.isclass(hint) else str(hint)
    return {
        "int": "a whole number",
        "float": "a number",
        "str": "a word",
        "bool": "true or false",
    }.get(name, name)
