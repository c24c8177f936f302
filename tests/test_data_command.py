"""python -m colorlab.data: check, prepare, lines."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorlab.data.__main__ import main
from colorlab.errors import ConfigError, DataError


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three pictures, one of them gray; the cache is elsewhere."""
    monkeypatch.setenv("COLORLAB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    for name, color in (
        ("a.png", (200, 10, 10)),
        ("sub/b.jpg", (10, 90, 200)),
        ("sub/c.png", (80, 80, 80)),
    ):
        image = np.full((20, 30, 3), 255, np.uint8)
        image[5:15, 10:20] = color
        Image.fromarray(image).save(folder / name)
    return folder


def test_check_says_that_all_is_well_and_counts_gray_pictures(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", f"root={pictures}"])
    assert capsys.readouterr().out == "3 pictures, all usable; 1 of them without colours\n"


def test_check_lists_every_bad_file_and_fails(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "sub/b.jpg").write_bytes((pictures / "sub/b.jpg").read_bytes()[:300])
    (pictures / "empty.png").touch()
    (pictures / "text.jpg").write_text("hello")
    (pictures / "folder.png").mkdir()
    with pytest.raises(DataError, match="4 of 6 pictures cannot be used"):
        main(["check", f"root={pictures}"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(
        any(name in line for line in lines)
        for name in ("b.jpg", "empty.png", "text.jpg", "folder.png")
    )


@pytest.mark.whole
def test_check_reads_a_data_set_as_its_loader_does(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures.rename(pictures.with_name("train"))
    Image.new("RGB", (15, 4)).save(pictures.with_name("train") / "odd.png")
    with pytest.raises(DataError, match="1 of 4"):
        main(["check", "data=pix2pix", f"data.root={pictures.parent}"])
    assert "odd.png is 15 px wide" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a (1), b", "it's", "k=v", "絵", "${x}", "1e5"])
def test_a_folder_of_any_name_is_taken_as_typed(
    pictures: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(pictures.rename(pictures.parent / name).parent)
    main(["check", f"root={name}"])
    assert "3 pictures, all usable" in capsys.readouterr().out


def test_prepare_fills_the_cache_and_counts_the_splits(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["prepare", "data=folder", f"data.root={pictures}", "data.size=16"])
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Folder: 3 pictures at 16 px"
    assert [line.split()[:2] for line in out[1:]] == [["train", "1"], ["val", "1"], ["test", "1"]]
    assert [np.load(path).shape for path in (pictures.parent / "cache").rglob("16px-3.npy")] == [
        (3, 3, 16, 16)
    ]


def test_lines_writes_a_drawing_for_each_picture(pictures: Path, tmp_path: Path) -> None:
    main(["lines", f"input={pictures}", f"out={tmp_path / 'out'}"])
    written = sorted(
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")
    )
    assert written == ["a.png", "sub/b.png", "sub/c.png"]
    line = np.asarray(Image.open(tmp_path / "out/a.png"))
    assert (
        line.shape == (20, 30) and line[10, 10] < 10 and line[10, 2] == 255 and line[10, 15] == 255
    )


def test_names_that_differ_only_in_their_suffix_stay_apart(pictures: Path, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(pictures / "a.jpg")
    main(["lines", f"input={pictures}", f"out={tmp_path / 'out'}"])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png.png", "a.jpg.png", "sub"}


def test_lines_goes_on_after_a_bad_picture_and_fails_at_the_end(
    pictures: Path, tmp_path: Path
) -> None:
    (pictures / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match="1 of 3 pictures"):
        main(["lines", f"input={pictures}", f"out={tmp_path / 'out'}", "line_style=xdog"])
    assert (tmp_path / "out/sub/c.png").is_file() and not (tmp_path / "out/a.png").exists()


@pytest.mark.whole
def test_mixed_lines_depend_on_the_seed_alone(pictures: Path, tmp_path: Path) -> None:
    def drawn(out: str, seed: int) -> bytes:
        main(
            [
                "lines",
                f"input={pictures}",
                f"out={tmp_path / out}",
                "line_style=mix",
                f"seed={seed}",
            ]
        )
        return b"".join(path.read_bytes() for path in sorted((tmp_path / out).rglob("*.png")))

    assert drawn("1", 3) == drawn("2", 3) != drawn("3", 4)


@pytest.mark.whole
def test_add_makes_a_folder_of_drawings_a_set_of_illustrations(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = '<rect x="9" y="9" width="50" height="50" fill="#c82828"/>'
    for name, inside in (("red square", shape), ("nothing", "")):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72">{inside}</svg>'
        (pictures / f"{name}.svg").write_text(svg)
    main(["add", str(pictures), "name=squares"])
    out = capsys.readouterr().out.splitlines()
    assert (
        out[0]
        == f"{tmp_path / 'cache/art/squares.jsonl.xz'}: 2 drawings (pictures, as the folder says)"
    )
    assert out[1] == "1 of them make pairs of lines and colouring" and "squares]'" in out[2]


@pytest.mark.parametrize(
    "words",
    [
        ["chek"],
        ["lines"],
        ["add"],
        ["lines", "input=a", "out=b", "line_style=canny"],
        ["check", "rot=a"],
    ],
)
def test_mistyped_words_are_config_errors(words: list[str]) -> None:
    with pytest.raises(ConfigError):
        main(words)


def test_without_words_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert "python -m colorlab.data check" in capsys.readouterr().out


@pytest.mark.slow
def test_the_command_ends_with_the_code_of_data_errors(
    pictures: Path, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (pictures / "empty.png").touch()
    done = command("data", "check", f"root={pictures}")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1 and done.stderr.startswith(
        "colorlab: error: 1 of 4 pictures cannot be used"
    )
