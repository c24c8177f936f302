"""Picture files in, colourings of the same size out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from PIL import Image

from colorlab.conditions.hints import painted
from colorlab.conditions.resize import as_light_as, drawing_of, onto_drawing, onto_gray, shrunk
from colorlab.data.intake import open_picture, open_rgba
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.report.grid import save_sheet, sheet_of
from colorlab.sampling.setup import Wishes, worded
from colorlab.sampling.splits import on, to_pixels
from colorlab.storage.files import replacing
from colorlab.types import Condition


def coloured_file(cfg: DictConfig, run: Any, method: Any, wishes: Wishes, path: Path, start: Path) -> Path:
    """n colourings of one picture file, at its own size, and their sheet. start: of their paths. -> the sheet's."""

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
            Image.fromarray(array).save(temporary, "PNG")
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

    rgba = torch.from_numpy(open_rgba(Path(cfg.hints), cfg.pixel_limit)).float()[None] / 255
    if rgba.shape[-2:] != tuple(full):
        shown = "x".join(map(str, reversed(rgba.shape[-2:])))
        raise ConfigError(f"hints={cfg.hints} is {shown} pixels, the drawing {full[1]}x{full[0]} (make them equal)")
    return rgba


def shrunk_hints(rgba: Any, size: tuple[int, int]) -> Any:
    """Hints at the working size, of known colours at the drawing's own."""

    return painted(unpremultiplied(shrunk(premultiplied(rgba), size)))


def premultiplied(rgba: Any) -> Any:
    """Colours weighted by their alpha, so that resizing does not mix in what is transparent."""

    return torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)


def unpremultiplied(rgba: Any) -> Any:
    """The inverse of ``premultiplied``."""

    return torch.cat([(rgba[:, :3] / rgba[:, 3:].clamp_min(1e-6)).clamp(0, 1), rgba[:, 3:]], 1)
