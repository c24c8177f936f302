"""What the comments of the yaml files promise about a key (type, choices, range, needs), parsed and
checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colorlab.cli.messages import nearest, no_key
from colorlab.cli.targets import check_targets
from colorlab.cli.yaml_files import (
    conf_dir,
    conf_dirs,
    declared,
    group_files,
    groups,
    sources,
    top_keys,
)
from colorlab.errors import ConfigError
from colorlab.storage.plain import is_counted_with

NEEDS = re.compile(
    r"^(?:# Needs| *(\w+):.*; (\w+(?: and \w+)*) needs?) ([\w.]+)=(\w+)", re.MULTILINE
)

CLOSED = ("trainer", "logger")  # groups whose keys are not the arguments of one class
SEVERAL = ("callbacks", "guide")  # groups of which any number are chosen
GONE = object()  # in place of a key that is not there
#: Keys of Lightning's Trainer that no yaml file has and that do what they say.
LIGHTNINGS = {
    "num_nodes",
    "deterministic",
    "benchmark",
    "detect_anomaly",
    "limit_val_batches",
    "profiler",
}


def check_config(cfg: DictConfig, config_name: str, choices: dict[str, Any]) -> None:
    """Raise ConfigError for the first value that is missing, of the wrong type, outside its clause,
    or a target that is not allowed. choices: Hydra's group -> file, as in
    ``hydra.runtime.choices``."""
    check_targets(OmegaConf.to_container(cfg, resolve=False))
    files = list(sources(config_name, choices))
    _check_read(cfg, files, choices)
    _check_there(cfg, files)
    _check_classes(cfg, choices)
    for source, prefix in files:
        _check_declared(cfg, source, prefix)
    for key in sorted(OmegaConf.missing_keys(cfg)):
        what = {
            f"{prefix}.{own}".lstrip("."): f"; {clause}"
            for s, prefix in files
            for own, _, clause in declared(s)
        }
        raise ConfigError(
            f"{key} is not set (give it on the command line: {key}=...{what.get(key, '')})"
        )


def _check_read(cfg: DictConfig, files: list[tuple[Path, str]], choices: dict[str, Any]) -> None:
    """Raise ConfigError for the first key that nobody reads: one that no yaml file of the command
    knows, that no other value refers to and no class is given. Classes refuse what they do not take
    when they are built."""
    known = {
        name
        for path, prefix in files
        for name in ({prefix.split(".")[0]} if prefix else top_keys(path))
    }
    known |= {re.split(r"[/@]", group)[0] for group in choices}
    text = str(OmegaConf.to_container(cfg, resolve=False))
    for key in map(str, cfg):
        if (
            key not in known
            and key != "hydra"
            and not re.search(rf"\$\{{{re.escape(key)}[.}}]", text)
        ):
            raise ConfigError(no_key(key, sorted(known)))
    for group in CLOSED:
        if group in cfg and OmegaConf.is_dict(cfg[group]):
            own = {
                name for path in group_files(group).values() for name in top_keys(path)
            } | LIGHTNINGS
            for name in map(str, cfg[group]):
                if name not in own:
                    raise ConfigError(
                        no_key(f"{group}.{name}", [f"{group}.{each}" for each in sorted(own)])
                    )


def _check_there(cfg: DictConfig, files: list[tuple[Path, str]]) -> None:
    """Raise ConfigError for the first key of a yaml file that was taken away
    (`~key` on the command line)."""
    for path, prefix in files:
        for key in [prefix] if prefix else top_keys(path) - {"defaults", "hydra"}:
            if OmegaConf.select(cfg, key, default=GONE) is GONE and not OmegaConf.is_missing(
                cfg, key
            ):
                raise ConfigError(
                    f"{key} was taken away (leave ~{key} out; a key may have another value)"
                )


def _check_classes(cfg: DictConfig, choices: dict[str, Any]) -> None:
    """Raise ConfigError for the first part from a group of classes, such as method/optimizer, that
    is of no class."""
    for group in [
        group
        for group in groups()
        if group in choices or group.split("/")[0] in (*choices, *SEVERAL)
    ]:
        files, key = group_files(group), group.replace("/", ".")
        node = OmegaConf.select(cfg, key, default=GONE)
        classes = [name for name, path in files.items() if "_target_" in top_keys(path)]
        if node is GONE or not classes or (node == {} and len(classes) < len(files)):
            continue
        named = node if group in SEVERAL and OmegaConf.is_dict(node) else {"": node}
        for name, each in named.items():
            if not (OmegaConf.is_dict(each) and "_target_" in each):
                what = f"{key}.{name}".rstrip(".")
                way = f"{group}=[<name>]" if name else f"{group}=<name>"
                raise ConfigError(
                    f"{what} is no {group.split('/')[-1]} (choose with {way}, see --help)"
                )


def check_needs(cfg: DictConfig) -> None:
    """Raise ConfigError if another key does not have the value that the method, or a value of one
    of its keys, needs by its yaml file."""
    for path in _files_of(cfg.method._target_):
        places = {key.split(".")[-1]: f"method.{key}" for key, _, _ in declared(path)}
        for key, values, other, wanted in NEEDS.findall(path.read_text(encoding="utf-8")):
            value = OmegaConf.select(cfg, places[key]) if key else None
            concerned = not key or str(value) in values.split(" and ")
            given = OmegaConf.select(cfg, other)
            if concerned and str(given) != wanted:
                who = f"{places[key]}={value}" if key else f"method={path.stem}"
                raise ConfigError(
                    f"{other}={given}, but {who} needs another (set {other}={wanted})"
                )


def check_values(values: dict[str, Any], target: str) -> None:
    """Raise ConfigError for the first value of a method that its yaml file forbids. target: the
    class of the method."""
    for path in _files_of(target):
        _check_declared(OmegaConf.create({"method": values}), path, "method")


def newer_keys(node: dict[str, Any], target: str) -> set[str]:
    """Dotted keys that a method's yaml file knows and a saved node of it, of an older release, may
    lack; of nested nodes only where they are of the same class."""

    def known(file: dict[str, Any], own: dict[str, Any], prefix: str) -> Iterator[str]:
        for key, value in file.items():
            there = own.get(key)
            if not isinstance(value, dict):
                yield f"{prefix}{key}"
            elif isinstance(there, dict) and value.get("_target_") == there.get("_target_"):
                yield from known(value, there, f"{prefix}{key}.")

    files = [OmegaConf.to_container(OmegaConf.load(path)) for path in _files_of(target)]
    keys = {key for file in files for key in known(file, node, "")}  # type: ignore[arg-type]
    return keys - {"defaults"}  # which Hydra reads


def check_words(words: dict[str, Any], source: Path, prefix: str = "") -> None:
    """Raise ConfigError for the first plain value that a yaml file forbids. prefix: the key under
    which they lie."""
    _check_declared(OmegaConf.create({prefix: words} if prefix else words), source, prefix)


def _files_of(target: str) -> list[Path]:
    """The yaml file of a method's class, if it is one of colorlab's or of a plug-in's."""
    paths = group_files("method").values()
    return [path for path in paths if f"_target_: {target}\n" in path.read_text(encoding="utf-8")]


def check_node(node: dict[str, Any], prefix: str, name: str = "") -> None:
    """Raise ConfigError for the first value that the yaml file of a node's class forbids, and of
    the nodes in it, as on a command line. prefix: the node's key; name: of the yaml file, for a
    node that is of no class.

    Where several files describe a class, one of them must allow the values."""
    files = [conf_dir() / name] if name else _described().get(str(node.get("_target_")), [])
    refused = [error for path in files if (error := _refusal(node, path, prefix))]
    if files and len(refused) == len(files):
        raise refused[0]
    for key, value in node.items():
        if isinstance(value, dict) and "_target_" in value:
            check_node(value, f"{prefix}.{key}".lstrip("."))


@cache
def _described() -> dict[str, list[Path]]:
    """Class -> the yaml files that describe it."""
    found: dict[str, list[Path]] = {}
    for path in [path for folder in conf_dirs() for path in sorted(folder.rglob("*.yaml"))]:
        if target := re.search(
            r"^_target_: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            found.setdefault(target[1], []).append(path)
    return found


def _refusal(node: dict[str, Any], source: Path, prefix: str) -> ConfigError | None:
    """Why a yaml file forbids a node's values; None if it does not."""
    try:
        for key, default, clause in declared(source):
            *groups, last = key.split(".")
            inner: Any = node
            for group in groups:
                inner = inner.get(group, {})
                if not isinstance(inner, dict):
                    raise ConfigError(f"{prefix}.{group}={inner} ({group} is a group of keys)")
            if inner.get(last, GONE) is None and has_value(default, clause):
                raise _no_null(f"{prefix}.{key}".lstrip("."), clause)
            if inner.get(last) is not None:
                _check_type(f"{prefix}.{key}".lstrip("."), inner[last], default)
                _check_clause(f"{prefix}.{key}".lstrip("."), inner[last], clause)
    except ConfigError as error:
        return error
    return None


def _check_declared(cfg: DictConfig, source: Path, prefix: str) -> None:
    """Hold the values under a key to the types and clauses in a yaml file."""
    for key, default, clause in declared(source):
        dotted = f"{prefix}.{key}" if prefix else key
        value = OmegaConf.select(cfg, dotted)
        if value is not None:
            _check_type(dotted, value, default)
            _check_clause(dotted, value, clause)
        elif has_value(default, clause) and OmegaConf.select(cfg, dotted, default="") is None:
            raise _no_null(dotted, clause)


def _no_null(key: str, clause: str) -> ConfigError:
    return ConfigError(f"{key}=null ({key} has a value{f', {clause}' if clause else ''})")


def has_value(default: Any, clause: str) -> bool:
    """Whether a key with this default and clause is never null; what a reference stands for may
    be."""
    return default is not None and "null" not in clause and "${" not in str(default)


def _check_type(key: str, value: Any, default: Any) -> None:
    expected = {bool: "true or false", int: "a whole number", float: "a number"}.get(type(default))
    if isinstance(default, str) and re.fullmatch(r"-?\d+(\.\d+)?e-?\d+", default):
        expected = "a number"  # yaml 1.1 reads 1e-4 as a word; OmegaConf does not
    plain = not isinstance(value, dict | DictConfig) or default is None
    fits = {
        None: plain,
        "true or false": isinstance(value, bool),
        "a whole number": isinstance(value, int) and not isinstance(value, bool),
        "a number": isinstance(value, int | float) and not isinstance(value, bool),
    }[expected]
    if expected is None and not fits:
        raise ConfigError(f"{key}={value} ({key} is a word, such as {default})")
    if not fits:
        raise ConfigError(f"{key}={value} ({key} is {expected}, such as {default})")
    if isinstance(value, int | float) and not is_counted_with(value):
        raise ConfigError(f"{key} is larger than any number that is counted with here")


def _check_clause(key: str, value: Any, clause: str) -> None:
    """Hold a value, which is not null, to its clause; clauses of no known form are plain
    comments."""
    clause = clause.removesuffix(" | null")
    words = [word.strip() for word in clause.split(" | ")]
    if len(words) > 1 and all(re.fullmatch(r"[\w.+-]+", word) for word in words):
        spelled = str(value).lower() if isinstance(value, bool) else str(value)
        if spelled not in words:
            raise ConfigError(
                f"{key}={value} (choose from {', '.join(words)}{nearest(spelled, words)})"
            )
    elif re.match(r"(>|in [\[(])", clause) and (
        isinstance(value, bool) or not isinstance(value, int | float)
    ):
        raise ConfigError(f"{key}={value} ({key} is a number, {clause})")
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
