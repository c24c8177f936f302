"""From a run and options to a method and its guides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorlab.cli.device import previews_in_bf16
from colorlab.cli.targets import build
from colorlab.cli.yaml_files import composed
from colorlab.conditions.captions import plain
from colorlab.data.intake import open_picture
from colorlab.errors import ConfigError
from colorlab.methods.areas import AreaMethod
from colorlab.methods.gpic import Mix
from colorlab.methods.pixel_diffusion import PixelDiffusion
from colorlab.methods.shaded import Shaded
from colorlab.runs.run import Run, open_run
from colorlab.samplers.area_guides import OnlyColors
from colorlab.samplers.guides import Bias
from colorlab.sampling.options import SamplingOptions, color_named
from colorlab.sampling.palettes import Colors


def method_of(runs: Sequence[Run], options: SamplingOptions) -> Any:
    """The run's method on the chosen device, or the mix model of two runs."""
    methods = [run.method(options.sampler, options.steps, options.values) for run in runs]
    for run, method in zip(runs, methods, strict=True):
        check_text(options, run, method)
        method.bf16 = previews_in_bf16(options.precision, options.device)
    if options.shade is not None:
        methods = [shaded(methods, options)]
    if len(methods) == 1:
        return methods[0].to(options.device)
    return Mix(methods[0], methods[1], options.switch_at).eval().to(options.device)


def shaded(methods: list[Any], options: SamplingOptions) -> Shaded:
    """Flats, and the diffusion that goes on from them. ConfigError: they are not of these kinds."""
    pixels = open_run(str(options.shade)).method()
    if len(methods) != 1 or not isinstance(methods[0], AreaMethod):
        raise ConfigError(
            "shade= goes on from colours of areas (give run=pretrained/flats, or leave shade out)"
        )
    if not isinstance(pixels, PixelDiffusion):
        raise ConfigError(
            f"shade={options.shade} is no diffusion over pixels (give gpic, or a run of "
            "method=gpic)"
        )
    pixels.bf16 = methods[0].bf16
    return Shaded(methods[0], pixels, options.shade_at).eval()


def data_of(runs: Sequence[Run], options: SamplingOptions) -> dict[str, Any]:
    """The data's configuration, of the run that says at which size pictures are coloured."""
    data: dict[str, Any] = (open_run(options.shade) if options.shade else runs[0]).config["data"]
    return data


def check_text(options: SamplingOptions, run: Run, method: Any) -> None:
    """ConfigError if there are words for a method that reads none."""
    given = [] if options.text == "captions" else [f"text={options.text}"]
    given += [f"negative={options.values['negative']}"] if "negative" in options.values else []
    if given and not method.takes_text:
        raise ConfigError(
            f"{given[0]} ({run.name} is of a method that reads no text; leave text and negative "
            "out)"
        )


def guides_of(options: SamplingOptions, hinted: bool) -> list[Any]:
    """The guides that the options name, with those that bias= and hints imply. hinted: there are
    known colours."""
    nodes = dict(options.guide)
    if hinted and "inpaint" not in nodes:
        nodes["inpaint"] = composed("guide", "inpaint")
    guides = [build(resolve_inputs(node, options.pixel_limit)) for node in nodes.values()]
    if options.bias is not None:
        guides.append(Bias(color_of(options.bias, options.pixel_limit)))
    if options.palette is not None:
        guides.append(OnlyColors(colors_of(options.palette, options.pixel_limit)))
    return guides


def resolve_inputs(node: dict[str, Any], pixel_limit: int) -> dict[str, Any]:
    """A guide's configuration, the pictures that it names as tensors and the run as its method."""
    kinds = {"color": color_of, "colors": colors_of, "run": lambda run, _: open_run(run).method()}
    return {
        key: kinds[key](value, pixel_limit) if key in kinds else value
        for key, value in node.items()
    }


def colors_of(colors: Colors, pixel_limit: int) -> Any:
    """Colours as guides take them, or the picture (3, h, w) in [0, 1] that they are of."""
    return picture_of(Path(colors), pixel_limit) if isinstance(colors, str) else colors


def picture_of(path: Path, pixel_limit: int) -> Tensor:
    """(3, H, W) in [0, 1]."""
    return torch.from_numpy(open_picture(path, pixel_limit)).float() / 255


def color_of(color: Any, pixel_limit: int) -> Any:
    """A colour as guides take it, or the picture (3, h, w) in [0, 1] that it is the path of."""
    if isinstance(color, list | tuple) or color == "palette":
        return color
    if Path(color).is_file():
        return picture_of(Path(color), pixel_limit)
    return color_named(color)


def worded(text: str, captions: list[str]) -> list[str]:
    """What is said of pictures: their "captions", those "plain", without words of colour, nothing
    for "none", or a prompt, where {} stands for the caption and {plain} for the plain one."""
    prompt = prompt_of(text)
    said = (
        prompt.replace("{plain}", plain(caption)).replace("{}", caption) for caption in captions
    )
    return [" ".join(each.split()) for each in said]


def prompt_of(text: str) -> str:
    """The prompt that a word for one stands for."""
    return {"captions": "{}", "plain": "{plain}", "none": ""}.get(text, text)


def says_captions(text: str) -> bool:
    """Whether captions of a data set are in what is said."""
    return any(sign in prompt_of(text) for sign in ("{}", "{plain}"))
