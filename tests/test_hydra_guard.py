"""Strangers' folders of configurations decide nothing about what Hydra itself builds and runs."""

from __future__ import annotations

import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import version
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.types import RunMode

from colorlab.cli import hydra_guard
from colorlab.cli.hydra_guard import GuardedLoader
from colorlab.cli.yaml_files import conf_dir
from colorlab.errors import ConfigError
from tests.test_checkpoint import Payload

TOUCH = {"_target_": "pathlib.Path.touch"}


def stranger(folder: Path, hydra: dict[str, Any], name: str = "experiment/e.yaml") -> Path:
    """A folder of configurations that says something of Hydra."""
    path = folder / "conf" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# @package _global_\n" + yaml.safe_dump({"hydra": hydra}))
    return folder / "conf"


def loaded(folder: Path | None, *words: str) -> Any:
    """The configuration of training with a folder beside colorlab's own."""
    version.setbase("1.3")
    path = create_config_search_path(str(conf_dir()))
    if folder:
        path.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="schema"))
    return GuardedLoader(path, "train").load_configuration("train", ["name=t", *words], RunMode.RUN)


SAYS = {
    "a callback": {"callbacks": {"a": TOUCH}},
    "the sweep's own callback": {
        "callbacks": {"a": {"_target_": "hydra_plugins.colorlab_launcher.result.KeepResult"}}
    },
    "a launcher": {"launcher": TOUCH},
    "another launcher": {
        "launcher": {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}
    },
    "a sweeper": {"sweeper": TOUCH},
    "a part of a sweeper": {"sweeper": {"params": {"x": [TOUCH]}}},
    "a command before each job": {"launcher": {"prefix": ["touch", "ran"]}},
    "a logger": {
        "job_logging": {
            "root": {"handlers": ["h"]},
            "handlers": {"h": {"()": "pathlib.Path.touch"}},
        }
    },
    "a log in another place": {
        "hydra_logging": {"root": None, "handlers": {"h": {"filename": "/home/.bashrc"}}}
    },
    "the environment": {"job": {"env_set": {"LD_PRELOAD": "evil.so"}}},
    "where a run goes": {"run": {"dir": "/home"}},
    "where a sweep goes": {"sweep": {"dir": "/home"}},
    "where a job goes": {"sweep": {"subdir": "../.."}},
    "where configurations are written": {"output_subdir": ".ssh"},
    "that it is a sweep": {"mode": "MULTIRUN"},
    "where a job works": {"job": {"chdir": True}},
    "what a log is called": {"job": {"name": "x"}, "verbose": True},
    "what of it is shown": {"job": {"env_copy": ["HOME"]}},
}


@pytest.mark.whole
@pytest.mark.parametrize("what", SAYS)
def test_a_folder_of_configurations_may_not_say(tmp_path: Path, what: str) -> None:
    folder = stranger(tmp_path, SAYS[what])
    with pytest.raises(ConfigError, match=r"hydra\.\w+.* not allowed \(") as refused:
        loaded(folder, "experiment=e")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["hydra/launcher/e.yaml", "hydra/callbacks/e.yaml", "hydra/sweeper/e.yaml"]
)
def test_a_part_of_hydra_by_a_stranger_is_refused(tmp_path: Path, name: str) -> None:
    path = stranger(tmp_path, {}, name) / name
    path.write_text(yaml.safe_dump({"a": TOUCH} if "callbacks" in name else TOUCH))
    with pytest.raises(ConfigError, match="not allowed"):
        loaded(tmp_path / "conf", f"{name[:-7]}=e")


@pytest.mark.whole
def test_a_job_of_a_sweep_is_checked_too(tmp_path: Path) -> None:
    """The configuration for all jobs together does not know what is swept over."""
    folder = stranger(tmp_path, SAYS["the environment"])
    path = create_config_search_path(str(conf_dir()))
    path.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="schema"))
    loader = GuardedLoader(path, "train")
    whole = loader.load_configuration("train", ["name=t"], RunMode.MULTIRUN)
    with pytest.raises(ConfigError, match=r"hydra\.job\.env_set"):
        loader.load_sweep_config(whole, ["experiment=e"])


@pytest.mark.whole
def test_a_folder_named_by_a_key_is_checked_too(tmp_path: Path) -> None:
    folder = stranger(tmp_path, SAYS["a command before each job"])
    with pytest.raises(ConfigError, match=r"hydra\.launcher"):
        loaded(None, f"hydra.searchpath=[file://{folder}]", "experiment=e")


@pytest.mark.parametrize(
    "word", ["+hydra.callbacks.a._target_=os.getcwd", "++hydra.sweeper._target_=builtins.print"]
)
def test_targets_on_the_command_line_have_an_allow_list_too(word: str) -> None:
    with pytest.raises(ConfigError, match=r"_target_=\S+ is not allowed"):
        loaded(None, word)


@pytest.mark.whole
def test_all_else_a_folder_may_say_and_the_command_line_says_the_rest(tmp_path: Path) -> None:
    folder = stranger(tmp_path, {})
    (folder / "experiment" / "f.yaml").write_text("# @package _global_\nseed: 7\n")
    words = ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=9",
             "hydra/sweeper=optuna", "hydra/job_logging=stdout", "+hydra.job.env_set.A=b",
             "hydra.run.dir=elsewhere"]  # fmt: skip
    cfg = loaded(folder, "experiment=e", *words)
    assert cfg.hydra.run.dir == "elsewhere" and cfg.hydra.launcher.timeout_min == 9
    assert loaded(folder, "experiment=f").seed == 7


Command = Callable[..., subprocess.CompletedProcess[str]]


def refused(done: subprocess.CompletedProcess[str]) -> bool:
    return (
        done.returncode == 2
        and done.stderr.startswith("colorlab: error: ")
        and done.stderr.count("\n") == 1
    )


@pytest.mark.whole
def test_nothing_is_built_before_the_refusal(command: Command, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    folder = stranger(tmp_path, {"callbacks": {"a": TOUCH | {"self": str(marker)}}})
    assert (
        refused(command("train", f"--config-dir={folder}", "experiment=e")) and not marker.exists()
    )
    text = (conf_dir() / "compare.yaml").read_text().split("\nhydra:")[0]
    hydra = {"mode": "MULTIRUN", "launcher": {"_target_": TOUCH["_target_"], "self": str(marker)}}
    (folder / "compare.yaml").write_text(f"{text}\n{yaml.safe_dump({'hydra': hydra})}")
    done = command("compare", f"--config-path={folder}", "runs=[a]")
    assert refused(done) and not marker.exists(), done.stderr


@pytest.mark.whole
def test_a_pickle_to_run_again_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "config.pickle").write_bytes(pickle.dumps(Payload(tmp_path / "ran")))
    assert (
        refused(command("train", "--experimental-rerun=config.pickle"))
        and not (tmp_path / "ran").exists()
    )


@pytest.mark.parametrize(("words", "times"), [([], 0), (["hydra.mode=RUN"], 1)])
def test_what_is_composed_to_see_the_mode_is_composed_where_somebody_may_have_said_it(
    words, times, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        hydra_guard, "COMPOSED_MODE", lambda *given: asked.append(given) or RunMode.RUN
    )
    assert hydra_guard.said_mode(None, "train", words) == (RunMode.RUN if times else None)
    assert len(asked) == times


def test_no_yaml_file_of_colorlab_sets_the_mode() -> None:
    files = [*conf_dir().rglob("*.yaml")]
    assert len(files) > 50
    said = [(yaml.safe_load(path.read_text()) or {}).get("hydra") or {} for path in files]
    assert any(said) and not any("mode" in each for each in said)
