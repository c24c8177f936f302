"""Opening a run and sampling with it needs torch and little else: not the libraries of training,
judging or reports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.conftest import ROOT

pytestmark = pytest.mark.whole

NOT_NEEDED = ("lightning", "torchmetrics", "hydra", "wandb", "matplotlib", "diffusers",
              "transformers", "torchvision", "albumentations", "kornia")  # fmt: skip
MODULES = 1700  # of which torch itself is about 1,200

SCRIPT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in REFUSED:
            raise ImportError(f"{name} is not installed here")

REFUSED = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Refuse())

import torch
from colorlab.draws import Draws
from colorlab.runs.run import open_run
from colorlab.types import Condition

method = open_run("pretrained/gpic-openmoji-c8").method(steps=2)
image = torch.ones(1, 1, 32, 32)
image[..., 8:24, 8:24] = 0
drawn = method.sample(Condition(image), 2, Draws(0, [0]))
assert drawn.shape == (1, 2, 3, 32, 32) and drawn.isfinite().all()
print(len(sys.modules))
"""

COMMAND = (
    SCRIPT.split("import torch")[0]
    + """
sys.argv[1:] = sys.argv[2:]
from colorlab.sample import main
main()
print(len(sys.modules))
"""
)
# modules; of which Hydra and its grammar are about 150, SciPy and scikit-image 300
OF_A_COMMAND = 2300


@pytest.fixture(scope="module")
def modules(tmp_path_factory) -> int:
    """How many modules a process holds that has sampled where NOT_NEEDED cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, ",".join(NOT_NEEDED)],
        cwd=tmp_path_factory.mktemp("light"), env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_shipped_run_samples_where_no_library_of_training_is_installed(modules: int) -> None:
    assert modules <= MODULES


def test_the_import_hook_refuses(tmp_path: Path) -> None:
    tried = "".join(
        f"try: import {name}\nexcept ImportError as error: print(error)\n" for name in NOT_NEEDED
    )
    hook = [sys.executable, "-c", SCRIPT.split("import torch")[0] + tried, ",".join(NOT_NEEDED)]
    said = subprocess.run(hook, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [f"{name} is not installed here" for name in NOT_NEEDED]


@pytest.mark.parametrize(
    "words",
    [
        ["run=pretrained/flats"],
        ["run=pretrained/gpic-openmoji-c8", "method/sampler=dpm_solver", "steps=2"],
    ],
)
def test_the_command_colours_a_drawing_where_nothing_is_installed_but_what_it_needs(
    words: list[str], tmp_path: Path
) -> None:
    """Each library that is imported is waited for: see what this counts before you raise the
    limit."""
    drawing = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(drawing).ellipse((12, 12, 50, 50), outline="black", width=2)
    drawing.save(tmp_path / "drawing.png")
    refused = ",".join(name for name in NOT_NEEDED if name != "hydra")
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, refused, *words, "input=drawing.png", "n=2", "out=made"],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "made").glob("drawing-[12].png"))) == 2
    assert int(done.stdout.split()[-1]) <= OF_A_COMMAND


def test_training_loads_no_measure_that_nobody_asked_for() -> None:
    """Lightning imports torchmetrics, and that imports these, six seconds of each process."""
    heavy = ("torchmetrics.functional", "torchvision", "transformers", "scipy.signal")
    script = f"""
import sys
import colorlab.training.fit
from torchmetrics import Metric, MetricCollection
import torchmetrics
print(torchmetrics.__version__, [name for name in {heavy} if name in sys.modules])
torchmetrics.MeanMetric()(1.0)
import torchmetrics.functional
assert torchmetrics.Metric is Metric and "MeanMetric" in torchmetrics.__all__
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == ["[]"], done.stdout
