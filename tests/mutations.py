"""Every change that breaks a source: of a sign, an operator, a comparison, a number or a
reduction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
AT_ONCE = ("CHUNK", "GROUP", "KEPT_BYTES", "TOGETHER")  # say how much is done at once
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
