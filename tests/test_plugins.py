"""Methods of other people's: found where they are installed or named, never because a configuration
names them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from colorlab.cli import plugins
from colorlab.cli.config import compose
from colorlab.cli.targets import build, check_targets
from colorlab.errors import CheckpointError, ConfigError
from colorlab.runs.run import begin, open_run
from tests.conftest import ROOT

PLUGIN = ROOT / "examples" / "plugin"
TINT = {"_target_": "mylab.tint.Tint"}


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example can be imported, and is not named yet; what a test names is forgotten after
    it."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    monkeypatch.setenv(plugins.VARIABLE, "")
    for module in [name for name in sys.modules if name.split(".")[0] == "mylab"]:
        del sys.modules[module]


@pytest.mark.parametrize("words", ["plugins=mylab", "plugins=[mylab]"])
def test_a_plug_in_named_on_the_command_line_brings_its_methods(
    words: str, importable: None
) -> None:
    method = build(
        compose("train", [words, "name=t", "method=mylab_tint", "method.width=4"]).method
    )
    assert type(method).__name__ == "Tint"


def test_without_it_its_method_is_unknown_and_its_classes_are_refused(importable: None) -> None:
    with pytest.raises(ConfigError, match="method=mylab_tint is unknown"):
        compose("train", ["name=t", "method=mylab_tint"])
    with pytest.raises(ConfigError, match="not allowed"):
        check_targets(TINT)


def test_its_values_are_held_to_its_clauses(importable: None) -> None:
    with pytest.raises(ConfigError, match=r"method.codes=0 \(method.codes is >= 1\)"):
        compose("train", ["plugins=mylab", "name=t", "method=mylab_tint", "method.codes=0"])


@pytest.mark.parametrize(
    "target", ["mylab.tint.torch.load", "mylab.os.system", "mylabs.tint.Tint", "mylab.tint.Method"]
)
def test_a_plug_in_opens_the_door_for_its_own_classes_alone(target: str, importable: None) -> None:
    plugins.taken(["plugins=mylab"])
    with pytest.raises(ConfigError, match="not allowed"):
        build({"_target_": target})


@pytest.mark.parametrize("name", ["nowhere", "os", "json", "torch", "tests", "../x", "a.b"])
def test_what_is_no_plug_in_is_told_in_a_line(name: str, importable: None) -> None:
    with pytest.raises(ConfigError, match="is no plug-in that can be found here") as caught:
        plugins.taken([f"plugins={name}"])
    assert "\n" not in str(caught.value)


def test_one_that_is_installed_need_not_be_named(
    tmp_path: Path, importable: None, monkeypatch
) -> None:
    about = tmp_path / "mylab_colorlab-0.3.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mylab-colorlab\nVersion: 0.3\n")
    (about / "entry_points.txt").write_text("[colorlab.plugins]\nmylab = mylab\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins._found.cache_clear()
    assert [(plugin.name, plugin.version) for plugin in plugins.active()] == [("mylab", "0.3")]
    plugins._found.cache_clear()


def test_a_run_records_its_plug_in_and_says_so_where_that_is_not(
    tmp_path: Path, importable: None, monkeypatch
) -> None:
    begin(tmp_path / "r", compose("train", ["plugins=mylab", "name=t", "method=mylab_tint"]))
    assert "mylab" in open_run(tmp_path / "r").config["made"]["plugins"]
    monkeypatch.setenv(plugins.VARIABLE, "")
    with pytest.raises(
        CheckpointError,
        match=r"made with the plug-in mylab, which is not here \(.*plugins=\[mylab\]",
    ):
        open_run(tmp_path / "r")
    assert not plugins.active()


def test_runs_without_plug_ins_record_none(tmp_path: Path, importable: None) -> None:
    begin(tmp_path / "r", compose("train", ["plugins=mylab", "name=t"]))
    assert "plugins" not in open_run(tmp_path / "r").config["made"]


@pytest.mark.parametrize("where", ["plugins", "made"])
def test_no_configuration_brings_a_plug_in_in(where: str, tmp_path: Path, importable: None) -> None:
    said = {"method": TINT, where: ["mylab"] if where == "plugins" else {"plugins": {"mylab": "1"}}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(said))
    with pytest.raises(CheckpointError):
        open_run(tmp_path)
    assert not plugins.active() and "mylab" not in sys.modules


@pytest.mark.slow
def test_help_names_its_methods_and_the_check_runs_in_another_folder(tmp_path: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{PLUGIN}",
        plugins.VARIABLE: "mylab",
    }

    def said(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", *words]
        return subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert "mylab_tint" in said("colorlab.train", "--help").stdout
    checked = said("colorlab.check", "method=mylab_tint")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("ok  ") == 13 and not checked.stderr
