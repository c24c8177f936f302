"""Imports run one way: entry points -> plumbing -> data, metrics, report; methods -> samplers -> nets -> torch."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "colorlab"
GROUND = {"types", "errors", "draws", "color", "diffusion"}
CONDITIONS = {"conditions"}
MAY_IMPORT = {
    "storage": {"errors"},
    "nets": GROUND | {"storage"},
    "samplers": GROUND | CONDITIONS | {"ab_bins"},
    "conditions": GROUND | {"nets", "storage"},
    "methods": GROUND | CONDITIONS | {"nets", "samplers", "ab_bins", "storage"},
    "data": GROUND | CONDITIONS | {"storage"},
    "metrics": GROUND | CONDITIONS | {"ab_bins", "weights", "storage"},
    "report": {"types", "errors", "color"},
    "weights": GROUND | {"storage"},
    "cli": {"errors", "data.intake"},
}
FAMILIES = ("base", "adversarial", "marginals")  # what several methods are kinds of
MAY_ALSO = {
    "data.__main__": {"cli"},
    "weights.__main__": {"cli"},
    "methods": {"weights", *(f"methods.{name}" for name in FAMILIES)},
    "nets.latent.text": {"weights"},  # it and the next open what was fetched, or ships
    "nets.latent.prior": {"weights"},
}


def imported(path: Path) -> set[str]:
    """The colorlab modules that a file imports, without the package's own name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("colorlab"):
            module = node.module.removeprefix("colorlab").removeprefix(".")
            found |= {module} if module else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.removeprefix("colorlab.") for a in node.names if a.name.startswith("colorlab.")}
    return found - {"__version__"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    dotted = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    room = dotted.split(".")[0]
    if room in MAY_IMPORT:
        allowed = MAY_IMPORT[room] | MAY_ALSO.get(room, set()) | MAY_ALSO.get(dotted, set())
        own = {room} if room != "methods" else set()  # a method never reaches across to another
        foreign = {m for m in imported(path) if m.split(".")[0] not in allowed | own and m not in allowed}
        assert not foreign, f"{dotted} imports {sorted(foreign)}"


def test_nets_and_samplers_know_no_lightning() -> None:
    files = [*(PACKAGE / "nets").glob("*.py"), *(PACKAGE / "samplers").glob("*.py")]
    assert files
    assert not [path.name for path in files if "lightning" in path.read_text()]


def test_only_draws_draws_random_numbers() -> None:
    forbidden = ("torch.manual_seed", "randn_like", "rand_like", "torch.randn(", "torch.rand(", "np.random.rand")
    allowed = {"doctor.py", "bench.py"}
    files = [path for path in PACKAGE.rglob("*.py") if path.name not in allowed]
    offenders = [f"{path.name}: {word}" for path in files for word in forbidden if word in path.read_text()]
    offenders = [o for o in offenders if not o.startswith("gpic_net.py: torch.randn(")]  # a fixed Fourier basis
    assert not offenders
