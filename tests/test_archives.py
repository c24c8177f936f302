"""Sets of drawings in files: written, read, added."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from colorlab.data import add as adding
from colorlab.data import artists
from colorlab.data.add import add
from colorlab.data.archives import About, Archive, Vector, write_archive
from colorlab.errors import DataError
from colorlab.storage.packed import Packed, pack, packed_picture

ABOUT = About("Two", "A. Uthor", "https://example.org", "MIT", "1.0")
SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
)
DRAWINGS = [
    Vector(["cat", "kitten"], "1F408", SQUARE),
    Vector(["naïve"], "", SQUARE.replace("9", "8")),
]


@pytest.fixture(autouse=True)
def _sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artists, "ART", tmp_path / "art")
    monkeypatch.setattr(artists, "cache_dir", lambda: tmp_path / "cache")


def package(folder: Path) -> Path:
    """A small @iconify-json package."""
    icons = {
        "cat": {"body": '<path d="M0 0h9v9z"/>'},
        "dog": {"body": "<g/>", "width": 20, "left": 1},
        "old": {"body": "<g/>", "hidden": True},
        "peru": {"body": "<g/>"},
    }
    aliases = {"kitten": {"parent": "cat"}, "tac": {"parent": "cat", "hFlip": True}}
    files = {
        "icons": {"icons": icons, "aliases": aliases, "width": 16, "height": 18},
        "info": {
            "name": "Pets",
            "author": {"name": "A. Uthor"},
            "license": {"title": "MIT", "spdx": "MIT"},
        },
        "package": {"version": "1.2.3"},
        "chars": {"1f408": "cat"},
        "metadata": {"categories": {"Flags": ["peru"]}},
    }
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_an_archive_gives_back_what_was_put_in_and_is_always_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_archive(tmp_path / name, ABOUT, DRAWINGS)
    archive = Archive(tmp_path / "a")
    assert (
        archive.about == ABOUT
        and archive.codes == ["1F408", ""]
        and archive.svgs() == [d.svg for d in DRAWINGS]
    )
    assert archive.names == [["cat", "kitten"], ["naïve"]] and len(archive) == 2
    assert (tmp_path / "a").read_bytes() == (
        tmp_path / "b"
    ).read_bytes() and archive.digest() == Archive(tmp_path / "b").digest()


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:90], lambda data: b"", lambda data: b"no archive", lambda data: data[9:]],
)
def test_a_damaged_archive_is_told_in_one_line(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a"
    write_archive(path, ABOUT, DRAWINGS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="is no set of drawings"):
        Archive(path)


def test_packed_pictures_come_back_and_those_that_are_not_there_are_told() -> None:
    pictures = [np.full((2, 3), 7, np.uint8), None, np.arange(6, dtype=np.uint8).reshape(2, 3)]
    packed = Packed(pack(map(packed_picture, pictures)), (2, 3))
    assert len(packed) == 3 and packed.there().tolist() == [0, 2]
    assert np.array_equal(packed[0], pictures[0]) and np.array_equal(packed[2], pictures[2])


@pytest.mark.parametrize("packing", ["folder", "tgz"])
def test_a_package_is_added_without_flags_and_withdrawn_drawings(
    tmp_path: Path, packing: str
) -> None:
    source = package(tmp_path / "pets")
    if packing == "tgz":
        with tarfile.open(tmp_path / "pets.tgz", "w:gz") as archive:
            archive.add(source, "package")
        source = tmp_path / "pets.tgz"
    path, about, usable, refused = add(str(source), None, tmp_path / "art")
    archive = Archive(path)
    assert (path.name, usable, refused) == ("pets.jsonl.xz", 2, 0)
    assert about == About("Pets", "A. Uthor", "", "MIT", "1.2.3")
    assert archive.names == [["cat", "kitten"], ["dog"]] and archive.codes == ["1f408", ""]
    assert 'viewBox="0 0 16 18"' in archive.svgs()[0] and 'viewBox="1 0 20 18"' in archive.svgs()[1]
    assert artists.known() == ["openmoji", "everyday", "pets"]


def test_a_folder_is_added_but_for_drawings_that_reach_out(tmp_path: Path) -> None:
    folder = tmp_path / "clip art"
    (folder / "sub").mkdir(parents=True)
    (folder / "Big_Cat 1.svg").write_text(SQUARE)
    (folder / "sub/dog.svg").write_text(
        SQUARE.replace("</svg>", '<image href="file:///etc/passwd"/></svg>')
    )
    (folder / "sub/ant.svg").write_text("no drawing")
    path, _, usable, refused = add(str(folder), "clips", tmp_path / "art")
    assert Archive(path).names == [["big-cat-1"]] and (usable, refused) == (1, 2)
    with pytest.raises(DataError, match="no name for a set"):
        add(str(folder), None, tmp_path / "art")


def test_a_set_does_not_take_the_name_of_one_that_ships(tmp_path: Path) -> None:
    package(tmp_path / "pets")
    add(str(tmp_path / "pets"), None, tmp_path / "art")
    with pytest.raises(DataError, match=r"is a set pets already \(choose another: name=NAME\)"):
        add(str(tmp_path / "pets"), None, tmp_path / "cache/art")


def test_sources_that_are_none_say_what_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(adding.shutil, "which", lambda name: None)
    wanted = {
        "empty": "holds no SVG files",
        "file": "is no package",
        "@a/b": "npm is not there",
        "no such thing": "neither",
    }
    for source, reason in wanted.items():
        with pytest.raises(DataError, match=reason):
            add(
                str(tmp_path / source) if source in ("empty", "file") else source,
                "x",
                tmp_path / "art",
            )


def test_npm_fetches_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm is played by a script that packs a folder of ours."""
    package(tmp_path / "package")
    npm = tmp_path / "npm"
    npm.write_text(
        '#!/bin/sh\n[ "$6" = "@iconify-json/pets" ] || exit 1\ntar czf "$4/pets.tgz" -C '
        f'"{tmp_path}" package\n'
    )
    npm.chmod(0o755)
    monkeypatch.setattr(adding.shutil, "which", lambda name: str(npm))
    path, *_ = add("@iconify-json/pets", None, tmp_path / "art")
    assert path.name == "pets.jsonl.xz"
    with pytest.raises(DataError, match="npm does not fetch other"):
        add("other", None, tmp_path / "art")


def test_a_package_with_something_amiss_is_refused(tmp_path: Path) -> None:
    folder = package(tmp_path / "pets")
    (folder / "info.json").write_text('{"name": "Pets"}')
    with pytest.raises(DataError, match="license"):
        add(str(folder), None, tmp_path / "art")
