"""Splits by family: drawings that look alike and colourings in the same paints are in one split."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from colorlab.data.families import ALIKE, families, line_hash, look_alikes, palette, split_families
from colorlab.data.openmoji import (
    GROUPING_SIZE,
    OpenMoji,
    drawing_of,
    rasterised_all,
    splits_by_family,
)
from colorlab.data.transforms import Augment

SIDE = 48
STREAM = np.random.default_rng(0)
SHARES = {"val": 0.05, "test": 0.1}


def circle(radius: float, x: float = 24, y: float = 24) -> np.ndarray:
    """Lines (48, 48) uint8, two pixels wide."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    away = np.abs(np.hypot(columns - x, rows - y) - radius)
    return np.where(away < 1, 0, 255).astype(np.uint8)


def square() -> np.ndarray:
    lines = np.full((SIDE, SIDE), 255, np.uint8)
    lines[[10, 11, 36, 37], 10:38] = 0
    lines[10:38, [10, 11, 36, 37]] = 0
    return lines


def painted(*colors: tuple[int, int, int]) -> np.ndarray:
    """(3, 48, 48) uint8: columns of equal width."""
    parts = [
        np.broadcast_to(np.array(c, np.uint8)[:, None, None], (3, SIDE, SIDE // len(colors)))
        for c in colors
    ]
    return np.concatenate(parts, 2)


PAPER = np.full((SIDE, SIDE), 255, np.uint8)


def test_lines_moved_by_a_pixel_are_alike_and_other_shapes_are_not() -> None:
    face, moved, larger, box = (
        line_hash(each) for each in (circle(16), circle(16, 24.7, 24.5), circle(8), square())
    )
    assert (face != moved).sum() <= ALIKE
    assert (face != box).sum() > 2 * ALIKE and (face != larger).sum() > ALIKE


def test_look_alikes_are_those_that_a_loop_over_all_pairs_finds() -> None:
    hashes = STREAM.random((40, 63)) < 0.5
    hashes[7], hashes[9] = hashes[3], hashes[3] ^ (np.arange(63) < ALIKE)
    hashes[11] = hashes[3] ^ (np.arange(63) < ALIKE + 1)
    found = set(zip(*(side.tolist() for side in look_alikes(hashes)), strict=True))
    pairs = itertools.product(range(40), repeat=2)
    assert found == {(i, j) for i, j in pairs if (hashes[i] != hashes[j]).sum() <= ALIKE}
    assert (3, 9) in found and (3, 11) not in found


def test_a_palette_is_what_is_painted_wherever_and_however_much_it_is() -> None:
    red, blue = (220, 40, 40), (40, 60, 210)
    assert palette(painted(red, blue), PAPER) == palette(painted(blue, red, red), PAPER)
    assert palette(painted(red, blue), PAPER) != palette(painted(red, (40, 160, 60)), PAPER)
    assert palette(painted((224, 43, 38), blue), PAPER) == palette(painted(red, blue), PAPER)
    assert palette(painted((255, 255, 255)), PAPER) == ""


def test_families_join_by_lines_by_words_and_through_others() -> None:
    hashes = STREAM.random((5, 63)) < 0.5
    hashes[1] = hashes[0]
    found = families(hashes, [("cat",), (), ("dog",), ("dog", "cat"), ()])
    assert len(set(found[:4].tolist())) == 1 and found[4] != found[0]
    assert families(hashes, [()] * 5).max() + 1 == 4


def test_nothing_of_a_family_or_a_palette_is_in_two_splits() -> None:
    family, paints = STREAM.integers(0, 800, 900), [str(p) for p in STREAM.integers(0, 700, 900)]
    splits = split_families(family, paints, SHARES)
    for kind in (family, np.array(paints)):
        homes = [set(kind[members].tolist()) for members in splits.values()]
        assert all(homes) and sum(map(len, homes)) == len(set().union(*homes))
    assert list(splits) == ["train", "val", "test"] and 0 < len(splits["test"]) <= 90


def test_one_large_family_does_not_fill_a_held_out_split() -> None:
    family = np.repeat(np.arange(101), [100] + [1] * 100)
    splits = split_families(family, [str(number) for number in family], {"test": 0.5})
    assert 0 in set(family[splits["train"]].tolist()) and len(splits["test"]) == 100


def test_splits_by_family_do_not_depend_on_the_order_of_pictures() -> None:
    family = STREAM.integers(0, 90, 300)
    paints = np.array([str(p) for p in STREAM.integers(0, 100, 300)])
    order = STREAM.permutation(300)
    first, again = (
        split_families(family[at], paints[at].tolist(), SHARES) for at in (np.arange(300), order)
    )
    for split, members in first.items():
        assert sorted(order[again[split]].tolist()) == members.tolist()


@pytest.mark.slow
def test_openmojis_families_and_palettes_are_each_in_one_split() -> None:
    pictures, splits = rasterised_all(GROUPING_SIZE), splits_by_family()
    look = {
        split: np.unique(np.stack([line_hash(pictures[i, 3]) for i in m]), axis=0)
        for split, m in splits.items()
    }
    for one, other in itertools.combinations(look.values(), 2):
        assert (one[:, None] != other).sum(2).min() > ALIKE
    homes = [
        {palette(pictures[i, :3], pictures[i, 3]) for i in members.tolist()}
        for members in splits.values()
    ]
    assert sum(map(len, homes)) == len(set.union(*homes))
    drawings = {
        split: len(set(drawing_of()[members].tolist())) for split, members in splits.items()
    }
    assert drawings == {"train": 1074, "val": 158, "test": 132}


@pytest.mark.whole
def test_openmoji_opens_by_either_and_says_what_else_it_does_not() -> None:
    still = Augment(0.0, 0.0, 0.0)
    plain, family = (OpenMoji(SIDE, "lines", still, split_by) for split_by in ("drawing", "family"))
    assert len(plain.splits["train"]) == 3533 and len(family.splits["train"]) == 2500
    assert np.array_equal(OpenMoji(SIDE, "lines", still).splits["test"], plain.splits["test"])
    with pytest.raises(ValueError, match="drawing or family, not 'artist'"):
        OpenMoji(SIDE, "lines", still, "artist")
