"""Which classes a configuration may name as `_target_`, and building them."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from colorlab.cli import plugins
from colorlab.cli.annotations import PLAIN, must_suit
from colorlab.errors import ConfigError

PICTURES = r"colorlab\.data(\.[a-z_0-9]+)*\.[A-Z]\w*|albumentations\.[A-Z]\w*"
METHODS = (
    r"colorlab\.(methods|samplers)(\.[a-z_0-9]+)*\.[A-Z]\w*"
    r"|torch\.optim\.(lr_scheduler\.)?[A-Z]\w*"
    r"|pytorch_optimizer\.[A-Z]\w*"
    r"|diffusers\.\w+Scheduler"
)
TRAINING = r"lightning\.pytorch\.(Trainer|loggers\.[A-Z]\w*|strategies\.[A-Z]\w*)"
CALLBACKS = r"colorlab\.training\.chosen\.[A-Z]\w*"
ALLOWED_TARGETS = re.compile(rf"{METHODS}|{PICTURES}|{TRAINING}|{CALLBACKS}")
#: Below these keys of a configuration, these alone.
BELOW = {
    key: re.compile(allowed)
    for key, allowed in {
        "method": METHODS,
        "guide": METHODS,
        "data": PICTURES,
        "trainer": TRAINING,
    }.items()
}

OPEN_TO_PLUGINS = (ALLOWED_TARGETS, *BELOW.values())


def check_targets(node: Any, where: str = "", allowed: re.Pattern[str] = ALLOWED_TARGETS) -> None:
    """Refuse every ``_target_`` outside the allow-list, wherever it is nested, before anything is
    imported."""
    if isinstance(node, dict):
        target = node.get("_target_")
        if target is not None and not (isinstance(target, str) and _may_run(target, allowed)):
            raise ConfigError(
                f"{where}_target_={target} is not allowed (only classes of colorlab and its "
                "libraries run)"
            )
        for key, value in node.items():
            check_targets(value, f"{where}{key}.", allowed if where else BELOW.get(key, allowed))
    elif isinstance(node, list | tuple):
        for k, value in enumerate(node):
            check_targets(value, f"{where}{k}.", allowed)


def _may_run(target: str, allowed: re.Pattern[str]) -> bool:
    ours = allowed.fullmatch(target) is not None
    return ours or (allowed in OPEN_TO_PLUGINS and plugins.owner(target) is not None)


def build(node: Any, *arguments: Any) -> Any:
    """The object that a configuration node describes: a mapping with ``_target_`` is that class
    called with the other keys, or where it has ``_partial_: true`` a factory of it; so are those
    nested in it, first.

    Nothing is imported before the whole node has passed the allow-list. arguments: given by
    position to the outermost class. ConfigError: a target that is not allowed or not there, and
    values that a class refuses."""
    plain = as_plain(node)
    check_targets(plain)
    return _built(plain, *arguments)


def as_plain(node: Any) -> Any:
    """A node as plain containers; OmegaConf's with its references resolved."""
    if isinstance(node, dict | list):
        return node
    from omegaconf import OmegaConf  # not needed to open a run

    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def _built(node: Any, *arguments: Any) -> Any:
    if isinstance(node, list | tuple):
        return [_built(value) for value in node]
    if not isinstance(node, dict):
        return node
    # before those in it: it may prepare their import
    make = class_of(node["_target_"]) if "_target_" in node else None
    values = {
        key: _built(value) for key, value in node.items() if key not in ("_target_", "_partial_")
    }
    if make is None:
        return values
    if node.get("_partial_", False):
        return partial(make, *arguments, **values)
    try:
        return (
            _ours(make, arguments, values)
            if is_ours(node["_target_"])
            else make(*arguments, **values)
        )
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{node['_target_']}: {error}") from error


def _ours(make: type, arguments: Sequence[Any], values: Mapping[str, Any]) -> Any:
    """A class of ours called with values that suit it. What it says itself of an object comes
    first: it says more."""
    parts = {key: value for key, value in values.items() if not isinstance(value, PLAIN)}
    must_suit(make, {key: value for key, value in values.items() if key not in parts})
    try:
        made = make(*arguments, **values)
    except ConfigError:
        raise
    except Exception:
        must_suit(make, parts)
        raise
    must_suit(make, parts)
    return made


def is_ours(target: str) -> bool:
    """Whether a class is colorlab's or a plug-in's."""
    return target.startswith("colorlab.") or plugins.owner(target) is not None


def class_of(target: str) -> Any:
    """The class that an allowed ``_target_`` names; it must be defined in the module named, if that
    is colorlab's or a plug-in's, or else in the package named, not merely imported there.
    ConfigError: it is not."""
    module, name = target.rsplit(".", 1)
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"_target_={target} is not there ({str(error).splitlines()[0]})"
        ) from error
    home = str(getattr(found, "__module__", "elsewhere"))
    ours = is_ours(target)
    if not isinstance(found, type) or (
        home != module if ours else home.split(".")[0] != target.split(".")[0]
    ):
        raise ConfigError(f"_target_={target} is not allowed ({home} is where it is defined)")
    return found
