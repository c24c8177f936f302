"""Opening a finished run: its configuration, its method with the trained weights, its data."""

from __future__ import annotations

import datetime
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from colorlab.cli import plugins
from colorlab.cli.clauses import check_values, newer_keys
from colorlab.cli.messages import nearest
from colorlab.cli.targets import build
from colorlab.cli.upgrade import merged, regrouped
from colorlab.errors import CheckpointError, ConfigError, DataError
from colorlab.runs.config import CONFIG, TRAVELED, config_of, read_config
from colorlab.storage.cache import fetched_run, hub_dir, shipped
from colorlab.storage.files import PACKAGE, PRETRAINED, require_own, write_text
from colorlab.storage.plain import flattened

PLAIN_SIMPLIFIERS = ("none", "morph")  # values of data.simplify that are no programs
#: Keys that a run may be resumed with other values of: what it learns does not depend on them.
SAFE_TO_CHANGE = re.compile(
    r"made\..*|name|log_every|debug|resume|objective|workers|save_every|sheet|logger\..*|trainer\.(accelerator|devices|timeout|strategy)"
)


class Run:
    """A run folder. path: where it is; config: its resolved configuration, plain containers;
    simplify: the network that may simplify its lines, which is a program, if the user names it;
    given: a data set in place of its own."""

    def __init__(
        self,
        path: Path,
        config: dict[str, Any],
        simplify: str | None = None,
        given: dict[str, Any] | None = None,
    ) -> None:
        self.path, self.config, self.simplify, self.given = path, config, simplify, given

    @property
    def name(self) -> str:
        return str(self.config.get("name", self.path.name))

    @property
    def home(self) -> Path:
        """Where what is made with it goes: its folder, or one of its name below runs/ for a run
        that is shipped, was fetched, or was made of published weights."""
        whole = self.path.resolve()
        if whole.is_relative_to(hub_dir().resolve()):  # <owner>/<name>/<commit>
            return Path("runs") / whole.parent.name
        ours = whole.is_relative_to(PACKAGE) or self.path == fetched_run(self.path.name)
        return Path("runs") / self.path.name if ours else self.path

    @property
    def data(self) -> dict[str, Any]:
        """The configuration of its pictures."""
        data: dict[str, Any] = self.config["data"] if self.given is None else self.given
        return data

    def on(self, data: dict[str, Any]) -> Run:
        """The same run before other pictures. ConfigError: they show what it was not trained on,
        lines or gray."""
        own, other = self.config["data"].get("condition"), data.get("condition")
        if own != other:
            raise ConfigError(
                f"{self.name} was trained on data.condition={own}, not {other} (set "
                f"data.condition={own})"
            )
        return Run(self.path, self.config, self.simplify, data)

    def method(
        self,
        sampler: dict[str, Any] | None = None,
        steps: int | None = None,
        changed: dict[str, Any] | None = None,
    ) -> Any:
        """The trained method in eval mode, float32. sampler: another sampler's configuration;
        steps: another number of them; changed: other values of the method's keys, such as
        {"temperature": 0.7}."""

        node = merged(self.config["method"], self._checked(changed or {}))
        if (sampler or steps) and "sampler" not in node:
            raise ConfigError(
                f"{self.name} has no sampler to change (leave method/sampler and steps out)"
            )
        if sampler:
            node["sampler"] = sampler
        if steps:
            if "steps" not in node["sampler"]:
                raise ConfigError(f"steps={steps}, but the sampler of {self.name} takes no steps")
            node["sampler"] = node["sampler"] | {"steps": steps}
        from colorlab.methods.base import Method

        # and torch, which nothing else here needs
        from colorlab.runs.checkpoint import load_weights
        from colorlab.runs.fitting import fitting

        with fitting(self.path, node):
            method = self._built(node, changed=bool(sampler or steps or changed))
        if not isinstance(method, Method):
            raise CheckpointError(
                f"{self.path / CONFIG}: method is a {type(method).__name__}, which colours nothing"
            )
        load_weights(method, self.path)
        return method.eval().requires_grad_(False)

    def _checked(self, changed: dict[str, Any]) -> dict[str, Any]:
        node = self.config["method"]
        changed = regrouped(changed, node["_target_"])
        own = {k: v for k, v in node.items() if k not in ("sampler", "optimizer", "schedule")}
        known = {*flattened(own), *newer_keys(own, node["_target_"])}
        for key in flattened(changed):
            if key not in known or key.endswith("_target_"):
                raise ConfigError(
                    f"method.{key} is not a value of {self.name}{nearest(key, sorted(known))}"
                )
        check_values(changed, node["_target_"])
        return changed

    def pictures(self) -> Any:
        """The data set that the run was trained on, or is shown. CheckpointError: its lines are to
        be simplified by a program that the user does not name."""
        if self.given is not None:
            return build(self.given)
        wanted = self.config["data"].get("simplify", "none")
        if wanted not in (*PLAIN_SIMPLIFIERS, self.simplify):
            raise CheckpointError(
                f"{self.path / CONFIG}: data.simplify={wanted} is a program, which an opened run "
                f"may not name (simplify={wanted} on the command line lets it run)"
            )
        made = self._built(self.config["data"])
        if not hasattr(made, "splits"):
            raise CheckpointError(
                f"{self.path / CONFIG}: data is a {type(made).__name__}, which holds no pictures"
            )
        return made

    def _built(self, node: dict[str, Any], changed: bool = False) -> Any:
        """The object that a part of the configuration describes, perhaps changed by the user.
        CheckpointError: it describes none."""
        try:
            return build(node)
        except ConfigError as error:
            if changed:
                raise
            raise CheckpointError(f"{self.path / CONFIG}: {error}") from error
        except (DataError, CheckpointError, OSError):  # of other files, which they name
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise CheckpointError(f"{self.path / CONFIG} cannot be built: {reason}") from error


def open_run(path: str | Path, simplify: str | None = None) -> Run:
    """The run in a folder; ``pretrained/<name>`` is one that ships with the package."""
    folder = shipped(path)
    if not folder.is_dir():
        hint = ""
        if Path(path).parts[:1] == (PRETRAINED,):
            hint = (
                "; wide ones are in the sources, not in the wheel; published nets such as "
                "cic-eccv16 come by `python -m colorlab.weights fetch cic-eccv16`"
            )
        known = ", ".join(known_runs()) or "none yet; train one"
        raise CheckpointError(f"there is no run in {path} (known: {known}{hint})")
    if not (folder / CONFIG).is_file():
        raise CheckpointError(
            f"{folder} holds no {CONFIG}, so it is not a run (give the folder that training "
            "printed)"
        )
    require_own(folder)
    return Run(folder, read_config(folder), simplify)


def open_runs(given: str | Path | Sequence[str | Path], simplify: str | None = None) -> list[Run]:
    """The run, or the two of a mix model."""
    names = [given] if isinstance(given, str | Path) else list(given)
    if not 1 <= len(names) <= 2:
        raise ConfigError(f"run={given} (give one run, or two for the mix model)")
    return [open_run(name, simplify) for name in names]


def known_runs() -> list[str]:
    """Runs in ./runs, newest first, then those that ship with the package; at most eight."""
    here = sorted(
        Path("runs").glob(f"*/{CONFIG}"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    ours = sorted((PACKAGE / PRETRAINED).glob(f"*/{CONFIG}"))
    return [str(p.parent) for p in here][:4] + [f"{PRETRAINED}/{p.parent.name}" for p in ours][:4]


def colors_pictures(config: dict[str, Any]) -> bool:
    """Whether a run is of a method that colours pictures, not of a part of others."""
    target = str(config["method"]["_target_"])
    return ".methods." in target and not target.endswith(("Prior", "VAE"))


def has_begun(folder: Path) -> bool:
    """Whether a folder holds a run, finished or not."""
    return (folder / CONFIG).exists()


def is_finished(folder: Path) -> bool:
    """Whether the run in a folder has its final weights."""
    return weights_of(folder).exists()


def weights_of(folder: Path) -> Path:
    """Where a run's final weights are, once it is finished; of one that travelled, beside its
    configuration."""
    traveled = folder / TRAVELED
    return traveled if traveled.exists() else folder / "checkpoints" / "weights.safetensors"


def sheet_of(folder: Path) -> Path:
    """Where a run's contact sheet is, once it is finished."""
    return folder / "samples" / "sheet.png"


def begin(folder: Path, cfg: DictConfig) -> None:
    """Make a run folder and write its resolved configuration; a folder that already holds a run is
    left alone.
    ConfigError: it has values that no run is opened with."""
    require_none(folder)
    plain = plain_dict(cfg)
    plain |= {
        "made": provenance() | ({"plugins": used} if (used := plugins.used_by(plain)) else {})
    }
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    try:
        config_of(text.encode("utf-8", "backslashreplace"))
    except (ValueError, TypeError, ConfigError) as error:
        raise ConfigError(
            f"a run of this could not be opened again: {error} (give another value)"
        ) from error
    write_text(folder / CONFIG, text)


def require_none(folder: Path) -> None:
    """CheckpointError if the folder holds a run."""
    if has_begun(folder):
        raise CheckpointError(
            f"{folder} already holds a run (go on with it by resume=auto, choose another name=, "
            "or remove the folder)"
        )


def require_same(folder: Path, cfg: DictConfig) -> None:
    """CheckpointError with the keys if a configuration would not go on with the run in the folder
    to the same bits."""
    old, new = flattened(open_run(folder).config), flattened(plain_dict(cfg))
    changed = [
        key
        for key in old | new
        if old.get(key) != new.get(key) and not SAFE_TO_CHANGE.fullmatch(key)
    ]
    if changed:
        values = ", ".join(
            f"{key}={new.get(key, 'unset')} was {old.get(key, 'unset')}" for key in changed
        )
        raise CheckpointError(
            f"{folder} is of another configuration: {values} (give the old values, or another "
            "name=)"
        )


def plain_dict(cfg: DictConfig) -> dict[str, Any]:
    """A configuration as plain containers, its references resolved."""
    plain = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def provenance() -> dict[str, Any]:
    """When and with what a run was made: date, versions."""

    packages = [name for name in ("torch", "lightning", "diffusers", "numpy") if find_spec(name)]
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"date": now, "python": platform.python_version()} | {
        name: version(name) for name in packages
    }
