"""The house as one table: which rooms there are, what each holds and what each may use. The tests
hold every import to it, and the drawing in docs/architecture.md is made of it:  python -m
tests.house  (make drawing)"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "colorlab"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- the drawing: python -m tests.house -->\n", "<!-- end of the drawing -->\n"


class Room(NamedTuple):
    """A floor of the drawing holds what uses nothing above it; what it uses itself is named, by
    rooms."""

    holds: str
    uses: str = ""


#: Modules that stand in the hall by name: each door is a command, the ground is arithmetic that
#: everyone may use.
DOORS = (
    "__main__", "api", "bench.__main__", "check", "compare", "comparing", "completion",
    "doctor", "evaluate", "loading", "models", "results", "sample", "train", "data.__main__",
    "studio.__main__", "weights.__main__",
)  # fmt: skip
PORCH = "bench"  # a door of several rooms, which nothing else uses
GROUND = (
    "ab_bins", "color", "diffusion", "draws", "errors", "lazy_torchmetrics", "progress", "types",
)  # fmt: skip

#: Besides these, every room may use the ground.
WINGS = {
    "training": Room(
        "the only wing that knows Lightning: fitting, resuming, processes, callbacks, loggers",
        "cli data methods report runs samplers sampling storage",
    ),
    "evaluation": Room(
        "judging a run once, and comparing judged runs: the folder, the protocol, tables, pages",
        "cli conditions metrics report runs sampling storage",
    ),
    "studio": Room(
        "the page in the browser: sessions, a queue, HTTP on this machine alone; it uses Python's "
        "door",
        "conditions data exports runs samplers sampling storage",
    ),
    "travel": Room(
        "models that travel: folders for hubs, cards, a list of what is here, graphs for other "
        "programs",
        "cli conditions evaluation methods nets report runs storage",
    ),
    "sampling": Room(
        "from a run and what is asked for to pictures, in files and in data sets",
        "cli conditions data exports methods report runs samplers storage",
    ),
    "exports": Room("layered files for drawing programs, palettes, outlines", "conditions storage"),
    "runs": Room("run folders: configuration, checkpoints, sweeps", "cli methods storage weights"),
    "methods": Room(
        "one file a paper: its loss, how it samples", "conditions nets samplers storage weights"
    ),
    "metrics": Room(
        "what is measured of candidates and of truth", "conditions nets storage weights"
    ),
    "data": Room("data sets, splits, reading pictures safely, augmentation", "conditions storage"),
    "nets": Room("networks", "storage weights"),
    "samplers": Room("steps from noise or marginals to pictures; guides; candidates", "conditions"),
    "conditions": Room("what a colorizer is shown: lines, hints, captions, sizes", "storage"),
    "weights": Room("published weights: known, fetched once, opened", "storage"),
    "report": Room("numbers and pictures in, charts, tables and pages out"),
    "cli": Room(
        "commands, configurations and their clauses, messages, what may be built", "storage"
    ),
    "storage": Room("files that are whole or not there, locks, caches"),
}

#: Modules that fewer may use than their room.
FOR_DOORS = ("cli.command", "cli.config", "cli.hydra_guard")
#: What several methods are kinds of. Other methods never reach across to one another.
KINDS = (
    "methods.base", "methods.adversarial", "methods.area_inputs", "methods.area_options",
    "methods.areas", "methods.autoregressive", "methods.gpic", "methods.marginals",
    "methods.pixel_diffusion",
)  # fmt: skip


@cache
def modules() -> dict[str, Path]:
    """Dotted name below colorlab -> file; a package by its own name, colorlab itself not among
    them."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if parts:
            found[".".join(parts)] = path
    return found


def room_of(module: str) -> str:
    """The wing of a module, or `door` or `ground`; its own name if it stands in the hall and is
    neither."""
    top = module.split(".")[0]
    if module in DOORS or top == PORCH:
        return "door"
    return "ground" if top in GROUND else top


@cache
def tree_of(path: Path) -> ast.Module:
    """A file's syntax, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path: Path) -> frozenset[str]:
    """The colorlab modules that a file imports anywhere, without the package's own name."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "colorlab":
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}".removeprefix("colorlab.")
                found.add(dotted if dotted in modules() else dotted.rpartition(".")[0])
        elif isinstance(node, ast.Import):
            found |= {
                a.name.removeprefix("colorlab.")
                for a in node.names
                if a.name.startswith("colorlab.")
            }
    return frozenset(found - {""})


def floors() -> list[list[str]]:
    """The wings from the bottom up: each one floor above the highest that it uses. ValueError for a
    circle."""
    height: dict[str, int] = {}
    while len(height) < len(WINGS):
        ready = [
            r
            for r, it in WINGS.items()
            if r not in height and all(u in height for u in it.uses.split())
        ]
        if not ready:
            raise ValueError(f"a circle among {sorted(set(WINGS) - set(height))}")
        height |= {
            room: 1 + max((height[u] for u in WINGS[room].uses.split()), default=-1)
            for room in ready
        }
    return [
        [room for room in WINGS if height[room] == floor]
        for floor in range(max(height.values()) + 1)
    ]


def drawing() -> str:
    """The house from the roof down, a row a floor, and below it what each room holds and uses."""
    doors = [name.replace("__main__", "").strip(".") for name in DOORS]
    rows = [("doors", sorted(filter(None, doors)))]
    stacked = floors()
    rows += [(f"{k + 1}", stacked[k]) for k in reversed(range(len(stacked)))]
    rows += [("ground", list(GROUND))]
    cells = ["  ".join(f"[ {room} ]" for room in rooms) for _, rooms in rows]
    width = max(map(len, cells))
    rule = f"       +{'-' * (width + 2)}+"
    house = [rule]
    for (floor, _), cell in zip(rows, cells, strict=True):
        house += [f"{floor:>6} | {cell:^{width}} |", rule]
    table = ["| room | holds | uses, besides the ground |", "| --- | --- | --- |"]
    table += [
        f"| `{room}` | {it.holds} | {', '.join(it.uses.split()) or '-'} |"
        for room, it in WINGS.items()
    ]
    return "\n".join(["```", *house, "```", "", *table, ""])


def page_with(text: str) -> str:
    """docs/architecture.md with this drawing in place of its own."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + text + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page_with(drawing()), encoding="utf-8")
