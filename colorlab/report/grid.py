"""Contact sheets: one drawing a row, its colourings across, the true one(s) last. Arrays in, a
picture out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP, INK, PAPER, RULE = 6, (40, 40, 40), (255, 255, 255), (225, 225, 225)
# of a cell, times its width: what is taller still is shown narrower, and a sheet stays of a size
TALLEST = 16


class Sheet(NamedTuple):
    """rows: of (H, W, 3) uint8 pictures of one size, None for an empty cell; columns: a heading
    each."""

    rows: list[list[np.ndarray | None]]
    columns: list[str]


def mixture(truths: Sequence[int], among: Iterable[int], count: int) -> list[int]:
    """Positions of ``count`` drawings, evenly spread: three with one true colouring to each with
    several. truths: how many each drawing has; among: the positions to choose from."""
    one: list[int] = []
    several: list[int] = []
    for position in among:
        (one if truths[position] == 1 else several).append(position)
    few = min(len(several), max(count // 4, count - len(one)))
    parts = ((one, min(len(one), count - few)), (several, few))
    return [part[i * len(part) // wanted] for part, wanted in parts for i in range(wanted)]


def sheet_of(
    drawings: Sequence[np.ndarray],
    candidates: Sequence[np.ndarray],
    truths: Sequence[Sequence[np.ndarray]],
) -> Sheet:
    """drawings (H, W, 3), candidates (n, H, W, 3), truths (T_i, H, W, 3), all uint8; up to three
    truths are shown."""
    shown = min(3, max((len(t) for t in truths), default=0))
    rows = [
        [drawing, *drawn, *true[:shown], *[None] * (shown - len(true[:shown]))]
        for drawing, drawn, true in zip(drawings, candidates, truths, strict=True)
    ]
    n = len(candidates[0])
    headings = [
        "drawing",
        *(str(k + 1) for k in range(n)),
        *(["true"] + [f"true {k + 2}" for k in range(shown - 1)])[:shown],
    ]
    return Sheet(rows, headings)


def drawn_sheet(sheet: Sheet, cell: int = 128) -> Image.Image:
    """The sheet as a picture, every cell ``cell`` pixels wide."""
    font = ImageFont.load_default(13)
    width, height = _size(sheet.rows[0][0], cell)  # type: ignore[arg-type]
    step_x, step_y, top = cell + GAP, height + GAP, 22
    page = Image.new(
        "RGB", (GAP + step_x * len(sheet.columns), top + step_y * len(sheet.rows)), PAPER
    )
    pen = ImageDraw.Draw(page)
    for x, heading in enumerate(sheet.columns):
        pen.text((GAP + x * step_x + cell / 2, 4), heading, fill=INK, font=font, anchor="mt")
    for y, row in enumerate(sheet.rows):
        for x, picture in enumerate(row):
            if picture is not None:
                corner = (GAP + x * step_x + (cell - width) // 2, top + y * step_y)
                page.paste(
                    Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC),
                    corner,
                )
                pen.rectangle(
                    (corner[0] - 1, corner[1] - 1, corner[0] + width, corner[1] + height),
                    outline=RULE,
                )
    return page


def thumbnail(picture: np.ndarray, cell: int) -> np.ndarray:
    """(H, W, 3) uint8 as it is in a cell of a sheet, which it then fills unchanged."""
    return np.asarray(
        Image.fromarray(picture).resize(_size(picture, cell), Image.Resampling.BICUBIC)
    )


def _size(picture: np.ndarray, cell: int) -> tuple[int, int]:
    """(width, height) of a picture (H, W, 3) in a cell."""
    H, W = picture.shape[:2]
    scale = min(cell / W, TALLEST * cell / H)
    return max(1, round(scale * W)), max(1, round(scale * H))


def save_sheet(sheet: Sheet, path: Path, cell: int = 128) -> Path:
    """Write the sheet as PNG. -> the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn_sheet(sheet, cell).save(path, "PNG")
    return path
