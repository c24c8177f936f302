"""--help: what a command does, its groups, and every key with its value and what it means, from the
yaml files."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colorlab.cli.messages import explained
from colorlab.cli.yaml_files import choices_of, conf_dir, documented, group_files, sources

LEFT = 34  # columns for key=value
NOTES = (
    "typed       names, folders and prompts are taken as they are; with -m, "
    "input=choice(a.png,b.png) sweeps them",
    "-m          makes a sweep of values at commas, seed=0,1 (docs/sweeps.md)",
    "--cfg job   prints the whole configuration",
    "plugins=[]  names other people's methods (docs/architecture.md)",
)
MEANT = re.compile(r"^# (\S+=\.\.\.): (.+)$", re.MULTILINE)  # a line that tells of keys in general


def page(config_name: str, words: list[str], folder: str | None = None) -> str:
    """The help of a command with the choices and values among the words. folder: of --config-dir.

    ConfigError for words that do not compose."""
    cfg = _composed(config_name, words, folder)
    choices = dict(cfg.hydra.runtime.choices)
    about, examples = described(conf_dir() / f"{config_name}.yaml")
    ours = choices_of(
        conf_dir() / f"{config_name}.yaml", given={key: str(it) for key, it in choices.items()}
    )
    text, seen = [about, "", *examples, "", *_groups(ours | choices)], set[str]()
    for path, prefix in sources(config_name, choices):
        rows = list(_rows(cfg, path, prefix, seen))
        if rows:
            title = (
                "keys"
                if path.parent == conf_dir()
                else f"{prefix or path.parent.name}: {path.stem}"
            )
            text += [f"{title}{_told(path) if path.parent != conf_dir() else ''}", *rows, ""]
    return "\n".join([*text, *NOTES])


def described(path: Path) -> tuple[str, list[str]]:
    """The words of a yaml file's header, and the lines of commands in it."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line[1:].removeprefix(" "))
    lines = [line for line in lines if not line.startswith(("@package", "Small:"))]
    return "\n".join(line for line in lines if line[:1] != " "), [
        line for line in lines if line[:1] == " "
    ]


def _composed(config_name: str, words: list[str], folder: str | None) -> DictConfig:
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.types import RunMode

    places = create_config_search_path(str(conf_dir()))
    if folder:
        places.append("command-line", f"file://{Path(folder).absolute()}")
    try:
        return ConfigLoaderImpl(places).load_configuration(config_name, words, RunMode.RUN)
    except Exception as error:
        raise explained(error, config_name, words) from error


def _groups(choices: dict[str, Any]) -> Iterator[str]:
    """Of this command, with these choices: each with its options, the chosen one first in
    brackets."""
    yield "groups"
    for group, chosen in sorted(choices.items()):
        options = sorted(group_files(group))
        if group.startswith("hydra") or len(options) < 2:
            continue
        told = chosen if isinstance(chosen, str) else ",".join(chosen or [])
        yield from _row(f"{group}={told or 'null'}", ", ".join(options))
    yield ""


def _rows(cfg: DictConfig, path: Path, prefix: str, seen: set[str]) -> Iterator[str]:
    """A file's keys, each where it is told of first."""
    for key, comment in documented(path):
        dotted = f"{prefix}.{key}".lstrip(".")
        if not dotted.startswith("hydra.") and dotted not in seen:
            seen.add(dotted)
            yield from _row(f"{dotted}={_value(cfg, dotted)}", comment)
    for key, meaning in MEANT.findall(path.read_text(encoding="utf-8")):
        yield from _row(key, meaning)


def _value(cfg: DictConfig, key: str) -> str:
    """As it would be typed; a reference as it is written."""
    *parents, last = key.split(".")
    node: Any = OmegaConf.select(cfg, ".".join(parents)) if parents else cfg
    plain: Any = OmegaConf.to_container(node, resolve=False) if isinstance(node, DictConfig) else {}
    value = plain.get(last)
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def _told(path: Path) -> str:
    about = " ".join(described(path)[0].split())
    first = re.match(r"(.+?\.)(?= [A-Z`]|$)", about)
    return f"  {first[1] if first else about}"


def _row(left: str, right: str) -> list[str]:
    """Two columns; what is too long for the first goes on a line of its own."""
    width = max(60, min(shutil.get_terminal_size((110, 24)).columns, 130)) - LEFT - 4
    lines = textwrap.wrap(right, width, break_on_hyphens=False) or [""]
    first = f"  {left:{LEFT}}  {lines[0]}".rstrip()
    if len(left) > LEFT:
        first = f"  {left}" + (f"\n  {'':{LEFT}}  {lines[0]}" if right else "")
    return [first, *(f"  {'':{LEFT}}  {line}" for line in lines[1:])]
