"""Under load: many pictures, many steps, many jobs, and memory and open files stay as they were."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

import colorlab.sampling.files
from colorlab.cli.config import compose
from colorlab.cli.free_text import as_text
from colorlab.sample import sample
from tests.kill_harness import at_batch, train, words_for
from tests.test_evaluate import trained_looking
from tests.test_launcher import RETURNS, Heard, crew, shell_jobs, states
from tests.test_pictures_in_out import contents, drawing

pytestmark = pytest.mark.whole

PICTURES, STEPS, JOBS = 300, 500, 20
WARM = 0.2  # of the work, after which nothing grows
GROWTH = 24  # MB that allocators may still take, in pieces of a few
FILES = 2  # that may be open at one moment and not at another


class Use(NamedTuple):
    """Of this process: memory in use, MB, and open files."""

    memory: float
    files: int


def now() -> Use:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return Use(int(status["VmRSS"].split()[0]) / 1024, len(os.listdir("/proc/self/fd")))


def assert_flat(uses: list[Use]) -> None:
    """Nothing grows once the work is under way. uses: at equal distances."""
    warm = uses[round(WARM * len(uses)) :]
    print(
        f"\n{len(uses)} times: {warm[0].memory:.0f} -> {warm[-1].memory:.0f} MB, {warm[0].files} "
        f"-> {warm[-1].files}"
    )
    assert max(use.memory for use in warm) - warm[0].memory < GROWTH
    assert max(use.files for use in warm) - warm[0].files <= FILES


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_looking(tmp_path_factory.mktemp("runs") / "r")


@pytest.fixture
def at_each_picture(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], None]:
    """Something happens before each picture is coloured; its number is given, from 0."""
    colored = colorlab.sampling.files.colored

    def plant(act: Callable[[int], None]) -> None:
        numbers = iter(range(10 * PICTURES))

        def acting(*given: object) -> Path:
            act(next(numbers))
            return colored(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(colorlab.sampling.files, "colored", acting)

    return plant


@pytest.mark.slow
def test_many_pictures_take_no_more_memory_than_a_few_and_go_on_after_ctrl_c(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], at_each_picture
) -> None:
    for number in range(PICTURES):
        drawing(tmp_path / f"in/{number}.png", (12 + number % 5, 10))
    words = [f"run={run}", f"input={tmp_path / 'in'}", f"out={tmp_path / 'out'}", "n=2", "steps=1"]
    uses: list[Use] = []

    def note(number: int) -> None:
        uses.append(now())
        if len(uses) == PICTURES // 2 + 1 and number > 0:
            raise KeyboardInterrupt

    at_each_picture(note)
    with pytest.raises(KeyboardInterrupt):
        sample(compose("sample", as_text(words)))
    before = contents(tmp_path / "out")
    assert len(before) == 3 * (PICTURES // 2)
    at_each_picture(note)
    sample(compose("sample", as_text(words)))
    after = contents(tmp_path / "out")
    assert len(after) == 3 * PICTURES and before.items() <= after.items()
    assert (
        f"{PICTURES // 2} of {PICTURES} pictures were finished already" in capsys.readouterr().err
    )
    assert_flat(uses)


@pytest.mark.slow
def test_many_steps_take_no_more_memory_and_files_than_a_few(tmp_path: Path) -> None:
    uses: list[Use] = []
    words = words_for(
        "gpic", f"trainer.max_steps={STEPS}", "save_every=25", "trainer.val_check_interval=100"
    )
    plants = [
        partial(at_batch, position, lambda: uses.append(now()))
        for position in range(0, STEPS, STEPS // 20)
    ]
    train(tmp_path / "r", words, *plants)
    assert len(uses) == 20
    assert_flat(uses)


def test_a_sweep_of_many_jobs_takes_no_more_memory_and_files_than_one_of_a_few(
    tmp_path: Path,
) -> None:
    """Jobs are processes of their own; this is the one that starts and watches them."""
    uses: list[Use] = []
    sweep = shell_jobs(tmp_path, *[RETURNS] * JOBS)
    assert crew(sweep, 2, heard=Heard(lambda job: uses.append(now()))) == 0
    assert states(sweep) == ["done"] * JOBS and len(uses) == 2 * JOBS
    assert_flat(uses)
