"""Plug-ins: methods, data sets, samplers and guides in packages of other people's own.

A plug-in is an importable package with a folder ``conf/`` inside, laid out as colorlab's. It counts
where it is installed with an entry point of the group ``colorlab.plugins``, or where the user names
it: ``COLORLAB_PLUGINS=mylab,other`` in the environment, ``plugins=[mylab]`` on the command line. No
configuration brings one in: the classes of a plug-in run, and configurations may be strangers'."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from colorlab.errors import ConfigError

GROUP, VARIABLE = "colorlab.plugins", "COLORLAB_PLUGINS"
NAME = re.compile(r"[A-Za-z_]\w{0,79}")


class Plugin(NamedTuple):
    """name: of its package; version: of what it was installed by, or `unknown`; conf: its folder of
    configurations."""

    name: str
    version: str
    conf: Path


def taken(words: Iterable[str]) -> list[str]:
    """The words of a command line without ``plugins=...``, which is heeded here and by every
    process that this one starts. ConfigError: there is no such plug-in."""
    words = list(words)
    given = [word.partition("=")[2] for word in words if word.startswith("plugins=")]
    names = [name for value in given for name in re.split(r"[,\s]+", value.strip("[]")) if name]
    if names:
        before = os.environ.get(VARIABLE, "").split(",")
        os.environ[VARIABLE] = ",".join(dict.fromkeys(filter(None, [*before, *names])))
    active()
    return [word for word in words if not word.startswith("plugins=")]


def active() -> tuple[Plugin, ...]:
    """The plug-ins of this process, installed ones first."""
    return _found(os.environ.get(VARIABLE, ""))


@cache
def _found(named: str) -> tuple[Plugin, ...]:
    installed = {
        point.module: getattr(point.dist, "version", "unknown")
        for point in entry_points(group=GROUP)
    }
    names = [*installed, *filter(None, (name.strip() for name in named.split(",")))]
    return tuple(_plugin(name, installed.get(name)) for name in dict.fromkeys(names))


def _plugin(name: str, its_version: str | None) -> Plugin:
    spec = find_spec(name) if NAME.fullmatch(name) and name not in sys.stdlib_module_names else None
    folders = (
        [Path(place) / "conf" for place in (spec.submodule_search_locations or [])] if spec else []
    )
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        raise ConfigError(
            f"{name} is no plug-in that can be found here (a package with a folder conf/ in it: "
            "install it, or set "
            f"PYTHONPATH to the folder that it is in; see {VARIABLE} and plugins=)"
        )
    return Plugin(name, its_version or _version(name), found[0])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def owner(target: str) -> Plugin | None:
    """The plug-in that a class is of, told by its dotted name alone."""
    inside = r"(\.[a-z_0-9]+)*\.[A-Z]\w*"
    return next(
        (plugin for plugin in active() if re.fullmatch(re.escape(plugin.name) + inside, target)),
        None,
    )


def used_by(config: Any) -> dict[str, str]:
    """Name and version of each plug-in that a configuration names classes of."""
    found = {
        plugin.name: plugin.version for target in _targets(config) if (plugin := owner(target))
    }
    return dict(sorted(found.items()))


def missing(config: Any) -> str:
    """What a run's configuration says of the plug-ins it was made with and that are not here, in a
    line; or ''."""
    made = config.get("made") if isinstance(config, dict) else None
    recorded = made.get("plugins") if isinstance(made, dict) else None
    here = {plugin.name for plugin in active()}
    gone = [
        name
        for name in recorded or ()
        if isinstance(name, str) and NAME.fullmatch(name) and name not in here
    ]
    if not gone:
        return ""
    what = f"the plug-in{'s' if len(gone) > 1 else ''} {', '.join(gone)}"
    return (
        f"made with {what}, which is not here (install it, or name it: plugins=[{','.join(gone)}])"
    )


def _targets(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and isinstance(node.get("_target_"), str):
        yield node["_target_"]
    for child in children:
        yield from _targets(child)
