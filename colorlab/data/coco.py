"""COCO captions (Chen et al., 2015): photographs with the first of their five captions."""

from __future__ import annotations

from pathlib import Path

from colorlab.data.folder import Listing, PictureFiles, parsed
from colorlab.data.intake import printable
from colorlab.errors import DataError


class Coco(PictureFiles):
    """root/train2017, root/val2017 and root/annotations/captions_train2017.json,
    captions_val2017.json (or 2014). The published val is the test split here; val is taken out of
    train."""

    advice = (
        "fetch train2017.zip, val2017.zip and annotations_trainval2017.zip, unpack all in one "
        "place, data.root=there"
    )

    @classmethod
    def listing(cls, root: Path) -> Listing:
        files = sorted((root / "annotations").glob("captions_*.json"))
        found = [entry for file in files for entry in cls.entries(root, file)]
        if not found:
            raise DataError(
                f"{printable(root)} has no annotations/captions_*.json with pictures ({cls.advice})"
            )
        paths = [path for path, _, _ in found]
        names = [str(path.relative_to(root)) for path in paths]
        return Listing(
            paths, [split for _, split, _ in found], names, [words for _, _, words in found]
        )

    @classmethod
    def entries(cls, root: Path, file: Path) -> list[tuple[Path, str, str]]:
        """(picture, split, caption) in the order of the picture's numbers; the caption with the
        lowest number counts."""
        folder = root / file.stem.removeprefix("captions_")
        if not folder.is_dir():
            return []
        split = "train" if folder.name.startswith("train") else "test"
        try:
            table = parsed(file)
            captions: dict[int, str] = {}
            for row in sorted(table["annotations"], key=lambda row: row["id"]):
                captions.setdefault(row["image_id"], " ".join(row["caption"].split()))
            pictures = sorted((row["id"], row["file_name"]) for row in table["images"])
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{printable(file)} is no file of COCO captions ({cls.advice})"
            ) from error
        return [
            (folder / Path(name).name, split, captions.get(number, "")) for number, name in pictures
        ]
