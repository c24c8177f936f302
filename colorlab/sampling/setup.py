"""From a run and what a user asks for to a method and its guides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, ListConfig, OmegaConf

from colorlab.cli.device import previews_in_bf16
from colorlab.cli.targets import build
from colorlab.cli.yaml_files import conf_dir
from colorlab.conditions.hints import of_truth
from colorlab.data.intake import open_picture
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.methods.gpic import Mix
from colorlab.runs.run import open_run, plain_dict
from colorlab.samplers.guides import Bias


def opened(cfg: DictConfig) -> tuple[Any, Any]:
    """The (first) run and its method on the chosen device, or the mix model of two runs."""

    sampler = plain_dict(cfg.method.sampler)
    names = list(cfg.run) if isinstance(cfg.run, ListConfig) else [cfg.run]
    runs = [open_run(str(name)) for name in names]
    for run in runs:
        must_take_text(cfg, run)
    methods = [run.method(sampler, cfg.steps, changed_values(cfg)) for run in runs]
    for method in methods:
        if hasattr(method, "bf16"):
            method.bf16 = previews_in_bf16(cfg.precision, cfg.device)
    if len(methods) == 1:
        return runs[0], methods[0].to(cfg.device)
    if len(methods) > 2:
        raise ConfigError(f"run={cfg.run} (give one run, or two for the mix model)")

    return runs[0], Mix(methods[0], methods[1], cfg.switch_at).eval().to(cfg.device)


def changed_values(cfg: DictConfig) -> dict[str, Any]:
    """What the command line changes of the run's method besides its sampler: method.temperature=0.7."""

    negative = {} if cfg.negative is None else {"negative": cfg.negative}
    return {key: value for key, value in plain_dict(cfg.method).items() if key != "sampler"} | negative


def must_take_text(cfg: DictConfig, run: Any) -> None:
    """ConfigError if there are words for a method that reads none."""
    from hydra.utils import get_class

    given = [f"{key}={cfg[key]}" for key, unset in (("text", "captions"), ("negative", None)) if cfg[key] != unset]
    if given and not getattr(get_class(run.config["method"]["_target_"]), "takes_text", False):
        raise ConfigError(f"{given[0]} ({run.name} is of a method that reads no text; leave text and negative out)")


class Wishes(NamedTuple):
    """What a user adds to a sampling run. hints: what is shown of the true colouring, see ``hints.of_truth``; text: see
    ``worded``."""

    guides: list[Any] = []
    hints: str | None = None
    same_noise: bool = False
    text: str = "captions"


def wishes_of(cfg: DictConfig) -> Wishes:
    """The guides, and for pictures of a data set the hints."""
    hints = cfg.hints if cfg.get("split") else None
    if hints:
        try:
            of_truth(hints, torch.zeros(1, 3, 4, 4), Draws(0, [0]))
        except ValueError as error:
            raise ConfigError(f"hints={hints} ({error})") from error
    return Wishes(built_guides(cfg), hints, cfg.same_noise, str(cfg.text))


def worded(text: str, captions: list[str]) -> list[str]:
    """What is said of pictures: their "captions", nothing for "none", or a prompt, where {} stands for the caption."""
    return [" ".join(prompt_of(text).replace("{}", caption).split()) for caption in captions]


def prompt_of(text: str) -> str:
    """The prompt that a word for one stands for."""
    return {"captions": "{}", "none": ""}.get(text, text)


def built_guides(cfg: DictConfig) -> list[Any]:
    """The guides named by guide=[...], with those that bias= and hints= imply."""

    guide = dict(cfg.guide or {})
    if cfg.hints is not None and "inpaint" not in guide:
        guide["inpaint"] = OmegaConf.load(conf_dir() / "guide" / "inpaint.yaml")
    nodes = [plain_dict(node) for node in guide.values()]
    guides = [
        build(node | {"color": sketched(node["color"], cfg.pixel_limit)} if "color" in node else node) for node in nodes
    ]
    if cfg.bias is not None:
        color = list(cfg.bias) if isinstance(cfg.bias, ListConfig) else color_named(str(cfg.bias))
        try:
            guides.append(Bias(sketched(color, cfg.pixel_limit)))
        except ValueError as error:
            raise ConfigError(f"bias={cfg.bias} ({error})") from error
    return guides


def sketched(color: Any, pixel_limit: int) -> Any:
    """What is given for a colour, or the picture (3, h, w) in [0, 1] that it is the path of."""
    if not isinstance(color, str) or not Path(color).is_file():
        return color

    return torch.from_numpy(open_picture(Path(color), pixel_limit)).float() / 255


def color_named(word: str) -> str:
    """A colour word as guides want it: rrggbb may be given without the # that shells take for a comment."""
    return f"#{word}" if re.fullmatch("[0-9a-fA-F]{6}", word) else word
