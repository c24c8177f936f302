"""Every import is held to the picture of the house (tests/house.py)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import house
from tests.house import WINGS, imported, modules, room_of

#: Libraries that sampling a run does without, and the rooms that know them.
ABOVE = {"lightning", "torchmetrics", "hydra", "wandb", "matplotlib"}
KNOW_THEM = ("training", "evaluation", "report", "cli", "door")
#: What a wing may import where it is used: optional, or slow to load.
LATE = {
    "albumentations", "cv2", "diffusers", "hydra", "jinja2", "kornia", "lightning", "lmdb", "lpips", "matplotlib",
    "psd_tools", "resource", "resvg_py", "rich", "safetensors", "scipy", "skimage", "torch_fidelity", "torchvision",
    "transformers", "uvicorn", "wandb", "wandb_workspaces",
}  # fmt: skip
#: Exceptions. It only shrinks.
STILL = {"metrics.per_drawing": {"torchmetrics"}}
#: That a run is there, and of which configuration, is known without torch.
OWN_LATE = {"ab_bins": {"numpy"}, "studio.app": {"colorlab", "numpy"}, "runs.run": {"colorlab"}}


def each(*but: str) -> pytest.MarkDecorator:
    """A case for each module, but for those of some rooms."""
    return pytest.mark.parametrize("module", [module for module in modules() if room_of(module) not in but])


@each()
def test_every_module_stands_in_a_room(module: str) -> None:
    assert room_of(module) in {*WINGS, "door", "ground"}, f"{module} is loose in the hall: give it a room"


@each("door")
def test_a_module_uses_only_what_its_room_may(module: str) -> None:
    room, used = room_of(module), imported(modules()[module])
    allowed = {"ground", room, *(WINGS[room].uses.split() if room in WINGS else ())}
    beyond = {m for m in used if room_of(m) not in allowed}
    assert not beyond, f"{room} may not use {sorted(beyond)} ({module} does)"
    assert room == "cli" or not used & set(house.FOR_DOORS), (
        f"{module} imports {sorted(used & set(house.FOR_DOORS))}: for doors"
    )


@pytest.mark.parametrize("method", [module for module in modules() if module.startswith("methods.")])
def test_methods_never_reach_across(method: str) -> None:
    assert {m for m in imported(modules()[method]) if room_of(m) == "methods"} <= {*house.KINDS, "methods"}


@each(*KNOW_THEM)
def test_below_training_nothing_knows_its_libraries(module: str) -> None:
    assert not (_libraries(modules()[module]) & ABOVE) - STILL.get(module, set())


@each("door", "cli")  # what a door does not need is not loaded
def test_inside_wings_imports_stand_at_the_top(module: str) -> None:
    late = _late(modules()[module]) - LATE - OWN_LATE.get(module, set())
    assert not late, f"{module} imports {sorted(late)} inside of functions"


def test_the_picture_has_no_circle_and_no_arrow_that_nobody_walks() -> None:
    assert sum(map(len, house.floors())) == len(WINGS)
    walked = {(room_of(m), room_of(other)) for m, path in modules().items() for other in imported(path)}
    drawn = {(room, used) for room, it in WINGS.items() for used in it.uses.split()}
    assert not drawn - walked, f"take these out of tests/house.py, then make drawing: {sorted(drawn - walked)}"


def test_every_room_of_the_picture_is_there() -> None:
    assert {*house.DOORS, *house.GROUND, *WINGS} <= set(modules())
    assert all(sum(room_of(m) == room for m in modules()) > 1 for room in WINGS)


def test_the_drawing_is_that_of_the_rule() -> None:
    assert house.PAGE.read_text(encoding="utf-8") == house.page_with(house.drawing()), "make drawing"


def test_only_draws_draws_random_numbers() -> None:
    forbidden = ("torch.manual_seed", "randn_like", "rand_like", "torch.randn(", "torch.rand(", "np.random.rand")
    allowed = {"doctor", "bench", "draws", "training.method_checks"}
    files = {name: path for name, path in modules().items() if name not in allowed}
    offenders = [f"{name}: {word}" for name, path in files.items() for word in forbidden if word in path.read_text()]
    assert offenders == ["nets.gpic_net: torch.randn("]  # a fixed Fourier basis


def _libraries(path: Path) -> set[str]:
    return {name for node in ast.walk(ast.parse(path.read_text())) for name in _names(node)}


def _late(path: Path) -> set[str]:
    """What is imported inside of functions."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {name for function in functions for node in ast.walk(function) for name in _names(node)}


def _names(node: ast.AST) -> set[str]:
    """The top-level packages that an import statement names."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {(node.module or "").split(".")[0]} if isinstance(node, ast.ImportFrom) else set()
