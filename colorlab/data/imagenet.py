"""Photographs in one folder per class: ImageNet (Deng et al., 2009) and Imagenette
(Howard, 2019)."""

from __future__ import annotations

from pathlib import Path

from colorlab.data.folder import Listing, PictureFiles, published
from colorlab.data.intake import printable
from colorlab.errors import DataError

IMAGENETTE = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}


class ImageNet(PictureFiles):
    """root/train/<wnid>/*.JPEG and root/val/<wnid>/*.JPEG. Labels number the sorted class folders
    of train; the published val is the test split here; val is taken out of train."""

    advice = (
        "fetch ILSVRC2012, sort it into train/<wnid>/ and val/<wnid>/ (torchvision does that), "
        "data.root=there"
    )

    @classmethod
    def listing(cls, root: Path) -> Listing:
        folder = cls.classes_in(root)
        if not (folder / "train").is_dir():
            raise DataError(f"{printable(folder)} has no folder train ({cls.advice})")
        paths, split = published(folder, {"train": "train", "val": "test"})
        wnids = [path.relative_to(folder).parts[1] for path in paths]
        classes = sorted(path.name for path in (folder / "train").iterdir() if path.is_dir())
        number = {wnid: k for k, wnid in enumerate(classes)}
        for path, wnid in zip(paths, wnids, strict=True):
            if wnid not in number:
                raise DataError(
                    f"{printable(path)} lies in no class folder of train ({cls.advice})"
                )
        names = [str(path.relative_to(folder)) for path in paths]
        return Listing(
            paths,
            split,
            names,
            [cls.words(wnid) for wnid in wnids],
            [number[wnid] for wnid in wnids],
        )

    @classmethod
    def classes_in(cls, root: Path) -> Path:
        """The folder that holds train and val."""
        return root

    @classmethod
    def words(cls, wnid: str) -> str:
        """The caption of a class."""
        return ""


class Imagenette(ImageNet):
    """Ten classes of ImageNet, in imagenette2-160, imagenette2-320 or imagenette2, or a folder that
    holds one of them."""

    advice = "fetch imagenette2-160.tgz, unpack it, data.root=the folder imagenette2-160"

    @classmethod
    def classes_in(cls, root: Path) -> Path:
        return next(
            (
                place
                for place in (root, *sorted(root.glob("imagenette2*")))
                if (place / "train").is_dir()
            ),
            root,
        )

    @classmethod
    def words(cls, wnid: str) -> str:
        return IMAGENETTE.get(wnid, "")
