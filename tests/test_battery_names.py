"""Names that users, or strangers' files, may give: a run stays in its place whatever it is
called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from colorlab.cli.config import slug
from colorlab.cli.yaml_files import conf_dir


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("my run", "my-run"),
        ("../../etc/passwd", "etc-passwd"),
        ("/etc", "etc"),
        ("a\nb\0c", "a-b-c"),
        (".hidden", "hidden"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("ä" * 5, "unnamed"),
        ("x" * 300, "x" * 80),
        ("gpic-openmoji-20261121-143300", "gpic-openmoji-20261121-143300"),
    ],
)
def test_a_name_becomes_a_plain_folder(name: str, folder: str) -> None:
    assert slug(name) == folder


@pytest.mark.parametrize("name", ["../../outside", "/tmp/outside", "a/../../outside"])
def test_no_name_leads_out_of_the_folder_of_runs(name: str) -> None:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        hydra = compose("train", [f"name='{name}'"], return_hydra_config=True).hydra
        folders = hydra.run.dir, hydra.sweep.dir
    assert all(
        Path(folder).parent == Path("runs") and ".." not in Path(folder).parts for folder in folders
    )
