"""docs/reliability.md names tests that there are, and says rightly which are slow."""

from __future__ import annotations

import ast
import re

import pytest

from tests.conftest import ROOT

NAMED = re.findall(
    r"`(\w+)::(test_\w+)`( \(slow\))?", (ROOT / "docs" / "reliability.md").read_text()
)
ROWS = {"D": 13, "C": 5, "T": 12, "K": 6, "S": 9, "M": 7, "R": 5, "P": 7, "W": 2, "L": 6, "U": 12}


def slow_by_name(module: str) -> dict[str, bool]:
    """Test -> whether all of it is slow."""
    tree = ast.parse((ROOT / "tests" / f"test_{module}.py").read_text())
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: any("mark.slow" in ast.unparse(mark)[:20] for mark in node.decorator_list)
        for node in tests
    }


@pytest.mark.whole
def test_every_test_named_is_there_and_as_slow_as_it_says() -> None:
    found = {module: slow_by_name(module) for module, _, _ in NAMED}
    assert len(NAMED) > 100
    assert not [
        f"{module}::{name}"
        for module, name, slow in NAMED
        if found[module].get(name) is not bool(slow)
    ]


def test_every_row_is_there() -> None:
    rows = re.findall(
        r"^\| ([A-Z]\d[A-Z0-9, ]*) \|", (ROOT / "docs" / "reliability.md").read_text(), re.M
    )
    there = {word for row in rows for word in row.split(", ")}
    assert {f"{letter}{n}" for letter, count in ROWS.items() for n in range(1, count + 1)} == there
