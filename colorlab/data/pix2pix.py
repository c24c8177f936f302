"""The paired sets of pix2pix (Isola et al., 2017), edges2shoes and edges2handbags: drawing and
photograph in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colorlab.data.folder import Listing, PictureFiles, published
from colorlab.data.intake import line_drawing, open_picture, printable
from colorlab.errors import DataError


class Pix2Pix(PictureFiles):
    """root/train and root/val hold JPEGs of twice the width, edges on the left, photograph on the
    right. The published val is the test split here; val is taken out of train."""

    advice = (
        "fetch edges2shoes.tar.gz or edges2handbags.tar.gz, unpack it, data.root=the folder with "
        "train/ and val/"
    )
    has_drawings = True

    @classmethod
    def listing(cls, root: Path) -> Listing:
        if not (root / "train").is_dir():
            raise DataError(f"{printable(root)} has no folder train ({cls.advice})")
        paths, split = published(root, {"train": "train", "val": "test"})
        return Listing(paths, split, group=[str(path.relative_to(root)) for path in paths])

    @classmethod
    def read(cls, path: Path, pixel_limit: int) -> np.ndarray:
        """(4, H, W / 2) uint8: the photograph, and the luma of the edge map."""
        both = open_picture(path, pixel_limit)
        if both.shape[2] % 2:
            raise DataError(
                f"{printable(path)} is {both.shape[2]} px wide, which has no halves ({cls.advice})"
            )
        drawing, photo = np.split(both, 2, axis=2)
        return np.concatenate([photo, line_drawing(drawing)])
