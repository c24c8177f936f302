"""Each data set on a tiny folder laid out as the real one is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colorlab.cli.config import compose
from colorlab.conditions.lines import Dilation
from colorlab.data.intake import open_picture, squared
from colorlab.data.splits import DEALT
from colorlab.draws import Draws
from colorlab.errors import ConfigError, DataError
from tests.layouts import (
    LAYOUTS,
    SIZE,
    folder,
    opened,
    save,
)

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_set_yields_whole_batches_of_either_condition(tmp_path: Path, name: str) -> None:
    for condition in ("lines", "gray"):
        pictures = opened(name, tmp_path / "set", f"condition={condition}")
        batch = pictures[[11, 0, 5]]
        assert len(pictures) == 12 and batch.index.tolist() == [11, 0, 5]
        assert batch.rgb.shape == (3, 3, SIZE, SIZE) and batch.image.shape == (3, 1, SIZE, SIZE)
        assert (
            batch.rgb.min() >= 0
            and batch.rgb.max() <= 1
            and batch.image.min() < batch.image.max() <= 1
        )
        assert (
            batch.text == [pictures.captions[i] for i in (11, 0, 5)]
            and batch.label.dtype == torch.int64
        )


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_set_divides_its_pictures_without_overlap(tmp_path: Path, name: str) -> None:
    pictures = opened(name, tmp_path / "set")
    assert sorted(np.concatenate(list(pictures.splits.values())).tolist()) == list(range(12))
    assert list(pictures.splits) == ["train", "val", "test"] and all(
        len(m) for m in pictures.splits.values()
    )
    again = opened(name, tmp_path / "set").splits
    assert all(np.array_equal(again[split], pictures.splits[split]) for split in again)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_set_says_what_to_fetch_when_it_is_not_there(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LAYOUTS, name, lambda root: None)
    (tmp_path / "empty").mkdir()
    for root in (None, tmp_path / "nothing", tmp_path / "empty"):
        with pytest.raises(DataError, match=r"(root|empty).* \(.*\)$") as caught:
            opened(name, root)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", LAYOUTS)
def test_decoding_on_access_gives_the_cached_pictures(tmp_path: Path, name: str) -> None:
    cached, direct = (
        opened(name, tmp_path / "set", f"cache={cache}") for cache in ("true", "false")
    )
    assert torch.equal(cached[[3, 8]].rgb, direct[[3, 8]].rgb)
    assert torch.equal(cached[[3, 8]].image, direct[[3, 8]].image)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name not in ("folder", "portraits")])
def test_published_divisions_are_kept(tmp_path: Path, name: str) -> None:
    pictures = opened(name, tmp_path / "set")
    expected = [2, 3, 8, 9] if name == "lfw" else None
    held = [n for n, path in enumerate(pictures.names) if "/val" in f"/{path}" or "_val/" in path]
    assert pictures.splits["test"].tolist() == (expected or held)


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_picture_is_in_two_splits(tmp_path: Path, name: str) -> None:
    root = tmp_path / "set"
    pictures = opened(name, root)
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    path_of = [
        next(path for key, path in files.items() if key.endswith(each)) for each in pictures.names
    ]
    # held-out pictures under other names, in each split
    for k, split in enumerate(("val", "train", "train")):
        victim = path_of[pictures.splits[split][k % len(pictures.splits[split])]]
        victim.write_bytes(path_of[pictures.splits["test" if k < 2 else "val"][0]].read_bytes())
    again = opened(name, root)
    contents = {
        split: {path_of[i].read_bytes() for i in members} for split, members in again.splits.items()
    }
    assert all(contents.values())
    assert sum(map(len, contents.values())) == len(set.union(*contents.values()))
    assert set(again.origin) == set(contents) and all(again.origin.values())


def test_a_training_picture_that_is_held_out_too_is_left_out_and_counted(tmp_path: Path) -> None:
    for k, split in enumerate(["Train"] * 5 + ["test"] * 2):
        save(tmp_path / "set" / split / f"{k}.png", k % 5)
    pictures = opened("folder", tmp_path / "set", "cache=false")
    assert len(pictures.splits["train"]) + len(pictures.splits["val"]) == 3
    assert (
        pictures.origin["train"] == "Train/, less 2 that are held out too"
        and pictures.origin["test"] == "test/"
    )
    assert pictures.origin["val"] == "out of Train/"


def test_a_training_picture_that_is_held_out_in_another_coding_is_left_out_and_counted(
    tmp_path: Path,
) -> None:
    for k, split in enumerate(["train"] * 5 + ["test"] * 2):
        save(tmp_path / "set" / split / f"{k}.{'png' if split == 'train' else 'bmp'}", k % 5)
    pictures = opened("folder", tmp_path / "set")
    assert pictures.origin["train"] == "train/, less 2 that are held out too"
    shown = {
        split: {pictures.pixels[[i]].tobytes() for i in members}
        for split, members in pictures.splits.items()
    }
    assert len(shown["train"] | shown["val"] | shown["test"]) == sum(map(len, shown.values())) == 5


@pytest.mark.parametrize(
    ("link", "to"),
    [("test", "held"), ("train/more", "../test"), ("train/all", ".."), ("val", "train")],
)
def test_a_folder_that_is_in_two_splits_by_a_link_is_refused_by_name(
    tmp_path: Path, link: str, to: str
) -> None:
    for k, split in enumerate(["train"] * 5 + ["test" if link != "test" else "held"] * 2):
        save(tmp_path / "set" / split / f"{k}.png", k)
    (tmp_path / "set" / link).symlink_to(to)
    with pytest.raises(
        DataError, match=r"are one folder \(put files in place of the link\)"
    ) as refused:
        opened("folder", tmp_path / "set")
    assert link in str(refused.value)


def test_a_folder_may_be_linked_to_within_its_split(tmp_path: Path) -> None:
    for k, split in enumerate(["train"] * 5 + ["test"] * 2):
        save(tmp_path / "set" / split / "a" / f"{k}.png", k)
    (tmp_path / "set" / "train" / "b").symlink_to("a")
    assert len(opened("folder", tmp_path / "set")) == 7


def test_training_does_not_say_that_a_folder_without_splits_was_divided_by_its_maker(
    tmp_path: Path,
) -> None:
    for k in range(6):
        save(tmp_path / "set" / f"{k}.png", k)
    assert set(opened("folder", tmp_path / "set", "cache=false").origin.values()) == {DEALT}


def test_files_of_equal_size_and_end_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for k in range(3):
        pixels = np.full((90, 90, 3), 200, np.uint8)
        pixels[0] = k // 2
        Image.fromarray(pixels).save(tmp_path / "set" / f"{k}.bmp")
    pictures = opened("folder", tmp_path / "set", "cache=false")
    assert pictures.drawing.tolist() == [0, 0, 1] or pictures.drawing.tolist() == [1, 1, 0]


def test_a_folder_shows_the_middle_square_of_each_picture(tmp_path: Path) -> None:
    pictures = opened("folder", tmp_path / "set")
    path = tmp_path / "set" / pictures.names[4]
    assert torch.equal(
        (pictures[[4]].rgb[0] * 255).round().byte(),
        torch.from_numpy(squared(open_picture(path, 10**6), SIZE)),
    )


def test_lines_are_extracted_from_the_colours(tmp_path: Path) -> None:
    batch = opened("folder", tmp_path / "set", "simplify=none")[[1, 2]]
    assert torch.allclose(batch.image, Dilation(3)(batch.rgb), atol=0.51 / 255)


def test_equal_files_stay_in_one_split_and_count_as_one_drawing(tmp_path: Path) -> None:
    for k in range(30):
        save(tmp_path / f"set/{k:02d}.png", k % 10)
    pictures = opened("folder", tmp_path / "set")
    home = {int(i): split for split, members in pictures.splits.items() for i in members}
    assert all(home[k] == home[k + 10] == home[k + 20] for k in range(10))
    assert len(np.unique(pictures.drawing)) == 10 and len({*home.values()}) == 3


def test_adding_a_file_moves_no_more_than_the_division_needs(tmp_path: Path) -> None:
    for k in range(40):
        save(tmp_path / f"set/{k:02d}.png", k)
    first = opened("folder", tmp_path / "set")
    save(tmp_path / "set/000.png", 99)
    more = opened("folder", tmp_path / "set")
    before = {first.names[i] for i in first.splits["test"]}
    assert len(before - {more.names[i] for i in more.splits["test"]}) <= 1


def test_a_stray_picture_does_not_put_test_pictures_into_training(tmp_path: Path) -> None:
    for k, split in enumerate(["train"] * 4 + ["test"] * 4):
        save(tmp_path / "set" / split / f"{k}.png", k)
    save(tmp_path / "set" / "preview.png", 9)
    with pytest.raises(
        DataError, match=r"preview\.png is in no split, beside test/ and train/ \(move it"
    ):
        opened("folder", tmp_path / "set")


def test_subfolders_named_like_splits_are_the_splits(tmp_path: Path) -> None:
    for k, split in enumerate(["train", "train", "val", "test"]):
        save(tmp_path / "set" / split / f"{k}.png", k)
    pictures = opened("folder", tmp_path / "set")
    found = {split: [pictures.names[i] for i in kept] for split, kept in pictures.splits.items()}
    assert found == {
        "train": ["train/0.png", "train/1.png"],
        "val": ["val/2.png"],
        "test": ["test/3.png"],
    }


def test_captions_come_from_a_table_or_from_beside_the_picture(tmp_path: Path) -> None:
    folder(tmp_path / "set")
    (tmp_path / "set/4.txt").write_text("a red\n fox ")
    assert [words for words in opened("folder", tmp_path / "set").captions if words] == [
        "a red fox"
    ]
    (tmp_path / "set/captions.json").write_text(json.dumps({"sub/5.png": "un été"}))
    pictures = opened("folder", tmp_path / "set")
    assert (
        pictures.captions[pictures.names.index("sub/5.png")] == "un été"
        and pictures.captions.count("") == 11
    )


@pytest.mark.parametrize("text", ["{broken", "[1, 2]", "\udcff"])
def test_a_table_of_captions_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    folder(tmp_path / "set")
    (tmp_path / "set/captions.json").write_bytes(os.fsencode(text))
    with pytest.raises(DataError, match=r"captions\.json"):
        opened("folder", tmp_path / "set")


def test_training_batches_come_from_their_draws_alone(tmp_path: Path) -> None:
    pictures = opened("folder", tmp_path / "set", "line_style=mix", "augment.affine=0.1")
    first = pictures.training_batch([4, 9, 2], Draws(0, [4, 9, 2]))
    again = pictures.training_batch([2], Draws(0, [2]))
    other = pictures.training_batch([4, 9, 2], Draws(0, [4, 9, 2], [1, 1, 1]))
    assert torch.equal(again.rgb[0], first.rgb[2]) and torch.equal(again.image[0], first.image[2])
    assert not torch.equal(first.rgb, other.rgb) and not torch.equal(first.image, other.image)
    assert first.index.tolist() == [4, 9, 2]


def test_training_off_is_the_plain_batch(tmp_path: Path) -> None:
    pictures = opened("folder", tmp_path / "set", "augment.flip=0")
    plain, training = pictures[[1, 2]], pictures.training_batch([1, 2], Draws(0, [1, 2]))
    assert torch.equal(plain.rgb, training.rgb) and torch.equal(plain.image, training.image)


@pytest.mark.parametrize(
    "change", ["line_style=own", "line_style=canny", "on_bad=ignore", "size=0"]
)
def test_values_that_the_yaml_does_not_allow_are_config_errors(change: str) -> None:
    with pytest.raises(ConfigError, match=change.split("=")[0]):
        compose("data_command", ["data=folder", f"data.{change}"])


@pytest.mark.parametrize("change", ["line_style=own", "line_style=canny", "on_bad=ignore"])
def test_values_that_a_set_does_not_know_are_errors_without_the_yaml_too(
    tmp_path: Path, change: str
) -> None:
    with pytest.raises(ConfigError, match=change.split("=")[0]):
        opened("folder", tmp_path / "set", change)
