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
import ast
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
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TOLERATED = 0.1  # share of the mutants that may survive
PATIENCE = 600  # seconds for the tests of one mutant; what is slower is counted apart
SLOW = "too slow"
QUICK, WHOLE = "not slow and not whole", "whole and not slow"
NO_TESTS = 5  # pytest's exit code where none is selected
OPERATORS = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Lt: ">=", ast.GtE: "<",
    ast.Gt: "<=", ast.LtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.And: "or", ast.Or: "and",
}  # fmt: skip
SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Lt: "<", ast.GtE: ">=",
    ast.Gt: ">", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.And: "and", ast.Or: "or",
}  # fmt: skip
NAMES = {
    "mean": "sum", "sum": "mean", "amin": "amax", "amax": "amin", "min": "max", "max": "min",
    "argmin": "argmax", "argmax": "argmin", "exp": "expm1", "sqrt": "square", "square": "sqrt",
}  # fmt: skip
NOT_LOOKED_INTO = (ast.Raise, ast.JoinedStr, ast.Assert, ast.ExceptHandler)  # words for people
AT_ONCE = ("CHUNK", "GROUP", "KEPT_BYTES", "TOGETHER")  # constants that say how much is done at once
GUARD = 1e-5  # smaller numbers keep something finite


class Mutant(NamedTuple):
    """One change: of a file's bytes ``start`` to ``stop`` into ``new``."""

    path: Path
    line: int
    start: int
    stop: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.old} -> {self.new}"


def mutants_of(path: Path, source: bytes) -> Iterator[Mutant]:
    """All changes to one file. path: as it is shown."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(line: int, column: int) -> int:
        return starts[line - 1] + column

    def change(line: int, start: int, stop: int, new: str) -> Mutant:
        return Mutant(path, line, start, stop, source[start:stop].decode(), new)

    def between(left: ast.expr, right: ast.expr, kind: type) -> Iterator[Mutant]:
        begin = place(left.end_lineno, left.end_col_offset)
        end = place(right.lineno, right.col_offset)
        at = source[begin:end].find(SIGNS[kind].encode())
        if at >= 0:
            yield change(right.lineno, begin + at, begin + at + len(SIGNS[kind]), OPERATORS[kind])

    tree = ast.parse(source)
    from_the_end = {id(bound) for node in ast.walk(tree) for bound in bounds_of(node)}

    def visit(node: ast.AST) -> Iterator[Mutant]:
        if isinstance(node, NOT_LOOKED_INTO) or is_work_at_once(node):
            return
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and not is_senseless(node):
            yield from between(node.left, node.right, type(node.op))
        elif (
            isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS
        ):
            yield from between(node.left, node.comparators[0], type(node.ops[0]))
        elif isinstance(node, ast.BoolOp):
            yield from between(node.values[0], node.values[1], type(node.op))
        elif (
            isinstance(node, ast.UnaryOp)
            and isinstance(node.op, ast.USub)
            and id(node) not in from_the_end
        ):
            start = place(node.lineno, node.col_offset)
            yield change(node.lineno, start, start + 1, "+")
        elif isinstance(node, ast.Constant) and is_telling(node.value):
            start = place(node.lineno, node.col_offset)
            stop = place(node.end_lineno, node.end_col_offset)
            yield change(node.lineno, start, stop, str(2 * node.value))
        elif isinstance(node, ast.Attribute) and node.attr in NAMES:
            stop = place(node.end_lineno, node.end_col_offset)
            yield change(node.end_lineno, stop - len(node.attr), stop, NAMES[node.attr])
        for child in children_of(node):
            if not (isinstance(node, ast.AnnAssign | ast.arg) and child is node.annotation):
                yield from visit(child)

    yield from visit(tree)


def is_work_at_once(node: ast.AST) -> bool:
    """Whether a statement sets one of AT_ONCE."""
    return isinstance(node, ast.Assign) and any(
        isinstance(name, ast.Name) and name.id in AT_ONCE for name in ast.walk(node)
    )


def is_senseless(node: ast.BinOp) -> bool:
    """Whether an operator joins paths or repeats lists, which turned is an error at once; or adds
    next to nothing."""
    constants = [part.value for part in ast.walk(node.right) if isinstance(part, ast.Constant)]
    if isinstance(node.op, ast.Add | ast.Sub) and any(is_guard(value) for value in constants):
        return True
    joined = [
        side.value if isinstance(side, ast.Constant) else side for side in (node.left, node.right)
    ]
    return any(isinstance(side, str | ast.JoinedStr | ast.List | ast.Tuple) for side in joined)


def bounds_of(node: ast.AST) -> list[ast.expr]:
    """The bounds of a slice of some tensor's shape: of four dimensions the last two are those from
    the second on."""
    if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)):
        return []
    of_shape = isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    return (
        [bound for bound in (node.slice.lower, node.slice.upper) if bound is not None]
        if of_shape
        else []
    )


def is_guard(value: object) -> bool:
    return isinstance(value, float) and 0 < abs(value) < GUARD


def is_telling(value: object) -> bool:
    """Whether twice this number should change a result."""
    return type(value) in (int, float) and value not in (0, 1, 2) and not is_guard(value)


def children_of(node: ast.AST) -> list[ast.AST]:
    """The parts of a node, but a range's step, which is how much is done at once."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        return list(node.args[:2])
    return list(ast.iter_child_nodes(node))


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
