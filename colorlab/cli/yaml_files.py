"""The yaml files below conf/, and what each declares: keys, defaults and the comments behind
them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from colorlab.cli import plugins

PACKAGE = Path(__file__).parent.parent
# libyaml, ten times faster, where PyYAML was built with it
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def conf_dir() -> Path:
    """conf/ inside the installed package, or beside it in the repository."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def conf_dirs() -> list[Path]:
    """colorlab's conf/, then that of each plug-in. A name that is in several means the first."""
    return [conf_dir(), *(plugin.conf for plugin in plugins.active())]


def group_files(group: str) -> dict[str, Path]:
    """Name -> yaml file of every option of a group."""
    return {
        path.stem: path
        for folder in reversed(conf_dirs())
        for path in sorted((folder / group).glob("*.yaml"))
    }


def groups() -> list[str]:
    """All groups, such as method and method/sampler."""
    found = {
        str(path.relative_to(folder))
        for folder in conf_dirs()
        for path in folder.rglob("*")
        if path.is_dir()
    }
    return sorted(found)


def composed(group: str, name: str) -> dict[str, Any]:
    """What a group's file says, with the files that its defaults put below a key of it: one of its
    own group (`- ddim@source`) or of a group below (`- augment: plain`). Plain containers; the same
    as Hydra composes."""
    said = yaml.load(group_files(group)[name].read_text(encoding="utf-8"), LOADER) or {}
    parts: dict[str, Any] = {}
    for entry in said.pop("defaults", []):
        if isinstance(entry, dict):
            parts |= {key: composed(f"{group}/{key}", part) for key, part in entry.items()}
        elif entry != "_self_":
            part, key = entry.split("@")
            parts[key] = composed(group, part)
    return parts | said


def sources(config_name: str, choices: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The yaml files that a configuration was composed of, each with the key under which it
    lies."""
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


def top_keys(path: Path) -> frozenset[str]:
    """The keys of a yaml file's first level."""
    return _top_keys(path.read_text(encoding="utf-8"))


@cache
def _top_keys(text: str) -> frozenset[str]:
    node = yaml.compose(text, Loader=LOADER)
    return (
        frozenset(str(key.value) for key, _ in node.value)
        if isinstance(node, yaml.MappingNode)
        else frozenset()
    )


def declared(path: Path) -> Iterator[tuple[str, Any, str]]:
    """(dotted key, default, clause) of every scalar in a yaml file. The clause: the comment up to
    its first `;`."""
    value_of = SafeConstructor().construct_object
    for key, node, comment in _leaves(path.read_text(encoding="utf-8")):
        if isinstance(node, yaml.ScalarNode):
            yield key, value_of(node), comment.split(";")[0].strip()


def documented(path: Path) -> Iterator[tuple[str, str]]:
    """(dotted key, comment) of every scalar and list in a yaml file, in its order."""
    for key, node, comment in _leaves(path.read_text(encoding="utf-8")):
        if key.split(".")[-1] not in ("defaults", "_target_", "_partial_") and not isinstance(
            node, yaml.MappingNode
        ):
            yield key, comment


def choices_of(
    path: Path, group: str = "", given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Group -> option, of a yaml file's defaults and of theirs in turn, without composing anything.
    group: of the file; given: options in place of the defaults. A group that takes a list, or
    nothing, has ''."""
    found: dict[str, str] = {}
    defaults = yaml.load(path.read_text(encoding="utf-8"), LOADER).get("defaults", [])
    for entry in [entry for entry in defaults if isinstance(entry, dict)]:
        name, option = next(iter(entry.items()))
        name = f"{group}/{name}".strip("/")
        if name.startswith("override ") or "/override " in name:
            continue
        chosen = (given or {}).get(name, option if isinstance(option, str) else "")
        found[name] = chosen
        if below := group_files(name).get(chosen):
            found |= choices_of(below, name, given)
    return found


@cache
def _leaves(text: str) -> list[tuple[str, yaml.Node, str]]:
    """(dotted key, node, comment behind it) of everything in a yaml file that is not a mapping with
    keys."""
    lines = text.splitlines()

    def walk(node: yaml.Node | None, prefix: str) -> Iterator[tuple[str, yaml.Node, str]]:
        for key_node, value in node.value if isinstance(node, yaml.MappingNode) else ():
            key = f"{prefix}{key_node.value}"
            if isinstance(value, yaml.MappingNode) and value.value:
                yield from walk(value, f"{key}.")
                continue
            line = lines[value.end_mark.line] if value.end_mark.line < len(lines) else ""
            inside = isinstance(value, yaml.ScalarNode) or value.flow_style
            yield key, value, line[value.end_mark.column :].strip().lstrip("# ") if inside else ""

    return list(walk(yaml.compose("\n".join(lines), Loader=LOADER), ""))
