"""The configuration of a run, which may be a stranger's: read within bounds, and held to what a
command line is held to before anything is built of it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from colorlab.cli import plugins
from colorlab.cli.clauses import check_node
from colorlab.cli.targets import check_targets
from colorlab.cli.upgrade import upgraded
from colorlab.errors import CheckpointError, ConfigError
from colorlab.storage.plain import Line, content, is_counted_with, must_fit, yaml_of

CONFIG = "config.yaml"
TRAVELED = "model.safetensors"  # final weights beside it, in folders as model hubs keep them
SHAPE = {
    "method": {"_target_": str},
    "data": {"_target_": str, "size": int, "condition": str},
}
OPTIONAL = {"name": Line, "trainer": {}, "logger": {}, "made": {}}
BUILT = ("method", "data", "trainer")  # parts that describe objects
# parts of these that do
GROUPS = {"method": ("sampler", "optimizer", "schedule"), "data": ("augment",)}
LONGEST_LIST, LARGEST_ITEM = 64, 4096  # of numbers in the description of a method


def read_config(folder: Path) -> dict[str, Any]:
    """A run's configuration, plain containers. CheckpointError: it cannot be read, is no run's, or
    not safe to open."""
    path = folder / CONFIG
    try:
        return config_of(content(path))
    except (OSError, ValueError, TypeError, ConfigError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CheckpointError(f"{path}: {' '.join(reason.split())[:200]}") from error


def config_of(text: bytes) -> dict[str, Any]:
    """The configuration of a run that a file says, plain containers. ValueError, TypeError,
    ConfigError: it is none, or not safe to open."""
    config = yaml_of(text)
    if without := plugins.missing(config):
        raise ConfigError(f"it was {without}")
    _check_parts(config)
    config = config | {"method": upgraded(config["method"])}
    _check_all_values(config)
    return dict(config)


def _check_parts(config: Any) -> None:
    if not isinstance(config, dict) or "method" not in config:
        raise ValueError("it describes no method (it is written by training; restore it)")
    check_targets(config)
    must_fit(config, SHAPE)
    for key, shape in OPTIONAL.items():
        if key in config:
            must_fit(config[key], shape, key)
    for part, groups in GROUPS.items():
        for name in groups:
            if name in config[part]:
                must_fit(config[part][name], {"_target_": str}, f"{part}.{name}")


def _check_all_values(config: dict[str, Any]) -> None:
    _check_values(config, "")
    check_node({key: value for key, value in config.items() if key not in BUILT}, "", "train.yaml")
    for key in BUILT:
        if key in config:
            check_node(config[key], key)


def _check_values(value: Any, where: str) -> None:
    """ValueError for what no configuration of a run holds: references, numbers that are none, files
    that are neither file nor folder, lists beyond LONGEST_LIST and LARGEST_ITEM."""
    if isinstance(value, dict):
        for key, each in value.items():
            _check_values(each, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        numbers = [each for each in value if isinstance(each, int | float)]
        if len(value) > LONGEST_LIST or any(abs(number) > LARGEST_ITEM for number in numbers):
            raise ValueError(f"{where} is a list of more or larger values than a run has")
        for k, each in enumerate(value):
            _check_values(each, f"{where}[{k}]")
    elif isinstance(value, float):
        if not is_counted_with(value):
            raise ValueError(f"{where}={value} is beyond all numbers that are counted with here")
    elif isinstance(value, str):
        if "${" in value:
            raise ValueError(
                f"{where}={value[:60]} refers to something else (a run's values are resolved)"
            )
        if _is_device(value):
            raise ValueError(f"{where}={value[:60]} is neither a file nor a folder")


def _is_device(text: str) -> bool:
    """Whether a text is the path of a device, a pipe or a socket."""
    try:
        mode = Path(text).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
