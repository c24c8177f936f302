"""The embedded data set: its numbers, its splits, its pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colorlab.data import openmoji
from colorlab.data.openmoji import OpenMoji, caption, drawing_of, rasterised, splits, svg_paths
from colorlab.data.transforms import Augment
from colorlab.draws import Draws
from colorlab.errors import ConfigError

SIZE = openmoji.GROUPING_SIZE
STILL = Augment(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def pictures() -> OpenMoji:
    return OpenMoji(SIZE, "lines", STILL)


def test_the_package_holds_the_drawings_that_were_counted(pictures: OpenMoji) -> None:
    _, sizes = np.unique(drawing_of(), return_counts=True)
    assert len(pictures) == 4495 and len(sizes) == 2038
    assert (sizes > 1).sum() == 320 and sizes.max() == 331


def test_no_picture_is_in_two_splits() -> None:
    pixels = OpenMoji(SIZE, "gray", STILL).pixels
    homes = [{pixels[i].tobytes() for i in members.tolist()} for members in splits().values()]
    assert sum(map(len, homes)) == len(set.union(*homes))


def test_no_drawing_is_in_two_splits() -> None:
    homes = [set(drawing_of()[members].tolist()) for members in splits().values()]
    assert sum(len(home) for home in homes) == len(set.union(*homes)) == 2038
    assert sorted(np.concatenate(list(splits().values())).tolist()) == list(range(4495))


def test_val_and_test_have_drawings_of_several_colourings(pictures: OpenMoji) -> None:
    several = {
        split: sum(len(group) > 1 for group in pictures.drawings(split))
        for split in ("val", "test")
    }
    assert several == {"val": 16, "test": 32}


@pytest.mark.whole
def test_the_split_is_the_same_however_often_and_from_wherever_it_is_asked(
    pictures: OpenMoji,
) -> None:
    first = {split: members.tolist() for split, members in splits().items()}
    drawing_of.cache_clear()
    again = OpenMoji(SIZE, "gray", STILL).splits
    assert {split: members.tolist() for split, members in again.items()} == first
    assert {split: len(members) for split, members in first.items()} == {
        "train": 3533,
        "val": 517,
        "test": 445,
    }


def test_colourings_of_one_drawing_share_their_lines_and_differ_in_colour(
    pictures: OpenMoji,
) -> None:
    groups = [group for group in pictures.drawings("test") if len(group) > 1]
    for group in groups:
        batch = pictures[group.tolist()]
        assert ((batch.image < 0.5) == (batch.image[:1] < 0.5)).all()
        assert len({picture.numpy().tobytes() for picture in batch.rgb}) > 1


def test_a_batch_is_the_pictures_that_were_rendered(pictures: OpenMoji) -> None:
    batch = pictures[[7, 3000]]
    for row, position in enumerate((7, 3000)):
        rendered = torch.from_numpy(rasterised(svg_paths()[position], SIZE).copy()) / 255
        assert torch.allclose(torch.cat([batch.rgb, batch.image], 1)[row], rendered)
    assert batch.index.tolist() == [7, 3000] and batch.label.tolist() == [-1, -1]


def test_one_position_is_a_batch_of_one(pictures: OpenMoji) -> None:
    assert torch.equal(pictures[5].rgb, pictures[[5]].rgb)
    assert pictures[5].text == [pictures.captions[5]]


def test_ink_is_dark_on_white_paper(pictures: OpenMoji) -> None:
    image = pictures[list(range(0, 4495, 50))].image
    assert image.min() < 0.05 and image.median() == 1


def test_captions_are_the_names_of_the_code_points() -> None:
    assert caption("1F44B-1F3FB") == "waving hand sign, emoji modifier fitzpatrick type-1-2"
    assert caption("2764-FE0F") == "heavy black heart"
    assert caption("E000") == ""


def test_training_mirrors_line_and_colour_together(pictures: OpenMoji) -> None:
    mirrored = OpenMoji(SIZE, "lines", Augment(1.0, 0.0, 0.0)).training_batch(
        [1, 2], Draws(0, [1, 2])
    )
    assert torch.equal(mirrored.rgb, pictures[[1, 2]].rgb.flip(-1))
    assert torch.equal(mirrored.image, pictures[[1, 2]].image.flip(-1))


def test_the_gray_condition_is_the_luma_of_the_colouring() -> None:
    batch = OpenMoji(SIZE, "gray", STILL)[[11]]
    r, g, b = batch.rgb[0]
    assert torch.allclose(batch.image[0, 0], 0.299 * r + 0.587 * g + 0.114 * b, atol=1e-6)


def test_sizes_and_conditions_that_are_not_there_name_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"size=50 .*48, 64"):
        OpenMoji(50, "lines", STILL)
    with pytest.raises(ValueError, match="lines or gray"):
        OpenMoji(SIZE, "edges", STILL)
