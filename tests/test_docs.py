"""The pages that people follow: their commands compose, their links lead somewhere, the notebook
runs."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from colorlab.__main__ import COMMANDS
from colorlab.cli.clauses import check_config
from colorlab.cli.free_text import as_text
from colorlab.cli.yaml_files import choices_of, conf_dir, group_files
from tests.conftest import ROOT

GUIDES = sorted(
    ROOT / "docs" / f"{name}.md"
    for name in (
        "start", "illustrators", "training", "comparing", "plugins", "models", "python", "numbers",
        "methods", "index",
    )
)  # fmt: skip
BLOCK = re.compile(r"^```\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")
NOTEBOOK = ROOT / "examples" / "colorlab.ipynb"
HYDRA = {"train", "sample", "evaluate", "compare"}


def commands() -> list[str]:
    """Each line of a block of a guide that is a command of colorlab's."""
    blocks = "".join("".join(BLOCK.findall(path.read_text(encoding="utf-8"))) for path in GUIDES)
    return sorted({line for line in blocks.splitlines() if line.startswith("python -m colorlab.")})


@pytest.mark.whole
@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_guides_is_one(line: str) -> None:
    words = shlex.split(line, comments=True)[2:]
    name = words[0].removeprefix("colorlab.")
    assert name in COMMANDS
    if name in HYDRA and not any(word.startswith("plugins=") for word in words):
        composes(name, words[1:])


def composes(name: str, words: list[str]) -> None:
    """The words are keys of the command, with values that it takes."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.utils import create_config_search_path
    from hydra.types import RunMode

    words = [
        re.sub(r"^(method\.(?!sampler\b))", r"++\1", word) if name != "train" else word
        for word in as_text(words)
    ]
    loader = ConfigLoaderImpl(create_config_search_path(str(conf_dir())))
    cfg = loader.load_configuration(name, words, RunMode.RUN)
    choices = dict(cfg.hydra.runtime.choices)
    del cfg.hydra
    check_config(cfg, name, choices)


@pytest.mark.parametrize("page", GUIDES, ids=lambda path: path.stem)
def test_the_links_of_the_guides_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    lost = [link for link in links if not (page.parent / link).exists()]
    assert not lost


def test_every_method_is_on_its_page() -> None:
    page = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert not [
        name
        for name in group_files("method")
        if f"`{name}`" not in page and f"method={name}`" not in page
    ]
    assert choices_of(conf_dir() / "train.yaml")["method"] in group_files("method")


def test_docstrings_become_fields_of_the_site() -> None:
    spec = importlib.util.spec_from_file_location("docs_conf", ROOT / "docs" / "conf.py")
    assert spec is not None and spec.loader is not None
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    lines = [
        "What it is: a run.",
        "",
        "n: how many,",
        "    at least 1.",
        "seed, k: numbers.",
        "",
        "-> a picture",
        "noted: so.",
    ]
    conf.as_fields(None, "", "", None, None, lines)
    assert lines[2:5] == [":n: how many,", "    at least 1.", ":seed, k: numbers."]
    assert [lines[0], *lines[6:]] == ["What it is: a run.", "-> a picture", "noted: so."]


def cells() -> list[dict]:
    return [
        cell
        for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]


def test_the_notebook_was_executed_and_shows_pictures() -> None:
    assert [cell["execution_count"] for cell in cells()] == list(range(1, 1 + len(cells())))
    outputs = [output for cell in cells() for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    pictures = [
        output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})
    ]
    sizes = [Image.open(io.BytesIO(base64.b64decode("".join(data)))).size for data in pictures]
    assert sizes == [(600, 150)] * 4 and NOTEBOOK.stat().st_size < 1_000_000


@pytest.mark.slow
def test_the_cells_of_the_notebook_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for cell in cells():
        exec("".join(cell["source"]), names)
    assert (tmp_path / "house.ora").is_file()
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told][-3:-1] == ["validity/share", "diversity/delta_e"]


def test_every_page_is_reached_from_the_index() -> None:
    listed = set((ROOT / "docs" / "index.md").read_text(encoding="utf-8").split())
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"} <= listed
