"""From the command line of a sweep to its jobs: the folder, what makes a job the one it is, the
words that run it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from colorlab.cli.clauses import check_config
from colorlab.cli.config import slug
from colorlab.runs import sweeps
from colorlab.runs.run import SAFE_TO_CHANGE

OF_THE_SWEEP = re.compile(r"[+~]*hydra[./](launcher|sweeper|sweep|run|mode)\b")
RUN_ONE = [
    "hydra.mode=RUN",
    "+hydra.callbacks.colorlab_launcher._target_=hydra_plugins.colorlab_launcher.result.KeepResult",
]


class Planned(NamedTuple):
    """A job to be. cfg: its configuration, with hydra; overrides: the command line's for it; hash:
    of what makes it the job it is; swept: the keys that the sweep sets, with its values."""

    cfg: DictConfig
    overrides: list[str]
    hash: str
    swept: dict[str, str]


def planned(context: HydraContext, sweep: DictConfig, overrides: Sequence[str]) -> Planned:
    """The job of some overrides; ConfigError if its configuration is wrong. sweep: the
    configuration that Hydra has composed for all jobs together."""
    cfg = context.config_loader.load_sweep_config(sweep, list(overrides))
    task = cfg.copy()
    with open_dict(task):
        del task["hydra"]
    fixed = {each.key_or_group for each in given(sweep) if not each.is_sweep_override()}
    swept = {
        each.key_or_group: said(each)
        for each in parsed(overrides)
        if each.key_or_group not in fixed
    }
    with told_to_hydra(cfg, 0):
        check_config(task, str(cfg.hydra.job.config_name), dict(cfg.hydra.runtime.choices))
        resolved = flat(OmegaConf.to_container(task, resolve=True))
    makes_it = {
        key: value
        for key, value in resolved.items()
        if key in swept or not SAFE_TO_CHANGE.fullmatch(key)
    }
    return Planned(cfg, list(overrides), sweeps.short_digest(makes_it), swept)


def said(override: Override) -> str:
    """Its value as a table shows it: a text without its quotes."""
    value = override.value()
    return sweeps.in_a_line(
        value if isinstance(value, str) else override.get_value_element_as_str()
    )


def folder_of(job: Planned, number: int) -> str:
    """Of the job if it has this number, below the sweep's: hydra.sweep.subdir."""
    with told_to_hydra(job.cfg, number):
        return str(job.cfg.hydra.sweep.subdir)


@contextmanager
def told_to_hydra(cfg: DictConfig, number: int) -> Iterator[None]:
    """What ${hydra:...} means for a job."""
    with read_write(cfg.hydra), open_dict(cfg.hydra):
        cfg.hydra.job.num, cfg.hydra.job.id = number, str(number)
        cfg.hydra.runtime.output_dir = "."
    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(cfg)
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


def flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    if not isinstance(node, dict):
        return {prefix: node}
    return {
        key: value
        for name in node
        for key, value in flat(node[name], f"{prefix}.{name}".lstrip(".")).items()
    }


def words(job: Planned, sweep: sweeps.Sweep, known: sweeps.Job, cfg: DictConfig) -> list[str]:
    """The command line that runs the job alone, in its folder, going on where it was. cfg: of the
    whole sweep."""
    own = {each.key_or_group: each.input_line for each in parsed(job.overrides)}
    if "name" in job.cfg.keys() and "name" not in job.swept:  # noqa: SIM118 - `in job.cfg` would resolve it
        own["name"] = f"name={slug(f'{sweep.folder.name}-{known.name}'.replace('=', ''))}"
    if "resume" in job.cfg:
        own.setdefault("resume", "resume=auto")
    hydra = [word for word in cfg.hydra.overrides.hydra if not OF_THE_SWEEP.match(word)]
    return [
        *program(),
        *own.values(),
        *hydra,
        f"hydra.run.dir={quoted(str(sweep.path(known)))}",
        *RUN_ONE,
    ]


def lasting_folder(cfg: DictConfig) -> Path:
    """The sweep's folder. One with the time in its name is replaced by one named after the command
    line, so that the same command finds it again."""
    raw = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(raw, dict)
    told = str(raw["hydra"]["sweep"]["dir"])
    if "${" not in told or "${now:" not in told + str(raw.get("name")):
        with told_to_hydra(known := cfg.copy(), 0):
            return Path(str(known.hydra.sweep.dir))
    words = [
        each
        for each in given(cfg)
        if each.is_sweep_override() or not SAFE_TO_CHANGE.fullmatch(each.key_or_group)
    ]
    keys = [each.key_or_group for each in words if each.is_sweep_override()]
    what = sweeps.short_digest(
        [program()[1:], cfg.hydra.job.config_name, sorted(str(each.input_line) for each in words)]
    )
    name = "-".join(["sweep", *(sweeps.shortened(key, keys) for key in keys), what[:8]])
    return Path(os.path.dirname(told.split("${")[0])) / slug(name)


def given(cfg: DictConfig) -> list[Override]:
    """What the user has given for all jobs: the sweeper's parameters and the command line's
    overrides."""
    params = cfg.hydra.sweeper.get("params") or {}
    return parsed([*(f"{key}={value}" for key, value in params.items()), *cfg.hydra.overrides.task])


def parsed(words: Sequence[str]) -> list[Override]:
    """Overrides in Hydra's grammar."""
    return OverridesParser.create().parse_overrides(list(words))


def program() -> list[str]:
    """The words that this command was started with, without its overrides."""
    from hydra._internal.utils import get_args_parser

    main = sys.modules["__main__"]
    words = ["-m", main.__spec__.name] if main.__spec__ else [os.path.abspath(sys.argv[0])]
    options, _ = get_args_parser().parse_known_args()
    flags = {name: getattr(options, f"config_{name}") for name in ("path", "name", "dir")}
    return [
        sys.executable,
        *words,
        *(f"--config-{name}={value}" for name, value in flags.items() if value),
    ]


def quoted(text: str) -> str:
    """As a string in Hydra's grammar, whatever it holds."""
    escaped = re.sub(r"\\+(?='|$)", lambda found: 2 * found[0], text).replace("'", r"\'")
    return f"'{escaped}'"
