"""The pictures at the top of README.md and docs/flats.md, by the model that ships.

    python experiments/hands/run.py

Five drawings by code on pens that are in no set (a thin pen, a marker, a scan, lines with gaps, a
full page), and five of the test split by as many hands, whose subject no training picture shows.
None was chosen for what became of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import colorlab
from colorlab.data.sketches import sketches
from colorlab.report.grid import Sheet, drawn_sheet, thumbnail

DOCS = Path(__file__).parents[2] / "docs"
CELL, GAP, TITLE = 106, 6, 20  # px
SHOWN = (
    "emojione/honeybee",
    "twemoji/camping",
    "fxemoji/bath",
    "fluent-emoji-flat/mountain-railway",
    "noto/vampire-medium-dark-skin-tone",
)
PALETTE = ["264653", "2a9d8f", "e9c46a", "f4a261", "e76f51"]


def drawings() -> list[Image.Image]:
    """Ten of them, from code and from the test split."""
    found = [Image.fromarray(each.transpose(1, 2, 0)) for each in sketches(512)]
    pictures = colorlab.load_data("illustrations", split="test", size=192).pictures
    for name in SHOWN:
        lines = pictures[[pictures.names.index(name)]].image[0, 0].numpy()
        found.append(Image.fromarray((lines * 255).round().astype(np.uint8)).convert("RGB"))
    return found


def titled(rows: dict[str, list[Image.Image]], cell: int) -> Image.Image:
    """A row of pictures below the other, each under its title."""
    high = cell + GAP + TITLE
    out = Image.new(
        "RGB", ((cell + GAP) * len(next(iter(rows.values()))), high * len(rows)), "white"
    )
    for y, (title, row) in enumerate(rows.items()):
        font = ImageFont.load_default(13)
        ImageDraw.Draw(out).text((4, high * y + 3), title, fill="#222", font=font)
        for x, picture in enumerate(row):
            shown = Image.fromarray(thumbnail(np.asarray(picture.convert("RGB")), cell))
            out.paste(shown, ((cell + GAP) * x + GAP // 2, high * y + TITLE))
    return out


def main() -> None:
    run = colorlab.open_run("pretrained/flats")
    drawn = drawings()
    sampled = [run.sample(each, n=8, seed=0, size="input") for each in drawn]
    rows: list[list[np.ndarray | None]] = [
        [np.asarray(one.convert("RGB")) for one in (each, *row)]
        for each, row in zip(drawn, sampled, strict=True)
    ]
    sheet = Sheet(rows, ["drawing", *map(str, range(1, 9))])
    drawn_sheet(sheet, CELL).save(DOCS / "hands.png", optimize=True)

    cat = drawn[0]
    sample = partial(run.sample, cat, n=6, seed=0, size="input")
    plain = sample()
    keys = {
        "as it comes": plain,
        f"palette=[{','.join(PALETTE)}]": sample(palette=PALETTE),
        "like=<the fourth of above> vary=0.3": sample(like=plain[3], vary=0.3),
        "shade=gpic": sample(shade="gpic"),
    }
    titled(keys, 154).save(DOCS / "flats_keys.png", optimize=True)


if __name__ == "__main__":
    main()
