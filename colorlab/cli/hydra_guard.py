"""What a configuration says of Hydra itself, checked before Hydra builds anything of it.

Hydra builds callbacks, sweeper, launcher and loggers, and sets the environment, before a command
sees its configuration. Folders of configurations may be strangers' (--config-dir, --config-path,
hydra.searchpath), so of these things they may say what the command line says, and no more; nor may
they say where files are written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hydra._internal.hydra
import omegaconf._utils
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from colorlab.cli import plugins
from colorlab.cli.messages import explained
from colorlab.cli.targets import check_targets
from colorlab.cli.yaml_files import conf_dir, conf_dirs
from colorlab.errors import ConfigError
from colorlab.storage.plain import Bounded, flattened

ALLOWED_TARGETS = re.compile(
    r"hydra_plugins\.colorlab_launcher\.result\.KeepResult"
    r"|hydra_plugins(\.\w+)+\.[A-Z]\w*(Launcher|Sweeper)"
    r"|hydra\._internal\.core_plugins\.basic_(launcher|sweeper)\.Basic(Launcher|Sweeper)"
    r"|optuna\.samplers\.[A-Z]\w*"
)
BUILT = ("callbacks", "launcher", "sweeper")
#: Of hydra, what composing itself fills in; all else is the command line's to say.
FILLED_IN = (
    "runtime",
    "overrides",
    "searchpath",
    "job.id",
    "job.num",
    "job.override_dirname",
    "job.name",
    "job.config_name",
)
#: Of a command's own keys, those that decide what runs or where files are written.
OF_THE_COMMAND_LINE = ("out", "data.simplify")
HARMLESS = (None, "none", "morph")  # values of theirs that decide nothing
OUR_PACKAGES = ("hydra", "hydra_plugins")
COMPOSED_MODE = hydra._internal.hydra.Hydra.get_mode


def guard(config_name: str) -> None:
    """Let Hydra compose with GuardedLoader in this process. config_name: of the command."""
    options, _ = get_args_parser().parse_known_args()
    if options.experimental_rerun is not None:
        raise ConfigError(
            "--experimental-rerun is not allowed (it opens a pickle; give the run's command again)"
        )

    def loader(config_search_path: ConfigSearchPath) -> GuardedLoader:
        return GuardedLoader(config_search_path, config_name)

    hydra._internal.hydra.ConfigLoaderImpl = loader  # type: ignore[assignment, misc]
    hydra._internal.hydra.Hydra.get_mode = said_mode  # type: ignore[method-assign]
    bound_yaml()


def said_mode(self: Any, config_name: str | None, overrides: list[str]) -> Any:
    """hydra.mode, for which Hydra composes everything once more, unless nobody can have said it:
    the words of the command do not, colorlab's yaml files do not, strangers' may not."""
    if plugins.active() or any("mode" in word for word in overrides):
        return COMPOSED_MODE(self, config_name, overrides)
    return None


def bound_yaml() -> None:
    """Let OmegaConf, and so Hydra, read no file whose aliases or depth make too much of little."""
    theirs = omegaconf._utils.get_yaml_loader()
    if not issubclass(theirs, Bounded):
        bounded = type("BoundedLoader", (Bounded, theirs), {})
        omegaconf._utils.get_yaml_loader = lambda: bounded


class GuardedLoader(ConfigLoaderImpl):
    """Hydra's, which hands out checked configurations only: of a run, of a sweep, and of each of
    its jobs."""

    def __init__(self, config_search_path: ConfigSearchPath, command: str) -> None:
        super().__init__(config_search_path)
        self.command = command

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        cfg = super().load_configuration(
            config_name, overrides, run_mode, from_shell, validate_sweep_overrides
        )
        for key in BUILT:
            check_targets(_said(cfg, key), f"hydra.{key}.", ALLOWED_TARGETS)
        if any(map(_is_foreign, cfg.hydra.runtime.config_sources)):
            _check_foreign(cfg, self.command, run_mode)
        return cfg


def _is_foreign(source: Any) -> bool:
    """Whether a part of the search path is neither colorlab's, nor Hydra's, nor an installed
    plugin's."""
    if source.schema == "file":
        return Path(source.path).resolve() not in [folder.resolve() for folder in conf_dirs()]
    return source.schema == "pkg" and source.path.split(".")[0] not in OUR_PACKAGES


def _check_foreign(cfg: DictConfig, command: str, run_mode: RunMode) -> None:
    """ConfigError unless colorlab's own configuration and the command line alone say the same."""
    own = ConfigLoaderImpl(create_config_search_path(str(conf_dir())))
    told = [
        word
        for word in cfg.hydra.overrides.hydra
        if not word.lstrip("+~").startswith("hydra.searchpath")
    ]
    try:
        expected = own.load_configuration(command, told, run_mode)
    except Exception as error:
        raise explained(error, command, told) from error
    one, other = flattened(_said(cfg, "")), flattened(_said(expected, ""))
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key) and not key.startswith(FILLED_IN):
            raise _not_allowed(f"hydra.{key}")
    said = {word.lstrip("+~").partition("=")[0] for word in cfg.hydra.overrides.task}
    for key in OF_THE_COMMAND_LINE:
        given, default = (_raw(each, key) for each in (cfg, expected))
        if key not in said and given not in (default, *HARMLESS):
            raise _not_allowed(key)


def _not_allowed(key: str) -> ConfigError:
    return ConfigError(
        f"{key} is set in a folder of configurations, which is not allowed "
        "(it decides what runs and what is written: give it on the command line)"
    )


def _said(cfg: DictConfig, key: str) -> Any:
    """A part of hydra as plain containers, references as they are written."""
    return _raw(cfg, f"hydra.{key}".rstrip("."))


def _raw(cfg: DictConfig, key: str) -> Any:
    node: Any = OmegaConf.to_container(cfg, resolve=False)
    for name in key.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node
