"""The package as it is published: its wheel, in another folder, colours a picture and finds an
installed plug-in."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from colorlab.cli.messages import EXTRAS
from hatch_build import described
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LARGEST = 50_000_000  # bytes of a wheel; an index takes 100 MB
ART = "colorlab/data/art/"


def python(*words: str | Path, cwd: Path, site: Path | None = None) -> str:
    environment = os.environ | ({"PYTHONPATH": str(site)} if site else {})
    line = [sys.executable, *map(str, words)]
    done = subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> Path:
    """A folder with both wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT, ROOT / "examples" / "plugin"):
        words = [
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            folder,
            source,
        ]
        python(*words, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def site(wheels: Path, tmp_path_factory) -> Path:
    """A folder that both are installed in, on top of this environment's libraries."""
    folder = tmp_path_factory.mktemp("site")
    words = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        folder,
        *sorted(wheels.glob("*.whl")),
    ]
    python(*words, cwd=folder)
    return folder


def colorlab_wheel(wheels: Path) -> zipfile.ZipFile:
    (path,) = wheels.glob("colorlab_suite-*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.slow
def test_the_wheel_holds_the_package_its_configurations_and_licences_and_no_tests(
    wheels: Path,
) -> None:
    names = colorlab_wheel(wheels).namelist()
    roots = {name.split("/")[0] for name in names}
    assert {"colorlab", "hydra_plugins"} == {
        root for root in roots if not root.endswith(".dist-info")
    }
    assert {
        "colorlab/conf/method/gpic.yaml",
        "colorlab/py.typed",
        "colorlab/report/page.html.j2",
    } <= set(names)
    assert "colorlab/pretrained/gpic-openmoji-c8/checkpoints/weights.safetensors" in names
    about = [name for name in names if ".dist-info/licenses/" in name]
    assert {Path(name).name for name in about} == {"LICENSE", "NOTICE"}


@pytest.mark.slow
def test_every_artist_whose_drawings_it_holds_is_named_under_a_licence_that_it_holds(
    wheels: Path,
) -> None:
    with colorlab_wheel(wheels) as archive:
        inside = {
            name.removeprefix(ART): name for name in archive.namelist() if name.startswith(ART)
        }
        named = archive.read(inside["ATTRIBUTION.md"]).decode()
    drawings = [name.removesuffix(".jsonl.xz") for name in inside if name.endswith(".jsonl.xz")]
    licenses = {Path(name).stem for name in inside if name.startswith("licenses/")}
    assert len(drawings) >= 10 and all(f"| `{name}` (" in named for name in drawings)
    assert licenses == {"Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "MIT"}


@pytest.mark.slow
def test_an_index_takes_it_and_the_wide_runs_stay_in_the_sources(wheels: Path) -> None:
    (path,) = wheels.glob("colorlab_suite-*.whl")
    assert path.stat().st_size < LARGEST
    runs = {
        name.split("/")[2]
        for name in colorlab_wheel(wheels).namelist()
        if name.startswith("colorlab/pretrained/")
    }
    assert {"flats", "gpic-openmoji-c8", "piggyback-openmoji", "prior-openmoji"} <= runs
    assert not runs & {"gpic-openmoji-c16", "gpic-openmoji-c32"}
    assert all(
        (ROOT / "colorlab" / "pretrained" / f"gpic-openmoji-{width}").is_dir()
        for width in ("c16", "c32")
    )


@pytest.mark.slow
def test_its_metadata_name_the_distribution_and_lead_nowhere_wrong(wheels: Path) -> None:
    with colorlab_wheel(wheels) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        about = email.message_from_string(archive.read(name).decode())
    assert about["Name"] == "colorlab-suite" and about["Requires-Python"] == ">=3.11"
    text = str(about.get_payload())
    assert "# colorlab" in text and not re.findall(r"\]\((?!https?://|#)", text)


def draw(folder: Path) -> None:
    """A drawing.png of one closed line, 48 x 40."""
    picture = Image.new("L", (48, 40), 255)
    ImageDraw.Draw(picture).ellipse((8, 8, 38, 32), outline=0, width=2)
    picture.save(folder / "drawing.png")


@pytest.mark.slow
def test_it_colours_a_picture_in_another_folder(site: Path, tmp_path: Path) -> None:
    draw(tmp_path)
    where = python("-c", "import colorlab; print(colorlab.__file__)", cwd=tmp_path, site=site)
    assert Path(where.strip()).is_relative_to(site)
    words = ["run=pretrained/gpic-openmoji-c8", "input=drawing.png", "n=2", "steps=2", "out=here"]
    python("-m", "colorlab.sample", *words, cwd=tmp_path, site=site)
    made = [Image.open(path) for path in (tmp_path / "here").rglob("*.png")]
    assert sum(each.size == (48, 40) for each in made) >= 2


CORE_ALONE = """
import importlib.metadata, re, runpy, sys

def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()

def brought(name, found):
    found.add(plain(name))
    try:
        wanted = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # of another platform
        return found
    for one in wanted:
        other = re.match(r"[\\w.-]+", one)[0]
        if "extra ==" not in one and plain(other) not in found:
            brought(other, found)
    return found

core = brought("colorlab-suite", {"mylab-colorlab"})  # which is installed beside it
others = {top for top, makers in importlib.metadata.packages_distributions().items()
          if not core & set(map(plain, makers))}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in others:
            raise ModuleNotFoundError(f"{name} is not installed", name=name)

sys.meta_path.insert(0, Refuse())
expected = "kornia", "lightning", "torchmetrics", "wandb", "matplotlib", "diffusers", "torchvision"
assert {*expected} <= others, others
assert not {"torch", "numpy", "PIL", "hydra", "scipy"} & others
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [[], ["run=pretrained/gpic-openmoji-c8", "steps=2", "guide=flat"]]
)
def test_without_extras_it_colours_a_picture(site: Path, tmp_path: Path, words: list[str]) -> None:
    draw(tmp_path)
    python(
        "-c",
        CORE_ALONE,
        "colorlab.sample",
        "input=drawing.png",
        "n=2",
        "out=here",
        *words,
        cwd=tmp_path,
        site=site,
    )
    assert (
        sum(Image.open(path).size == (48, 40) for path in (tmp_path / "here").rglob("*.png")) >= 2
    )


@pytest.mark.slow
def test_without_extras_training_names_the_extra(site: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-c", CORE_ALONE, "colorlab.train", "method=gpic"]
    done = subprocess.run(
        line,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "colorlab-suite[train]" in done.stderr.splitlines()[-1], (
        done.stderr
    )


@pytest.mark.slow
def test_a_wide_run_is_said_to_be_in_the_sources(site: Path, tmp_path: Path) -> None:
    opened = (
        "import colorlab\ntry: colorlab.open_run('pretrained/gpic-openmoji-c32')\nexcept "
        "Exception as e: print(e)"
    )
    assert "in the sources, not in the wheel" in python("-c", opened, cwd=tmp_path, site=site)


@pytest.mark.slow
def test_an_installed_plug_in_is_there_unasked(site: Path, tmp_path: Path) -> None:
    assert "mylab 0.1.0" in python("-m", "colorlab.doctor", "plugins", cwd=tmp_path, site=site)
    assert "BAD" not in python("-m", "colorlab.check", "method=mylab_tint", cwd=tmp_path, site=site)


def test_every_extra_that_a_message_names_brings_that_package() -> None:
    extras = PROJECT["optional-dependencies"]
    for package, extra in EXTRAS.items():
        brought = [re.split(r"[<>=!\[ ]", each)[0].replace("-", "_") for each in extras[extra]]
        assert any(name in (package, f"hydra_{package}_launcher") for name in brought), package


def test_every_extra_that_is_named_anywhere_is_there() -> None:
    files = [
        path for folder in ("colorlab", "conf", "docs") for path in (ROOT / folder).rglob("*.*")
    ]
    texts = [
        path.read_text()
        for path in [*files, ROOT / "README.md"]
        if path.suffix in (".py", ".yaml", ".md")
    ]
    named = {extra for text in texts for extra in re.findall(r"colorlab-suite\[(\w+)\]", text)}
    assert named and named <= set(PROJECT["optional-dependencies"])
    assert not [
        text for text in texts if re.search(r"pip install '?colorlab(\[|\b(?!-suite))", text)
    ]


def test_the_page_on_an_index_leads_into_the_repository_or_keeps_the_words() -> None:
    text = (
        "![a](docs/a.png)\n\n*Below it,\ntwo lines.*\n\n[b](docs/b.md) [c](https://c.org) [d](#d)\n"
    )
    assert described(text, "") == "b [c](https://c.org) [d](#d)\n"
    there = described(text, "https://x.org/lab/")
    assert (
        "![a](https://x.org/lab/raw/main/docs/a.png)" in there
        and "[b](https://x.org/lab/blob/main/docs/b.md)" in there
    )
