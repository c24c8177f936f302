"""What may come next on a command line, told from the yaml files alone, in the time between two
keystrokes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colorlab.cli.yaml_files import (
    PACKAGE,
    choices_of,
    conf_dir,
    declared,
    documented,
    group_files,
    sources,
)

#: The first word of commands that have verbs.
VERBS = {
    "data": ("check", "prepare", "lines", "prior", "add"),
    "weights": ("fetch", "list"),
    "models": ("list", "save", "fetch", "export"),
    "bench": (
        "quick",
        "steps",
        "memory",
        "whole",
        "growth",
        "judging",
        "training",
        "waits",
        "studio",
    ),
    "completion": ("bash", "zsh", "fish"),
}
# where a command's keys are, if not in a file of its name
CONFIGS = {"data": "data_command", "check": "train"}


def candidates(words: list[str], current: str, commands: list[str]) -> list[str]:
    """The words that begin with the current one. words: before it, the program's name not among
    them."""
    if not words:
        return _matching(commands, current)
    command, *given = words
    if not given and command in VERBS:
        return _matching(VERBS[command], current)
    path = conf_dir() / f"{CONFIGS.get(command, command)}.yaml"
    if not path.is_file():
        return []
    key, equals, _ = current.partition("=")
    chosen = choices_of(path, given=dict(word.split("=", 1) for word in given if "=" in word))
    if equals:
        return _matching((f"{key}={value}" for value in _values(path.stem, key, chosen)), current)
    groups = [group for group in chosen if len(group_files(group)) > 1]
    keys = [
        f"{prefix}.{key}".lstrip(".")
        for file, prefix in sources(path.stem, chosen)
        for key, _ in documented(file)
    ]
    return _matching(
        (f"{name}=" for name in [*groups, *keys] if not name.startswith("hydra.")), current
    )


def _values(command: str, key: str, chosen: dict[str, str]) -> Iterator[str]:
    """Options of a group; what a key's clause lists; the runs there are."""
    if key in chosen:
        yield from group_files(key)
        return
    if key in ("run", "runs"):
        for folder in (Path("runs"), PACKAGE / "pretrained"):
            for config in sorted(folder.glob("*/config.yaml")):
                yield f"{folder.name}/{config.parent.name}"
    for file, prefix in sources(command, chosen):
        for name, _, clause in declared(file):
            if f"{prefix}.{name}".lstrip(".") == key and " | " in clause:
                yield from clause.split(" | ")


def _matching(words: Iterator[str] | tuple[str, ...] | list[str], current: str) -> list[str]:
    return sorted({word for word in words if word.startswith(current)})
