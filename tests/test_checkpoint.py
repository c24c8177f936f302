"""Opening what is on disk: damaged, foreign or hostile files are refused in one line and never executed."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
import yaml

from colorlab.checkpoint import load_weights, save_weights
from colorlab.config import build, compose
from colorlab.errors import CheckpointError
from colorlab.run import begin, open_run


class Payload:
    """Pickled, it would touch a marker file when loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder as training leaves it, of width 4."""
    cfg = compose("train", ["name=r", "method.width=4", "trainer.max_steps=10"])
    begin(tmp_path / "r", cfg)
    save_weights(build(cfg.method), tmp_path / "r" / "checkpoints")
    return tmp_path / "r"


def test_weights_come_back_equal(run: Path) -> None:
    method = open_run(run).method()
    again = open_run(run).method()
    assert all(
        torch.equal(a, b) for a, b in zip(method.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_weights_of_another_width_are_refused_by_name(run: Path) -> None:
    other = build(compose("train", ["name=r", "method.width=6", "trainer.max_steps=10"]).method)
    with pytest.raises(CheckpointError, match="another width: net"):
        load_weights(other, run)


@pytest.mark.parametrize("keep", [0, 7, 100, 2000])
def test_damaged_weights_are_named(run: Path, keep: int) -> None:
    path = run / "checkpoints" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is damaged"):
        open_run(run).method()


@pytest.mark.parametrize(
    "save", [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what))], ids=["torch", "pickle"]
)
def test_a_hostile_checkpoint_is_refused_and_not_executed(run: Path, tmp_path: Path, save) -> None:
    marker = tmp_path / "executed"
    (run / "checkpoints" / "weights.safetensors").unlink()
    save({"state_dict": Payload(marker)}, run / "checkpoints" / "last.ckpt")
    with pytest.raises(CheckpointError, match="not executed"):
        open_run(run).method()
    assert not marker.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["method"].update(_target_="os.system"),
        lambda c: c["method"]["sampler"].update(_target_="subprocess.Popen"),
        lambda c: c["data"].update(extra=[{"_target_": "builtins.exec"}]),
    ],
)
def test_a_hostile_config_is_refused(run: Path, change) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    change(config)
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(CheckpointError, match="not allowed"):
        open_run(run)


def test_yaml_that_builds_objects_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "config.yaml").write_text(f"method: !!python/object/apply:pathlib.Path.touch ['{tmp_path}/executed']\n")
    with pytest.raises(CheckpointError, match=r"config\.yaml"):
        open_run(run)
    assert not (tmp_path / "executed").exists()


def test_a_folder_that_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a run"):
        open_run(tmp_path)
    with pytest.raises(CheckpointError, match="there is no run"):
        open_run(tmp_path / "nowhere")


def test_half_precision_weights_load_as_floats(run: Path) -> None:
    method = open_run(run).method()
    size = (run / "checkpoints" / "weights.safetensors").stat().st_size
    path = save_weights(method, run / "checkpoints", half=True)
    assert path.stat().st_size < 0.55 * size
    assert next(open_run(run).method().parameters()).dtype == torch.float32
