"""The yaml files below conf/, and what each declares: keys, defaults and the comments behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from colorlab.cli import plugins

PACKAGE = Path(__file__).parent.parent


def conf_dir() -> Path:
    """conf/ inside the installed package, or beside it in the repository."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def conf_dirs() -> list[Path]:
    """colorlab's conf/, then that of each plug-in. A name that is in several means the first."""
    return [conf_dir(), *(plugin.conf for plugin in plugins.active())]


def group_files(group: str) -> dict[str, Path]:
    """Name -> yaml file of every option of a group."""
    return {path.stem: path for folder in reversed(conf_dirs()) for path in sorted((folder / group).glob("*.yaml"))}


def groups() -> list[str]:
    """All groups, such as method and method/sampler."""
    found = {str(path.relative_to(folder)) for folder in conf_dirs() for path in folder.rglob("*") if path.is_dir()}
    return sorted(found)


def composed(group: str, name: str) -> dict[str, Any]:
    """What a group's file says, with the files of the group that its defaults put below a key of it: `- ddim@source`.
    Plain containers; the same as Hydra composes."""
    said = yaml.safe_load(group_files(group)[name].read_text(encoding="utf-8")) or {}
    parts = [entry.split("@") for entry in said.pop("defaults", []) if entry != "_self_"]
    return {key: composed(group, part) for part, key in parts} | said


def sources(config_name: str, choices: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The yaml files that a configuration was composed of, each with the key under which it lies."""
    yield conf_dir() / f"{config_name}.yaml", ""
    for group, names in choices.items():
        for name in names if isinstance(names, list) else [names]:
            path = group_files(group).get(str(name))
            if path and not group.startswith("hydra"):
                yield path, package_of(path, group)


def package_of(path: Path, group: str) -> str:
    """The key under which a yaml file's content lies: its `# @package` header, else its group."""
    header = re.match(r"# @package (\S+)", path.read_text(encoding="utf-8"))
    return group.replace("/", ".") if header is None else header[1].replace("_global_", "")


def declared(path: Path) -> Iterator[tuple[str, Any, str]]:
    """(dotted key, default, clause) of every scalar in a yaml file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    root = yaml.compose("\n".join(lines), Loader=yaml.SafeLoader)

    def walk(node: yaml.Node, prefix: str) -> Iterator[tuple[str, Any, str]]:
        if not isinstance(node, yaml.MappingNode):
            return
        for key_node, value_node in node.value:
            key = f"{prefix}{key_node.value}"
            if isinstance(value_node, yaml.ScalarNode):
                comment = lines[value_node.end_mark.line][value_node.end_mark.column :].strip().lstrip("# ")
                yield key, yaml.safe_load(yaml.serialize(value_node)), comment.split(";")[0].strip()
            else:
                yield from walk(value_node, f"{key}.")

    yield from walk(root, "")
