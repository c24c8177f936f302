"""Names of many pictures: as a list of words, at a few bytes each; what a data set keeps of a
picture."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from pathlib import Path

import pytest

from colorlab.cli.config import compose
from colorlab.cli.targets import build
from colorlab.data.folder import Listing, PictureFiles
from colorlab.data.tables import Paths, Words

NAMES = ["a.png", "", "süß/b c.png", "no text \udcff.png", "猫.png"]


def test_words_are_a_list_of_words() -> None:
    words = Words(NAMES)
    assert (
        list(words) == NAMES
        and words == NAMES
        and words[-1] == NAMES[-1]
        and words[1:4:2] == NAMES[1:4:2]
    )
    assert (
        "猫.png" in words
        and words.index("猫.png") == 4
        and pickle.loads(pickle.dumps(words)) == NAMES
    )
    assert words != NAMES[:-1] and list(Words([])) == []
    with pytest.raises(IndexError):
        words[5]


def test_paths_are_those_below_their_folder() -> None:
    paths = Paths(Path("/x"), Words(NAMES[2:]))
    assert paths[0] == Path("/x/süß/b c.png") and paths[1:] == [
        Path("/x") / name for name in NAMES[3:]
    ]
    assert len(paths) == 3 and list(paths)[2].name == "猫.png"


class Many(PictureFiles):
    """So many pictures by their names alone; nobody opens them."""

    advice = ""
    count = 0

    @classmethod
    def listing(cls, root: Path) -> Listing:
        names = [f"train/n{i % 100:08d}/n{i % 100:08d}_{i:06d}.jpg" for i in range(cls.count)]
        return Listing([root / name for name in names], ["train"] * cls.count, names)


def kept(folder: Path, count: int) -> int:
    """Bytes that a data set of so many pictures keeps."""
    Many.count = count
    augment = build(compose("train", ["name=t", "data=folder", f"data.root={folder}"]).data.augment)
    pictures = Many(str(folder), 64, "gray", "dilation", "none", "fail", 10**6, False, augment)
    gc.collect()
    assert len(pictures) == count and pictures.names[count - 1].endswith(f"{count - 1:06d}.jpg")
    # not pathlib's: it interns the parts of paths
    return sum(snapshot.size for snapshot in tracemalloc.take_snapshot().statistics("filename")
               if "pathlib" not in snapshot.traceback[0].filename)  # fmt: skip


@pytest.mark.slow
def test_a_data_set_keeps_less_than_a_hundred_bytes_a_picture(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    tracemalloc.start()
    try:
        few, many = (kept(tmp_path / "data", count) for count in (500, 4500))
    finally:
        tracemalloc.stop()
    assert (many - few) / 4000 < 100
