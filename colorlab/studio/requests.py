"""What a person asks the studio for: plain data of a page, which may be a stranger's, bounded and
checked."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from PIL import Image, ImageDraw

from colorlab.errors import ConfigError
from colorlab.sampling.edits import Edit, edits_of

COLOR = re.compile(r"#[0-9a-f]{6}")
PICTURE = re.compile(r"[0-9]{1,5}-[0-9]{1,3}")
# points in all
MOST_STROKES, MOST_POINTS, MOST_LOCKS, MOST_EDITS, MOST_COLORS, MOST = 500, 50_000, 500, 200, 64, 32
LONGEST_TEXT, LARGEST_SEED, WIDEST = 300, 2**31 - 1, 1000


class Stroke(NamedTuple):
    """A line over points in pixels, a dot if there is one; color "" erases. width: px."""

    color: str
    width: float
    points: tuple[tuple[float, float], ...]


class ColorRequest(NamedTuple):
    """run: one that is offered. strokes: the user's colours, the latest on top. like: a candidate
    that is varied, "" for none; vary: the share of it that is coloured anew; locks: places in
    pixels whose areas stay as they are in it.
    edits: lines that cut or join areas. palette: the only colours, () for any. temperature, style:
    of methods that colour areas; None, "" as they are. wide: very different candidates, chosen
    among many. reference: colours of the session's reference picture are hints as well."""

    run: str
    n: int
    seed: int
    strokes: tuple[Stroke, ...]
    like: str
    vary: float
    locks: tuple[tuple[float, float], ...]
    edits: tuple[Edit, ...]
    palette: tuple[str, ...]
    text: str
    temperature: float | None
    style: str
    wide: bool
    reference: bool


def request_of(data: Any) -> ColorRequest:
    """ConfigError names what is not as it should be."""
    if not isinstance(data, dict):
        raise ConfigError("a request is a JSON object (see docs/studio.md)")
    if unknown := sorted(set(data) - set(ColorRequest._fields)):
        raise ConfigError(
            f"{unknown[0][:40]} is no part of a request (choose from "
            f"{', '.join(ColorRequest._fields)})"
        )
    temperature, strokes = data.get("temperature"), strokes_of(data.get("strokes", []))
    return ColorRequest(
        run=word("run", data.get("run", "pretrained/flats"), 200),
        n=int(number("n", data.get("n", 8), 1, MOST)),
        seed=int(number("seed", data.get("seed", 0), 0, LARGEST_SEED)),
        strokes=strokes,
        like=matching("like", data.get("like", ""), re.compile(f"({PICTURE.pattern})?")),
        vary=number("vary", data.get("vary", 0.3), 0, 1),
        locks=points_of("locks", data.get("locks", []), MOST_LOCKS),
        edits=edits_of(several("edits", data.get("edits", []), MOST_EDITS)),
        palette=tuple(
            matching("palette", c, COLOR)
            for c in several("palette", data.get("palette", []), MOST_COLORS)
        ),
        text=word("text", data.get("text", ""), LONGEST_TEXT),
        temperature=None if temperature is None else number("temperature", temperature, 0.05, 5),
        style=word("style", data.get("style", ""), 80),
        wide=data.get("wide", False) is True,
        reference=data.get("reference", False) is True,
    )


def strokes_of(data: Any) -> tuple[Stroke, ...]:
    """All strokes of a page."""
    found = tuple(map(stroke_of, several("strokes", data, MOST_STROKES)))
    if sum(len(stroke.points) for stroke in found) > MOST_POINTS:
        raise ConfigError(f"strokes have {MOST_POINTS:,} points at most (take some back)")
    return found


def stroke_of(data: Any) -> Stroke:
    """A stroke of a page."""
    if not isinstance(data, dict):
        raise ConfigError("a stroke is an object with color, width and points")
    points = points_of("points", data.get("points"), MOST_POINTS)
    if not points:
        raise ConfigError("a stroke has no points (give one at least)")
    color = matching("color", data.get("color"), re.compile(f"({COLOR.pattern})?"))
    return Stroke(color, number("width", data.get("width"), 1, WIDEST), points)


def points_of(key: str, data: Any, most: int) -> tuple[tuple[float, float], ...]:
    """[[x, y], ...] in pixels."""
    found = []
    for point in several(key, data, most):
        x, y = (
            several(key, point, 2) if isinstance(point, list) and len(point) == 2 else (None, None)
        )
        found.append((number(key, x, -1e5, 1e5), number(key, y, -1e5, 1e5)))
    return tuple(found)


def several(key: str, data: Any, most: int) -> list[Any]:
    """A list that is not too long."""
    if not isinstance(data, list) or len(data) > most:
        raise ConfigError(f"{key} is a list of {most:,} at most")
    return data


def number(key: str, value: Any, low: float, high: float) -> float:
    """A number within bounds; NaN is in none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"{key} is a number from {low:g} to {high:g}")
    return value


def word(key: str, value: Any, longest: int) -> str:
    """Text that is not too long."""
    if not isinstance(value, str) or len(value) > longest:
        raise ConfigError(f"{key} is text of {longest} letters at most")
    return value


def matching(key: str, value: Any, pattern: re.Pattern[str]) -> str:
    """Text of a form."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ConfigError(f"{key} is not as it should be (see docs/studio.md)")
    return value


def painted(strokes: tuple[Stroke, ...], size: tuple[int, int]) -> Image.Image | None:
    """Strokes as hints: an RGBA picture of a drawing's size (width, height), None without any."""
    if not any(stroke.color for stroke in strokes):
        return None
    picture = Image.new("RGBA", size)
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        ink = (*bytes.fromhex(stroke.color[1:]), 255) if stroke.color else (0, 0, 0, 0)
        half = stroke.width / 2
        pen.line(stroke.points, fill=ink, width=max(1, round(stroke.width)))
        for x, y in stroke.points:  # round ends and joints; a dot is nothing but its end
            pen.ellipse((x - half, y - half, x + half, y + half), fill=ink)
    return picture
