"""Splits: nothing in two of them, and a function of the contents alone."""

from __future__ import annotations

import numpy as np
import pytest

from colorlab.data.splits import complete, split_groups

SHARES = {"val": 0.1, "test": 0.2}
GROUPS = np.repeat(np.arange(300), [1] * 200 + [4] * 100)  # 200 drawings of one colouring, 100 of four


def groups_in(splits: dict[str, np.ndarray], group: np.ndarray) -> dict[str, set[object]]:
    return {split: set(group[members].tolist()) for split, members in splits.items()}


def test_every_picture_is_in_one_split_and_no_group_in_two() -> None:
    splits = split_groups(GROUPS, SHARES)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(len(GROUPS)))
    homes = groups_in(splits, GROUPS)
    assert sum(len(home) for home in homes.values()) == 300


def test_single_and_several_coloured_groups_have_their_share_in_every_split() -> None:
    homes = groups_in(split_groups(GROUPS, SHARES), GROUPS)
    assert {split: sum(g < 200 for g in home) for split, home in homes.items()} == {"train": 140, "val": 20, "test": 40}
    assert {split: sum(g >= 200 for g in home) for split, home in homes.items()} == {"train": 70, "val": 10, "test": 20}


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
    ("n", "sizes"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (5, [3, 1, 1]), (10, [7, 1, 2])]
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
    assert {split: members.tolist() for split, members in splits.items()} == {"train": [1, 3], "val": [0], "test": [2]}
