"""What the comments of the yaml files promise about a key (type, choices, range, needs), parsed and checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colorlab.cli.messages import nearest
from colorlab.cli.targets import check_targets
from colorlab.cli.yaml_files import declared, group_files, sources
from colorlab.errors import ConfigError

NEEDS = re.compile(r"^(?:# Needs|(\w+):.*; (\w+(?: and \w+)*) needs?) ([\w.]+)=(\w+)", re.MULTILINE)


def check(cfg: DictConfig, config_name: str, choices: dict[str, Any]) -> None:
    """Raise ConfigError for the first value that is missing, of the wrong type, outside its clause, or a target that is
    not allowed. choices: Hydra's group -> file, as in ``hydra.runtime.choices``."""
    check_targets(OmegaConf.to_container(cfg, resolve=False))
    files = list(sources(config_name, choices))
    for source, prefix in files:
        _check_declared(cfg, source, prefix)
    for key in sorted(OmegaConf.missing_keys(cfg)):
        what = {f"{prefix}.{own}".lstrip("."): f"; {clause}" for s, prefix in files for own, _, clause in declared(s)}
        raise ConfigError(f"{key} is not set (give it on the command line: {key}=...{what.get(key, '')})")


def check_needs(cfg: DictConfig) -> None:
    """Raise ConfigError if another key does not have the value that the method, or a value of one of its keys, needs by
    its yaml file."""
    for path in _files_of(cfg.method._target_):
        for key, values, other, wanted in NEEDS.findall(path.read_text(encoding="utf-8")):
            concerned = not key or str(cfg.method[key]) in values.split(" and ")
            if concerned and str(OmegaConf.select(cfg, other)) != wanted:
                who = f"method.{key}={cfg.method[key]}" if key else f"method={path.stem}"
                given = OmegaConf.select(cfg, other)
                raise ConfigError(f"{other}={given}, but {who} needs another (set {other}={wanted})")


def check_values(values: dict[str, Any], target: str) -> None:
    """Raise ConfigError for the first value of a method that its yaml file forbids. target: the class of the method."""
    for path in _files_of(target):
        _check_declared(OmegaConf.create({"method": values}), path, "method")


def check_words(words: dict[str, Any], source: Path, prefix: str = "") -> None:
    """Raise ConfigError for the first plain value that a yaml file forbids. prefix: the key under which they lie."""
    _check_declared(OmegaConf.create({prefix: words} if prefix else words), source, prefix)


def _files_of(target: str) -> list[Path]:
    """The yaml file of a method's class, if it is one of colorlab's or of a plug-in's."""
    paths = group_files("method").values()
    return [path for path in paths if f"_target_: {target}\n" in path.read_text(encoding="utf-8")]


def _check_declared(cfg: DictConfig, source: Path, prefix: str) -> None:
    """Hold the values under a key to the types and clauses in a yaml file."""
    for key, default, clause in declared(source):
        dotted = f"{prefix}.{key}" if prefix else key
        value = OmegaConf.select(cfg, dotted)
        if value is not None:
            _check_type(dotted, value, default)
            _check_clause(dotted, value, clause)


def _check_type(key: str, value: Any, default: Any) -> None:
    expected = {bool: "true or false", int: "a whole number", float: "a number"}.get(type(default))
    if isinstance(default, str) and re.fullmatch(r"-?\d+(\.\d+)?e-?\d+", default):
        expected = "a number"  # yaml 1.1 reads 1e-4 as a word; OmegaConf does not
    fits = {
        None: True,
        "true or false": isinstance(value, bool),
        "a whole number": isinstance(value, int) and not isinstance(value, bool),
        "a number": isinstance(value, int | float) and not isinstance(value, bool),
    }[expected]
    if not fits:
        raise ConfigError(f"{key}={value} ({key} is {expected}, such as {default})")


def _check_clause(key: str, value: Any, clause: str) -> None:
    """Hold a value to its clause; clauses of no known form are plain comments."""
    words = [word.strip() for word in clause.split(" | ")]
    if len(words) > 1 and all(re.fullmatch(r"[\w.+-]+", word) for word in words):
        spelled = str(value).lower() if isinstance(value, bool) else str(value)
        if spelled not in words:
            raise ConfigError(f"{key}={value} (choose from {', '.join(words)}{nearest(spelled, words)})")
    elif bound := re.fullmatch(r"(>=?) (-?[\d.e-]+)", clause):
        limit = float(bound[2])
        if not (value > limit or (bound[1] == ">=" and value == limit)):
            raise ConfigError(f"{key}={value} ({key} is {clause})")
    elif interval := re.fullmatch(r"in ([\[(])(-?[\d.e-]+), (-?[\d.e-]+)([\])])", clause):
        low, high = float(interval[2]), float(interval[3])
        above = value > low or (interval[1] == "[" and value == low)
        below = value < high or (interval[4] == "]" and value == high)
        if not (above and below):
            raise ConfigError(f"{key}={value} ({key} is {clause})")
