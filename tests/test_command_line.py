"""What a user sees: help at once, one line for a mistake, the right exit code, never a traceback."""

from __future__ import annotations

import pytest


def test_help_needs_no_torch(command) -> None:
    import sys

    done = command("train", "--help")
    assert done.returncode == 0
    assert "python -m colorlab.train method=gpic" in done.stdout
    probe = (
        "import sys, colorlab.train, colorlab.sample, colorlab.config, colorlab.command; print('torch' in sys.modules)"
    )
    import subprocess

    from tests.conftest import ROOT

    answer = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["train", "method=gipc"], 2, "gpic"),
        (["train", "method.widht=8"], 2, "method.width"),
        (["train", "method.width=wide"], 2, "whole number"),
        (["sample", "run=runs/none", "input=x.png"], 4, "there is no run in runs/none"),
        (["sample", "input=x.png"], 2, "run is not set"),
        (["sample", "run=a"], 2, "input="),
        (["sample", "run=pretrained/gpic-openmoji-c8", "split=test", "method.distans=l1"], 2, "nearest: distance"),
        (["evaluate", "run=pretrained/gpic-openmoji-c8", "method.distance=l3"], 2, "choose from l1, l2, huber"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(command, words: list[str], code: int, said: str) -> None:
    done = command(*words)
    assert done.returncode == code
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("colorlab: error: ") and said in lines[0]


def test_the_list_of_commands(command) -> None:
    done = command("__main__")
    assert done.returncode == 0
    assert all(f"colorlab.{name}" in done.stdout for name in ("train", "sample", "data", "doctor"))


def test_an_error_out_of_a_loader_process_is_one_line_too() -> None:
    from colorlab.command import one_line
    from colorlab.errors import DataError

    wrapped = DataError("Caught DataError in DataLoader worker process 0.\nOriginal Traceback:\n  ...\n"
                        "colorlab.errors.DataError: a.png is damaged (fetch it again)")  # fmt: skip
    assert one_line(wrapped) == "a.png is damaged (fetch it again)"
