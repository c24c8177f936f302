"""Break one line of the package at a time and see whether that line's own fast tests notice:  make mutants

python -m tests.mutants [--count 30] [--seed 0] [--rooms methods metrics samplers] [--only methods/gpic.py]

A mutant turns a sign, an operator, a comparison, a number or a reduction. It is *killed* if one of the fast tests that
import its module fails, and *survives* otherwise: a formula or constant that nothing holds. Exit code 1 if more than
one in ten survive. The package is copied first; the checkout is never touched."""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TOLERATED = 0.1  # share of the mutants that may survive
PATIENCE = 300  # seconds for the tests of one mutant; slower than that counts as noticed
OPERATORS = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Lt: ">=", ast.GtE: "<", ast.Gt: "<=", ast.LtE: ">",
    ast.Eq: "!=", ast.NotEq: "==", ast.And: "or", ast.Or: "and",
}  # fmt: skip
SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Lt: "<", ast.GtE: ">=", ast.Gt: ">", ast.LtE: "<=",
    ast.Eq: "==", ast.NotEq: "!=", ast.And: "and", ast.Or: "or",
}  # fmt: skip
NAMES = {
    "mean": "sum", "sum": "mean", "amin": "amax", "amax": "amin", "min": "max", "max": "min", "argmin": "argmax",
    "argmax": "argmin", "exp": "expm1", "sqrt": "square", "square": "sqrt",
}  # fmt: skip
NOT_LOOKED_INTO = (ast.Raise, ast.JoinedStr, ast.Assert)  # words for people


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
        begin, end = place(left.end_lineno, left.end_col_offset), place(right.lineno, right.col_offset)
        at = source[begin:end].find(SIGNS[kind].encode())
        if at >= 0:
            yield change(right.lineno, begin + at, begin + at + len(SIGNS[kind]), OPERATORS[kind])

    def visit(node: ast.AST) -> Iterator[Mutant]:
        if isinstance(node, NOT_LOOKED_INTO):
            return
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            yield from between(node.left, node.right, type(node.op))
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
            yield from between(node.left, node.comparators[0], type(node.ops[0]))
        elif isinstance(node, ast.BoolOp):
            yield from between(node.values[0], node.values[1], type(node.op))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            start = place(node.lineno, node.col_offset)
            yield change(node.lineno, start, start + 1, "+")
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in (0, 1, 2):
            start, stop = place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)
            yield change(node.lineno, start, stop, str(2 * node.value))
        elif isinstance(node, ast.Attribute) and node.attr in NAMES:
            stop = place(node.end_lineno, node.end_col_offset)
            yield change(node.end_lineno, stop - len(node.attr), stop, NAMES[node.attr])
        for child in ast.iter_child_nodes(node):
            if not (isinstance(node, ast.AnnAssign | ast.arg) and child is node.annotation):
                yield from visit(child)

    yield from visit(ast.parse(source))


def tests_of(module: str) -> list[str]:
    """The test files that import a module, or are named after it."""
    stem = module.rsplit(".", 1)[-1]
    files = sorted((ROOT / "tests").glob("test_*.py"))
    named = [
        f
        for f in files
        if module in f.read_text(encoding="utf-8") or f.stem in (f"test_{stem}", f"test_metrics_{stem}")
    ]
    return [str(file.relative_to(ROOT)) for file in named]


def copied(folder: Path) -> None:
    """The checkout in another folder: what is changed is copied, what is large and only read is linked."""
    for name in ("colorlab", "tests", "hydra_plugins"):
        ignore = shutil.ignore_patterns("__pycache__", "pretrained", "art")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for path in (*ROOT.glob("colorlab/pretrained"), *ROOT.glob("colorlab/*/art")):
        (folder / path.relative_to(ROOT)).symlink_to(path)
    for name in ("conf", "experiments", "docs", "pyproject.toml", "README.md"):
        (folder / name).symlink_to(ROOT / name)


def is_noticed(folder: Path, mutant: Mutant, tests: list[str]) -> bool:
    """Whether a fast test fails on the changed file, which is as it was afterwards."""
    target = folder / mutant.path
    source = target.read_bytes()
    target.write_bytes(source[: mutant.start] + mutant.new.encode() + source[mutant.stop :])
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *tests]
    settings = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(words, cwd=folder, env=settings, capture_output=True, timeout=PATIENCE, check=False)
        return done.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_bytes(source)


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
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", nargs="+", default=["methods", "metrics", "samplers"])
    parser.add_argument("--only", help="one file, such as methods/gpic.py")
    given = parser.parse_args()
    survivors = []
    mutants = chosen_mutants(given.rooms, given.only, given.count, given.seed)
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copied(Path(name))
        for mutant in mutants:
            tests = tests_of(".".join(mutant.path.with_suffix("").parts))
            noticed = bool(tests) and is_noticed(Path(name), mutant, tests)
            print(f"{'killed  ' if noticed else 'SURVIVES'} {mutant}  ({len(tests)} test files)", flush=True)
            survivors += [] if noticed else [mutant]
    print(f"{len(survivors)} of {len(mutants)} mutants survive")
    return int(len(survivors) > TOLERATED * len(mutants))


if __name__ == "__main__":
    sys.exit(main())
