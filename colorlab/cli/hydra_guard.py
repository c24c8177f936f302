"""What a configuration says of Hydra itself, checked before Hydra builds anything of it.

Hydra builds callbacks, sweeper, launcher and loggers, and sets the environment, before a command sees its
configuration. Folders of configurations may be strangers' (--config-dir, --config-path, hydra.searchpath), so of these
things they may say what the command line says, and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hydra._internal.hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from colorlab.cli.messages import explained
from colorlab.cli.targets import check_targets
from colorlab.cli.yaml_files import conf_dir, conf_dirs
from colorlab.errors import ConfigError

ALLOWED_TARGETS = re.compile(
    r"hydra_plugins\.colorlab_launcher\.result\.KeepResult"
    r"|hydra_plugins(\.\w+)+\.[A-Z]\w*(Launcher|Sweeper)"
    r"|hydra\._internal\.core_plugins\.basic_(launcher|sweeper)\.Basic(Launcher|Sweeper)"
    r"|optuna\.samplers\.[A-Z]\w*"
)
BUILT = ("callbacks", "launcher", "sweeper")
OF_THE_COMMAND_LINE = (*BUILT, "hydra_logging", "job_logging", "job.env_set", "job.env_copy")
OUR_PACKAGES = ("hydra", "hydra_plugins")


def guard(config_name: str) -> None:
    """Let Hydra compose with GuardedLoader in this process. config_name: of the command."""
    options, _ = get_args_parser().parse_known_args()
    if options.experimental_rerun is not None:
        raise ConfigError("--experimental-rerun is not allowed (it opens a pickle; give the run's command again)")

    def loader(config_search_path: ConfigSearchPath) -> GuardedLoader:
        return GuardedLoader(config_search_path, config_name)

    hydra._internal.hydra.ConfigLoaderImpl = loader  # type: ignore[assignment, misc]


class GuardedLoader(ConfigLoaderImpl):
    """Hydra's, which hands out checked configurations only: of a run, of a sweep, and of each of its jobs."""

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
        cfg = super().load_configuration(config_name, overrides, run_mode, from_shell, validate_sweep_overrides)
        for key in BUILT:
            check_targets(_said(cfg, key), f"hydra.{key}.", ALLOWED_TARGETS)
        if any(map(_is_foreign, cfg.hydra.runtime.config_sources)):
            _check_foreign(cfg, self.command, run_mode)
        return cfg


def _is_foreign(source: Any) -> bool:
    """Whether a part of the search path is neither colorlab's, nor Hydra's, nor an installed plugin's."""
    if source.schema == "file":
        return Path(source.path).resolve() not in [folder.resolve() for folder in conf_dirs()]
    return source.schema == "pkg" and source.path.split(".")[0] not in OUR_PACKAGES


def _check_foreign(cfg: DictConfig, command: str, run_mode: RunMode) -> None:
    """ConfigError unless colorlab's own configuration and the command line alone say the same."""
    own = ConfigLoaderImpl(create_config_search_path(str(conf_dir())))
    told = [word for word in cfg.hydra.overrides.hydra if not word.lstrip("+~").startswith("hydra.searchpath")]
    try:
        expected = own.load_configuration(command, told, run_mode)
    except Exception as error:
        raise explained(error, command, told) from error
    for key in OF_THE_COMMAND_LINE:
        if _said(cfg, key) != _said(expected, key):
            raise ConfigError(
                f"hydra.{key} is set in a folder of configurations, which is not allowed "
                "(it decides what runs: give it on the command line)"
            )


def _said(cfg: DictConfig, key: str) -> Any:
    """A part of hydra as plain containers, references as they are written."""
    node = OmegaConf.select(cfg.hydra, key)
    return OmegaConf.to_container(node, resolve=False) if OmegaConf.is_config(node) else node
