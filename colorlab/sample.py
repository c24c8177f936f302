"""Colour drawings with a trained run:  python -m colorlab.sample run=runs/<name> input=drawing.png n=8 seed=0"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from omegaconf import DictConfig, ListConfig, OmegaConf

from colorlab.command import hydra_command
from colorlab.device import require
from colorlab.errors import ConfigError, NumericError

if TYPE_CHECKING:
    import numpy as np

    from colorlab.report.grid import Sheet
    from colorlab.types import Condition


def sample(cfg: DictConfig) -> None:
    """Write n colourings of every drawing, a contact sheet and the settings that make them again."""
    if (cfg.input is None) == (cfg.split is None):
        raise ConfigError("give either input=<picture or folder> or split=test")
    must_go_together(cfg)
    from colorlab.device import settle_allocator

    settle_allocator()
    run, method = opened(cfg)
    out = Path(cfg.out) if cfg.out else run.home / "samples"
    wishes = wishes_of(cfg)
    if cfg.split is not None:
        from colorlab.report.grid import save_sheet

        sheet = sheet_of_split(method, run.pictures(), cfg.split, cfg.limit, cfg.n, cfg.seed, wishes)
        print(save_sheet(sheet, out / f"{cfg.split}.png"))
        return
    from colorlab.data.intake import named
    from colorlab.data.intake import shown as printable
    from colorlab.disk import replacing

    for path, name in named(Path(cfg.input)).items():
        print(printable(coloured_file(cfg, run, method, wishes, path, out / name)))
    settings = json.dumps(OmegaConf.to_container(cfg, resolve=True), indent=1, ensure_ascii=False) + "\n"
    with replacing(out / "sample.json") as temporary:  # bytes of a name that are no text become JSON's \udc80 to \udcff
        temporary.write_text(settings, encoding="utf-8", errors="backslashreplace")


def must_go_together(cfg: DictConfig) -> None:
    """ConfigError for what cannot be sampled, where that can be told before the run is opened."""
    if "inpaint" in (cfg.guide or {}) and cfg.hints is None:
        raise ConfigError("guide=[inpaint] keeps known colours, and there are none (give hints=..., see --help)")
    require(cfg.device)


def opened(cfg: DictConfig) -> tuple[Any, Any]:
    """The (first) run and its method on the chosen device, or the mix model of two runs."""
    from colorlab.device import previews_in_bf16
    from colorlab.run import open_run, plain_dict

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
    from colorlab.methods.gpic import Mix

    return runs[0], Mix(methods[0], methods[1], cfg.switch_at).eval().to(cfg.device)


def changed_values(cfg: DictConfig) -> dict[str, Any]:
    """What the command line changes of the run's method besides its sampler: method.temperature=0.7."""
    from colorlab.run import plain_dict

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
        import torch

        from colorlab.draws import Draws
        from colorlab.hints import of_truth

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
    from colorlab.config import build, conf_dir
    from colorlab.guides import Bias
    from colorlab.run import plain_dict

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
    import torch

    from colorlab.data.intake import open_picture

    return torch.from_numpy(open_picture(Path(color), pixel_limit)).float() / 255


def color_named(word: str) -> str:
    """A colour word as guides want it: rrggbb may be given without the # that shells take for a comment."""
    return f"#{word}" if re.fullmatch("[0-9a-fA-F]{6}", word) else word


def coloured_file(cfg: DictConfig, run: Any, method: Any, wishes: Wishes, path: Path, start: Path) -> Path:
    """n colourings of one picture file, at its own size, and their sheet. start: of their paths. -> the sheet's."""
    import numpy as np
    import torch
    from PIL import Image

    from colorlab.data.intake import open_picture
    from colorlab.disk import replacing
    from colorlab.draws import Draws
    from colorlab.report.grid import save_sheet, sheet_of
    from colorlab.scale import as_light_as, drawing_of, onto_drawing, onto_gray, shrunk
    from colorlab.types import Condition

    picture = torch.from_numpy(open_picture(path, cfg.pixel_limit)).float()[None] / 255
    shown_as = run.config["data"].get("condition", "lines")
    full = drawing_of(picture, cfg.lines, shown_as)
    own = (full.shape[-2], full.shape[-1])
    size = working_size(cfg, run, own)
    known = read_hints(cfg, own)
    hints = None if known is None else shrunk_hints(known, size)
    condition = on(Condition(shrunk(full, size), hints, worded(wishes.text, [""])), cfg.device)
    draws = Draws(cfg.seed, [0], alike=cfg.same_noise)
    small = method.sample(condition, cfg.n, draws, wishes.guides)[0].cpu()
    coloured = (onto_gray if shown_as == "gray" else onto_drawing)(small, full, size)
    if known is not None:
        colours = as_light_as(full, known[:, :3]) if shown_as == "gray" else known[:, :3]
        coloured = torch.lerp(coloured, colours, known[:, 3:])
    pixels = [to_pixels(one) for one in coloured]
    for k, array in enumerate(pixels):
        with replacing(start.with_name(f"{start.name}-{k + 1}.png")) as temporary:
            Image.fromarray(array).save(temporary)
    sheet = sheet_of([to_pixels(full[0].expand(3, -1, -1))], [np.stack(pixels)], [[]])
    with replacing(start.with_name(f"{start.name}-sheet.png")) as temporary:
        save_sheet(sheet, temporary, 192)
    return start.with_name(f"{start.name}-sheet.png")


def working_size(cfg: DictConfig, run: Any, size: tuple[int, int]) -> tuple[int, int]:
    """(H, W) at which the drawing is coloured."""
    if cfg.size == "input":
        return size
    side = run.config["data"]["size"] if cfg.size == "trained" else cfg.size
    if not isinstance(side, int) or side < 1:
        raise ConfigError(f"size={cfg.size} (give trained, input, or a number of pixels)")
    return max(1, round(size[0] * side / min(size))), max(1, round(size[1] * side / min(size)))


def read_hints(cfg: DictConfig, full: tuple[int, int]) -> Any:
    """The picture (1, 4, H, W) in [0, 1] whose opaque pixels are known colours; None without a file."""
    if cfg.hints is None:
        return None
    import torch

    from colorlab.data.intake import open_rgba

    rgba = torch.from_numpy(open_rgba(Path(cfg.hints), cfg.pixel_limit)).float()[None] / 255
    if rgba.shape[-2:] != tuple(full):
        shown = "x".join(map(str, reversed(rgba.shape[-2:])))
        raise ConfigError(f"hints={cfg.hints} is {shown} pixels, the drawing {full[1]}x{full[0]} (make them equal)")
    return rgba


def shrunk_hints(rgba: Any, size: tuple[int, int]) -> Any:
    """Hints at the working size, of known colours at the drawing's own."""
    from colorlab.hints import painted
    from colorlab.scale import shrunk

    return painted(unpremultiplied(shrunk(premultiplied(rgba), size)))


def premultiplied(rgba: Any) -> Any:
    """Colours weighted by their alpha, so that resizing does not mix in what is transparent."""
    import torch

    return torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)


def unpremultiplied(rgba: Any) -> Any:
    """The inverse of ``premultiplied``."""
    import torch

    return torch.cat([(rgba[:, :3] / rgba[:, 3:].clamp_min(1e-6)).clamp(0, 1), rgba[:, 3:]], 1)


def sheet_of_split(method: Any, pictures: Any, split: str, limit: int, n: int, seed: int, wishes: Wishes) -> Sheet:
    """n colourings of held-out drawings, in a mix of drawings with one and with several true colourings."""
    import numpy as np

    from colorlab.report.grid import sheet_of

    groups = chosen(pictures.drawings(split), limit)
    drawn = list(coloured(method, pictures, [int(group[0]) for group in groups], n, seed, wishes))
    drawings = [as_shown(shown(pictures, int(group[0]), seed, wishes)) for group in groups]
    truths = [[to_pixels(one) for one in pictures[group[:3].tolist()].rgb] for group in groups]
    return sheet_of(drawings, [np.stack([to_pixels(one) for one in row]) for row in drawn], truths)


def chosen(groups: list[np.ndarray], limit: int) -> list[np.ndarray]:
    """Evenly spread drawings: three with one true colouring to each with several."""
    one = [group for group in groups if len(group) == 1]
    several = [group for group in groups if len(group) > 1]
    few = min(len(several), max(limit // 4, limit - len(one)))
    return [*_spread(one, limit - few), *_spread(several, few)]


def _spread(items: list[Any], count: int) -> list[Any]:
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def coloured(method: Any, pictures: Any, indices: list[int], n: int, seed: int, wishes: Wishes) -> Iterator[Any]:
    """(n, 3, H, W) in [0, 1] for one picture after the other."""
    from colorlab.draws import Draws

    method.cut = "{}" in prompt_of(wishes.text)  # nobody can shorten the captions of a data set
    for index in indices:
        condition, draws = shown(pictures, index, seed, wishes), Draws(seed, [index], alike=wishes.same_noise)
        yield method.sample(on(condition, method.device), n, draws, wishes.guides)[0].cpu()


def shown(pictures: Any, index: int, seed: int, wishes: Wishes) -> Condition:
    """What a method is shown of a picture of the data set, with the hints that are wished for."""
    from colorlab.draws import Draws
    from colorlab.hints import of_truth
    from colorlab.types import Condition

    batch = pictures[index]
    hints = of_truth(wishes.hints, batch.rgb, Draws(seed, [index])) if wishes.hints else None
    return Condition(batch.image, hints, worded(wishes.text, batch.text), batch.label)


def on(condition: Condition, device: Any) -> Condition:
    """The condition on a device."""
    hints = condition.hints and type(condition.hints)(*(part.to(device) for part in condition.hints))
    return condition._replace(image=condition.image.to(device), hints=hints)


def as_shown(condition: Condition) -> np.ndarray:
    """(H, W, 3) uint8: the drawing, the hints over it."""
    import torch

    drawing = condition.image[0].expand(3, -1, -1)
    return to_pixels(drawing if condition.hints is None else torch.lerp(drawing, *(h[0] for h in condition.hints)))


def to_pixels(picture: Any) -> np.ndarray:
    """(3, H, W) in [0, 1] -> (H, W, 3) uint8. NumericError: not all are numbers, which would be shown as black."""
    if not picture.isfinite().all():
        raise NumericError("a colouring has values that are not finite (try precision=fp32; else train again)")
    return (picture * 255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()


def main() -> None:
    """The command."""
    hydra_command(sample, "sample")


if __name__ == "__main__":
    main()
