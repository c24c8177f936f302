"""Composing and checking configurations, without torch, so that a mistake in them is told within a
second.

The yaml files are the only place for defaults, types and limits: a key's default gives its type,
and a comment behind it may hold a clause that is checked: `# l1 | l2 | huber`, `# >= 1`, `# > 0`,
`# in [0, 1]`; words after a `;` are for the reader. What a method needs of other keys is said, and
checked, too: `; ab needs data.condition=gray` behind a key, `# Needs data.condition=gray` in the
header."""

from __future__ import annotations

import re
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, flag_override

from colorlab.cli import plugins
from colorlab.cli.clauses import check_config
from colorlab.cli.messages import explained
from colorlab.cli.yaml_files import conf_dir
from colorlab.storage.plain import content, yaml_of

LONGEST_NAME = 80


def slug(text: str) -> str:
    """A name for folders and dashboards: letters, digits and `._-`, no leading dot, at most
    LONGEST_NAME of them."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", str(text)).strip("-.")[:LONGEST_NAME] or "unnamed"


def width_of(run: str | None) -> int | None:
    """method.width in a run's config.yaml; None if there is no such run, which the method that
    wants it will say."""
    try:
        return int(yaml_of(content(Path(str(run)) / "config.yaml"))["method"]["width"])
    except (OSError, KeyError, TypeError, ValueError):
        return None


OmegaConf.register_new_resolver("slug", slug, replace=True)
OmegaConf.register_new_resolver("width_of", width_of, replace=True)


def compose(config_name: str, overrides: list[str]) -> DictConfig:
    """The checked configuration of an entry point, for notebooks, tests and small commands; no run
    folder is made."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    overrides = plugins.taken(overrides)
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        try:
            cfg = hydra_compose(config_name, overrides, return_hydra_config=True)
        except Exception as error:
            raise explained(error, config_name, overrides) from error
    choices = dict(cfg.hydra.runtime.choices)
    with flag_override(cfg, "struct", False):
        cfg.pop("hydra")
    check_config(cfg, config_name, choices)
    return cfg
