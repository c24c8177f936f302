"""Sets of drawings that may be a stranger's: archives and packages that are made to harm."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import math
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from colorlab.data import add as adding
from colorlab.data import archives, artists
from colorlab.data.add import add
from colorlab.data.archives import About, Archive, Vector, write_archive
from colorlab.data.artists import Artist, archive_path
from colorlab.data.illustrations import Illustrations
from colorlab.data.transforms import Augment
from colorlab.errors import DataError
from tests.test_battery_drawings import ENDLESS, SQUARE, SVG

ABOUT = About("Two", "A. Uthor", "https://example.org", "MIT", "1.0")
HEAD = ABOUT._asdict() | {"names": [["cat"], ["dog"]], "codes": ["1f408", ""]}
DRAWINGS = [SVG.format(SQUARE)] * 2


@pytest.fixture(autouse=True)
def _sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artists, "ART", tmp_path / "art")
    monkeypatch.setattr(artists, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(adding.shutil, "which", lambda name: None)


def a_line(error: pytest.ExceptionInfo[Any]) -> str:
    """What an error says, which is one line that a terminal can be shown."""
    said = str(error.value)
    assert said.isprintable() and len(said) < 700, said[:700]
    return said


def packed(*lines: Any) -> bytes:
    """An archive of these lines; bytes are taken as they are."""
    texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return b"".join(map(lzma.compress, texts))


def head(**changes: Any) -> dict[str, Any]:
    return HEAD | changes


HOSTILE_ARCHIVES: dict[str, bytes] = {
    "deep": packed(b"[" * 50_000 + b"]" * 50_000, DRAWINGS),
    "a head that is a list": packed([HEAD], DRAWINGS),
    "a head that is missing": packed(DRAWINGS),
    "an escape in its title": packed(head(title="\x1b]0;owned\x07"), DRAWINGS),
    "lines in its licence": packed(head(license="MIT\nand more"), DRAWINGS),
    "a title without end": packed(head(title="x" * 100_000), DRAWINGS),
    "an author that is a list": packed(head(author=["A"]), DRAWINGS),
    "names that are words": packed(head(names=["cat", "dog"]), DRAWINGS),
    "names that are numbers": packed(head(names=[[1], [2]]), DRAWINGS),
    "a drawing without names": packed(head(names=[["cat"], []]), DRAWINGS),
    "a name of several lines": packed(head(names=[["cat\n"], ["dog"]]), DRAWINGS),
    "fewer codes than names": packed(head(codes=[""]), DRAWINGS),
    "codes that are none": packed(head(codes=[None, None]), DRAWINGS),
    "a number that is none": packed(json.dumps(head(version=math.nan)).encode(), DRAWINGS),
    "half a letter": packed(json.dumps(head()).encode()[:-1] + b', "x": "\xff"}', DRAWINGS),
    "no drawings": packed(HEAD),
    "fewer drawings than names": packed(HEAD, DRAWINGS[:1]),
    "more drawings than names": packed(HEAD, DRAWINGS * 2),
    "drawings that are numbers": packed(HEAD, [1, 2]),
    "drawings that are a word": packed(HEAD, "ab"),
    "drawings that are too deep": packed(HEAD, b"[" * 50_000 + b"]" * 50_000),
    "a bomb": packed(b" " * 3_000_000, DRAWINGS),
    "a bomb of drawings": packed(HEAD, b" " * 3_000_000),
    "half a stream": packed(HEAD, DRAWINGS)[:-9],
    "a stream with a flipped bit": packed(HEAD)[:-20]
    + bytes([packed(HEAD)[-20] ^ 4])
    + packed(HEAD)[-19:],
}


@pytest.mark.parametrize("kind", HOSTILE_ARCHIVES)
def test_a_hostile_archive_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(archives, "LONGEST", 1_000_000)
    (tmp_path / "a").write_bytes(HOSTILE_ARCHIVES[kind])
    with pytest.raises(DataError, match="is no set of drawings") as error:
        Archive(tmp_path / "a").svgs()
    a_line(error)


def test_an_archive_that_is_a_pipe_or_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(packed(HEAD, DRAWINGS))
    monkeypatch.setattr(archives, "LARGEST", 50)
    for name in ("pipe", "large"):
        with pytest.raises(DataError, match=r"plain file|bytes"):
            Archive(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["../outside", "..", "a/b", "/etc/passwd", "", "a\nb", "x" * 300, "a.b", "\0"]
)
def test_no_set_is_read_or_kept_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    write_archive(tmp_path / "outside.jsonl.xz", ABOUT, [Vector(["cat"], "", DRAWINGS[0])])
    (tmp_path / "art").mkdir()
    with pytest.raises(DataError, match="there is no set"):
        archive_path(name)
    with pytest.raises(DataError):
        Artist(name)


def tgz(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> str:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return str(path)


def member(name: str, content: Any = None, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, b"" if content is None else json.dumps(content).encode()


ICONS = {"icons": {"cat": {"body": SQUARE}}, "width": 9, "height": 9}
INFO = {"name": "Pets", "license": {"title": "MIT"}}
PACKAGE = {"icons": ICONS, "info": INFO, "package": {"version": "1"}}


def test_a_package_that_leads_out_of_its_folder_writes_nothing_there(tmp_path: Path) -> None:
    """Files lie where they are unpacked, whatever their names say; links and devices are left
    out."""
    members = [
        member(f"../../../../../{tmp_path}/out/{name}.json", part) for name, part in PACKAGE.items()
    ]
    link = member("icons.json", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    device = member("info.json", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
    path, _, usable, _ = add(
        tgz(tmp_path / "pets.tgz", link, device, *members), None, tmp_path / "art"
    )
    assert usable == 1 and Archive(path).names == [["cat"]] and not (tmp_path / "out").exists()
    with pytest.raises(DataError, match="holds no SVG"):
        add(tgz(tmp_path / "links.tgz", link), None, tmp_path / "art")


def hostile_tgz(tmp_path: Path, kind: str) -> str:
    whole = Path(
        tgz(tmp_path / "whole.tgz", *(member(f"p/{k}.json", v) for k, v in PACKAGE.items()))
    ).read_bytes()
    pax = b"99999999999 comment=" + b"x" * 400
    content = {
        "cut short": whole[:-30],
        "a flipped bit": whole[:60] + bytes([whole[60] ^ 255]) + whole[61:],
        "no archive in it": gzip.compress(os.urandom(2000)),
        "nothing in it": gzip.compress(b""),
        "a bomb": gzip.compress(bytes(3_000_000)),
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(300),
        "empty": b"",
        "a header that says it is larger than it is": gzip.compress(
            tarfile.TarInfo("x").tobuf()[:124]
            + b"77777777777\0"
            + tarfile.TarInfo("x").tobuf()[136:]
            + pax
        ),
    }
    (tmp_path / "hostile.tgz").write_bytes(content[kind])
    return str(tmp_path / "hostile.tgz")


@pytest.mark.parametrize(
    "kind",
    ["cut short", "a flipped bit", "no archive in it", "nothing in it", "a bomb", "a picture",
     "empty", "a header that says it is larger than it is"],
)  # fmt: skip
def test_a_hostile_package_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(adding, "LARGEST_PACKAGE", 1_000_000)
    with pytest.raises(DataError, match=r"is no package|holds no SVG") as error:
        add(hostile_tgz(tmp_path, kind), None, tmp_path / "art")
    a_line(error)
    assert not list((tmp_path / "art").rglob("*"))


def changed(**files: Any) -> dict[str, Any]:
    return PACKAGE | files


HOSTILE_PACKAGES: dict[str, dict[str, Any]] = {
    "icons that are a list": changed(icons=[1]),
    "icons that are deep": changed(icons="[" * 50_000 + "]" * 50_000),
    "an icon that is a word": changed(icons={"icons": {"cat": "x"}}),
    "a body that is a number": changed(icons={"icons": {"cat": {"body": 5}}}),
    "a body that breaks out": changed(icons={"icons": {"cat": {"body": "</svg><svg>"}}}),
    "a width that breaks out": changed(
        icons={"icons": {"cat": {"body": SQUARE, "width": '9"><x>'}}}
    ),
    "half a letter in a body": changed(icons={"icons": {"cat": {"body": "\ud800"}}}),
    "a name that commands a terminal": changed(icons={"icons": {"\x1b[2J": {"body": SQUARE}}}),
    "half a letter in a name": changed(icons={"icons": {"\ud800": {"body": SQUARE}}}),
    "an alias of nothing": changed(icons=ICONS | {"aliases": {"a": 5}}),
    "aliases without parents": changed(icons=ICONS | {"aliases": {"a": {}}}),
    "a title that commands a terminal": changed(info=INFO | {"name": "\x1b[2J"}),
    "a title that is a list": changed(info=INFO | {"name": []}),
    "half a letter in the licence": changed(info=INFO | {"license": {"title": "\ud800"}}),
    "a version that is a mapping": changed(package={"version": {}}),
    "a number that is none": changed(info='{"name": NaN}'),
    "codes that are a list": changed(chars=["x"]),
    "codes that are numbers": changed(chars={"1": 5}, icons={"icons": {}}),
    "flags that are a number": changed(metadata={"categories": {"Flags": 5}}),
    "an entity": changed(icons={"icons": {"cat": {"body": "&x;"}}}),
    "a link to a file": changed(
        icons={"icons": {"cat": {"body": '<image href="file:///etc/passwd"/>'}}}
    ),
}


@pytest.mark.parametrize("kind", HOSTILE_PACKAGES)
def test_a_package_with_hostile_files_is_refused_in_a_line(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "pets"
    folder.mkdir()
    for name, part in HOSTILE_PACKAGES[kind].items():
        (folder / f"{name}.json").write_text(part if isinstance(part, str) else json.dumps(part))
    with pytest.raises(DataError) as error:
        add(str(folder), None, tmp_path / "art")
    a_line(error)
    assert not list((tmp_path / "art").rglob("*"))


@pytest.mark.parametrize(
    "source", ["x" * 5000, "~nobody-here/x", "a\0b", "--json", "-g", "a;b", "../nowhere/x", "é"]
)
def test_a_source_that_is_none_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Nothing that npm takes for an option reaches it."""
    monkeypatch.setattr(adding.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(DataError, match="neither a folder") as error:
        add(source, "x", tmp_path / "art")
    a_line(error)


def test_a_folder_of_any_name_is_added_under_a_printable_title(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[2J"))
    folder.mkdir()
    (folder / "cat.svg").write_text(DRAWINGS[0])
    path, about, *_ = add(str(folder), "odd", tmp_path / "art")
    assert about.title.isprintable() and Archive(path).about.title == about.title
    for name in ("..", "a/b", "x" * 300, "a b", ""):
        with pytest.raises(DataError, match="no name for a set"):
            add(str(folder), name or "\n", tmp_path / "art")


def test_a_strangers_set_is_looked_through_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that was not made here may hold what ``add`` refuses."""
    bad = (
        ENDLESS["entities of entities"](),
        SVG.format('<image href="file:///etc/passwd"/>' + SQUARE),
        "\ud800",
        "<svg",
    )
    names = [[f"name{'abcd'[k]}"] for k in range(len(bad))]
    (tmp_path / "cache/art").mkdir(parents=True)
    line = head(names=names, codes=[""] * len(bad))
    (tmp_path / "cache/art/evil.jsonl.xz").write_bytes(packed(line, list(bad)))
    monkeypatch.setattr("colorlab.data.shapes.ET.fromstring", None)  # nothing is parsed
    assert len(Artist("evil").rendered(48).there()) == 0


@pytest.mark.parametrize(
    ("sets", "weights"),
    [
        ([], {}), ([5], {}), ([None], {}), ([["cats"]], {}), (["cats", "cats"], {}),
        (["../cats"], {}), (["dogs"], {}), (["cats"], {"cats": math.nan}),
        (["cats"], {"cats": math.inf}), (["cats"], {"cats": 1e12}), (["cats"], {"cats": -1}),
        (["cats"], {"cats": 0}), (["cats"], {"cats": "heavy"}), (["cats"], {"cats": None}),
        (["cats"], {"cats": []}), (["cats"], {"../cats": 1}),
    ],
)  # fmt: skip
def test_sets_and_weights_that_are_none_are_refused_before_anything_is_drawn(
    tmp_path: Path, sets: list[Any], weights: dict[str, Any]
) -> None:
    write_archive(tmp_path / "art/cats.jsonl.xz", ABOUT, [Vector(["cat"], "", DRAWINGS[0])])
    with pytest.raises((ValueError, TypeError, DataError)):
        Illustrations(64, "lines", sets, "concept", [], weights, Augment(0.0, 0.0, 0.0))
    assert not (tmp_path / "cache").exists()


def test_what_is_added_replaces_no_link(tmp_path: Path) -> None:
    """A set is written beside its place and moved there: what a link leads to stays as it is."""
    (tmp_path / "art").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "art/pets.jsonl.xz").symlink_to(tmp_path / "mine")
    write_archive(tmp_path / "art/pets.jsonl.xz", ABOUT, [Vector(["cat"], "", DRAWINGS[0])])
    assert (tmp_path / "mine").read_text() == "mine" and len(
        Archive(tmp_path / "art/pets.jsonl.xz")
    ) == 1
