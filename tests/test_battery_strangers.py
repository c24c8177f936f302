"""A stranger's run, evaluation or folder of configurations: nothing in it runs, leads elsewhere or takes the machine;
each is refused in one line, with the exit code of its kind."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.types import RunMode
from safetensors.torch import load_file, save_file

import colorlab.storage.files
from colorlab import models
from colorlab.cli.command import run as run_command
from colorlab.cli.config import compose
from colorlab.cli.hydra_guard import GuardedLoader, bound_yaml
from colorlab.cli.messages import explained
from colorlab.cli.targets import build
from colorlab.cli.yaml_files import conf_dir, declared
from colorlab.errors import CheckpointError, ColorlabError, ConfigError, DataError
from colorlab.evaluation.folder import read_evaluation, read_sample, sample_file
from colorlab.runs import checkpoint, metrics, sweeps
from colorlab.runs.checkpoint import LAST, WEIGHTS, save_state, save_weights
from colorlab.runs.run import begin, open_run
from colorlab.storage.files import held, read_arrays, write_json
from colorlab.storage.plain import content, json_of, must_fit, yaml_of
from tests.evaluations import evaluated

SECONDS = 20.0  # in which any refusal comes, on a busy machine


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A run folder as training leaves it, of width 4."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    cfg = compose("train", ["name=r", "data=folder", "data.root=none", "method.width=4", "trainer.max_steps=10"])
    begin(folder, cfg)
    save_weights(build(cfg.method), folder / "checkpoints")
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "r"))


def nested(text: str, levels: int) -> str:
    return f"{'[' * levels}{text}{']' * levels}"


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, levels)]
    return "\n".join(lines)


def put(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        for key in keys[:-1]:
            config = config[key]
        config[keys[-1]] = value

    return change


def without(*keys: str) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        for key in keys[:-1]:
            config = config[key]
        del config[keys[-1]]

    return change


OPTIMIZER, SAMPLER = ("method", "optimizer"), ("method", "sampler")
EDITED: dict[str, Callable[[dict[str, Any]], None]] = {
    "no method": without("method"),
    "no data": without("data"),
    "a method that is a word": put("method", value="gpic"),
    "a method that is a list": put("method", value=[{"_target_": "colorlab.methods.gpic.GPIC"}]),
    "a method without a class": without("method", "_target_"),
    "a class that is a number": put("method", "_target_", value=3),
    "a class that is not there": put("method", "_target_", value="colorlab.methods.gpic.Nothing"),
    "a module that is not there": put("method", "_target_", value="colorlab.methods.nothing.Nothing"),
    "a data set for a method": put("method", "_target_", value="colorlab.data.folder.Folder"),
    "a method for a data set": put("data", "_target_", value="colorlab.methods.gpic.GPIC"),
    "a trainer within a method": put(*SAMPLER, "_target_", value="lightning.pytorch.Trainer"),
    "a logger within a method": put(*OPTIMIZER, "_target_", value="lightning.pytorch.loggers.CSVLogger"),
    "what a module imports": put(*OPTIMIZER, "_target_", value="torch.optim.lr_scheduler.Counter"),
    "a sampler that is a number": put(*SAMPLER, value=3),
    "a sampler without a class": without(*SAMPLER, "_target_"),
    "no sampler": without(*SAMPLER),
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


def opened(folder: Path) -> str:
    """What is said of a run that cannot be opened and built."""
    began = time.monotonic()
    with pytest.raises(CheckpointError) as refused:
        open_run(folder).method()
        open_run(folder).pictures()
    assert time.monotonic() - began < SECONDS
    assert "\n" not in str(refused.value) and str(refused.value).isprintable() and len(str(refused.value)) < 600
    return str(refused.value)


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
    clauses = {key: clause for path in paths for key, _, clause in declared(path) if key in OF_COMMANDS}
    assert clauses.keys() == OF_COMMANDS
    assert all(clause.startswith("in [") for clause in clauses.values()), clauses


def test_every_size_that_a_configuration_may_ask_for_has_an_upper_limit() -> None:
    paths = [path for group in ("method", "guide", "data") for path in (conf_dir() / group).rglob("*.yaml")]
    found = 0
    for path in paths:
        for key, default, clause in declared(path):
            if isinstance(default, int) and not isinstance(default, bool) and not key.endswith("decay"):
                assert clause.startswith("in [") or " | " in clause, f"{path.name}: {key}: {clause}"
                found += 1
    assert found > 100


WEIGHTS_EDITED: dict[str, Callable[[dict[str, torch.Tensor]], Any]] = {
    "whole numbers": lambda t: {name: each.int() for name, each in t.items()},
    "double precision": lambda t: {name: each.double() for name, each in t.items()},
    "another half precision": lambda t: {name: each.bfloat16() for name, each in t.items()},
    "one of another shape": lambda t: t | {min(t): t[min(t)][..., None].contiguous()},
    "one less": lambda t: {name: each for name, each in t.items() if name != min(t)},
    "one more": lambda t: t | {"more": torch.zeros(1)},
    "none": lambda t: {},
}


@pytest.mark.parametrize("what", WEIGHTS_EDITED)
@pytest.mark.parametrize("file", [WEIGHTS, LAST])
def test_weights_of_another_kind_are_refused_in_a_line(run: Path, what: str, file: str) -> None:
    path = run / "checkpoints" / WEIGHTS
    tensors = WEIGHTS_EDITED[what](load_file(path))
    path.unlink()
    if file == WEIGHTS:
        save_file(tensors, path)
    else:
        save_state({"format": 1, "step": 3, "state_dict": tensors}, path.parent)
    assert file in opened(run)


STATES: dict[str, Any] = {
    "a list": [1, 2],
    "no tensors": {"state_dict": 3},
    "numbers for tensors": {"state_dict": {"net.head.weight": 3}},
    "keys that are no words": {"state_dict": {3: torch.zeros(1)}},
    "sparse tensors": {"state_dict": {"w": torch.eye(3).to_sparse()}},
}


@pytest.mark.parametrize("what", STATES)
def test_a_state_of_another_shape_is_refused_in_a_line(run: Path, what: str) -> None:
    (run / "checkpoints" / WEIGHTS).unlink()
    torch.save(STATES[what], run / "checkpoints" / LAST)
    assert LAST in opened(run)


def packed(parts: dict[str, bytes], times: int) -> bytes:
    """An archive whose parts are packed, its last one named so many times."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in parts.items():
            archive.writestr(f"archive/{name}", data)
        archive.filelist += archive.filelist[-1:] * (times - 1)
    return file.getvalue()


def lying_over_one_another(times: int) -> bytes:
    """An archive of one large part, that its directory names over and over."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data/0", bytes(4_000_000))
        archive.filelist += archive.filelist[-1:] * (times - 1)
    return file.getvalue()


def repacked(state: dict[str, Any]) -> bytes:
    """What torch.save writes, packed."""
    file = io.BytesIO()
    torch.save(state, file)
    with zipfile.ZipFile(file) as archive:
        return packed({name.partition("/")[2]: archive.read(name) for name in archive.namelist()}, 1)


BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros, packed": lambda: repacked({"step": 1, "format": 1, "state_dict": {"a": torch.zeros(50_000_000)}}),
    "parts that nothing names": lambda: packed({"version": b"3", "data/0": bytes(200_000_000)}, 100),
    "one part, over and over": lambda: lying_over_one_another(60_000),
}


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("what", BOMBS)
def test_a_state_that_takes_all_memory_or_all_day_is_refused_unread(run: Path, what: str, sealed: bool) -> None:
    (run / "checkpoints" / WEIGHTS).unlink()
    bomb = BOMBS[what]()
    seal = checkpoint.SEAL + hashlib.sha256(bomb).digest() if sealed else b""
    (run / "checkpoints" / LAST).write_bytes(bomb + seal)
    assert "its parts are packed, or lie in one another" in opened(run)
    began = time.monotonic()
    with pytest.raises(CheckpointError, match=LAST):
        checkpoint.newest_state(run / "checkpoints")
    assert time.monotonic() - began < SECONDS


def test_tensors_without_numbers_are_refused_by_name(run: Path) -> None:
    learned = load_file(run / "checkpoints" / WEIGHTS)
    (run / "checkpoints" / WEIGHTS).unlink()
    empty = {name: each.to("meta") for name, each in learned.items()}
    save_state({"format": 1, "step": 3, "state_dict": empty}, run / "checkpoints")
    assert "holds no numbers of" in opened(run)


@pytest.mark.parametrize(
    "row",
    ["nonsense", "[]", "3", "{}", '{"step": "a"}', '{"step": 1, "x": NaN}', '{"step": 1, "x": {}}', "[" * 5000,
     '{"step": true}', "\x00"],
)  # fmt: skip
def test_a_row_that_training_does_not_write_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 0, "train/loss": 1.5}}\n{row}\n')
    for act in (lambda: list(metrics.rows(path)), lambda: metrics.cut(path, 5)):
        with pytest.raises(CheckpointError, match="no row of metrics") as refused:
            act()
        assert "\n" not in str(refused.value)
    assert path.read_text().count("\n") == 2


def test_a_row_for_ever_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b"1" * 10_000_000)
    with pytest.raises(CheckpointError, match="more than 65,536 bytes"):
        list(metrics.rows(tmp_path / "metrics.jsonl"))


LINKS = [
    ".lock", "config.yaml", "metrics.jsonl", "samples", "evaluation", "checkpoints", f"checkpoints/{WEIGHTS}",
    "checkpoints/last.ckpt", "samples/sheet.png", "a/b/c", "wandb",
]  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_a_link_that_leads_out_of_a_run_is_refused_by_name(run: Path, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "precious"
    victim.write_text("precious")
    path = run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(victim if path.suffix else tmp_path)
    for act in (lambda: open_run(run).method(), lambda: held(run).__enter__()):
        with pytest.raises(CheckpointError, match=f"{path.name} is a link that leads out of"):
            act()
    assert victim.read_text() == "precious" and sorted(tmp_path.iterdir()) == sorted([tmp_path / "r", victim])


@pytest.mark.parametrize("target", ["../../precious", "/proc/self/cwd/precious", "loop", "gone/../../../precious"])
def test_links_by_any_way_out_are_refused(run: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "precious").write_text("precious")
    (run / "samples").mkdir()
    (run / "samples" / "loop").symlink_to(target)
    with pytest.raises(CheckpointError, match="samples/loop is a link"):
        open_run(run)


def test_a_run_may_lie_behind_a_link_and_hold_links_within(run: Path, tmp_path: Path) -> None:
    (run / "wandb").mkdir()
    (run / "wandb" / "latest").symlink_to("../checkpoints")
    logs = run / "wandb" / "offline-run-20261129_162548-kid19ckg" / "logs"
    logs.mkdir(parents=True)
    (logs / "debug-core.log").symlink_to(tmp_path / "core-debug.log")  # as W&B does, into its cache
    (run / "checkpoints" / "best").symlink_to(run / "checkpoints" / WEIGHTS)
    (tmp_path / "elsewhere").symlink_to(run)
    open_run(tmp_path / "elsewhere").method()
    with held(tmp_path / "elsewhere"):
        assert (run / ".lock").exists()


def test_a_lock_that_is_another_file_is_left_alone(run: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious things, of more than a number")
    os.link(tmp_path / "precious", run / ".lock")
    with pytest.raises(CheckpointError, match="is no lock"), held(run):
        pass
    assert (tmp_path / "precious").read_text().startswith("precious")


def test_a_lock_that_is_a_pipe_does_not_hang(run: Path) -> None:
    os.mkfifo(run / ".lock")
    with pytest.raises(CheckpointError, match="no plain file"), held(run):
        pass


def test_rows_are_not_written_through_a_link(tmp_path: Path) -> None:
    from colorlab.errors import DiskError
    from colorlab.training.callbacks import MetricsFile

    (tmp_path / "precious").write_text("precious")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "metrics.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(DiskError):
        MetricsFile(tmp_path / "r").log_metrics({"a": 1.0}, 0)
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_program_is_obeyed_only_from_the_command_line(run: Path) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"]["simplify"] = "net.pt"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    open_run(run).method()  # drawings of the user's own need no simplifying
    for given in (None, "none", "other.pt"):
        with pytest.raises(CheckpointError, match=r"simplify=net\.pt is a program.*on the command line"):
            open_run(run, given).pictures()
    with pytest.raises((DataError, CheckpointError)) as past:
        open_run(run, "net.pt").pictures()
    assert "is a program" not in str(past.value)


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
    "a program in data": ("train", {"data/e.yaml": f"{DATA}simplify: net.pt\n"}, ["name=t", "data=e"]),
    "a program from everywhere": ("train", {"experiment/e.yaml": "# @package _global_\ndata: {simplify: net.pt}\n"},
                                  ["name=t", "data=folder", "data.root=x", "experiment=e"]),
    "where pictures go": ("sample", {"experiment/e.yaml": "# @package _global_\nout: /etc\n"},
                          ["run=r", "+experiment=e"]),
    "aliases": ("train", {"data/e.yaml": bomb(12)}, ["name=t", "data=e"]),
    "depth": ("train", {"data/e.yaml": f"a: {nested('', 500)}"}, ["name=t", "data=e"]),
    "no YAML": ("train", {"data/e.yaml": "a: ["}, ["name=t", "data=e"]),
}  # fmt: skip
FOREIGN |= {
    what: ("train", {"experiment/e.yaml": f"# @package _global_\n{text}\n"}, ["name=t", "experiment=e"])
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
def test_a_strangers_folder_of_configurations_is_refused_in_a_line(tmp_path: Path, what: str) -> None:
    command, files, words = FOREIGN[what]
    began = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        foreign(tmp_path / "conf", files, command, *words)
    assert str(refused.value) and "\n" not in str(refused.value) and time.monotonic() - began < 2 * SECONDS


@pytest.mark.whole
def test_what_the_command_line_says_a_folder_may_leave_to_it(tmp_path: Path) -> None:
    files = {"data/e.yaml": f"{DATA}simplify: morph\n"}
    cfg = foreign(tmp_path, files, "train", "name=t", "data=e", "data.simplify=net.pt")
    assert cfg.data.simplify == "net.pt"
    assert foreign(tmp_path, files, "train", "name=t", "data=e").data.simplify == "morph"


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("deep"), MemoryError(), AssertionError("no\nline")])
def test_what_nobody_foresaw_is_a_line_with_its_place_and_exit_code_70(error: Exception, capsys) -> None:
    def main(argv: list[str]) -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run_command(main, ["a=b"])
    told = capsys.readouterr().err
    assert ended.value.code == 70 and told.count("\n") == 1
    assert told.startswith(f"colorlab: error: unforeseen {type(error).__name__} at test_battery_strangers.py:")
    assert "debug=true shows it all" in told
    with pytest.raises(type(error)):
        run_command(main, ["debug=true"])


UNOPENABLE = ["name='a\x1b[31mb'", "name='\u202eb'", "name='family \U0001f468\u200d\U0001f469'", f"name={'a' * 600}",
              "data.root=/dev/zero"]  # fmt: skip


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


RECORDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "no protocol": without("protocol"),
    "a protocol that is a list": put("protocol", value=[]),
    "values that are a number": put("values", value=3),
    "a value without a mean": put("values", value={"x": {}}),
    "a mean in words": put("values", value={"x": {"mean": "big", "low": None, "high": None, "n": 1}}),
    "a run's name that is a mapping": put("run", value={}),
    "a run's name that a terminal obeys": put("run", value="\x1b[2J"),
    "drawings that are a word": put("drawings", value="all"),
    "a trivial row without a title": put("trivial", value={"gray": {}}),
    "columns of words": put("per_drawing", value={"x": ["a"]}),
    "curves that are lists": put("curves", value=[]),
    "settings that are none": put("settings", value=None),
}


@pytest.mark.parametrize("what", RECORDS)
def test_an_edited_evaluation_is_refused_in_a_line(tmp_path: Path, what: str) -> None:
    folder = evaluated(tmp_path / "e")
    document = json.loads((folder / "evaluation.json").read_text())
    RECORDS[what](document)
    write_json(folder / "evaluation.json", document)
    with pytest.raises(DataError, match=r"evaluation\.json cannot be read") as refused:
        read_evaluation(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", [b"", b"[]", b"nonsense", b"[" * 100_000, b'{"a": NaN}', b"9" * 100_000, b"\xff"])
def test_an_evaluation_that_is_none_is_refused_in_a_line(tmp_path: Path, text: bytes) -> None:
    folder = evaluated(tmp_path / "e")
    (folder / "evaluation.json").write_bytes(text)
    with pytest.raises(DataError, match=r"evaluation\.json cannot be read"):
        read_evaluation(folder)


def test_an_evaluation_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = evaluated(tmp_path / "e")
    shutil.move(folder / "samples", tmp_path / "precious")
    (folder / "samples").symlink_to(tmp_path / "precious")
    with pytest.raises(CheckpointError, match="samples is a link that leads out of"):
        read_evaluation(folder)


def test_arrays_that_fill_the_memory_are_refused(tmp_path: Path, monkeypatch) -> None:
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,), }"
    path = sample_file(tmp_path, "a")
    path.parent.mkdir(parents=True)
    path.write_bytes(header.ljust(127) + b"\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_sample(tmp_path, "a")
    monkeypatch.setattr(colorlab.storage.files, "LARGEST_RECORD", 1 << 16)
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 20, np.uint8))
    with pytest.raises(DataError, match="unpacks to more"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "entry", [{}, 3, {"hash": 1}, {"number": "a"}, {"swept": []}, {"name": "\x1b"}, {"folder": ".."}]
)
def test_an_edited_sweep_is_refused_in_a_line(tmp_path: Path, entry: Any) -> None:
    job = {"hash": "h", "number": 0, "folder": "0", "swept": {}, "name": "n", "command": [], "state": "done",
           "attempts": 1, "seconds": 1.0, "exit": 0, "value": None, "why": ""}  # fmt: skip
    write_json(tmp_path / sweeps.SWEEP, {"version": 1, "jobs": [job]})
    assert len(sweeps.read(tmp_path).jobs) == 1
    edited = job | entry if isinstance(entry, dict) and entry else entry
    write_json(tmp_path / sweeps.SWEEP, {"version": 1, "jobs": [edited]})
    with pytest.raises(CheckpointError, match=r"sweep\.json cannot be read"):
        sweeps.read(tmp_path)


def test_what_is_plain_and_within_bounds_is_read_as_it_is(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, True, "x"], "b": {"c": []}}
    assert yaml_of(yaml.safe_dump(value).encode()) == json_of(json.dumps(value).encode()) == value
    assert yaml_of(b"a: &x [1]\nb: *x") == {"a": [1], "b": [1]}
    must_fit(value, {"a": [(int, float, None, bool, str)], "b": {str: [str]}})
    (tmp_path / "f").write_bytes(b"abc")
    assert content(tmp_path / "f", 3) == b"abc"
    with pytest.raises(ValueError, match="more than the 2"):
        content(tmp_path / "f", 2)


def test_a_configuration_that_would_fill_the_memory_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size is allowed, all together are not: it is noticed while the method is built, not when it is filled."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["method"] |= {"width": 32}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert "of another width" in opened(run)
    monkeypatch.setattr(checkpoint, "ELSEWHERE", 0)
    assert "larger method than the run has weights of" in opened(run)
