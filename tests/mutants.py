"""Break one line of the package at a time and see whether the tests notice:  make mutants

python -m tests.mutants [--count 30] [--seed 0] [--rooms methods metrics samplers]
[--only methods/gpic.py]

A mutant turns a sign, an operator, a comparison, a number or a reduction; not a number that only
says how much work is done at once, nor one that keeps a root or a quotient finite, for which any
other would do. It is *killed* if a quick test of its module fails, or of those that use it, or a
whole one of its own, and *survives* otherwise: a formula or constant that nothing holds. Exit code
1 if more than one in ten survive. The package is copied first, and the checkout never touched;
torch and pytest are imported once, and each mutant is tried in a fork of this process."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

from tests.mutations import Mutant, mutants_of

ROOT = Path(__file__).parent.parent
TOLERATED = 0.1  # share of the mutants that may survive
PATIENCE = 600  # seconds for the tests of one mutant; what is slower is counted apart
SLOW = "too slow"
QUICK, WHOLE = "not slow and not whole", "whole and not slow"
NO_TESTS = 5  # pytest's exit code where none is selected


def tests_of(module: str) -> list[str]:
    """The test files that would notice a change to a module, its own first: those named after it,
    those that import it, those that take from these, and those of the modules that import it."""
    own = own_tests(module)
    theirs = [test for user in users_of(module) for test in own_tests(user)]
    return list(dict.fromkeys(own + theirs))


def own_tests(module: str) -> list[str]:
    """The test files named after a module, then those that import it, themselves or by another of
    the tests' modules, then those that compose it by its name."""
    stem = module.rsplit(".", 1)[-1]
    texts = texts_of_tests()

    def takers(makers: list[Path]) -> list[Path]:
        names = [re.compile(rf"tests\.{path.stem}\b") for path in makers]
        taking = [path for path in texts if any(name.search(texts[path]) for name in names)]
        return [path for path in [*makers, *taking] if path.stem.startswith("test_")]

    named = [
        path
        for path in texts
        if path.stem in (f"test_{stem}", f"test_metrics_{stem}", f"test_samplers_{stem}")
    ]
    importing = [path for path in texts if re.search(rf"{re.escape(module)}\b", texts[path])]
    composing = re.compile(rf'(method=|sampler=|"){stem}\b')
    found = takers(named + importing) + takers([p for p in texts if composing.search(texts[p])])
    return [str(path.relative_to(ROOT)) for path in dict.fromkeys(found)]


@cache
def texts_of_tests() -> dict[Path, str]:
    """All modules of the tests, read once."""
    return {
        path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("*.py"))
    }


def users_of(module: str) -> list[str]:
    """The modules of its own room that import a module."""
    room = ROOT.joinpath(*module.split(".")[:-1])
    users = [
        path
        for path in sorted(room.glob("*.py"))
        if f"from {module} import" in path.read_text(encoding="utf-8")
    ]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in users]


def copied(folder: Path) -> None:
    """The checkout in another folder: what may change meanwhile is copied, what is large and only
    read is linked."""
    for name in ("colorlab", "tests", "hydra_plugins", "conf"):
        ignore = shutil.ignore_patterns("__pycache__", "pretrained", "art")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for path in (*ROOT.glob("colorlab/pretrained"), *ROOT.glob("colorlab/*/art")):
        (folder / path.relative_to(ROOT)).symlink_to(path)
    for name in ("experiments", "docs", "results", "examples", "pyproject.toml", "README.md"):
        (folder / name).symlink_to(ROOT / name)


def killer_of(folder: Path, mutant: Mutant) -> str | None:
    """The first test that fails on the changed file, which is as it was afterwards; None if all
    pass: the quick ones that would notice, then whole trainings of the module itself. Ends the run
    where that test fails on the unchanged file too: nothing can be told by it."""
    module = ".".join(mutant.path.with_suffix("").parts)
    tried = ((tests_of(module), QUICK), (own_tests(module), WHOLE))
    target = folder / mutant.path
    source = target.read_bytes()
    target.write_bytes(source[: mutant.start] + mutant.new.encode() + source[mutant.stop :])
    try:
        failures = (first_failure(folder, tests, marked) for tests, marked in tried if tests)
        failed = next((found for found in failures if found), None)
    finally:
        target.write_bytes(source)
    if failed and failed != SLOW and first_failure(folder, [failed], "not slow"):
        sys.exit(f"{failed} fails where nothing is changed (run make test first)")
    return failed


def first_failure(folder: Path, tests: list[str], marked: str) -> str | None:
    """The first test that fails, tried in a process of its own; SLOW if they take too long, None if
    all pass."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    run = context.Process(target=run_tests, args=(folder, tests, marked, theirs))
    run.start()
    theirs.close()
    run.join(PATIENCE)
    if run.exitcode is None:
        os.killpg(run.pid, signal.SIGKILL)  # type: ignore[arg-type]
        run.join()
        return SLOW
    if run.exitcode in (0, NO_TESTS):
        return None
    with suppress(EOFError):  # of a process that died
        return ours.recv() if ours.poll() else tests[0]
    return tests[0]


def run_tests(folder: Path, tests: list[str], marked: str, told: Connection) -> None:
    """Exit as pytest does on the package in this folder, and tell the test that failed. For a
    process of its own, which it makes a new group."""
    import pytest

    class Tell:
        def pytest_runtest_logreport(
            self, report: pytest.TestReport | pytest.CollectReport
        ) -> None:
            if report.failed:
                told.send(report.nodeid)

        pytest_collectreport = pytest_runtest_logreport

    os.setsid()
    for name in [
        name for name in sys.modules if name.split(".")[0] in ("colorlab", "tests", "hydra_plugins")
    ]:
        del sys.modules[name]
    os.chdir(folder)
    sys.path[:0] = [str(folder)]
    os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1), os.dup2(quiet, 2)
    words = ["-x", "-q", "-m", marked, "-p", "no:cacheprovider", *tests]
    sys.exit(int(pytest.main(words, plugins=[Tell()])))


def import_once() -> None:
    """What nearly every test imports, so that a fork need not."""
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in (
        "torch",
        "torchvision",
        "hydra",
        "lightning.pytorch",
        "scipy.stats",
        "skimage",
        "pytest",
    ):
        importlib.import_module(name)


def chosen_mutants(rooms: list[str], only: str | None, count: int, seed: int) -> list[Mutant]:
    """So many of all, drawn at random: as many of one file as of another, as far as it goes."""
    paths = (
        [ROOT / "colorlab" / only]
        if only
        else [p for room in rooms for p in sorted((ROOT / "colorlab" / room).rglob("*.py"))]
    )
    rng = random.Random(seed)
    heaps = []
    for path in paths:
        heap = list(mutants_of(path.relative_to(ROOT), path.read_bytes()))
        rng.shuffle(heap)
        if heap:
            heaps.append(heap)
    rng.shuffle(heaps)
    found = []
    while heaps and len(found) < count:
        heaps = [heap for heap in heaps if heap]
        found += [heap.pop() for heap in heaps]
    return found[:count]


def main() -> int:
    """The command. -> its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", nargs="+", default=["methods", "metrics", "samplers"])
    parser.add_argument("--only", help="one file, such as methods/gpic.py")
    given = parser.parse_args()
    import_once()
    outcomes = Counter[str]()
    mutants = chosen_mutants(given.rooms, given.only, given.count, given.seed)
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copied(Path(name))
        for mutant in mutants:
            killer = killer_of(Path(name), mutant)
            outcome = SLOW if killer == SLOW else "killed" if killer else "SURVIVES"
            print(
                f"{outcome:<8}  {mutant}  {f'by {killer}' if killer else ''}".rstrip(), flush=True
            )
            outcomes[outcome] += 1
    survive = outcomes["SURVIVES"]
    print(f"{survive} of {len(mutants)} mutants survive, {outcomes[SLOW]} were too slow to tell")
    return int(survive > TOLERATED * len(mutants))


if __name__ == "__main__":
    sys.exit(main())
