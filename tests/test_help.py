"""--help tells what every key means, and Tab completes what the yaml files know."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from colorlab.cli.help import page
from colorlab.cli.yaml_files import choices_of, conf_dir, documented, group_files
from colorlab.completion import SCRIPTS, found
from colorlab.errors import ConfigError
from tests.conftest import ROOT

COMMANDS = ("train", "sample", "evaluate", "compare")


@pytest.mark.whole
@pytest.mark.parametrize("command", COMMANDS)
def test_every_key_of_a_command_is_told_of_with_its_words(command: str) -> None:
    told = " ".join(page(command, []).split())
    keys = [
        (key, comment)
        for key, comment in documented(conf_dir() / f"{command}.yaml")
        if "hydra" not in key
    ]
    assert len(keys) > 5
    for key, comment in keys:
        assert f" {key}=" in told and comment in told, key


def test_a_choice_shows_its_own_keys_with_the_values_given() -> None:
    told = page("train", ["method=cic", "method.width=7"])
    assert (
        "method: cic" in told
        and "  method.width=7 " in told
        and "method.learning.predict" not in told
    )
    assert (
        "ab"
        not in page("train", ["method=gpic"]).split("keys\n")[0].split("method=gpic")[0].split()
    )


@pytest.mark.whole
@pytest.mark.parametrize(
    ("command", "groups"), [("compare", {"logger"}), ("sample", {"guide", "method/sampler"})]
)
def test_only_groups_of_the_command_are_listed(command: str, groups: set[str]) -> None:
    listed = page(command, []).partition("groups\n")[2].partition("\n\n")[0]
    assert {line.split("=")[0].strip() for line in listed.splitlines() if line[2] != " "} == groups


def test_every_option_of_every_group_has_words_about_it() -> None:
    for group in choices_of(conf_dir() / "train.yaml"):
        for name, path in group_files(group).items():
            assert path.read_text().startswith("#"), f"{group}/{name}"


def test_help_for_words_that_do_not_compose_is_the_one_line() -> None:
    with pytest.raises(ConfigError, match="method=gipc is unknown"):
        page("train", ["method=gipc"])


def test_help_in_a_narrow_terminal_keeps_within_it(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = [
        line
        for line in page("train", []).partition("keys\n")[2].splitlines()
        if line.startswith("  ")
    ]
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("colorlab tr", ["train"]),
        ("colorlab train method=ci", ["method=cic", "method=cinn"]),
        ("colorlab train trainer=d", ["trainer=ddp", "trainer=deepspeed"]),
        ("colorlab train method=cic method.tem", []),
        ("colorlab train method.learning.dist", ["method.learning.distance="]),
        (
            "colorlab train method.learning.distance=",
            [f"method.learning.distance={name}" for name in ("huber", "l1", "l2")],
        ),
        ("colorlab evaluate lpips=v", ["lpips=vgg"]),
        ("colorlab data p", ["prepare", "prior"]),
        ("colorlab data check data=o", ["data=openmoji"]),
        ("colorlab completion f", ["fish"]),
        ("colorlab nothing x", []),
    ],
)
def test_what_may_come_next(line: str, completed: list[str]) -> None:
    assert found("zsh", line) == completed


def test_runs_are_completed_here_and_shipped(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "config.yaml").write_text(yaml.safe_dump({}))
    monkeypatch.chdir(tmp_path)
    runs = found("fish", "colorlab sample run=")
    assert "run=runs/mine" in runs and "run=pretrained/gpic-openmoji-c8" in runs


def with_command(folder: Path) -> dict[str, str]:
    """An environment in which `colorlab` is this checkout's."""
    (folder / "colorlab").write_text(f"#!/bin/sh\nexec '{sys.executable}' -m colorlab \"$@\"\n")
    (folder / "colorlab").chmod(0o755)
    return os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.whole
@pytest.mark.parametrize(
    ("line", "completed"),
    [("colorlab comp", "compare completion"), ("colorlab train data=pi", "pix2pix")],
)
def test_bash_completes(line: str, completed: str, tmp_path: Path) -> None:
    """As readline calls it: the words broken at `=`, the whole line in COMP_LINE."""
    environment = with_command(tmp_path)
    script = (
        f'{SCRIPTS["bash"]}COMP_LINE="{line}"; COMP_POINT=${{#COMP_LINE}}; '
        '_colorlab; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == completed, done.stderr


INTERACTIVE = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


@pytest.mark.slow
@pytest.mark.parametrize("shell", [shell for shell in INTERACTIVE if shutil.which(shell)])
@pytest.mark.parametrize(
    ("typed", "shown"),
    [("colorlab doc", "colorlab doctor "), ("colorlab train method=basi", "method=basis ")],
)
def test_a_tab_completes_in_a_terminal(shell: str, typed: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(SCRIPTS[shell])
    environment = with_command(tmp_path) | {"TERM": "dumb", "PS1": "> "}
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(shell, INTERACTIVE[shell], environment)
    try:
        os.write(terminal, f"source {tmp_path}/script; echo rea''dy\n".encode())
        heard(terminal, "ready\r\n")
        os.write(terminal, f"{typed}\t".encode())
        assert shown in heard(terminal, shown)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)


def heard(terminal: int, awaited: str, seconds: float = 60) -> str:
    """What a terminal shows until what is awaited has come, or the time is over."""
    said, end = b"", time.monotonic() + seconds
    while awaited.encode() not in said and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 4096)
    return said.decode(errors="replace")


@pytest.mark.whole
@pytest.mark.parametrize("shell", [shell for shell in SCRIPTS if shutil.which(shell)])
def test_the_script_is_of_its_shells_grammar(shell: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(SCRIPTS[shell])
    done = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
