"""Python's words for a command's: the same keys, values and clauses, without a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from colorlab.cli.clauses import check_words
from colorlab.cli.messages import nearest
from colorlab.cli.yaml_files import composed, conf_dir, group_files
from colorlab.errors import ConfigError

Words = Mapping[str, Any]  # keys and values, as behind a dot on the command line
Guides = Sequence[str] | Mapping[str, Words]
Color = str | Path | Sequence[float]
Palette = str | Path | Sequence[str | Sequence[float]]


def checked_words(given: Words, command: str) -> dict[str, Any]:
    """Python's words as a command's: guides and samplers by their names become configurations, and
    every value is held to its clause in the command's yaml files."""
    words = dict(given)
    words["guide"] = guides_named(words["guide"])
    words["bias"] = list(map(float, bias)) if is_list(bias := words["bias"]) else bias and str(bias)
    words["palette"] = (
        list(palette) if is_list(palette := words["palette"]) else palette and str(palette)
    )
    words["shade"] = words["shade"] and str(words["shade"])
    words["method"] = dict(words["method"] or {}) | {"sampler": sampler_named(words.pop("sampler"))}
    plain = {key: value for key, value in words.items() if key not in ("guide", "method")}
    for file in (f"{command}.yaml", "sampling/keys.yaml"):
        check_words(plain, conf_dir() / file)
    return words


def is_list(value: Any) -> bool:
    """Whether it is several values, not a word or a path."""
    return value is not None and not isinstance(value, str | Path)


def guides_named(given: Guides) -> dict[str, Any]:
    """Configurations of guides, by name."""
    names = [given] if isinstance(given, str) else list(given)
    changes = given if isinstance(given, Mapping) else {}
    return {name: named_node("guide", name, changes.get(name) or {}) for name in names}


def sampler_named(given: str | Words | None) -> dict[str, Any]:
    """A sampler's configuration; {} for the run's own."""
    if given is None:
        return {}
    words = {"name": given} if isinstance(given, str) else dict(given)
    return named_node("method/sampler", str(words.pop("name", "")), words)


def data_named(given: str | Words) -> dict[str, Any]:
    """A data set's configuration, by its name or by {"name": ..., "size": ...}. ConfigError: a
    value is missing."""
    words = {"name": given} if isinstance(given, str) else dict(given)
    name = str(words.pop("name", ""))
    node = named_node("data", name, words)
    if missing := [key for key, value in node.items() if value == "???"]:
        raise ConfigError(f"data={name} needs {missing[0]} (give it beside the name)")
    return node


def named_node(group: str, name: str, changes: Words) -> dict[str, Any]:
    """A group's configuration of a name, with other values for some of its keys; ConfigError for a
    wrong one."""
    if name not in (known := sorted(group_files(group))):
        raise ConfigError(
            f"{group}={name} is unknown (choose from {', '.join(known)}{nearest(name, known)})"
        )
    node = composed(group, name)
    for key, value in changes.items():
        if key not in node or isinstance(node[key], dict) or key == "_target_":
            keys = [
                each
                for each, default in node.items()
                if not isinstance(default, dict) and each != "_target_"
            ]
            raise ConfigError(
                f"{key} is not a key of {group}={name} (choose from {', '.join(keys)})"
            )
        node[key] = value
    check_words(node, group_files(group)[name])
    return node
