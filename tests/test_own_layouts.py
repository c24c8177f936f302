"""What is particular to one data set: pairs, persons, labels, captions, databases."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from colorlab.data.intake import open_picture, squared
from colorlab.errors import DataError
from tests.layouts import (
    NO_LMDB,
    SIZE,
    coco,
    folder,
    imagenet,
    opened,
    portraits,
    save,
)

pytestmark = pytest.mark.usefixtures("own_cache")


def test_pix2pix_shows_the_left_half_and_hides_the_right(tmp_path: Path) -> None:
    both = np.zeros((16, 32, 3), np.uint8)
    both[:, :16], both[:, 16:] = (250, 250, 250), (10, 200, 90)
    (tmp_path / "set/train").mkdir(parents=True)
    Image.fromarray(both).save(tmp_path / "set/train/1.jpg", quality=100, subsampling=0)
    batch = opened("pix2pix", tmp_path / "set")[[0]]
    assert (batch.image * 255 - 250).abs().max() <= 2
    assert (batch.rgb[0, :, 8, 12] * 255 - torch.tensor([10, 200, 90])).abs().max() <= 3
    assert opened("pix2pix", tmp_path / "set", "line_style=dilation")[[0]].image.min() > 0.99


def test_a_pair_of_odd_width_is_named(tmp_path: Path) -> None:
    save(tmp_path / "set/train/1.png", 0)
    Image.new("RGB", (15, 8)).save(tmp_path / "set/train/2.png")
    with pytest.raises(DataError, match=r"picture 1: .*2\.png is 15 px wide"):
        opened("pix2pix", tmp_path / "set")


def test_portraits_lie_on_white_and_scenery_is_left_out(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 30), (255, 0, 0, 0)).save(
        save(tmp_path / "set/data/portraits/hidden.png", 0)
    )
    portraits(tmp_path / "set")
    pictures = opened("portraits", tmp_path / "set")
    assert not any("terrain" in name for name in pictures.names)
    assert (pictures[[pictures.names.index("data/portraits/hidden.png")]].rgb == 1).all()
    assert "elves captain" in pictures.captions and "hidden" in pictures.captions


@pytest.mark.parametrize("place", ["lfw-py/lfw_funneled", "lfw", "lfw-deepfunneled"])
def test_no_person_is_in_two_splits(tmp_path: Path, place: str) -> None:
    for k in range(30):
        save(tmp_path / "set" / place / f"Ann_{k // 3}" / f"Ann_{k // 3}_{k % 3}.jpg", k)
    pictures = opened("lfw", tmp_path / "set")
    people = [set(pictures.labels[members].tolist()) for members in pictures.splits.values()]
    assert sum(map(len, people)) == 10 and all(people) and "Ann 3" in pictures.captions


def test_labels_are_those_of_torchvisions_image_folder(tmp_path: Path) -> None:
    from torchvision.datasets import ImageFolder

    pictures = opened("imagenet", tmp_path / "set")
    reference = {
        Path(path).name: label for path, label in ImageFolder(str(tmp_path / "set/train")).samples
    }
    train = [i for i, name in enumerate(pictures.names) if name.startswith("train")]
    assert {Path(pictures.names[i]).name: pictures.labels[i] for i in train} == reference


def test_imagenette_is_found_from_either_folder_and_named(tmp_path: Path) -> None:
    outer = opened("imagenette", tmp_path / "set")
    inner = opened("imagenette", tmp_path / "set/imagenette2-160")
    assert outer.labels.tolist() == inner.labels.tolist() and set(outer.captions) == {
        "tench",
        "church",
    }


def test_pictures_outside_the_class_folders_are_named(tmp_path: Path) -> None:
    imagenet(tmp_path / "set")
    save(tmp_path / "set/val/ILSVRC2012_val_1.jpg", 0)
    with pytest.raises(DataError, match=r"ILSVRC2012_val_1\.jpg lies in no class folder"):
        opened("imagenet", tmp_path / "set")


def test_the_caption_with_the_lowest_number_counts(tmp_path: Path) -> None:
    pictures = opened("coco", tmp_path / "set")
    assert pictures.captions[:2] == ["caption 50 of 0", "caption 50 of 1"]


@pytest.mark.parametrize(
    "text", ['{"images": []}', "[]", '{"images": [1], "annotations": [2]}', "nonsense"]
)
def test_a_caption_file_of_another_kind_is_named(tmp_path: Path, text: str) -> None:
    coco(tmp_path / "set")
    (tmp_path / "set/annotations/captions_train2017.json").write_text(text)
    with pytest.raises(DataError, match=r"captions_train2017\.json"):
        opened("coco", tmp_path / "set")


def test_a_caption_file_cannot_name_pictures_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "set/annotations").mkdir(parents=True)
    save(tmp_path / "secret.png", 0)
    save(tmp_path / "set/train2017/1.png", 1)
    table: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "../../secret.png"}],
        "annotations": [],
    }
    (tmp_path / "set/annotations/captions_train2017.json").write_text(json.dumps(table))
    with pytest.raises(DataError, match=r"train2017/secret\.png cannot be read"):
        opened("coco", tmp_path / "set", "cache=true")


def test_churches_in_any_order_are_divided_here(tmp_path: Path) -> None:
    folder(tmp_path / "set")
    assert [
        len(members) for members in opened("lsun_church", tmp_path / "set").splits.values()
    ] == [10, 1, 1]


def test_a_database_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lmdb", None)
    (tmp_path / "church_outdoor_train_lmdb").mkdir()
    with pytest.raises(DataError, match=r"pip install 'colorlab-suite\[lsun\]'"):
        opened("lsun_church", tmp_path)


@pytest.mark.skipif(NO_LMDB, reason="lmdb is not installed")
def test_churches_are_read_from_their_databases(tmp_path: Path) -> None:
    import lmdb

    (tmp_path / "set").mkdir()
    for half, numbers in (("train", range(8)), ("val", range(8, 10))):
        database = lmdb.open(str(tmp_path / f"set/church_outdoor_{half}_lmdb"), map_size=1 << 22)
        with database.begin(write=True) as transaction:
            for k in numbers:
                transaction.put(f"{k:040x}".encode(), save(tmp_path / f"{k}.webp", k).read_bytes())
        database.close()
    pictures = opened("lsun_church", tmp_path / "set")
    assert pictures.splits["test"].tolist() == [8, 9]
    expected = squared(open_picture(tmp_path / "8.webp", 10**6), SIZE)
    assert torch.equal((pictures[[8]].rgb[0] * 255).round().byte(), torch.from_numpy(expected))
