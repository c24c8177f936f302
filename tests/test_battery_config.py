"""Mistakes in any key of any command: told before anything is built, by the key and what it may
be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hydra
import pytest
import torch
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from colorlab.cli.clauses import _check_declared, check_config, has_value
from colorlab.cli.command import hydra_command
from colorlab.cli.config import compose
from colorlab.cli.messages import explained
from colorlab.cli.yaml_files import conf_dir, declared, top_keys
from colorlab.errors import ColorlabError, ConfigError, DataError
from colorlab.train import check_compatible, last_value
from colorlab.training.fit import _method_and_pictures
from tests.kill_harness import train, words_for

FILES = sorted(conf_dir().rglob("*.yaml"))


def outside(clause: str) -> Any:
    """A value that a clause forbids, None for a comment that is no clause."""
    if re.fullmatch(r"[\w.+-]+( \| [\w.+-]+)+", clause):
        return "nonsense"
    if bound := re.fullmatch(r"(>=?) (-?[\d.e-]+)", clause):
        return float(bound[2]) - (bound[1] == ">=")
    if interval := re.fullmatch(r"in [\[(](-?[\d.e-]+), (-?[\d.e-]+)([\])])", clause):
        return float(interval[2]) + (interval[3] == "]")
    return None


def said_of(path: Path, key: str, value: Any) -> str:
    """What is said of a value of a key of a yaml file."""
    cfg = OmegaConf.create({})
    OmegaConf.update(cfg, key, value)
    with pytest.raises(ConfigError) as caught:
        _check_declared(cfg, path, "")
    return str(caught.value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(conf_dir())))
def test_every_key_refuses_what_its_clause_forbids_and_words_for_numbers(path: Path) -> None:
    for key, default, clause in declared(path):
        if (bad := outside(clause)) is not None:
            assert key in said_of(
                path, key, int(bad) if isinstance(default, int) and bad != "nonsense" else bad
            )
        if isinstance(default, bool | int | float):
            assert f"{key}=wide ({key} is " in said_of(path, key, "wide")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(conf_dir())))
def test_no_key_takes_a_number_beyond_all_or_null_in_place_of_a_value(path: Path) -> None:
    for key, default, clause in declared(path):
        if isinstance(default, int | float) and not isinstance(default, bool):
            assert key in said_of(path, key, 10**400)
        if has_value(default, clause):
            assert f"{key}=null ({key} has a value" in said_of(path, key, None)


COMMANDS = {
    "train": ["name=t"],
    "sample": ["run=a"],
    "evaluate": ["run=a"],
    "compare": ["runs=a"],
    "data_command": [],
}


@pytest.mark.whole
@pytest.mark.parametrize("command", COMMANDS)
def test_a_key_that_is_taken_away_is_told(command: str) -> None:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        whole = hydra.compose(command, COMMANDS[command], return_hydra_config=True)
    choices = dict(whole.hydra.runtime.choices)
    own = [key for key in whole if key in top_keys(conf_dir() / f"{command}.yaml") - {"hydra"}]
    assert own
    for key in own:
        rest = OmegaConf.masked_copy(
            whole, [other for other in whole if other not in (key, "hydra")]
        )
        with pytest.raises(ConfigError, match=rf"^{key} was taken away"):
            check_config(rest, command, choices)


PARTS = ["+callbacks.x=1", "+callbacks.x.y=1", "~method/optimizer", "method.optimizer=5",
         "method.sampler=null", "data.augment=5", "data.augment=null"]  # fmt: skip


@pytest.mark.parametrize("word", PARTS)
def test_a_part_that_is_of_no_class_is_told(word: str) -> None:
    with pytest.raises(ConfigError, match=r" is no \w+ \(choose with ") as told:
        compose("train", ["name=t", word])
    assert word.strip("+~").partition("=")[0].replace("/", ".").split(".")[1] in str(told.value)


MISTAKEN = [
    "--config-dir=nowhere",
    "--config-dir=setup.cfg",
    f"seed={'1' * 5000}",
    "--shell-completion",
]


@pytest.mark.parametrize("word", MISTAKEN)
def test_what_composing_stumbles_over_is_a_mistake_in_a_line(
    word: str, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("sys.argv", ["sample", "run=a", "input=x.png", word])
    with pytest.raises(SystemExit, match="2"):
        hydra_command(print, "sample")
    told = capsys.readouterr().err
    assert told.startswith("colorlab: error: ") and told.count("\n") == 1 and len(told) > 40


def test_the_clauses_are_many() -> None:
    assert (
        sum(outside(clause) is not None for path in FILES for _, _, clause in declared(path)) > 150
    )


GROUPS = {"train": ["method", "data", "trainer", "logger", "experiment", "method/optimizer",
                    "method/schedule", "method/sampler"], "sample": ["guide", "method/sampler"],
                    "evaluate": ["logger"]}  # fmt: skip


@pytest.mark.parametrize(("command", "group"), [(c, group) for c in GROUPS for group in GROUPS[c]])
def test_every_group_names_its_choices(command: str, group: str) -> None:
    word = f"{group}=[x]" if group == "guide" else f"{group}=x"
    with pytest.raises(ConfigError, match=rf"{group}=x is unknown \(choose from \w+") as caught:
        compose(command, ["name=t" if command == "train" else "run=a", word])
    assert "\n" not in str(caught.value)


TOGETHER = {
    "a method of photographs and drawings": (
        ["method=cic", "data.condition=lines"],
        "set data.condition=gray",
    ),
    "colours beside lightness and drawings": (
        ["method=pix2pix", "method.space=ab"],
        "data.condition=gray",
    ),
    "two optimizers and accumulation": (
        ["method=pix2pix", "trainer.accumulate_grad_batches=2"],
        "larger batch_size",
    ),
    "an average of divided weights": (["trainer=fsdp"], "set ema=0"),
    "a size that is not rendered": (["data.size=33"], "choose from 32"),
    "a part without the run it needs": (
        ["method=divcolor", "method.stages.stage=mdn", "data.condition=gray"],
        "trained VAE",
    ),
    "a set that is nowhere": (["data=folder", "data.root=nowhere"], "nowhere is not a folder"),
}


@pytest.mark.whole
@pytest.mark.parametrize("what", TOGETHER)
def test_what_does_not_go_together_is_told_before_the_first_step(what: str) -> None:
    words, said = TOGETHER[what]
    with pytest.raises(ColorlabError, match=said) as caught:
        cfg = compose("train", ["name=t", *words])
        check_compatible(cfg)
        _method_and_pictures(cfg)
    assert caught.value.exit_code in (ConfigError.exit_code, DataError.exit_code)


@pytest.mark.whole
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="gpu") as caught:
        train(tmp_path, words_for("gpic", "trainer=gpu", "trainer.max_steps=1"))
    told = explained(caught.value, "train", [])
    assert isinstance(told, ConfigError) and "see trainer=, trainer.accelerator" in str(told)


@pytest.mark.whole
@pytest.mark.parametrize(
    "words",
    [
        ["trainer.max_steps=1", "trainer.val_check_interval=99"],
        ["trainer.max_steps=2", "save_every=99", "batch_size=1"],
    ],
)
def test_a_training_shorter_than_its_intervals_ends_well(tmp_path: Path, words: list[str]) -> None:
    train(tmp_path, words_for("gpic", *words))
    assert (tmp_path / "checkpoints" / "weights.safetensors").exists()
    assert last_value(tmp_path / "metrics.jsonl", "val/loss") > 0
