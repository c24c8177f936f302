"""Every import is held to the picture of the house (tests/house.py)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import house
from tests.house import WINGS, imported, modules, room_of, tree_of

#: Libraries that sampling a run does without, and the rooms that know them.
ABOVE = {"lightning", "torchmetrics", "hydra", "wandb", "matplotlib"}
KNOW_THEM = ("training", "evaluation", "report", "cli", "door")
#: What a wing may import where it is used: optional, or slow to load.
LATE = {
    "albumentations", "cv2", "diffusers", "huggingface_hub", "hydra", "jinja2", "kornia",
    "lightning", "lmdb", "lpips", "matplotlib", "onnx", "onnxruntime", "psd_tools", "resource",
    "resvg_py", "rich", "safetensors", "scipy", "skimage", "torch_fidelity", "torchvision",
    "transformers", "uvicorn", "wandb", "wandb_workspaces",
}  # fmt: skip
#: Exceptions. It only shrinks.
STILL = {"metrics.per_drawing": {"torchmetrics"}}
#: That a run is there, and of which configuration, is known without torch.
OWN_LATE = {"ab_bins": {"numpy"}, "studio.app": {"colorlab", "numpy"}, "runs.run": {"colorlab"}}


def each(*but: str) -> list[tuple[str, Path]]:
    """The modules and their files, but for those of some rooms."""
    return [(module, path) for module, path in modules().items() if room_of(module) not in but]


def test_every_module_stands_in_a_room() -> None:
    loose = [module for module, _ in each(*WINGS, "door", "ground")]
    assert not loose, f"{loose} are loose in the hall: give them a room"


@pytest.mark.whole
def test_a_module_uses_only_what_its_room_may() -> None:
    beyond = {
        module: sorted(wrong)
        for module, path in each("door")
        if (wrong := _beyond(module, imported(path)))
    }
    assert not beyond, f"these use what their room may not (tests/house.py): {beyond}"


@pytest.mark.whole
def test_what_is_for_doors_is_used_by_doors() -> None:
    doors = set(house.FOR_DOORS)
    wrong = {
        module: sorted(used)
        for module, path in each("door", "cli")
        if (used := imported(path) & doors)
    }
    assert not wrong, f"these import what is for doors: {wrong}"


@pytest.mark.whole
def test_methods_never_reach_across() -> None:
    allowed = {*house.KINDS, "methods"}
    methods = {
        module: imported(path)
        for module, path in modules().items()
        if module.startswith("methods.")
    }
    across = {
        m: {used for used in its if room_of(used) == "methods"} - allowed
        for m, its in methods.items()
    }
    assert len(methods) > 20 and not any(across.values()), {
        m: found for m, found in across.items() if found
    }


@pytest.mark.whole
def test_below_training_nothing_knows_its_libraries() -> None:
    knowing = {m: (_libraries(path) & ABOVE) - STILL.get(m, set()) for m, path in each(*KNOW_THEM)}
    assert not any(knowing.values()), {m: found for m, found in knowing.items() if found}


@pytest.mark.whole
def test_inside_wings_imports_stand_at_the_top() -> None:
    """What a door does not need is not loaded; elsewhere a late import is an optional or slow
    library."""
    late = {
        module: _late(path) - LATE - OWN_LATE.get(module, set())
        for module, path in each("door", "cli")
    }
    assert not any(late.values()), {m: found for m, found in late.items() if found}


@pytest.mark.whole
def test_the_picture_has_no_circle_and_no_arrow_that_nobody_walks() -> None:
    assert sum(map(len, house.floors())) == len(WINGS)
    walked = {
        (room_of(m), room_of(other)) for m, path in modules().items() for other in imported(path)
    }
    drawn = {(room, used) for room, it in WINGS.items() for used in it.uses.split()}
    assert not drawn - walked, (
        f"take these out of tests/house.py, then make drawing: {sorted(drawn - walked)}"
    )


def test_every_room_of_the_picture_is_there() -> None:
    assert {*house.DOORS, *house.GROUND, *WINGS} <= set(modules())
    assert all(sum(room_of(m) == room for m in modules()) > 1 for room in WINGS)


def test_the_drawing_is_that_of_the_rule() -> None:
    assert house.PAGE.read_text(encoding="utf-8") == house.page_with(house.drawing()), (
        "make drawing"
    )


def test_no_file_is_longer_than_350_lines() -> None:
    folders = ("colorlab", "tests", "experiments", "examples", "hydra_plugins")
    paths = [path for folder in folders for path in (house.ROOT / folder).rglob("*.py")]
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert not {path: length for path, length in lengths.items() if length > 350}


def test_only_draws_draws_random_numbers() -> None:
    forbidden = (
        "torch.manual_seed",
        "randn_like",
        "rand_like",
        "torch.randn(",
        "torch.rand(",
        "np.random.rand",
    )
    allowed = {"doctor", "bench.nets", "bench.judging", "draws", "training.method_checks"}
    files = {name: path for name, path in modules().items() if name not in allowed}
    offenders = [
        f"{name}: {word}"
        for name, path in files.items()
        for word in forbidden
        if word in path.read_text()
    ]
    assert offenders == ["nets.gpic_net: torch.randn("]  # a fixed Fourier basis


def _beyond(module: str, used: frozenset[str]) -> set[str]:
    """What a module imports of rooms that its own may not use."""
    room = room_of(module)
    allowed = {"ground", room, *(WINGS[room].uses.split() if room in WINGS else ())}
    return {m for m in used if room_of(m) not in allowed}


def _libraries(path: Path) -> set[str]:
    return {name for node in ast.walk(tree_of(path)) for name in _names(node)}


def _late(path: Path) -> set[str]:
    """What is imported inside of functions."""
    tree = tree_of(path)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {name for function in functions for node in ast.walk(function) for name in _names(node)}


def _names(node: ast.AST) -> set[str]:
    """The top-level packages that an import statement names."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {(node.module or "").split(".")[0]} if isinstance(node, ast.ImportFrom) else set()
