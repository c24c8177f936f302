"""Plain data out of files that may be a stranger's: bounded before anything is made of it, then
held to a shape.

Nothing here builds objects, follows a pipe or a device, or takes longer than its bounds allow."""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any

import yaml

LARGEST = 1 << 18  # bytes of a configuration
LARGEST_RECORD = 1 << 28  # bytes of a record with a number for every picture
DEEPEST = 32  # containers within one another
MOST = 20_000  # values of a configuration, aliases counted as often as they come
# of a record: some hundred bytes of memory, and some tens, for each
MOST_CONTAINERS, MOST_ENTRIES = 1 << 21, 1 << 24
LONGEST_LINE = 500  # letters
LONGEST_NUMBER = 400  # letters of a number in YAML
LARGEST_FLOAT = 3.4e38  # of 32 bits

#: A type, a tuple of shapes, [shape of each], {key: shape, "key?": shape if it is there},
#: {str: shape of each}.
Shape = Any


def open_plain(path: Path) -> BufferedReader:
    """A file to be read. OSError: it cannot be, or is none, such as a pipe that nobody writes to or
    a device that never ends."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a name of a table's, with a byte that no file's has
        raise OSError(errno.EINVAL, str(error), str(path)) from error
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is no plain file", str(path))


def content(path: Path, largest: int = LARGEST) -> bytes:
    """All bytes of a file. OSError: as ``open_plain``; ValueError: it is larger."""
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise ValueError(f"it has {size:,} bytes, more than the {largest:,} that are read")
        return file.read(largest + 1)


class Line(str):
    """In a shape: words that a terminal shows on a line and does not obey."""


class Bounded:
    """For a Loader of PyYAML: a YAMLError where containers are too deep, aliases make too much of
    little, a key comes twice, a number is too long, or a value is not what its tag says."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"it is deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)  # type: ignore[misc]
        self._depth -= 1
        if isinstance(node, yaml.MappingNode):
            _must_differ(
                [
                    key.value
                    for key, _ in node.value
                    if isinstance(key, yaml.ScalarNode) and key.value != "<<"
                ]
            )
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        if (
            node.tag in NUMBERS
            and isinstance(node, yaml.ScalarNode)
            and len(node.value) > LONGEST_NUMBER
        ):
            raise yaml.YAMLError(
                f"{node.value[:40]}... is a number of more than {LONGEST_NUMBER} letters"
            )
        try:
            return super().construct_object(node, deep)  # type: ignore[misc]
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise yaml.YAMLError(
                f"{str(node.value)[:40]!r} is no {node.tag.rpartition(':')[2]}"
            ) from error

    def get_single_node(self) -> Any:
        node = super().get_single_node()  # type: ignore[misc]
        if node is not None:
            _counted(node, {})
        return node


NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def _must_differ(keys: list[str]) -> None:
    """YAMLError if a key of a mapping comes twice: readers differ in which they take."""
    if len(set(keys)) < len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise yaml.YAMLError(f"the key {twice[:40]!r} comes twice")


class PlainLoader(Bounded, yaml.SafeLoader):
    """Builds nothing but plain containers."""


def _counted(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for. YAMLError: too many, or it holds itself."""
    if id(node) in known:
        if known[id(node)] == 0:
            raise yaml.YAMLError("an alias stands for what it is in")
        return known[id(node)]
    known[id(node)] = 0
    pairs = isinstance(node, yaml.MappingNode)
    inner = [part for pair in node.value for part in pair] if pairs else node.value
    count = 1 + sum(
        _counted(part, known) for part in ([] if isinstance(node, yaml.ScalarNode) else inner)
    )
    if count > MOST:
        raise yaml.YAMLError(f"it stands for more than {MOST:,} values")
    known[id(node)] = count
    return count


def yaml_of(text: bytes) -> Any:
    """Plain containers. ValueError, in one line: it is no YAML, out of bounds, or of other types
    than JSON's."""
    try:
        value = yaml.load(text.decode("utf-8"), Loader=PlainLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    must_be_plain(value)
    return value


def json_of(text: bytes) -> Any:
    """Plain containers. ValueError: it is no JSON, or out of bounds."""
    if text.count(b"{") + text.count(b"[") > MOST_CONTAINERS or text.count(b",") > MOST_ENTRIES:
        raise ValueError("it has more entries than are read")
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError as error:
        raise ValueError(f"it is deeper than {DEEPEST} levels") from error
    must_be_plain(value)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def must_be_plain(value: Any, depth: int = 0) -> None:
    """ValueError unless all is None, bool, int, float, str, lists, and dictionaries with words for
    keys, and whole numbers have 64 bits at most."""
    if depth > DEEPEST:
        raise ValueError(f"it is deeper than {DEEPEST} levels")
    if isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{str(key)[:40]!r} is no word, so it cannot be a key")
            must_be_plain(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            must_be_plain(each, depth + 1)
    elif isinstance(value, int) and not is_of_64_bits(value):
        raise ValueError("it has a number beyond all that are counted here")
    elif not isinstance(value, str | int | float | bool | None):
        raise ValueError(f"{str(value)[:40]} is a {type(value).__name__}, not plain data")


def is_of_64_bits(value: int) -> bool:
    """Whether a whole number is one of those that files, arrays and clocks have."""
    return -(1 << 63) <= value < 1 << 64


def is_counted_with(value: float) -> bool:
    """Whether a number is one that nets count with: whole ones of 64 bits, others of 32."""
    return is_of_64_bits(value) if isinstance(value, int) else abs(value) <= LARGEST_FLOAT


def must_fit(value: Any, shape: Shape, where: str = "") -> None:
    """ValueError, naming the place, unless a value has a shape. Keys beyond those of a shape may be
    there."""
    if isinstance(shape, tuple):
        if not any(_fits(value, each) for each in shape):
            _misfit(value, " or ".join(_named(each) for each in shape), where)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            _misfit(value, "a list", where)
        for k, each in enumerate(value):
            must_fit(each, shape[0], f"{where}[{k}]")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            _misfit(value, "a mapping", where)
        if set(shape) == {str}:
            for key, each in value.items():
                must_fit(each, shape[str], f"{where}.{key}".lstrip("."))
            return
        for word, inner in shape.items():
            key = word.removesuffix("?")
            if key in value:
                must_fit(value[key], inner, f"{where}.{key}".lstrip("."))
            elif key == word:
                raise ValueError(f"{f'{where}.{key}'.lstrip('.')} is missing")
    elif not _is_a(value, shape):
        _misfit(value, _named(shape), where)


def _fits(value: Any, shape: Shape) -> bool:
    try:
        must_fit(value, shape)
    except ValueError:
        return False
    return True


def _is_a(value: Any, kind: Any) -> bool:
    if kind is None:
        return value is None
    if kind is float:
        return (type(value) is int and is_of_64_bits(value)) or (
            isinstance(value, float) and math.isfinite(value)
        )
    if kind is Line:
        return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_LINE
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _named(shape: Shape) -> str:
    names = {
        str: "a word",
        Line: "a line of words",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        None: "null",
    }
    if isinstance(shape, list | dict):
        return "a list" if isinstance(shape, list) else "a mapping"
    return names.get(shape, "null")


def _misfit(value: Any, expected: str, where: str) -> None:
    raise ValueError(f"{where or 'it'} is to be {expected}, not {str(value)[:40]!r}")


def flattened(node: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys; empty ones leave nothing."""
    if not isinstance(node, dict):
        return {prefix: node}
    return {
        key: value
        for name in node
        for key, value in flattened(node[name], f"{prefix}.{name}".lstrip(".")).items()
    }
