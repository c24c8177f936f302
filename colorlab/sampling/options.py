"""What may be asked of a trained run: plain values, checked before torch is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from colorlab.cli.device import require
from colorlab.errors import ConfigError
from colorlab.exports.kinds import kinds_of
from colorlab.runs.run import open_run
from colorlab.sampling.edits import Edit, edits_of
from colorlab.sampling.palettes import Colors, palette_named

#: Runs that ship, by the word for them.
SHADES = {"gpic": "pretrained/gpic-openmoji-c8"}
#: What hints= may show of a true colouring, see ``conditions.hints.of_truth``.
OF_TRUTH = re.compile(r"left|right|top|bottom|centre|surround|dots\d+")
#: px; the short side at which a picture may be coloured. Beyond it no memory suffices.
LARGEST_SIDE = 8192


@dataclass(frozen=True)
class SamplingOptions:
    """How candidates come about.

    n: candidates of each drawing. seed: candidate k of a drawing depends on it, on k and on the
        drawing alone.
    sampler: another sampler's configuration, {} for the run's own. steps: another number of steps
        for it.
    values: other values of the method's keys, such as {"temperature": 0.7}. guide: a configuration
        for each guide.
    bias: a colour or a picture to start from (samplers.guides.Bias). palette: the only colours of
    areas (samplers.area_guides.OnlyColors), or the path of a picture that has them. shade: the run
    of a diffusion that goes on from flats at the level alpha_bar = shade_at (methods.shaded).
    hints: what is shown of the true colouring, of a data set's drawings
    (conditions.hints.of_truth). text: "captions", "plain" (without words of colour), "none", or a
    prompt with {} or {plain} for the caption.
    same_noise: all candidates of a drawing draw the same numbers. switch_at: alpha_bar in (0, 1) of
    a mix model's hand-over. precision: auto, fp32 or bf16. device: cpu or cuda. pixel_limit: the
    largest picture that is opened."""

    n: int = 8
    seed: int = 0
    sampler: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    guide: dict[str, dict[str, Any]] = field(default_factory=dict)
    bias: str | list[float] | None = None
    palette: Colors | None = None
    shade: str | None = None
    shade_at: float = 0.9
    hints: str | None = None
    text: str = "captions"
    same_noise: bool = False
    switch_at: float = 0.9919
    precision: str = "fp32"
    device: str = "cpu"
    pixel_limit: int = 100_000_000


class PictureOptions(NamedTuple):
    """How a user's picture is taken. size: "trained", "input", or the short side in pixels at which
    it is coloured.
    lines: "auto", "always" or "never", whether it is a line drawing. finish: how line drawings that
    are coloured at a smaller size come to their own: "areas", one colour each; "smooth", shading
    that stops at lines; "none". gap: half the width of the widest gap in a line that is closed, as
    a share of the longer side. hints: the path of a picture of its size, opaque where the colour is
    known. edit: areas cut and joined by hand. reference: the path of another picture, whose colours
    are hints where it fits (conditions.reference). alpha: "opaque", or "keep" for that of the
    picture. again: draw also what is there. export: kinds of files to write beside the pictures
    (exports.kinds)."""

    size: str | int = "trained"
    lines: str = "auto"
    finish: str = "areas"
    gap: float = 0.035
    hints: str | None = None
    like: str | None = None
    vary: float = 0.3
    lock: str | list[list[float]] | None = None
    alpha: str = "opaque"
    again: bool = False
    export: tuple[str, ...] = ()
    edit: tuple[Edit, ...] = ()
    reference: str | None = None


def picture_options(words: Mapping[str, Any]) -> PictureOptions:
    """The words for pictures in files, checked."""
    size, hints = words["size"], words["hints"]
    if size not in ("trained", "input") and not (
        isinstance(size, int) and 1 <= size <= LARGEST_SIDE
    ):
        raise ConfigError(
            f"size={size} (give trained, input, or a number of pixels, {LARGEST_SIDE:,} at most)"
        )
    if hints is not None and not Path(str(hints)).exists():
        raise ConfigError(
            f"hints={hints} is not there (give a picture, opaque where the colour is known)"
        )
    reference = words["reference"]
    if reference is not None and not Path(str(reference)).is_file():
        raise ConfigError(
            f"reference={reference} is not there (give a picture whose colours are wanted)"
        )
    check_lock(words["like"], words["lock"])
    return PictureOptions(
        size, words["lines"], words["finish"], float(words["gap"]),
        None if hints is None else str(hints), words["like"], float(words["vary"]), words["lock"],
        words.get("alpha", "opaque"), words.get("again", False), kinds_of(words.get("export")),
        edits_of(words["edit"]), None if reference is None else str(reference),
    )  # fmt: skip


def check_lock(like: Any, lock: Any) -> None:
    """ConfigError for a colouring to be varied, or for what is locked of it, that cannot be used.
    Both may be open pictures already."""
    if lock is not None and like is None:
        raise ConfigError(
            "lock= keeps areas of a colouring that is varied, and there is none (give like=...)"
        )
    for key, path in (("like", like), ("lock", lock)):
        if isinstance(path, str) and not Path(path).is_file():
            raise ConfigError(f"{key}={path} is not there (give a picture of the drawing's size)")
    for point in lock if isinstance(lock, list | tuple) else ():
        pair = isinstance(point, list | tuple) and len(point) == 2
        if not (pair and all(isinstance(at, int | float) for at in point)):
            raise ConfigError(
                f"lock={lock} (give points in pixels, [[x,y],...], or a picture, opaque there)"
            )


def sampling_options(
    words: Mapping[str, Any], of_truth: bool, hinted: bool = False
) -> SamplingOptions:
    """The options that a command's words ask for, checked. words: conf/sampling/keys.yaml with n,
    hints, precision and method. of_truth: whether hints= is a part of the true colouring, not a
    picture. hinted: there are hints beside the words."""
    method = dict(words.get("method") or {})
    values = {key: value for key, value in method.items() if key != "sampler"}
    sampler = method.get("sampler") or {}
    if sampler and not (isinstance(sampler, Mapping) and isinstance(sampler.get("_target_"), str)):
        raise ConfigError(
            "method.sampler is no sampler (choose with method/sampler=<name>, see --help)"
        )
    options = SamplingOptions(
        n=words["n"], seed=words["seed"], sampler=dict(sampler), steps=words["steps"],
        values=values if words["negative"] is None else values | {"negative": words["negative"]},
        guide=guides_checked(words["guide"] or {}), bias=words["bias"],
        palette=palette_named("palette", words["palette"]),
        shade=SHADES.get(words["shade"], words["shade"]), shade_at=float(words["shade_at"]),
        hints=words["hints"] if of_truth else None, text=str(words["text"]),
        same_noise=words["same_noise"], switch_at=words["switch_at"], precision=words["precision"],
        device=words["device"], pixel_limit=words["pixel_limit"],
    )  # fmt: skip
    check_options(options, hinted or words["hints"] is not None)
    return options


def guides_checked(nodes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Configurations of guides, with the colours in them as guides take them. ConfigError: they are
    none."""
    for name, node in nodes.items() if isinstance(nodes, Mapping) else [("", nodes)]:
        if not isinstance(node, Mapping) or not isinstance(node.get("_target_"), str):
            raise ConfigError(
                f"{f'guide.{name}'.rstrip('.')} is no guide (choose with guide=[<name>], see "
                "--help)"
            )
    return {
        name: {**node, "colors": palette_named(f"guide.{name}.colors", node["colors"])}
        if "colors" in node
        else node
        for name, node in nodes.items()
    }


def check_options(options: SamplingOptions, hinted: bool) -> None:
    """ConfigError for what cannot be sampled, as far as that can be told before a run is opened.
    hinted: there are known colours, of whatever kind."""
    if "inpaint" in options.guide and not hinted:
        raise ConfigError(
            "guide=[inpaint] keeps known colours, and there are none (give hints=..., see --help)"
        )
    if options.hints is not None and not OF_TRUTH.fullmatch(str(options.hints)):
        raise ConfigError(
            f"hints={options.hints} (hints are left, right, top, bottom, centre, surround or "
            "dots<count>)"
        )
    check_color("bias", options.bias)
    for name, node in options.guide.items():
        check_color(f"guide.{name}.color", node.get("color"))
        if "run" in node and node["run"] is None:
            raise ConfigError(f"guide.{name}.run is not set (give a weaker run of the same method)")
    for run in other_runs(options):
        open_run(run)
    require(options.device)


def other_runs(options: SamplingOptions) -> list[str]:
    """Runs that take part besides those that are sampled."""
    weaker = [str(node["run"]) for node in options.guide.values() if node.get("run")]
    return weaker + ([options.shade] if options.shade else [])


def check_color(key: str, color: Any) -> None:
    """ConfigError unless a colour is one that ``samplers.guides.Bias`` takes, or the path of a
    picture."""
    if color is None or color == "palette":
        return
    if isinstance(color, list | tuple):
        fits = len(color) == 3 and all(isinstance(v, int | float) and 0 <= v <= 1 for v in color)
    else:
        fits = (
            bool(re.fullmatch(r"#[0-9a-fA-F]{6}", color_named(color))) or Path(str(color)).is_file()
        )
    if not fits:
        raise ConfigError(
            f"{key} is #rrggbb, [r, g, b] in [0, 1], palette or a picture, not {color!r}"
        )


def color_named(word: Any) -> str:
    """A colour word as guides want it: rrggbb may be given without the # that shells take for a
    comment."""
    return f"#{word}" if re.fullmatch("[0-9a-fA-F]{6}", str(word)) else str(word)
