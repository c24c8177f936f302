"""A stranger's folder of configurations: refused in one line, and obeyed only where the command
line leaves something to it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.types import RunMode

from colorlab.cli.hydra_guard import GuardedLoader, bound_yaml
from colorlab.cli.messages import explained
from colorlab.cli.yaml_files import conf_dir
from colorlab.errors import ColorlabError, ConfigError
from tests.strangers import SECONDS, bomb, nested


def foreign(folder: Path, files: dict[str, str], command: str, *words: str) -> Any:
    """A command's configuration with a stranger's folder beside colorlab's own."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    path = create_config_search_path(str(conf_dir()))
    path.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="schema"))
    bound_yaml()
    try:
        return GuardedLoader(path, command).load_configuration(command, list(words), RunMode.RUN)
    except ColorlabError:
        raise
    except Exception as error:
        raise explained(error, command, list(words)) from error


DATA = "_target_: colorlab.data.folder.Folder\nroot: x\n"
FOREIGN = {
    "a program in data": ("train", {"data/e.yaml": f"{DATA}simplify: net.pt\n"},
                          ["name=t", "data=e"]),
    "a program from everywhere": (
        "train", {"experiment/e.yaml": "# @package _global_\ndata: {simplify: net.pt}\n"},
        ["name=t", "data=folder", "data.root=x", "experiment=e"],
    ),
    "where pictures go": ("sample", {"experiment/e.yaml": "# @package _global_\nout: /etc\n"},
                          ["run=r", "+experiment=e"]),
    "aliases": ("train", {"data/e.yaml": bomb(12)}, ["name=t", "data=e"]),
    "depth": ("train", {"data/e.yaml": f"a: {nested('', 500)}"}, ["name=t", "data=e"]),
    "no YAML": ("train", {"data/e.yaml": "a: ["}, ["name=t", "data=e"]),
}  # fmt: skip
FOREIGN |= {
    what: (
        "train",
        {"experiment/e.yaml": f"# @package _global_\n{text}\n"},
        ["name=t", "experiment=e"],
    )
    for what, text in {
        "a number by sixties": f"seed: 1{':59' * 60_000}",
        "a fraction by sixties": f"ema: 1{':59' * 60_000}.5",
        "a number of many digits": f"seed: {'9' * 5000}",
        "true or false in other words": "debug: !!bool perhaps",
        "a time that is none": "name: !!timestamp soon",
        "a number that is none": "seed: !!int five",
        "a set": "seed: !!set {a}",
        "a key that is nothing": "~: 1",
        "half a reference": "name: ${",
    }.items()
}


@pytest.mark.whole
@pytest.mark.parametrize("what", FOREIGN)
def test_a_strangers_folder_of_configurations_is_refused_in_a_line(
    tmp_path: Path, what: str
) -> None:
    command, files, words = FOREIGN[what]
    began = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        foreign(tmp_path / "conf", files, command, *words)
    assert (
        str(refused.value)
        and "\n" not in str(refused.value)
        and time.monotonic() - began < 2 * SECONDS
    )


@pytest.mark.whole
def test_what_the_command_line_says_a_folder_may_leave_to_it(tmp_path: Path) -> None:
    files = {"data/e.yaml": f"{DATA}simplify: morph\n"}
    cfg = foreign(tmp_path, files, "train", "name=t", "data=e", "data.simplify=net.pt")
    assert cfg.data.simplify == "net.pt"
    assert foreign(tmp_path, files, "train", "name=t", "data=e").data.simplify == "morph"
