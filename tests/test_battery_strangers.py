"""A stranger's run: nothing in it runs, leads elsewhere or takes the machine; it is refused in one
line, with the exit code of its kind, and no line commands the terminal."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from colorlab import models
from colorlab.cli.command import run as run_command
from colorlab.cli.config import compose
from colorlab.cli.yaml_files import conf_dir, declared
from colorlab.errors import CheckpointError, ConfigError, DataError
from colorlab.runs import fitting
from colorlab.runs.run import begin, open_run
from colorlab.storage.plain import content, json_of, must_fit, yaml_of
from tests import strangers
from tests.strangers import OPTIMIZER, SAMPLER, bomb, nested, opened, put, without

whole, run = strangers.whole, strangers.run  # fixtures

EDITED: dict[str, Callable[[dict[str, Any]], None]] = {
    "no method": without("method"),
    "no data": without("data"),
    "a method that is a word": put("method", value="gpic"),
    "a method that is a list": put("method", value=[{"_target_": "colorlab.methods.gpic.GPIC"}]),
    "a method without a class": without("method", "_target_"),
    "a class that is a number": put("method", "_target_", value=3),
    "a class that is not there": put("method", "_target_", value="colorlab.methods.gpic.Nothing"),
    "a module that is not there": put(
        "method", "_target_", value="colorlab.methods.nothing.Nothing"
    ),
    "a data set for a method": put("method", "_target_", value="colorlab.data.folder.Folder"),
    "a method for a data set": put("data", "_target_", value="colorlab.methods.gpic.GPIC"),
    "a trainer within a method": put(*SAMPLER, "_target_", value="lightning.pytorch.Trainer"),
    "a logger within a method": put(
        *OPTIMIZER, "_target_", value="lightning.pytorch.loggers.CSVLogger"
    ),
    "what a module imports": put(*OPTIMIZER, "_target_", value="torch.optim.lr_scheduler.Counter"),
    "a sampler that is a number": put(*SAMPLER, value=3),
    "a sampler without a class": without(*SAMPLER, "_target_"),
    "no sampler": without(*SAMPLER),
    "a sampler that a terminal obeys": put(*SAMPLER, "_target_", value="a\x1b[2J"),
    "a factory for a sampler": put(
        *SAMPLER, value={"_target_": "torch.optim.AdamW", "_partial_": True}
    ),
    "a guide for a sampler": put(
        *SAMPLER, value={"_target_": "colorlab.samplers.guides.Flat", "strength": 1.0}
    ),
    "a factory for a method": put("method", "_partial_", value=True),
    "a factory for data": put("data", "_partial_", value=True),
    "data that is a list": put("data", value=[1, 2]),
    "augmentation that is a number": put("data", "augment", value=3),
    "a name that is a list": put("name", value=["a"]),
    "a name that a terminal obeys": put("name", value="\x1b]0;owned\x07"),
    "a long name": put("name", value="a" * 100_000),
    "fewer than one at a time": put("method", "micro_batch", value=-1),
    "none at a time": put("method", "micro_batch", value=0),
    "a width of the whole memory": put("method", "width", value=200_000),
    "a width beyond all numbers": put("method", "width", value=10**40),
    "a width in words": put("method", "width", value="eight"),
    "a width of a half": put("method", "width", value=4.5),
    "a width of null": put("method", "width", value=None),
    "a width that is true": put("method", "width", value=True),
    "a width that is a mapping": put("method", "width", value={"a": 1}),
    "features of the whole memory": put("method", "fourier_features", value=10**12),
    "a scale that is no number": put("method", "fourier_scale", value=float("nan")),
    "a scale beyond all numbers": put("method", "fourier_scale", value=float("inf")),
    "no number of steps": put(*SAMPLER, "steps", value=None),
    "a weight beyond what nets count with": put("method", "fourier_scale", value=1e300),
    "steps for a year": put(*SAMPLER, "steps", value=10**15),
    "a size of the whole memory": put("data", "size", value=10**9),
    "bombs let in": put("data", "pixel_limit", value=10**18),
    "a choice that is none": put("method", "predict", value="everything"),
    "a choice that is a list": put("method", "predict", value=["x_0"]),
    "a condition that is none": put("data", "condition", value="sound"),
    "another class's key": put("method", "surprise", value=1),
    "a reference": put("method", "predict", value="${oc.env:HOME}"),
    "a reference to itself": put("method", "width", value="${method.width}"),
    "a device": put("data", "root", value="/dev/zero"),
    "a list for ever": put("method", "blocks", value=[1] * 10_000),
    "a rate in words": put(*OPTIMIZER, "lr", value="fast"),
    "a seed that is a mapping": put("seed", value={"a": 1}),
    "batches of less than nothing": put("batch_size", value=-3),
}
TEXTS = {
    "nothing": b"",
    "a number": b"3",
    "no YAML": b"method: [",
    "no text": bytes(range(256)),
    "zeros": bytes(4096),
    "another coding": "method: é".encode("utf-16"),
    "twelve levels of aliases": bomb(12).encode(),
    "thirty levels of aliases": bomb(30).encode(),
    "an alias of itself": b"method: &a [*a]",
    "a mapping of itself": b"method: &a {b: *a}",
    "a thousand levels": f"method: {nested('', 1000)}".encode(),
    "a hundred thousand levels": nested("", 100_000).encode(),
    "deep without brackets": "\n".join("  " * k + f"a{k}:" for k in range(200)).encode(),
    "keys that are no words": b"1: 2\nmethod: 3",
    "a key that is a list": b"? [a]\n: 1",
    "dates": b"method: 2026-01-01",
    "bytes": b"method: !!binary aGk=",
    "a set": b"method: !!set {a, b}",
    "an object": b"method: !!python/object/apply:os.system ['true']",
    "a tag that nobody knows": b"method: !thing {}",
    "a number of a million digits": b"method: " + b"9" * 200_000,
    "two documents": b"method: {}\n---\nmethod: {}",
    "more than is read": b"#" * 10_000_000,
    "a merge that is none": b"method: {<<: 3}",
    "a number by sixties": b"seed: 1" + b":59" * 60_000,
    "a fraction by sixties": b"ema: 1" + b":59" * 60_000 + b".5",
    "a number in hexadecimal": b"seed: 0x" + b"f" * 100_000,
    "true or false in other words": b"debug: !!bool perhaps",
    "a time that is none": b"name: !!timestamp soon",
    "a date that is none": b"name: 2001-99-99",
    "a number that is none": b"seed: !!int five",
    "a key that comes twice": b"seed: 1\nseed: 2",
}


@pytest.mark.whole
@pytest.mark.parametrize("what", EDITED)
def test_an_edited_configuration_is_refused_in_a_line(run: Path, what: str) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    EDITED[what](config)
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert "config.yaml" in opened(run)


@pytest.mark.parametrize("what", TEXTS)
def test_a_configuration_that_is_none_is_refused_in_a_line(run: Path, what: str) -> None:
    (run / "config.yaml").write_bytes(TEXTS[what])
    assert "config.yaml" in opened(run)


def test_a_configuration_that_is_a_pipe_a_device_or_a_folder_is_refused_at_once(run: Path) -> None:
    (run / "config.yaml").unlink()
    os.mkfifo(run / "config.yaml")
    with pytest.raises(CheckpointError):
        open_run(run)
    (run / "config.yaml").unlink()
    (run / "config.yaml").mkdir()
    with pytest.raises(CheckpointError):
        open_run(run)


OF_COMMANDS = {"n", "steps", "limit", "devices", "gap", "batch_size", "workers", "sheet", "worst"}


def test_what_takes_memory_or_processes_has_an_upper_limit_on_the_command_line() -> None:
    paths = [
        *conf_dir().glob("*.yaml"),
        conf_dir() / "sampling" / "keys.yaml",
        *(conf_dir() / "trainer").glob("*.yaml"),
    ]
    clauses = {
        key: clause for path in paths for key, _, clause in declared(path) if key in OF_COMMANDS
    }
    assert clauses.keys() == OF_COMMANDS
    assert all(clause.startswith("in [") for clause in clauses.values()), clauses


def test_every_size_that_a_configuration_may_ask_for_has_an_upper_limit() -> None:
    paths = [
        path
        for group in ("method", "guide", "data")
        for path in (conf_dir() / group).rglob("*.yaml")
    ]
    found = 0
    for path in paths:
        for key, default, clause in declared(path):
            if (
                isinstance(default, int)
                and not isinstance(default, bool)
                and not key.endswith("decay")
            ):
                assert clause.startswith("in [") or " | " in clause, f"{path.name}: {key}: {clause}"
                found += 1
    assert found > 100


def test_a_program_is_obeyed_only_from_the_command_line(run: Path) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"]["simplify"] = "net.pt"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    open_run(run).method()  # drawings of the user's own need no simplifying
    for given in (None, "none", "other.pt"):
        with pytest.raises(
            CheckpointError, match=r"simplify=net\.pt is a program.*on the command line"
        ):
            open_run(run, given).pictures()
    with pytest.raises((DataError, CheckpointError)) as past:
        open_run(run, "net.pt").pictures()
    assert "is a program" not in str(past.value)


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError("deep"), MemoryError(), AssertionError("no\nline")]
)
def test_what_nobody_foresaw_is_a_line_with_its_place_and_exit_code_70(
    error: Exception, capsys
) -> None:
    def main(argv: list[str]) -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run_command(main, ["a=b"])
    told = capsys.readouterr().err
    assert ended.value.code == 70 and told.count("\n") == 1
    assert told.startswith(
        f"colorlab: error: unforeseen {type(error).__name__} at test_battery_strangers.py:"
    )
    assert "debug=true shows it all" in told
    with pytest.raises(type(error)):
        run_command(main, ["debug=true"])


UNOPENABLE = ["name='a\x1b[31mb'", "name='\u202eb'", "name='family \U0001f468\u200d\U0001f469'",
              f"name={'a' * 600}", "data.root=/dev/zero"]  # fmt: skip


@pytest.mark.whole
@pytest.mark.parametrize("word", UNOPENABLE)
def test_a_run_that_could_not_be_opened_again_is_not_begun(tmp_path: Path, word: str) -> None:
    words = ["name=r", "data=folder", "data.root=none", "method.width=4", word]
    with pytest.raises(ConfigError, match="could not be opened again: ") as refused:
        begin(tmp_path / "r", compose("train", words))
    assert "\n" not in str(refused.value) and not (tmp_path / "r").exists()


def test_the_name_of_a_folder_does_not_command_the_terminal(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, tmp_path / "runs" / "a\x1b[31m\u202eb")
    models.main(["list"])
    told = capsys.readouterr().out
    assert "a\\x1b[31m\\u202eb" in told and "\x1b" not in told and "\u202e" not in told


def test_a_message_does_not_command_the_terminal(capsys) -> None:
    def main(argv: list[str]) -> None:
        raise DataError("a\x1b[2Jb\x07 is bad")

    with pytest.raises(SystemExit, match="3"):
        run_command(main, [])
    assert capsys.readouterr().err == "colorlab: error: a\\x1b[2Jb\\x07 is bad\n"


def test_what_is_plain_and_within_bounds_is_read_as_it_is(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, True, "x"], "b": {"c": []}}
    assert yaml_of(yaml.safe_dump(value).encode()) == json_of(json.dumps(value).encode()) == value
    assert yaml_of(b"a: &x [1]\nb: *x") == {"a": [1], "b": [1]}
    must_fit(value, {"a": [(int, float, None, bool, str)], "b": {str: [str]}})
    (tmp_path / "f").write_bytes(b"abc")
    assert content(tmp_path / "f", 3) == b"abc"
    with pytest.raises(ValueError, match="more than the 2"):
        content(tmp_path / "f", 2)


def test_a_configuration_that_would_fill_the_memory_is_refused(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each size is allowed, all together are not: it is noticed while the method is built, not when
    it is filled."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["method"] |= {"width": 32}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert "of another width" in opened(run)
    config["method"] |= {"width": 40}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    before = torch.get_rng_state()
    assert "of another width" in opened(run)
    assert torch.equal(torch.get_rng_state(), before)  # no numbers were drawn to be replaced
    config["method"] |= {"width": 256}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert "larger method than the run has weights of" in opened(run)
    monkeypatch.setattr(fitting, "KNOWN", 0)
    assert "larger method than the run has weights of" in opened(run)
