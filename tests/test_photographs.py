"""albumentations on training photographs: the same bits for the same picture and batch, whoever
asks and when."""

from __future__ import annotations

import warnings
from functools import cache, partial

import albumentations
import numpy as np
import pytest
import torch

from colorlab.cli.config import compose
from colorlab.cli.targets import build, check_targets
from colorlab.data.photographs import Photographs
from colorlab.data.pictures import PicturePairs
from colorlab.draws import Draws
from colorlab.errors import ConfigError
from colorlab.runs.run import plain_dict

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, 32, 32)).astype(np.uint8)


@cache
def described(*words: str) -> dict:
    words = (
        "name=x",
        "data=openmoji",
        "data.size=32",
        "data.condition=gray",
        "data/augment=photos",
        *words,
    )
    return plain_dict(compose("train", list(words)).data.augment)


def shipped(*words: str) -> Photographs:
    return build(described(*words))


def pairs(condition: str, augment: Photographs) -> PicturePairs:
    found = PicturePairs(PIXELS, None, condition, augment)
    found.captions = [""] * len(PIXELS)
    return found


def at(batch: int, rows: slice = slice(None)) -> Draws:
    positions = list(range(len(PIXELS)))[rows]
    return Draws(3, positions, [batch] * len(positions), "augment")


def test_a_picture_is_changed_alike_in_any_company_and_order() -> None:
    together = shipped()(PIXELS, at(0))
    again = shipped()
    again(
        PIXELS,
        at(7),
        # what was drawn before does not matter: a training that goes on draws what it would have
        # drawn
    )
    for k in (5, 2, 0):
        assert np.array_equal(again(PIXELS[k : k + 1], at(0, slice(k, k + 1)))[0], together[k])


def test_every_pass_changes_it_otherwise() -> None:
    augment = shipped()
    first, second = augment(PIXELS, at(0)), augment(PIXELS, at(1))
    assert all(not np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert first.shape == PIXELS.shape and first.dtype == np.uint8


def test_mirror_images_are_half_of_all_and_nothing_else() -> None:
    augment = Photographs({"mirror": partial(albumentations.HorizontalFlip, p=0.5)})
    one = np.repeat(PIXELS[:1], 200, 0)
    drawn = augment(one, Draws(0, range(200)))
    mirrored = [np.array_equal(each, one[0][..., ::-1]) for each in drawn]
    kept = [np.array_equal(each, one[0]) for each in drawn]
    assert sum(mirrored) + sum(kept) == 200 and 70 < sum(mirrored) < 130


def test_without_transforms_a_picture_stays_as_it_is() -> None:
    assert np.array_equal(Photographs({})(PIXELS, at(0)), PIXELS)


def test_other_random_numbers_are_left_alone() -> None:
    state = np.random.get_state()[1].copy()
    shipped()(PIXELS, at(0))
    assert np.array_equal(np.random.get_state()[1], state)


def test_values_are_those_of_the_command_line() -> None:
    augment = shipped("data.augment.transforms.color.hue=0.3", "~data.augment.transforms.blur")
    crop, mirror, color = augment.all.transforms
    assert tuple(color.hue) == (-0.3, 0.3) and tuple(crop.size) == (32, 32) and mirror.p == 0.5


@pytest.mark.parametrize(
    ("values", "said"),
    [({"strength": 1}, "'strength' are not valid"), ({"p": 2}, "less than or equal to 1")],
)
def test_what_albumentations_does_not_know_is_one_line(values: dict, said: str) -> None:
    with warnings.catch_warnings(), pytest.raises(ConfigError, match=said) as error:
        Photographs({"blur": partial(albumentations.GaussianBlur, **values)})
    assert "data.augment.transforms.blur: " in str(error.value) and "\n" not in str(error.value)


def test_a_part_that_is_not_brought_to_size_is_refused() -> None:
    augment = Photographs({"part": partial(albumentations.RandomCrop, height=20, width=16)})
    with pytest.raises(ConfigError, match="makes 16x20 of 32x32 pixels"):
        augment(PIXELS, at(0))


def test_line_drawings_are_refused() -> None:
    with pytest.raises(ValueError, match=r"data.condition=gray"):
        pairs("lines", shipped())
    with pytest.raises(ConfigError, match="for photographs"):
        shipped()(np.zeros((1, 4, 32, 32), np.uint8), Draws(0, [0]))


def test_training_batches_are_changed_and_held_out_pictures_are_not() -> None:
    pictures, wanted = pairs("gray", shipped()), [0, 3, 5]
    changed = pictures.training_batch(wanted, Draws(0, wanted, [5] * 3, "augment"))
    plain = torch.from_numpy(PIXELS[wanted]) / 255
    assert not changed.rgb.equal(plain) and pictures[wanted].rgb.equal(plain)


@pytest.mark.parametrize(
    "target", ["albumentations.core.serialization.load", "albumentations.load", "cv2.imread"]
)
def test_only_its_classes_may_be_named(target: str) -> None:
    with pytest.raises(ConfigError, match="is not allowed"):
        check_targets({"data": {"augment": {"transforms": {"x": {"_target_": target}}}}})
    with pytest.raises(ConfigError, match="is not allowed"):  # and nowhere but in data
        check_targets({"method": {"_target_": "albumentations.HorizontalFlip"}})
