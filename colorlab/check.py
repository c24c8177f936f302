"""Check that a method keeps what every method keeps:  python -m colorlab.check method=mylab_tint
[method.<key>=...]

The method is made small (keys that end in `width` become 4, and what its yaml says behind `#
Small:`), trained for four batches, and held to each promise; a line each, exit code 1 if one is
broken. A method of a plug-in that is not installed is found by plugins=mylab."""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from colorlab.cli.command import run
from colorlab.cli.config import compose
from colorlab.cli.plugins import taken
from colorlab.cli.yaml_files import declared, group_files
from colorlab.errors import ColorlabError, ConfigError

#: Behind it, words for the command line; the value <name> is a small run of another method.
SMALL = re.compile(r"^# Small: (.+)$", re.MULTILINE)


def main(argv: list[str]) -> None:
    """argv: method=<name>, then other values for its keys."""
    words = taken(argv)
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        return
    name, rest = _named(words)
    with tempfile.TemporaryDirectory() as folder:
        broken = check_method(name, Path(folder), {name: rest})
    if broken:
        sys.exit(1)


def _named(words: list[str]) -> tuple[str, list[str]]:
    given = [word.partition("=")[2] for word in words if word.startswith("method=")]
    if len(given) != 1:
        raise ConfigError(
            f"give one method (method=..., one of {', '.join(sorted(group_files('method')))})"
        )
    return given[0], [word for word in words if not word.startswith("method=")]


def check_method(name: str, folder: Path, words: dict[str, list[str]]) -> int:
    """Print a line per promise. -> how many are broken. folder: scratch; words: further overrides
    of some methods."""
    cfg = small(name, folder, words)
    from colorlab.training.method_checks import CHECKS, Trained

    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    trained, broken = Trained(cfg), 0
    for promise in CHECKS:
        wrong = _said(promise, trained)
        broken += bool(wrong)
        print(
            f"{'BAD' if wrong else 'ok '}  "
            f"{promise.__name__.replace('_', ' ')}{': ' * bool(wrong)}{wrong}",
            flush=True,
        )
    return broken


def _said(promise: Callable[[Any], None], trained: Any) -> str:
    """What is wrong, or ''."""
    try:
        promise(trained)
    except (AssertionError, ColorlabError) as error:
        return str(error)
    except Exception as error:  # a method may fail in any way
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return ""


def small(name: str, folder: Path, words: dict[str, list[str]]) -> DictConfig:
    """The configuration of a training of the method made small. folder: for the runs that it
    needs."""
    overrides = [f"name={name}", f"method={name}", "trainer.max_steps=4"]
    cfg = compose("train", [*overrides, *small_values(name, folder, words), *words.get(name, ())])
    if "sampler" in cfg.method and "steps" in cfg.method.sampler:
        cfg.method.sampler.steps = 3
    return cfg


def small_values(name: str, folder: Path, words: dict[str, list[str]]) -> list[str]:
    """Overrides that make a method small: narrow, and what its yaml says. folder: for the runs that
    it needs."""
    path = group_files("method").get(name)
    if path is None:
        return []
    narrow = [f"method.{key}=4" for key, _, _ in declared(path) if key.endswith("width")]
    said = SMALL.search(path.read_text(encoding="utf-8"))
    return [
        *narrow,
        *(_with_run(word, folder, words) for word in (said[1].split() if said else ())),
    ]


def _with_run(word: str, folder: Path, words: dict[str, list[str]]) -> str:
    """A word whose value may be <name>: it becomes the folder of a small run of that method."""
    key, _, value = word.partition("=")
    needed = re.fullmatch(r"<(\w+)>", value)
    return f"{key}={finished(needed[1], folder, words)}" if needed else word


def finished(name: str, folder: Path, words: dict[str, list[str]]) -> Path:
    """The folder of an untrained small run of a method."""
    from colorlab.cli.targets import build
    from colorlab.runs.checkpoint import save_weights
    from colorlab.runs.run import begin

    cfg = small(name, folder, words)
    begin(folder / name, cfg)
    method = build(cfg.method)
    save_weights(method, folder / name / "checkpoints")
    method.export(folder / name)
    return folder / name


if __name__ == "__main__":
    run(main, sys.argv[1:])
