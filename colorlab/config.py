"""Composing and checking configurations, without torch, so that a mistake in them is told within a second.

The yaml files are the only place for defaults, types and limits: a key's default gives its type, and a comment behind
it may hold a clause that is checked: `# l1 | l2 | huber`, `# >= 1`, `# > 0`, `# in [0, 1]`; words after a `;` are for
the reader. What a method needs of other keys is said, and checked, too: `; ab needs data.condition=gray` behind a key,
`# Needs data.condition=gray` in the header."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf, flag_override

from colorlab.errors import ConfigError

ALLOWED_TARGETS = re.compile(
    r"colorlab\.(methods|data|samplers|guides|callbacks|loggers)(\.[a-z_0-9]+)*\.[A-Z]\w*"
    r"|torch\.optim\.(lr_scheduler\.)?[A-Z]\w*"
    r"|pytorch_optimizer\.[A-Z]\w*"
    r"|diffusers\.\w+Scheduler"
    r"|lightning\.pytorch\.(Trainer|loggers\.[A-Z]\w*|strategies\.[A-Z]\w*)"
)


NEEDS = re.compile(r"^(?:# Needs|(\w+):.*; (\w+(?: and \w+)*) needs?) ([\w.]+)=(\w+)", re.MULTILINE)
LONGEST_NAME = 80


def slug(text: str) -> str:
    """A name for folders and dashboards: letters, digits and `._-`, no leading dot, at most LONGEST_NAME of them."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", str(text)).strip("-.")[:LONGEST_NAME] or "unnamed"


def width_of(run: str | None) -> int | None:
    """method.width in a run's config.yaml; None if there is no such run, which the method that wants it will say."""
    try:
        return int(yaml.safe_load((Path(str(run)) / "config.yaml").read_text(encoding="utf-8"))["method"]["width"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return None


OmegaConf.register_new_resolver("slug", slug, replace=True)
OmegaConf.register_new_resolver("width_of", width_of, replace=True)


def conf_dir() -> Path:
    """conf/ inside the installed package, or beside it in the repository."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "conf"


def compose(config_name: str, overrides: list[str]) -> DictConfig:
    """The checked configuration of an entry point, for notebooks, tests and small commands; no run folder is made."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        try:
            cfg = hydra_compose(config_name, overrides, return_hydra_config=True)
        except Exception as error:
            raise explained(error, config_name, overrides) from error
    choices = dict(cfg.hydra.runtime.choices)
    with flag_override(cfg, "struct", False):
        cfg.pop("hydra")
    check(cfg, config_name, choices)
    return cfg


def check(cfg: DictConfig, config_name: str, choices: dict[str, Any]) -> None:
    """Raise ConfigError for the first value that is missing, of the wrong type, outside its clause, or a target that is
    not allowed. choices: Hydra's group -> file, as in ``hydra.runtime.choices``."""
    check_targets(OmegaConf.to_container(cfg, resolve=False))
    sources = list(_sources(config_name, choices))
    for source, prefix in sources:
        _check_declared(cfg, source, prefix)
    for key in sorted(OmegaConf.missing_keys(cfg)):
        what = {f"{prefix}.{own}".lstrip("."): f"; {clause}" for s, prefix in sources for own, _, clause in declared(s)}
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


def _files_of(target: str) -> list[Path]:
    """The yaml file of a method's class, if it is one of colorlab's."""
    paths = (conf_dir() / "method").glob("*.yaml")
    return [path for path in paths if f"_target_: {target}\n" in path.read_text(encoding="utf-8")]


def _check_declared(cfg: DictConfig, source: Path, prefix: str) -> None:
    """Hold the values under a key to the types and clauses in a yaml file."""
    for key, default, clause in declared(source):
        dotted = f"{prefix}.{key}" if prefix else key
        value = OmegaConf.select(cfg, dotted)
        if value is not None:
            _check_type(dotted, value, default)
            _check_clause(dotted, value, clause)


def _sources(config_name: str, choices: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The yaml files that a configuration was composed of, each with the key under which it lies."""
    yield conf_dir() / f"{config_name}.yaml", ""
    for group, names in choices.items():
        for name in names if isinstance(names, list) else [names]:
            path = conf_dir() / group / f"{name}.yaml"
            if path.is_file() and not group.startswith("hydra"):
                yield path, package_of(path, group)


def package_of(path: Path, group: str) -> str:
    """The key under which a yaml file's content lies: its `# @package` header, else its group."""
    header = re.match(r"# @package (\S+)", path.read_text(encoding="utf-8"))
    return group.replace("/", ".") if header is None else header[1].replace("_global_", "")


def declared(path: Path) -> Iterator[tuple[str, Any, str]]:
    """(dotted key, default, clause) of every scalar in a yaml file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    root = yaml.compose("\n".join(lines), Loader=yaml.SafeLoader)

    def walk(node: yaml.Node, prefix: str) -> Iterator[tuple[str, Any, str]]:
        if not isinstance(node, yaml.MappingNode):
            return
        for key_node, value_node in node.value:
            key = f"{prefix}{key_node.value}"
            if isinstance(value_node, yaml.ScalarNode):
                comment = lines[value_node.end_mark.line][value_node.end_mark.column :].strip().lstrip("# ")
                yield key, yaml.safe_load(yaml.serialize(value_node)), comment.split(";")[0].strip()
            else:
                yield from walk(value_node, f"{key}.")

    yield from walk(root, "")


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


def check_targets(node: Any, where: str = "", allowed: re.Pattern[str] = ALLOWED_TARGETS) -> None:
    """Refuse every ``_target_`` outside the allow-list, wherever it is nested, before anything is imported."""
    if isinstance(node, dict):
        target = node.get("_target_")
        if target is not None and not (isinstance(target, str) and allowed.fullmatch(target)):
            raise ConfigError(
                f"{where}_target_={target} is not allowed (only classes of colorlab and its libraries run)"
            )
        for key, value in node.items():
            check_targets(value, f"{where}{key}.", allowed)
    elif isinstance(node, list | tuple):
        for k, value in enumerate(node):
            check_targets(value, f"{where}{k}.", allowed)


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
        if target.startswith("colorlab."):
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


def nearest(word: str, words: list[str]) -> str:
    """'; nearest: a, b' or ''."""
    close = difflib.get_close_matches(word, sorted(set(words)), n=3, cutoff=0.5)
    return f"; nearest: {', '.join(close)}" if close else ""


def explained(error: Exception, config_name: str, overrides: list[str]) -> Exception:
    """A composition error of Hydra's as one line with the nearest valid names; other errors as they are."""
    text = " ".join(str(error).split())
    if found := re.search(r"Could not override '([^']+)'.*?No match in the defaults list", text):
        return ConfigError(f"{found[1]} is not a group of this command{nearest(found[1], _groups())}")
    if found := re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'(?: Available options in '[^']+': (.+))?", text):
        own = sorted(path.stem for path in (conf_dir() / found[1]).glob("*.yaml"))
        options = found[3].split(" Config search path")[0].split() if found[3] else own
        return ConfigError(
            f"{found[1]}={found[2]} is unknown (choose from {', '.join(options)}{nearest(found[2], options)})"
        )
    if found := re.search(r"Could not (?:override|append to config) '([^']+)'|Key '([^']+)' is not in struct", text):
        key = next(filter(None, found.groups()))
        close = nearest(key, _keys(config_name, overrides))
        return ConfigError(f"{key} is not a key of this command{close} (--help lists all)")
    if "Only one of --run, --multirun, --cfg" in text:
        return ConfigError("-m does not go with --cfg or --info (leave -m out, and give each key one value)")
    if type(error).__name__ == "MisconfigurationException":  # Lightning's
        return ConfigError(f"{text[:200]} (see trainer=, trainer.accelerator and trainer.devices)")
    names = {"ConfigCompositionException", "OverrideParseException", "MissingConfigException", "HydraException"}
    if type(error).__name__ in names or type(error).__module__.startswith("omegaconf"):
        return ConfigError(text[:300])
    return error


def _groups() -> list[str]:
    folders = (path for path in conf_dir().rglob("*") if path.is_dir())
    return [str(path.relative_to(conf_dir())) for path in folders]


def _keys(config_name: str, overrides: list[str]) -> list[str]:
    """All dotted keys of this command with the choices of groups among the overrides, such as method=gpic."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.types import RunMode

    groups = set(_groups())
    chosen = [word for word in overrides if word.partition("=")[0].lstrip("+") in groups]
    loader = ConfigLoaderImpl(create_config_search_path(str(conf_dir())))
    try:
        choices = dict(loader.load_configuration(config_name, chosen, RunMode.RUN).hydra.runtime.choices)
    except Exception:  # a choice of a sweep, or one that is mistaken too
        choices = {}
    sources = _sources(config_name, choices)
    return [f"{prefix}.{key}".lstrip(".") for source, prefix in sources for key, _, _ in declared(source)]
