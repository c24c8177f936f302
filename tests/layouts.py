"""Tiny folders laid out as the real data sets are."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf
from PIL import Image

from colorlab.cli.targets import build
from colorlab.cli.yaml_files import composed
from colorlab.data.folder import PictureFiles

SIZE = 16
NO_LMDB = importlib.util.find_spec("lmdb") is None


def save(path: Path, seed: int, width: int = 24, height: int = 20) -> Path:
    """A picture of blocks that depend on the seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = np.random.default_rng(seed).integers(
        0, 256, (height // 4, width // 4, 3), dtype=np.uint8
    )
    Image.fromarray(blocks.repeat(4, 0).repeat(4, 1)).save(path)
    return path


def folder(root: Path) -> None:
    for k in range(12):
        save(root / ("sub" if k % 2 else ".") / f"{k}.png", k)


def pix2pix(root: Path) -> None:
    for k in range(12):
        save(root / ("val" if k > 9 else "train") / f"{k}_AB.jpg", k, width=40)


def portraits(root: Path) -> None:
    art = root / "usr/share/games/wesnoth/1.16/data/core/images"
    for k in range(12):
        save(art / "portraits/elves" / f"captain+{k}.png", k)
    save(art / "terrain" / "grass.png", 99)


def lfw(root: Path) -> None:
    for k in range(12):
        name = f"Person_{k // 2}"
        save(root / "lfw-py/lfw-deepfunneled" / name / f"{name}_000{k % 2 + 1}.jpg", k)
    (root / "lfw-py/peopleDevTest.txt").write_text("2\nPerson_1\t2\nPerson_4\t2\n")


def lsun_church(root: Path) -> None:
    for k in range(12):
        save(root / f"church_outdoor_{'val' if k > 9 else 'train'}" / f"{k}.webp", k)


def imagenet(root: Path) -> None:
    for k in range(12):
        save(root / ("val" if k > 9 else "train") / f"n0{k % 2}" / f"n0{k % 2}_{k}.JPEG", k)


def imagenette(root: Path) -> None:
    for k in range(12):
        wnid = ("n01440764", "n03028079")[k % 2]
        save(root / "imagenette2-160" / ("val" if k > 9 else "train") / wnid / f"{k}.JPEG", k)


def coco(root: Path) -> None:
    (root / "annotations").mkdir(parents=True)
    for half, numbers in (("train2017", range(10)), ("val2017", range(10, 12))):
        images = [
            {"id": k, "file_name": save(root / half / f"{k:012d}.jpg", k).name} for k in numbers
        ]
        rows = [
            {"id": 100 - k - i, "image_id": k, "caption": f"caption {i}\nof {k} "}
            for k in numbers
            for i in (0, 50)
        ]
        (root / f"annotations/captions_{half}.json").write_text(
            json.dumps({"images": images, "annotations": rows})
        )


LAYOUTS: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (folder, pix2pix, portraits, lfw, lsun_church, imagenet, imagenette, coco)
}


def opened(name: str, root: Path | None, *changes: str) -> PictureFiles:
    """A data set from its yaml, laid out first if it is not there."""
    if root and not root.exists():
        LAYOUTS[name](root)
    own = {"root": str(root) if root else None, "size": SIZE}
    return build(
        OmegaConf.merge(
            OmegaConf.create(composed("data", name)), own, OmegaConf.from_dotlist(list(changes))
        )
    )
