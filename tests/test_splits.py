"""Splits: nothing in two of them, and a function of the contents alone."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np
import pytest

from colorlab.data.splits import apart, by_folders, complete, described, split_groups
from colorlab.errors import DataError

SHARES = {"val": 0.1, "test": 0.2}
# 200 drawings of one colouring, 100 of four
GROUPS = np.repeat(np.arange(300), [1] * 200 + [4] * 100)


def groups_in(splits: dict[str, np.ndarray], group: np.ndarray) -> dict[str, set[object]]:
    return {split: set(group[members].tolist()) for split, members in splits.items()}


def test_every_picture_is_in_one_split_and_no_group_in_two() -> None:
    splits = split_groups(GROUPS, SHARES)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(len(GROUPS)))
    homes = groups_in(splits, GROUPS)
    assert sum(len(home) for home in homes.values()) == 300


def test_single_and_several_coloured_groups_have_their_share_in_every_split() -> None:
    homes = groups_in(split_groups(GROUPS, SHARES), GROUPS)
    assert {split: sum(g < 200 for g in home) for split, home in homes.items()} == {
        "train": 140,
        "val": 20,
        "test": 40,
    }
    assert {split: sum(g >= 200 for g in home) for split, home in homes.items()} == {
        "train": 70,
        "val": 10,
        "test": 20,
    }


def test_the_order_of_the_pictures_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(len(GROUPS))
    assert groups_in(split_groups(GROUPS[order], SHARES), GROUPS[order]) == groups_in(
        split_groups(GROUPS, SHARES), GROUPS
    )


def test_groups_may_be_names() -> None:
    names = np.array(["a", "b", "a", "c", "d"])
    splits = split_groups(names, SHARES)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == [0, 1, 2, 3, 4]
    assert sum({0, 2} <= set(members.tolist()) for members in splits.values()) == 1


@pytest.mark.parametrize(
    ("n", "sizes"),
    [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (5, [3, 1, 1]), (10, [7, 1, 2])],
)
def test_few_pictures_are_shared_out_as_far_as_they_go(n: int, sizes: list[int]) -> None:
    assert [len(members) for members in split_groups(np.arange(n), SHARES).values()] == sizes


def test_the_makers_splits_are_kept_and_missing_ones_come_out_of_train() -> None:
    given = ["train"] * 40 + ["test"] * 10
    splits = complete(given, np.arange(50), SHARES)
    assert splits["test"].tolist() == list(range(40, 50))
    assert len(splits["val"]) == 4 and max(splits["val"]) < 40
    assert sorted([*splits["train"], *splits["val"]]) == list(range(40))


def test_a_complete_division_is_left_as_it_is() -> None:
    given = ["val", "train", "test", "train"]
    splits = complete(given, np.arange(4), SHARES)
    assert {split: members.tolist() for split, members in splits.items()} == {
        "train": [1, 3],
        "val": [0],
        "test": [2],
    }


UNDERSTOOD = {
    "as they are called": (["train/a.png", "val/b.png", "test/c.png"], "train val test"),
    "capitals": (["Train/a.png", "VAL/b.png", "Test/c.png"], "train val test"),
    "other words": (["training/a.png", "valid/b.png", "testing/c.png"], "train val test"),
    "another word": (["train/a.png", "validation/b.png"], "train val"),
    "two words for one": (
        ["train/a.png", "Train/b.png", "valid/c.png", "val/d.png"],
        "train train val val",
    ),
    "within a folder": (["set/train/a.png", "set/test/b.png"], "train test"),
    "within classes": (["cats/train/a.png", "dogs/test/b.png"], "train test"),
    "with classes within": (["train/cats/a.png", "test/dogs/b.png"], "train test"),
    "training alone": (["train/a.png", "train/b.png"], "train train"),
    "no folders": (["a.png", "train.png", "test.png"], "train train train"),
    "classes": (["bullet train/a.png", "contest/b.png", "valley/c.png"], "train train train"),
}


@pytest.mark.parametrize("what", UNDERSTOOD)
def test_folders_named_like_splits_are_understood(what: str) -> None:
    paths, expected = UNDERSTOOD[what]
    assert by_folders([PurePath(path) for path in paths]).split == expected.split()


DOUBTFUL = {
    "a stray picture": (
        ["train/a.png", "test/b.png", "preview.png"],
        r"preview\.png is in no split, beside test/ and",
    ),
    "stray pictures": (
        ["train/a.png", "x.png", "y/z.png"],
        r"x\.png and 1 more is in no split, beside train/",
    ),
    "a folder beside": (
        ["train/a.png", "test/b.png", "extra/c.png"],
        r"extra/c\.png is in no split",
    ),
    "one within another": (
        ["train/a.png", "train/test/b.png"],
        r"train/test/b\.png is in test and in train",
    ),
    "nothing to train on": (["test/a.png", "val/b.png"], r"test/ and val/ but no train/"),
    "a class called test": (
        ["test/a.png", "cats/b.png"],
        r"cats/b\.png is in no split, beside test/",
    ),
    "with years": (
        ["train2017/a.png", "val2017/b.png"],
        r"train2017/ and val2017/ look like splits",
    ),
    "with letters": (
        ["trainA/a.png", "testA/b.png"],
        r"trainA/ and testA/ look like splits|testA/ and trainA/",
    ),
    "with sets": (["training_set/a.png", "test_set/b.png"], "look like splits"),
    "behind words": (["my-train/a.png", "my-test/b.png"], "look like splits"),
    "deep": (["x/images_train/a.png", "x/images_valid/b.png"], "look like splits"),
}


@pytest.mark.parametrize("what", DOUBTFUL)
def test_folders_that_leave_a_doubt_are_refused_by_name(what: str) -> None:
    paths, message = DOUBTFUL[what]
    with pytest.raises(DataError, match=message) as refused:
        by_folders([PurePath(path) for path in paths])
    assert "rename" in str(refused.value) and "\n" not in str(refused.value)


def test_what_is_held_out_is_taken_from_training() -> None:
    content = np.array(["a", "b", "c", "a", "d", "c", "e"])
    splits = {"train": np.array([0, 1, 2]), "val": np.array([3, 4]), "test": np.array([5, 6])}
    kept = apart(splits, content)
    assert {split: members.tolist() for split, members in kept.items()} == {
        "train": [1],
        "val": [3, 4],
        "test": [5, 6],
    }


def test_splits_say_where_they_came_from() -> None:
    splits = {"train": np.arange(1200), "val": np.arange(4), "test": np.arange(0)}
    told = described(splits, {"train": "Train/", "val": "out of Train/"})
    assert told == "train 1,200 (Train/), val 4 (out of Train/), test 0 (dealt by content)"
