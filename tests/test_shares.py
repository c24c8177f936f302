"""evaluate and sample in several processes: each drawing once, the same bits as in one, ended
together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from colorlab.cli import processes
from colorlab.cli.processes import (
    LOST,
    _carried,
    _error,
    broadcast,
    gathered,
    in_processes,
    is_first,
    own_share,
)
from colorlab.errors import ConfigError, DataError, RankError
from colorlab.metrics.judge import Judge
from tests.kill_harness import ROOT
from tests.test_ddp import by_torchrun, orphans
from tests.test_evaluate import trained_looking
from tests.test_processes import state


@pytest.mark.parametrize("count", [0, 1, 2, 7, 12])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_shares_are_of_everything_once_and_come_back_in_order(
    monkeypatch, count: int, world: int
) -> None:
    shares = []
    for rank in range(world):
        monkeypatch.setattr(processes, "_place", (rank, world))
        shares.append(own_share(range(count)))
    monkeypatch.setattr(processes, "all_gather", lambda mine: shares)
    assert gathered(shares[0]) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_one_process_has_all_and_asks_nobody() -> None:
    assert (
        is_first()
        and own_share("abc") == ["a", "b", "c"]
        and gathered([1, 2]) == [1, 2]
        and broadcast(3) == 3
    )
    assert in_processes(1, sorted, [2, 1]) == [1, 2]


def test_torchruns_processes_are_not_started_again(monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(ConfigError, match="torchrun has started 4 processes"):
        in_processes(2, sorted, [])


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([LOST, -9], "was killed by SIGKILL (the same command again goes on"),
        ([None, -11, -15], "was killed by SIGSEGV"),
        ([LOST, LOST], f"ended with code {LOST}"),
        ([143, 2], "ended with code 2"),
    ],
)
def test_a_process_that_said_nothing_is_told_of(
    tmp_path: Path, codes: list[int | None], said: str
) -> None:
    error = _error(tmp_path, codes)
    assert isinstance(error, RankError) and said in str(error) and error.exit_code == 1


class OddError(DataError):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataError("a is damaged"), 3),
        (RankError("a is damaged", 7), 1),
        (OddError("a is", " damaged"), 1),
    ],
)
def test_what_a_process_has_to_say_is_said_by_the_one_that_started_it(
    tmp_path: Path, error: Any, code: int
) -> None:
    (tmp_path / "error-1").write_bytes(_carried(error))
    told = _error(tmp_path, [LOST, LOST])
    assert str(told) == "a is damaged" and told.exit_code == code  # type: ignore[attr-defined]


@pytest.mark.whole
@pytest.mark.filterwarnings("ignore:The ``compute``")
def test_judges_that_take_one_another_in_have_seen_all() -> None:
    stream = torch.Generator().manual_seed(0)
    samples = torch.rand(4, 3, 3, 32, 32, generator=stream)
    image = torch.rand(4, 1, 32, 32, generator=stream)
    truths = [torch.rand(1 + i, 3, 32, 32, generator=stream) for i in range(4)]
    # the last one sees nothing, the first one all
    judges = [Judge("none", "none", "lines") for _ in range(4)]
    for judge, rows in zip(judges, ([0, 1, 2, 3], [0, 2], [1, 3], []), strict=True):
        if rows:
            judge.update(samples[rows], image[rows], [truths[i] for i in rows], rows)
    expected = judges[0].compute()
    for k in (1, 3):
        judges[k].take_in([judge.seen() for j, judge in enumerate(judges[1:], 1) if j != k])
        assert judges[k].compute() == expected
    np.testing.assert_array_equal(
        judges[1].distances()["delta_e"], judges[0].distances()["delta_e"]
    )


def command(
    folder: Path, name: str, *words: str, how: str = "", rank: int = 1
) -> subprocess.Popen[str]:
    """A command in a folder, one of whose processes may end early, see ``failing_share``."""
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | (
        {"HOW": how, "RANK_THAT_ENDS": str(rank)} if how else {}
    )
    line = [
        sys.executable,
        "-m",
        *(["tests.failing_share", name] if how else [f"colorlab.{name}"]),
        *words,
    ]
    environment = {
        key: value for key, value in os.environ.items() if key not in ("WORLD_SIZE", "RANK")
    } | own
    return subprocess.Popen(
        line, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(started: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = started.communicate(timeout=1500)
    return started.returncode, out, err


def numbers(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "evaluation.json").read_text())
    del document["timing"]
    return document


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "small")


EVALUATE = ["n=3", "limit=5", "steps=2", "features=none", "lpips=none"]


@pytest.fixture(scope="module")
def alone(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evaluation in one process."""
    folder = tmp_path_factory.mktemp("alone")
    assert ended(command(folder, "evaluate", f"run={run}", *EVALUATE, "out=e"))[0] == 0
    return folder / "e"


def same_evaluation(folder: Path, other: Path) -> None:
    assert (
        files(folder / "samples") == files(other / "samples")
        and len(files(folder / "samples")) == 5
    )
    assert numbers(folder) == numbers(other)
    assert (folder / "distances.npz").read_bytes() == (other / "distances.npz").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("devices", [2, 3])
def test_an_evaluation_is_the_same_bits_in_several_processes(
    run: Path, alone: Path, tmp_path: Path, devices: int
) -> None:
    code, out, err = ended(
        command(tmp_path, "evaluate", f"run={run}", *EVALUATE, "out=e", f"devices={devices}")
    )
    assert code == 0 and out.count("drawings have their samples") == 1, err
    same_evaluation(tmp_path / "e", alone)


@pytest.mark.slow
def test_what_a_killed_evaluation_has_made_is_gone_on_with(
    run: Path, alone: Path, tmp_path: Path
) -> None:
    words = [f"run={run}", *EVALUATE, "out=e"]
    code, _, err = ended(command(tmp_path, "evaluate", *words, "devices=2", how="is killed"))
    again = (
        "one of the processes was killed by SIGKILL (the same command again goes on where it was)"
    )
    assert code == 1 and err.splitlines()[-1] == f"colorlab: error: {again}", err
    assert "Traceback" not in err and not orphans(tmp_path)
    there = {path: path.stat().st_mtime_ns for path in (tmp_path / "e/samples").iterdir()}
    assert 0 < len(there) < 5 and all(path.suffix == ".npy" for path in there)
    code, out, err = ended(command(tmp_path, "evaluate", *words, "devices=3"))
    assert code == 0 and f"{len(there)} of 5 drawings have their samples" in out, err
    assert all(path.stat().st_mtime_ns == before for path, before in there.items())
    same_evaluation(tmp_path / "e", alone)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "how", "code", "said"),
    [
        (0, "is killed", 1, "was killed by SIGKILL"),
        (1, "raises", 3, "a.png is damaged (fetch it again)"),
    ],
)
def test_when_one_process_fails_all_end_and_its_error_is_told(
    run: Path, tmp_path: Path, rank: int, how: str, code: int, said: str
) -> None:
    words = [f"run={run}", *EVALUATE, "out=e", "devices=2"]
    failed, _, err = ended(command(tmp_path, "evaluate", *words, how=how, rank=rank))
    told = [line for line in err.splitlines() if line.startswith("colorlab: error: ")]
    assert failed == code and len(told) == 1 and said in told[0] and "Traceback" not in err, err
    assert not orphans(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_when_one_process_falls_silent_all_end(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    monkeypatch.setenv("PATIENCE", "15")
    words = [f"run={run}", *EVALUATE, "out=e", "devices=2"]
    failed, _, err = ended(command(tmp_path, "evaluate", *words, how="stops", rank=rank))
    said = (
        "one of the processes gave no answer for 15 s (the same command again goes on where it was)"
    )
    assert failed == 1 and err.splitlines()[-1] == f"colorlab: error: {said}", err
    assert "Traceback" not in err and not orphans(tmp_path)


@pytest.mark.slow
def test_a_process_that_was_stopped_ends_with_the_one_that_started_it(
    run: Path, tmp_path: Path
) -> None:
    words = [f"run={run}", *EVALUATE, "out=e", "devices=2"]
    started = command(tmp_path, "evaluate", *words, how="stops")
    deadline = time.monotonic() + 600
    while (
        not any(state(int(pid)) == "T" for pid in orphans(tmp_path)) and time.monotonic() < deadline
    ):
        time.sleep(0.2)
    started.kill()
    started.wait(60)
    gone_by = time.monotonic() + 60
    while (left := orphans(tmp_path)) and time.monotonic() < gone_by:
        time.sleep(0.2)
    assert not left


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_processes_end_with_the_one_that_started_them(
    run: Path, tmp_path: Path, end: signal.Signals
) -> None:
    words = [f"run={run}", *EVALUATE, "out=e", "devices=2"]
    started = command(tmp_path, "evaluate", *words, how="sleeps")
    deadline = time.monotonic() + 600
    while len(list(tmp_path.glob("e/samples/*.npy"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(orphans(tmp_path)) >= 3
    started.send_signal(end)
    started.wait(60)
    gone_by = time.monotonic() + 60
    while (left := orphans(tmp_path)) and time.monotonic() < gone_by:
        time.sleep(0.2)
    assert not left and started.returncode == (143 if end == signal.SIGTERM else -9)


@pytest.mark.slow
def test_a_folder_of_pictures_is_coloured_alike_by_one_process_and_by_three(
    run: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for k in range(4):
        drawing = np.full((40, 40 + 8 * k), 255, np.uint8)
        drawing[8:30, [9, 30]] = drawing[[8, 30], 9:31] = 0
        Image.fromarray(drawing).save(tmp_path / f"in/{k}.png")
    said = {}
    for devices in (1, 3):
        words = [
            f"run={run}",
            "input=in",
            "n=2",
            "steps=2",
            f"out=o{devices}",
            f"devices={devices}",
        ]
        said[devices] = ended(command(tmp_path, "sample", *words))
        assert said[devices][0] == 0, said[devices][2]
    assert len(files(tmp_path / "o1")) == 4 * 3 + 1
    made = files(tmp_path / "o3")
    made["sample.json"] = made["sample.json"].replace(b'"o3"', b'"o1"')
    assert made == files(tmp_path / "o1")
    assert sorted(said[3][1].replace("o3/", "o1/").splitlines()) == sorted(said[1][1].splitlines())
    (tmp_path / "in/bad.png").write_bytes(b"no picture")
    words = [f"run={run}", "input=in", "n=2", "steps=2", "out=o1", "devices=2"]
    code, out, err = ended(command(tmp_path, "sample", *words))
    assert code == 3 and not out
    assert "4 of 5 pictures were finished already" in err and err.count("colorlab: error") == 1
    assert (
        err.splitlines()[-1]
        == "colorlab: error: 1 of 5 pictures could not be coloured (the lines above say why)"
    )
    words = [f"run={run}", "split=test", "limit=3", "n=2", "steps=2"]
    for devices in (1, 2):
        assert (
            ended(command(tmp_path, "sample", *words, f"out=s{devices}", f"devices={devices}"))[0]
            == 0
        )
    assert files(tmp_path / "s1") == files(tmp_path / "s2")


@pytest.mark.slow
def test_torchrun_starts_the_processes_of_an_evaluation(
    run: Path, alone: Path, tmp_path: Path
) -> None:
    words = ["colorlab.evaluate", f"run={run}", *EVALUATE, "out=e"]
    done = by_torchrun(tmp_path, words, 1500)
    assert done.returncode == 0 and done.stdout.count("evaluation.json") == 1, done.stderr
    same_evaluation(tmp_path / "e", alone)
