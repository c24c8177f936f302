"""Which classes a configuration may name as `_target_`, and building them."""

from __future__ import annotations

import re
from typing import Any

from omegaconf import OmegaConf

from colorlab.cli import plugins
from colorlab.errors import ConfigError

ALLOWED_TARGETS = re.compile(
    r"colorlab\.(methods|data|samplers)(\.[a-z_0-9]+)*\.[A-Z]\w*"
    r"|torch\.optim\.(lr_scheduler\.)?[A-Z]\w*"
    r"|pytorch_optimizer\.[A-Z]\w*"
    r"|diffusers\.\w+Scheduler"
    r"|lightning\.pytorch\.(Trainer|loggers\.[A-Z]\w*|strategies\.[A-Z]\w*)"
)


def check_targets(node: Any, where: str = "", allowed: re.Pattern[str] = ALLOWED_TARGETS) -> None:
    """Refuse every ``_target_`` outside the allow-list, wherever it is nested, before anything is imported."""
    if isinstance(node, dict):
        target = node.get("_target_")
        if target is not None and not (isinstance(target, str) and _may_run(target, allowed)):
            raise ConfigError(
                f"{where}_target_={target} is not allowed (only classes of colorlab and its libraries run)"
            )
        for key, value in node.items():
            check_targets(value, f"{where}{key}.", allowed)
    elif isinstance(node, list | tuple):
        for k, value in enumerate(node):
            check_targets(value, f"{where}{k}.", allowed)


def _may_run(target: str, allowed: re.Pattern[str]) -> bool:
    ours = allowed.fullmatch(target) is not None
    return ours or (allowed is ALLOWED_TARGETS and plugins.owner(target) is not None)


def build(node: Any, *arguments: Any) -> Any:
    """The object that a checked configuration node describes (Hydra's instantiate, behind the allow-list).

    A class under colorlab. must be defined in the module named, not merely imported there. ValueErrors of constructors
    become ConfigErrors."""
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    plain: Any = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    check_targets(plain)
    _check_homes(plain)
    try:
        return instantiate(plain, *arguments, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__ or error
        if isinstance(cause, ValueError | TypeError):
            raise ConfigError(f"{plain.get('_target_')}: {cause}") from error
        raise cause from error


def _check_homes(node: Any) -> None:
    if isinstance(node, dict):
        target = node.get("_target_", "")
        if target.startswith("colorlab.") or plugins.owner(target):
            from hydra.utils import get_class

            try:
                home = get_class(target).__module__
            except Exception as error:
                raise ConfigError(f"_target_={target} is not there ({str(error).splitlines()[0]})") from error
            if not target.startswith(f"{home}."):
                raise ConfigError(f"_target_={target} is not allowed ({home} is where it is defined)")
        for value in node.values():
            _check_homes(value)
    elif isinstance(node, list):
        for value in node:
            _check_homes(value)
