"""Another picture as hints: its colours go to the parts of a drawing that they fit, and nowhere
else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

import colorlab
from colorlab.cli.config import compose
from colorlab.color import luma
from colorlab.conditions.areas import areas_of
from colorlab.conditions.hint_maps import superpixels
from colorlab.conditions.reference import SUPERPIXELS, Regions, mutual, reference_points
from colorlab.errors import ConfigError
from colorlab.sample import sample

BOXES = {
    (12, 14, 60, 88): (220, 60, 40),
    (70, 12, 118, 44): (40, 90, 200),
    (72, 56, 116, 90): (240, 200, 60),
}


def house(
    fill: bool, size: tuple[int, int] = (130, 100), shift: int = 0, scale: float = 1.0
) -> Image.Image:
    """Three boxes in ink, of different shapes, coloured or not."""
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for box, color in BOXES.items():
        moved = [round(scale * at) + shift for at in box]
        pen.rectangle(moved, fill=color if fill else "white", outline="black", width=3)
    return picture


def unit(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).movedim(-1, 0).float() / 255


def points(reference: Image.Image) -> dict[tuple[int, int, int, int], Tensor]:
    """The colours of the points in each box of the drawing, (3, P)."""
    gray = luma(unit(house(False)))
    found = reference_points(gray, areas_of((255 * gray[0]).byte().numpy()), unit(reference))
    cut = {box: found[:, box[1] : box[3], box[0] : box[2]].flatten(1) for box in BOXES}
    return {box: 255 * each[:3, each[3] > 0] for box, each in cut.items()}


@pytest.mark.parametrize(
    "reference", [house(True), house(True, (170, 150), 30), house(True, (260, 200), 0, 2.0)],
    ids=["its own colouring", "moved", "twice as large"],
)  # fmt: skip
def test_each_area_gets_the_colour_of_the_part_that_it_fits(reference: Image.Image) -> None:
    for box, colors in points(reference).items():
        assert colors.shape[1] > 8 and (colors - torch.tensor(BOXES[box])[:, None]).abs().max() < 2


def test_what_fits_nowhere_is_left_to_the_method() -> None:
    """A reference with one of the boxes only: the others get nothing."""
    reference = Image.new("RGB", (130, 100), "white")
    # what is drawn has the same box as ours
    ImageDraw.Draw(reference).rectangle((0, 0, 8, 8), fill=(9, 99, 9))
    ImageDraw.Draw(reference).rectangle(
        (12, 14, 60, 88), fill=(220, 60, 40), outline="black", width=3
    )
    ImageDraw.Draw(reference).rectangle((121, 93, 129, 99), fill=(9, 99, 9))
    found = points(reference)
    given = [box for box, colors in found.items() if colors.numel()]
    assert given == [(12, 14, 60, 88)]


def test_pairs_are_each_others_best_and_near() -> None:
    def regions(*traits: float) -> Regions:
        return Regions(
            torch.zeros(1, 1),
            torch.tensor(traits)[:, None],
            torch.ones(len(traits), dtype=torch.bool),
        )

    assert mutual(regions(0.0, 1.0, 9.0), regions(0.1, 0.6, 20.0)).tolist() == [[0, 0], [1, 1]]
    assert mutual(regions(0.0, 0.2), regions(0.05)).tolist() == [[0, 0]]
    absent = regions(0.0, 1.0)._replace(there=torch.tensor([False, True]))
    assert mutual(absent, regions(0.0)).tolist() == [[1, 0]]


def test_a_gray_picture_gets_its_own_colours_back() -> None:
    rgb = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(1))
    rgb = torch.nn.functional.interpolate(rgb, (60, 80), mode="bicubic").clamp(0, 1)[0]
    gray = luma(rgb)
    found, label = reference_points(gray, None, rgb), superpixels(gray, SUPERPIXELS)
    for region in range(int(label.max()) + 1):
        inside = label == region
        given = found[:3, inside & (found[3] > 0)]
        assert given.shape[1] and torch.allclose(
            given, rgb[:, inside].mean(1)[:, None].expand_as(given), atol=1e-4
        )


def test_a_reference_may_be_darker_and_flatter() -> None:
    """Its lightness is given the picture's mean and spread first."""
    rgb = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(1))
    rgb = torch.nn.functional.interpolate(rgb, (60, 80), mode="bicubic").clamp(0, 1)[0]
    same, darker = (reference_points(luma(rgb), None, each) for each in (rgb, 0.2 + 0.4 * rgb))
    assert (same[3] == darker[3]).float().mean() > 0.99
    both = darker[3] * same[3] > 0
    assert torch.allclose(darker[:3, both], 0.2 + 0.4 * same[:3, both], atol=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (40, 3)])
def test_pictures_of_any_size_are_references_of_any_other(size: tuple[int, int]) -> None:
    tiny = torch.full((3, *size), 0.5)
    for areas in (None, areas_of(np.full(size, 255, np.uint8))):
        assert reference_points(tiny[:1], areas, unit(house(True))).shape == (4, *size)
    gray = luma(unit(house(False)))
    for areas in (None, areas_of((255 * gray[0]).byte().numpy())):
        assert reference_points(gray, areas, tiny).shape == (4, 100, 130)


@pytest.mark.whole
def test_flats_keep_a_references_colours_and_hints_win_over_it() -> None:
    run, hints = colorlab.open_run("pretrained/flats"), Image.new("RGBA", (130, 100))
    # away from the middle of its area
    ImageDraw.Draw(hints).rectangle((30, 20, 36, 26), fill=(1, 200, 1, 255))
    for picture in run.sample(house(False), n=2, reference=house(True), hints=hints):
        assert picture.getpixel((36, 50)) == picture.getpixel((33, 23)) == (1, 200, 1)
        assert picture.getpixel((94, 28)) == (40, 90, 200) and picture.getpixel((94, 73)) == (
            240,
            200,
            60,
        )


@pytest.mark.whole
def test_the_command_says_the_same_and_its_file_makes_it_again(tmp_path: Path) -> None:
    house(False).save(tmp_path / "house.png")
    house(True).save(tmp_path / "other.png")
    words = [
        f"input={tmp_path}/house.png",
        f"reference={tmp_path}/other.png",
        "n=1",
        f"out={tmp_path}/a",
        "export=ora",
    ]
    sample(compose("sample", words))
    sample(compose("sample", [f"from={tmp_path}/a/house.ora", f"out={tmp_path}/b"]))
    first, again = (Image.open(tmp_path / folder / "house-1.png").convert("RGB") for folder in "ab")
    own = colorlab.open_run("pretrained/flats").sample(
        tmp_path / "house.png", n=1, reference=tmp_path / "other.png"
    )
    assert first.tobytes() == again.tobytes() == own[0].tobytes() and first.getpixel((94, 28)) == (
        40,
        90,
        200,
    )


def test_a_reference_that_is_not_there_or_not_for_a_split_is_a_line() -> None:
    with pytest.raises(ConfigError, match=r"reference=no\.png is not there"):
        sample(compose("sample", ["input=.", "reference=no.png"]))
    with pytest.raises(ConfigError, match="reference= are of pictures in files"):
        sample(compose("sample", ["split=test", "reference=no.png"]))
