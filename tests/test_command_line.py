"""What a user sees: help at once, one line for a mistake, the right exit code, never a
traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from colorlab.__main__ import COMMANDS
from colorlab.cli.yaml_files import conf_dir
from tests.conftest import ROOT


@pytest.mark.whole
def test_help_needs_no_torch(command) -> None:
    done = command("train", "--help")
    assert done.returncode == 0
    assert "python -m colorlab.train method=gpic" in done.stdout
    doors = "colorlab.train, colorlab.sample, colorlab.evaluate, colorlab.compare"
    probe = f"import sys, {doors}; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "False"


EARLY = {
    "train method=cvae": "data.condition=lines, but method=cvae needs another (set "
    "data.condition=gray)",
    "train method=pix2pix method.space=ab": "method.space=ab needs another (set "
    "data.condition=gray)",
    "train trainer=gpu": "trainer.accelerator=gpu, but there is no GPU here (set trainer=cpu)",
    "train trainer=fsdp": "(set ema=0)",
    "train data=folder": "data.root is not set (give it on the command line: data.root=...; "
    "folder of pictures)",
    "train -m seed=0,1 --cfg job": "leave -m out",
    "sample run=a input=x.png device=cuda": "device=cuda, but there is no GPU here that torch can "
    "use",
    "sample run=a input=x.png guide=[inpaint]": "give hints=",
    "evaluate run=a device=cuda": "device=cuda, but there is no GPU here that torch can use",
    "evaluate run=a guide=[inpaint]": "give hints=",
    "data prior data=lfw out=x": "data.root is not set",
}
RUN_ALL = """
import importlib, sys
for words in sys.argv[1:]:
    command, *words = words.split()
    sys.argv[1:] = words
    module = importlib.import_module(f"colorlab.{command}" + ".__main__" * (command == "data"))
    try:
        if command == "data":
            importlib.import_module("colorlab.cli.command").run(module.main, words)
        else:
            module.main()
    except SystemExit as ended:
        print(ended.code, "torch" in sys.modules)
"""


@pytest.mark.whole
def test_what_does_not_go_together_is_told_in_a_line_without_torch_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    line = [sys.executable, "-c", RUN_ALL, *EARLY]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["2 False"] * len(EARLY), done.stderr
    for said, expected in zip(done.stderr.splitlines(), EARLY.values(), strict=True):
        assert said.startswith("colorlab: error: ") and expected in said
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.whole
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["train", "method=gipc"], 2, "gpic"),
        (["train", "method.widht=8"], 2, "method.width"),
        (["train", "method.width=wide"], 2, "whole number"),
        (["sample", "run=runs/none", "input=x.png"], 4, "there is no run in runs/none"),
        (["sample", "input=x.png"], 3, "x.png cannot be read"),
        (["evaluate"], 2, "run is not set"),
        (["sample", "run=a"], 2, "input="),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    command, words: list[str], code: int, said: str
) -> None:
    done = command(*words)
    assert done.returncode == code
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("colorlab: error: ") and said in lines[0]


def test_the_list_of_commands(command) -> None:
    done = command("__main__")
    assert done.returncode == 0
    backed = [path.stem.removesuffix("_command") for path in conf_dir().glob("*.yaml")]
    assert len(backed) > 4
    assert all(
        f"  {name} " in done.stdout for name in [*backed, "check", "weights", "bench", "doctor"]
    )
    assert all(f"python -m colorlab.{name}" in done.stdout for name in COMMANDS)


def test_an_error_out_of_a_loader_process_is_one_line_too() -> None:
    from colorlab.cli.command import one_line
    from colorlab.errors import DataError

    wrapped = DataError("Caught DataError in DataLoader worker process 0.\nOriginal Traceback:\n  "
                        "...\n"
                        "colorlab.errors.DataError: a.png is damaged (fetch it again)")  # fmt: skip
    assert one_line(wrapped) == "a.png is damaged (fetch it again)"


@pytest.mark.whole
@pytest.mark.parametrize("words", ["train --help", "train --cfg job", "data"])
def test_output_that_nobody_reads_to_its_end_is_no_error(words: str, tmp_path: Path) -> None:
    """`head -1` ends after a line, before or after the command has written the others."""
    line = f"'{sys.executable}' -m colorlab.{words} | head -1; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.count("\n") == 1 and done.stderr == "" and done.returncode in (0, 141)


SPEAKS = """
from colorlab.cli.command import run
from colorlab.errors import DataError
def main(words):
    print("a result")
    if words:
        raise DataError("a.png is damaged (fetch it again)")
run(main, {words})
"""


@pytest.mark.whole
@pytest.mark.parametrize(
    "where", [">&-", "2>&-", ">&- 2>&-", "<&-", "> /dev/full", "2> /dev/full", "2>&1 > /dev/full"]
)
@pytest.mark.parametrize(("words", "code"), [([], 0), (["check"], 3)])
def test_output_that_goes_nowhere_changes_nothing_but_the_code_of_a_full_disk(
    where: str, words: list[str], code: int, tmp_path: Path
) -> None:
    (tmp_path / "command.py").write_text(SPEAKS.format(words=words))
    # a full disk is found at the end
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    line = ["sh", "-c", f"exec '{sys.executable}' command.py {where}"]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True)
    full = "> /dev/full" in where and not where.startswith("2> ") and code == 0
    assert done.returncode == (74 if full else code), done.stderr
    assert (
        "Traceback" not in done.stderr
        and "ignored" not in done.stderr
        and done.stderr.count("\n") <= 1
    )


def test_a_broken_connection_is_not_taken_for_that(capsys: pytest.CaptureFixture[str]) -> None:
    from colorlab.cli.command import run

    def fail(argv: list[str]) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(SystemExit, match="74"):
        run(fail, [])
    assert "colorlab: error: the disk: Broken pipe" in capsys.readouterr().err
