"""What processes that train together are told of one another, without starting any training."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from colorlab.training import processes
from colorlab.training.processes import _Watch
from tests.kill_harness import ROOT

pytestmark = pytest.mark.whole

ALONE = """
import os, sys, time
from colorlab.cli.command import run
run(lambda argv: (print(os.getpid(), flush=True), time.sleep(60)), [])
"""


def child(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("code", "told", "exit_code"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL", 1),
        ("import os; os.kill(os.getpid(), 11)", "was killed by SIGSEGV", 1),
        ("raise SystemExit(3)", "ended with code 3 (its error is above)", 3),
    ],
)
def test_the_end_of_one_process_ends_who_waits_for_it(
    monkeypatch, capsys, code: str, told: str, exit_code: int
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(processes, "EXIT_WAIT", 0.3)
    other, failing = child("import time; time.sleep(60)"), child(code)
    _Watch([failing, other]).run()
    assert ended == [exit_code] and other.wait() == -9
    assert capsys.readouterr().err.startswith(
        f"colorlab: error: another process of this training {told}"
    )


def test_training_that_has_noticed_speaks_for_itself(monkeypatch) -> None:
    monkeypatch.setattr(os, "_exit", lambda code: pytest.fail("ended"))
    failing = child("raise SystemExit(3)")
    failing.wait()
    watch = _Watch([failing])
    watch.start()
    watch.children.clear()
    watch.join(5)
    assert not watch.is_alive()
    done = child("")
    done.wait()
    _Watch([done]).run()


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_process_goes_with_the_one_that_started_it(tmp_path: Path, rank: str) -> None:
    start = f"""
import os, subprocess, sys, time
os.environ |= {{"COLORLAB_PARENT": str(os.getpid()), "LOCAL_RANK": "{rank}"}}
subprocess.Popen([sys.executable, "-c", {ALONE!r}])
time.sleep(60)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    first = subprocess.Popen(
        [sys.executable, "-c", start], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert first.stdout
    other = int(first.stdout.readline())
    first.kill()
    first.wait()
    deadline = time.monotonic() + (10 if rank == "1" else 1)
    while (
        lives := Path(f"/proc/{other}/stat").exists() and "Z" not in state(other)
    ) and time.monotonic() < deadline:
        time.sleep(0.05)
    if rank == "0":
        os.kill(other, 9)
    assert lives == (rank == "0")


def state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2]
    except OSError:
        return "Z"


def test_a_process_that_comes_too_late_ends_at_once() -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "COLORLAB_PARENT": "1999999999",
        "LOCAL_RANK": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", ALONE], env=environment, capture_output=True, timeout=30
    )
    assert done.returncode == 1 and not done.stdout
